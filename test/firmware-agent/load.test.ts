/** What agent.toml and the keys file say of each other. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadAgent } from '../../firmware-agent/load.ts';
import { nodeCrypto } from '../../protocol/wire/mac.ts';
import { assert, suite } from '../lib/suite.ts';

const test = suite('agent.toml and its keys');

const dir = mkdtempSync(join(tmpdir(), 'fencepost-load-'));
const file = join(dir, 'agent.toml');
let secrets = 0;

/** A line of the keys file with a key of its own. */
function key(role: string, owner: string): string {
  secrets += 1;
  return `${role} ${owner} 1 ${Buffer.alloc(32, secrets).toString('base64')}\n`;
}

/** Problems of a board with two hosts, a node's orderer and a person's, under these keys. */
function told(...keys: string[]): string[] {
  const host = (name: string, id: number) =>
    `[hosts.${name}]\nid = ${id}\nsilence = "act"\nserial = { path = "/dev/${name}" }\n` +
    `[[hosts.${name}.outlets]]\ndriver = "bench"\nsocket = "/s"\nplug = "${name}"\n` +
    `[[hosts.${name}.senses]]\ndriver = "bench"\nsocket = "/s"\nplug = "${name}"\ncovers = "host"\n`;
  const text =
    `schema = 1\nversion = 1\n[agent]\nname = "b"\nid = 1\nkeys = "${join(dir, 'keys')}"\n` +
    `${host('a', 1)}${host('b', 2)}` +
    '[orderers.a]\nid = 1\nhost = "a"\nmay = ["fence"]\nhosts = ["b"]\n' +
    '[orderers.ops]\nid = 2\noperator = true\nmay = ["fence"]\n';
  writeFileSync(file, text);
  writeFileSync(join(dir, 'keys'), keys.join(''), { mode: 0o600 });
  const loaded = loadAgent(file, nodeCrypto());
  return loaded.ok ? [] : loaded.problems.map(({ problem, remedy }) => `${problem}. ${remedy}`);
}

const HOSTS = [key('host', 'a'), key('host', 'b')];

test('every host and orderer needs a key of its role', () => {
  assert.equal(told(...HOSTS, key('order', 'a'), key('admin', 'ops')), []);
  const [lacks, ...more] = told(...HOSTS, key('order', 'a'));
  assert.equal(more, []);
  assert.match(lacks ?? '', /no key of ops\. Add a line "admin ops 1 BASE64"/);
});

test('a node is never taken for a person, nor a person for a node, by a word in one file', () => {
  const [ops = '', ...more] = told(...HOSTS, key('order', 'a'), key('order', 'ops'));
  assert.equal(more, []);
  assert.match(ops, /ops is a cluster node here and a person in the configuration/);
  assert.match(ops, /operator = true in \[orderers\.ops\]; if it is a node, "order" here/);
  const [node = ''] = told(...HOSTS, key('admin', 'a'), key('admin', 'ops'));
  assert.match(node, /a is a person here and a cluster node in the configuration/);
});

test('one key under two names is refused by the line', () => {
  const twin = key('order', 'a');
  const [problem = ''] = told(...HOSTS, twin, twin.replace('order a', 'admin ops'));
  assert.match(problem, /The key is the same as the one on line 3/);
});

test.after(() => rmSync(dir, { recursive: true }));
test.run();
