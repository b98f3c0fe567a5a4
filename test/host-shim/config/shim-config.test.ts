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
  [/^groups(\.db)?, absent$/, 'what cannot be named cannot be claimed'],
  [/^self_fence, absent$/, 'a host need not fence itself; it says what is armed'],
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

test('groups have names and numbers, each once, and at most sixteen', () => {
  const text = readFileSync('host-shim/config/shim.example.toml', 'utf8').split('[groups]')[0];
  const read = (lines: string): ReturnType<typeof parseShimConfig> =>
    parseShimConfig(`${text}[groups]\n${lines}`, 'shim.toml');
  const good = read('db = 5\nweb = 6\n');
  assert.equal(good.ok && [...good.config.groups], [
    ['db', 5],
    ['web', 6],
  ]);
  const many = Array.from({ length: 17 }, (_, n) => `g${n} = ${n + 1}`).join('\n');
  for (const [lines, problem] of [
    ['db = 5\nweb = 5\n', /5 is that of group db, too/],
    ['db = 0\n', /out of range/],
    ['db = "5"\n', /must be a number/],
    [many, /at most 16 groups/],
  ] as const) {
    const bad = read(lines);
    assert.match(bad.ok ? 'accepted' : (bad.problems[0]?.problem ?? ''), problem);
  }
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

test('checks and resources are refused as not supported yet', () => {
  const told = refusals('[[checks]]\n[resources]\n');
  assert.equal(told, [
    'checks: this version does not support the key yet',
    'resources: this version does not support the key yet',
  ]);
});

const WATCHDOG = '[watchdog]\ndevice = "/dev/watchdog0"\ntimeout = "10s"\n';

/** What is wrong with a file that has these lines besides a serial line. */
function refusals(lines: string): string[] {
  const parsed = parseShimConfig(`${HEAD}[serial]\npath = "/dev/x"\n${lines}`, 'shim.toml');
  return parsed.ok ? [] : parsed.problems.map(({ path, problem }) => `${path}: ${problem}`);
}

test('a self-fence has 30 s by default, and is refused where it would die with the shim', () => {
  const parsed = parseShimConfig(
    `${HEAD}[serial]\npath = "/dev/x"\n${WATCHDOG}[self_fence]\n`,
    'shim.toml',
  );
  assert.equal(parsed.ok && [parsed.config.selfFenceMs, parsed.config.watchdog], [
    30_000,
    { device: '/dev/watchdog0', timeoutMs: 10_000 },
  ]);
  assert.match(
    refusals('[self_fence]\n').join(),
    /^self_fence: without a watchdog nothing restarts/,
  );
  assert.equal(refusals(WATCHDOG), []);
});

test('a self-fence that noise would reach is refused, and one a hair longer is not', () => {
  const fence = (timeout: string, keepalive = '1s'): string[] =>
    refusals(
      `${WATCHDOG}[self_fence]\ntimeout = "${timeout}"\n[timing]\nkeepalive = "${keepalive}"\n`,
    );
  assert.match(fence('2h').join(), /^self_fence\.timeout: the board cannot be told/);
  assert.match(fence('6.9s').join(), /^self_fence\.timeout: .*a few lost beats/);
  assert.equal(fence('7s'), []);
  assert.equal(fence('2.5s', '250ms'), []);
  assert.match(fence('10s', '3s').join(), /a few lost beats/);
});

test('a watchdog takes whole seconds from five on', () => {
  const dog = (timeout: string): string[] =>
    refusals(`[watchdog]\ndevice = "/dev/watchdog0"\ntimeout = "${timeout}"\n`);
  for (const wrong of ['4s', '7.5s', '601s']) assert.match(dog(wrong).join(), /no watchdog takes/);
  for (const right of ['5s', '10m']) assert.equal(dog(right), []);
});

test.run();
