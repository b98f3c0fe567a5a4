/** `fencepost keys`: what it does to a file, what it refuses, and that no key is ever seen. */
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EXIT, type ExitCode } from '../../../host-shim/cli/exit-code.ts';
import { withKey, withoutKey, withSending } from '../../../host-shim/cli/keys/edit.ts';
import { writeStore } from '../../../host-shim/cli/keys/store.ts';
import { releaseOf } from '../../../host-shim/cli/keys/use.ts';
import { runCommand } from '../../../host-shim/cli/program.ts';
import { failure, ok } from '../../../protocol/result.ts';
import type { KeysView } from '../../../protocol/wire/view.ts';
import { assert, suite } from '../../lib/suite.ts';
import { base64Of } from '../../protocol/wire/lib/keys.ts';

const test = suite('fencepost keys');

const folder = mkdtempSync(join(tmpdir(), 'fencepost-keys-'));
const DAY_MS = 86_400_000;
const BASE64 = /[A-Za-z0-9+/]{43}=/g;
let count = 0;

interface Ran {
  code: ExitCode;
  out: string;
  err: string;
}

interface Around {
  /** What the agent knows; absent where none answers. */
  view?: KeysView;
  input?: string;
  screen?: boolean;
}

async function run(line: string, file: string, around: Around = {}): Promise<Ran> {
  const ran: Ran = { code: EXIT.done, out: '', err: '' };
  const args = ['keys', ...line.split(' '), '--file', file];
  ran.code = await runCommand(args, {
    version: '9.9.9',
    connect: async () => {
      if (around.view === undefined) return failure('absent', 'no agent answers');
      const view = around.view;
      const none = async () => failure('refused', 'not asked for');
      const asks = { view: none, glance: none, glances: none, records: none };
      return ok({
        ...asks,
        order: none,
        reload: none,
        facts: none,
        keys: async () => ok(view),
        close: async () => {},
      });
    },
    terminal: {
      out: (text) => {
        ran.out += text;
      },
      err: (text) => {
        ran.err += text;
      },
      interactive: false,
      outIsTerminal: around.screen === true,
      input: async () => around.input ?? '',
      ask: async () => '',
      onStop: () => {},
      size: () => ({ columns: 200, rows: 40 }),
    },
  });
  return ran;
}

const TEXT = [
  '# the two moons',
  '',
  `host deimos 1 ${base64Of(1)}   # rack 3`,
  '  # phobos is old',
  `host phobos 7 ${base64Of(2)}`,
  `admin ops 1 ${base64Of(3)}`,
  '',
].join('\n');

function fileOf(text = TEXT): string {
  count += 1;
  const path = join(folder, `keys-${count}`);
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}

/** The file with every key taken out. */
function bare(path: string): string {
  return readFileSync(path, 'utf8').replace(BASE64, 'KEY');
}

function viewOf(watchedMs: number, uses: [name: string, unusedMs: number | null][]): KeysView {
  const keys = uses.map(([name, unusedMs]) => {
    const [role = '', owner = '', kid = ''] = name.split(' ');
    return { role: role as 'host', owner, kid: Number(kid), sending: false, unusedMs };
  });
  return { watchedMs, keys };
}

test('a whole rotation leaves comments and order as they were, and the file to its owner alone', async () => {
  const path = fileOf();
  assert.is((await run('add host deimos', path)).code, EXIT.done);
  assert.is((await run('switch host deimos 2', path)).code, EXIT.done);
  assert.equal(bare(path).split('\n').slice(0, 6), [
    '# the two moons',
    '',
    'host deimos 1 KEY   # rack 3',
    'host deimos 2 KEY',
    'auth host deimos 2',
    '  # phobos is old',
  ]);
  const view = viewOf(2 * DAY_MS, [
    ['host deimos 1', DAY_MS + 1],
    ['host deimos 2', 400],
  ]);
  assert.is((await run('retire host deimos 1', path, { view })).code, EXIT.done);
  assert.is(
    bare(path),
    '# the two moons\n\nhost deimos 2 KEY\nauth host deimos 2\n  # phobos is old\nhost phobos 7 KEY\nadmin ops 1 KEY\n',
  );
  assert.is(statSync(path).mode & 0o777, 0o600);
});

test('a fresh key is never sent with before switch, even where its number is the lowest', () => {
  const name = { role: 'host', owner: 'phobos', kid: 3 } as const;
  const added = withKey(TEXT, name, base64Of(9));
  assert.ok(added.ok && added.value.includes(`host phobos 3 ${base64Of(9)}\nauth host phobos 7\n`));
  if (!added.ok) return;
  const switched = withSending(added.value, name);
  assert.ok(switched.ok && switched.value.includes('auth host phobos 3\n'));
  assert.not(switched.ok && switched.value.includes('auth host phobos 7'));
});

