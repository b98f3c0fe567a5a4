/** shim.toml and fencepost.toml: accepted as written, refused when spoilt. */
import { readFileSync } from 'node:fs';
import { parse } from 'smol-toml';
import { parseCliConfig } from '../../../host-shim/config/cli-config.ts';
import { parseShimConfig } from '../../../host-shim/config/shim-config.ts';
import { type Parsed, pathText } from '../../../protocol/toml.ts';
import { flawOf, mutations } from '../../lib/config-mutations.ts';
import { assert, suite } from '../../lib/suite.ts';

const test = suite('shim.toml and fencepost.toml');

/** What changes the meaning and is accepted all the same, with the reason why that is harmless. */
const HARMLESS: [path: RegExp, reason: string][] = [
  [/^(serial|mqtt), absent$/, 'the other channel is left, and a warning says so'],
  [/^shim, absent$/, 'the broker is left'],
  [/^hosts\.\w+, absent$/, 'one less can be named without a list'],
  [/^mqtt\.ca, absent$/, 'the certificates that the system trusts are used'],
  [/^(host|agent|orderer)\.name, negative$/, 'a name may be "-1"'],
  [/^timer, absent$/, 'a host need not have a timer'],
  [/^timer\.mode, absent$/, 'any beat refreshes it, as the board says of it'],
  [/^mqtt\.user, negative$/, 'a user may be called "-1"'],
];

function walk(name: string, parser: (text: string, file: string) => Parsed<unknown>): string[] {
  const text = readFileSync(`host-shim/config/${name}`, 'utf8');
  const original = parser(text, name);
  assert.equal(original.ok ? original.warnings : original.problems, [], name);
  const flaws: string[] = [];
  for (const mutation of mutations(parse(text))) {
    const parsed = parser(mutation.text, name);
    const flaw = flawOf(mutation, parsed);
    if (flaw === undefined) continue;
    const same =
      parsed.ok && original.ok && JSON.stringify(parsed.config) === JSON.stringify(original.config);
    const place = `${pathText(mutation.path)}, ${mutation.way}`;
    const harmless = parsed.ok && HARMLESS.some(([path]) => path.test(place));
    if (!same && !harmless) flaws.push(`${place}: ${flaw}`);
  }
  return flaws;
}

test('every spoilt key of shim.example.toml is refused, or harmless', () => {
  assert.equal(walk('shim.example.toml', parseShimConfig), []);
});

test('every spoilt key of fencepost.example.toml is refused, or harmless', () => {
  assert.equal(walk('fencepost.example.toml', parseCliConfig), []);
});

const HEAD = 'schema = 1\nversion = 1\n[host]\nname = "a"\nid = 1\n[agent]\nname = "b"\nid = 2\n';

test('a shim without a channel is refused, and with one it is warned', () => {
  const none = parseShimConfig(HEAD, 'shim.toml');
  assert.match(none.ok ? '' : (none.problems[0]?.problem ?? ''), /no channel/);
  const one = parseShimConfig(`${HEAD}[serial]\npath = "/dev/ttyS1"\n`, 'shim.toml');
  assert.ok(one.ok && one.warnings.length === 1 && one.warnings[0]?.line === 9);
  assert.equal(one.ok && [one.config.serial, one.config.keepaliveMs], [
    { path: '/dev/ttyS1', baud: 115_200 },
    1_000,
  ]);
});

test('a command without any way to the board is refused, and so is a line without names', () => {
  const head =
    'schema = 1\nkeys = "/k"\n[agent]\nname = "b"\nid = 1\n[orderer]\nname = "o"\nid = 2\n';
  const told = (text: string): string[] => {
    const parsed = parseCliConfig(head + text, 'fencepost.toml');
    return parsed.ok ? [] : parsed.problems.map(({ problem }) => problem);
  };
  const shim = '[shim]\nsocket = "/run/fencepost/shim-a.sock"\n';
  assert.match(told('').join(), /no channel leads to the board/);
  assert.match(told(shim).join(), /carries no lists/);
  assert.equal(told(`${shim}[hosts]\na = 1\nb = 2\n`), []);
  assert.match(told(`${shim}[hosts]\na = 1\nb = 1\n`).join(), /number 1 is used twice/);
  assert.equal(told('[mqtt]\nurl = "mqtts://x"\n'), []);
});

test('watchdog and checks are refused as not supported yet', () => {
  const text = `${HEAD}[serial]\npath = "/dev/x"\n[watchdog]\n[[checks]]\n`;
  const parsed = parseShimConfig(text, 'shim.toml');
  const told = parsed.ok ? [] : parsed.problems.map(({ path, problem }) => `${path}: ${problem}`);
  assert.equal(told, [
    'watchdog: this version does not support the key yet',
    'checks: this version does not support the key yet',
  ]);
});

test.run();
