/** `[groups.NAME]` in agent.toml: hosts that are there, numbers of their own, and no more than fit. */
import { readFileSync } from 'node:fs';
import { parseAgentConfig } from '../../../firmware-agent/config/parse.ts';
import { assert, suite } from '../../lib/suite.ts';

const test = suite('groups in agent.toml');

const example = readFileSync('firmware-agent/config/agent.example.toml', 'utf8');
const WITHOUT = example.slice(0, example.indexOf('[groups.db]'));
const BOTH = ['deimos', 'phobos'];

function group(name: string, hosts: string[], id = 1): string {
  return `[groups.${name}]\nid = ${id}\nhosts = ${JSON.stringify(hosts)}\n`;
}

function read(lines: string): ReturnType<typeof parseAgentConfig> {
  return parseAgentConfig(WITHOUT + lines, 'agent.toml');
}

/** What is wrong with it, or only warned of, with its place. */
function told(lines: string): string[] {
  const parsed = read(lines);
  const notes = parsed.ok ? parsed.warnings : parsed.problems;
  return notes.map(({ path, problem }) => `${parsed.ok ? 'warning' : 'error'} ${path}: ${problem}`);
}

test('a group has a name, a number and its hosts', () => {
  const parsed = read(group('db', BOTH, 7));
  const hosts = parsed.ok ? parsed.config.board.hosts.map(({ host }) => host).slice(0, 2) : [];
  assert.equal(parsed.ok && parsed.config.board.groups, [{ group: 7, name: 'db', hosts }]);
  assert.equal(told(group('db', BOTH)), []);
});

test('a board without groups has none in its settings', () => {
  const parsed = read('');
  assert.is(parsed.ok && 'groups' in parsed.config.board, false);
});

test('what is wrong with a group is told with its place', () => {
  for (const [lines, note] of [
    [group('db', ['deimos', 'mimas']), /^error groups\.db\.hosts\[1\]: there is no host "mimas"/],
    [group('db', ['deimos', 'deimos']), /^error groups\.db\.hosts: a name stands twice/],
    [group('db', []), /^error groups\.db\.hosts: the list is empty/],
    [group('db', BOTH, 0), /^error groups\.db\.id: the number is out of range/],
    [
      group('db', BOTH) + group('web', BOTH),
      /^error groups\.web\.id: group number 1 is used twice/,
    ],
    [group('db', ['deimos']), /^warning groups\.db\.hosts: the group can run on one host only/],
  ] as const) {
    const [first = '', ...more] = told(lines);
    assert.match(first, note);
    assert.equal(more, []);
  }
});

test('a host is in sixteen groups at most: no more fit into its reports', () => {
  const groups = Array.from({ length: 17 }, (_, n) => group(`g${n}`, BOTH, n + 1));
  assert.equal(told(groups.slice(0, 16).join('')), []);
  const places = told(groups.join('')).map((note) => note.split(':')[0]);
  assert.equal(places, ['error groups.g16.hosts[0]', 'error groups.g16.hosts[1]']);
});

test.run();