test('an auth line keeps its comment and its place', () => {
  const text = `auth host a 1   # since May\nhost a 1 ${base64Of(1)}\nhost a 2 ${base64Of(2)}\n`;
  const switched = withSending(text, { role: 'host', owner: 'a', kid: 2 });
  assert.is(switched.ok && switched.value.split('\n')[0], 'auth host a 2   # since May');
});

test('the key that is sent with, the only one and one that is not there are not retired', async () => {
  const path = fileOf();
  await run('add host deimos', path);
  const before = readFileSync(path, 'utf8');
  const view = viewOf(2 * DAY_MS, []);
  const refusals: [string, ExitCode, RegExp][] = [
    ['retire host deimos 1 --yes', EXIT.notDone, /switch to 2 first/],
    ['retire host phobos 7 --yes', EXIT.notDone, /only one/],
    ['retire host deimos 5 --yes', EXIT.wrongUse, /its keys here: 1, 2/],
    ['retire order deimos 1 --yes', EXIT.wrongUse, /its keys here: none/],
  ];
  for (const [line, code, words] of refusals) {
    const ran = await run(line, path, { view });
    assert.is(ran.code, code, line);
    assert.match(ran.err, words);
  }
  assert.is(readFileSync(path, 'utf8'), before);
});

test('a key in use, or one of which nobody knows, is retired with --yes only', async () => {
  const cases: [KeysView | undefined, RegExp][] = [
    [undefined, /no agent answers here/],
    [viewOf(9 * DAY_MS, [['host deimos 1', 3_000]]), /used 3.0 s ago/],
    [viewOf(3_600_000, [['host deimos 1', null]]), /only 1 h 0 min ago/],
    [viewOf(3_600_000, [['host deimos 1', 3_000]]), /used 3.0 s ago/],
  ];
  for (const [view, words] of cases) {
    const path = fileOf();
    await run('add host deimos', path);
    await run('switch host deimos 2', path);
    const around = view === undefined ? {} : { view };
    const refused = await run('retire host deimos 1', path, around);
    assert.equal([refused.code, bare(path).includes('deimos 1')], [EXIT.notDone, true]);
    assert.match(refused.err, words);
    assert.is((await run('retire host deimos 1 --yes', path, around)).code, EXIT.done);
    assert.not(bare(path).includes('deimos 1'));
  }
});

test('a day counts from when the agent began to watch', () => {
  const name = { role: 'host', owner: 'a', kid: 1 } as const;
  const free = (watchedMs: number, unusedMs: number | null): boolean =>
    releaseOf(viewOf(watchedMs, [['host a 1', unusedMs]]), name).free;
  assert.equal(
    [
      free(DAY_MS, null),
      free(DAY_MS - 1, null),
      free(2 * DAY_MS, DAY_MS),
      free(DAY_MS, DAY_MS - 1),
    ],
    [true, false, true, false],
  );
  assert.ok(releaseOf(viewOf(0, []), name).free, 'the agent does not have it');
});

test('check says who has which key, which is sent with, when it was used, and what follows', async () => {
  const path = fileOf();
  await run('add host deimos', path);
  await run('add host phobos', path);
  const view = viewOf(2 * DAY_MS, [
    ['host deimos 1', 900],
    ['host deimos 2', 3_000],
    ['host phobos 7', 900],
    ['admin ops 1', null],
  ]);
  const { code, out } = await run('check', path, { view });
  assert.is(code, EXIT.done);
  assert.match(out, /key 2 of host deimos: it was used 3.0 s ago; do not retire it/);
  assert.match(out, /The agent has not taken key 8 of host phobos: run fencepost reload/);
  const { keys, advice } = JSON.parse((await run('check --json', path, { view })).out);
  assert.equal(keys[0], {
    ...{ role: 'host', owner: 'deimos', kid: 1 },
    ...{ sending: true, inAgent: true, unusedMs: 900 },
  });
  assert.is(advice.length, 2);
  assert.match((await run('check', path)).out, /No agent answers here/);
});

test('a wrong file is told with its lines, and no word changes it', async () => {
  const text = `host deimos 1 ${base64Of(1)}\nhost deimos 1 ${base64Of(2)}\n`;
  const path = fileOf(text);
  for (const line of ['check', 'add host deimos', 'switch host deimos 1', 'show host deimos 1']) {
    const ran = await run(line, path);
    assert.is(ran.code, EXIT.wrongUse, line);
    assert.match(ran.err, /:2: host deimos has key 1 on line 1/);
    assert.not.match(ran.err + ran.out, BASE64);
  }
  assert.is(readFileSync(path, 'utf8'), text);
  chmodSync(path, 0o644);
  assert.match((await run('check', path)).err, /chmod 600/);
});

test('make writes a new file for its owner alone, and never over another', async () => {
  const path = join(folder, 'made');
  const { code, out } = await run('make host:deimos order:pcmk admin:ops', path);
  assert.equal([code, statSync(path).mode & 0o777], [EXIT.done, 0o600]);
  assert.not.match(out, BASE64);
  const lines = readFileSync(path, 'utf8').match(BASE64) ?? [];
  assert.is(new Set(lines).size, 3);
  assert.is((await run('make host:deimos', path)).code, EXIT.notDone);
  for (const line of [
    'make',
    'make guest:x',
    'make host',
    'make host:a host:a',
    'make host:a --stdin',
  ]) {
    assert.is((await run(line, join(folder, 'unmade'))).code, EXIT.wrongUse, line);
  }
});

test('a key goes to the other end through a pipe: once, and never to a screen', async () => {
  const path = fileOf();
  const added = await run('add host deimos --json', path);
  assert.equal(JSON.parse(added.out), { added: [{ role: 'host', owner: 'deimos', kid: 2 }] });
  const onScreen = await run('show host deimos 2', path, { screen: true });
  assert.equal([onScreen.code, onScreen.out], [EXIT.notDone, '']);
  const { out: line } = await run('show host deimos 2', path);
  assert.ok(readFileSync(path, 'utf8').includes(line.trim()));
  const other = join(folder, 'other');
  const first = await run('make --stdin', other, {
    input: (await run('show host deimos 1', path)).out,
  });
  const second = await run('add --stdin', other, { input: line });
  const again = await run('add --stdin', other, { input: line });
  assert.equal([first.code, second.code, again.code], [EXIT.done, EXIT.done, EXIT.done]);
  assert.is(bare(other), 'host deimos 1 KEY\nhost deimos 2 KEY\n');
  assert.is(readFileSync(other, 'utf8').split('\n')[1], line.trim());
  const clash = await run('add --stdin', other, { input: `host deimos 2 ${base64Of(77)}` });
  assert.is(clash.code, EXIT.notDone, 'another key under the same number');
  assert.not.match(clash.err, BASE64);
  for (const input of ['', 'nonsense', `host deimos ${base64Of(5)}`]) {
    const bad = await run('add --stdin', other, { input });
    assert.is(bad.code, EXIT.wrongUse, input);
    assert.not.match(bad.err, BASE64);
  }
});

test('a file that somebody else changed meanwhile stays as he left it; a link stays a link', () => {
  const path = fileOf();
  const mine = withoutKey(`${TEXT}host deimos 2 ${base64Of(8)}\n`, {
    ...{ role: 'host', owner: 'deimos', kid: 2 },
  });
  assert.ok(mine.ok);
  writeFileSync(path, TEXT.replace('moons', 'moons of Mars'));
  const late = writeStore(path, TEXT, TEXT);
  assert.not(late.ok);
  assert.match(readFileSync(path, 'utf8'), /Mars/);
  const link = join(folder, 'link');
  symlinkSync(path, link);
  assert.ok(writeStore(link, TEXT, readFileSync(path, 'utf8')).ok);
  assert.is(readFileSync(path, 'utf8'), TEXT);
  assert.ok(writeStore(join(folder, 'no', 'such', 'folder'), TEXT, undefined).ok === false);
});

test('what a killed change left behind goes with the next one, and nothing else does', () => {
  const path = join(folder, 'left');
  writeFileSync(path, TEXT, { mode: 0o600 });
  // No process has that number, and this one lives.
  const [dead, other] = [`${path}.4194999.new`, `${path}.old`];
  const own = `${path}.${process.ppid}.new`;
  for (const one of [dead, own, other]) writeFileSync(one, TEXT, { mode: 0o600 });
  assert.ok(writeStore(path, `${TEXT}# more\n`, TEXT).ok);
  assert.equal(
    [dead, own, other].map((one) => existsSync(one)),
    [false, true, true],
  );
});

test('the help teaches the rotation, and a fifth key of one owner is refused', async () => {
  const { out } = await run('--help', '');
  for (const word of ['add host', 'show host', 'switch host', 'check', 'retire host', 'reload']) {
    assert.ok(out.includes(`fencepost keys ${word}`) || out.includes(`fencepost ${word}`), word);
  }
  const path = fileOf();
  for (const code of [EXIT.done, EXIT.done, EXIT.done, EXIT.notDone]) {
    assert.is((await run('add host deimos', path)).code, code);
  }
});

test.after(() => rmSync(folder, { recursive: true, force: true }));

test.run();
