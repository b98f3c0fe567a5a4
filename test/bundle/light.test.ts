/**
 * The light plugin cuts deep into libraries that know nothing of it. So a program that touches all of them
 * is bundled as we ship, put alone into a folder, and run by a Node that refuses what we promise not to
 * need: an upgrade that no longer fits the stubs fails here first.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assert, suite } from '../lib/suite.ts';

const test = suite('light bundle');

const HARDENED = ['--disallow-code-generation-from-strings', '--disable-proto=delete'];
const SCRIPT_BYTES_MAX = 200_000;
/** Marks that each library leaves in the bundle when it is not cut. */
const LEFT_OUT = [
  ...['Sec-WebSocket-Key', 'Socks5', 'application/javascript; charset=utf-8'],
  ...['process.env.DEBUG', 'ERR_STREAM_PUSH_AFTER_EOF', 'WindowsBinding', 'cbor-extract'],
];

const folder = mkdtempSync(join(tmpdir(), 'fencepost-light-'));
const program = join(folder, 'light-program.cjs');

test.before(() => {
  execFileSync(process.execPath, [
    ...['bundle/build.mjs', '--one'],
    ...['test/bundle/fixtures/light-program.ts', folder],
  ]);
});
test.after(() => rmSync(folder, { recursive: true }));

test('the program, alone with its native parts, does all that it did unbundled', () => {
  const run = spawnSync(process.execPath, [...HARDENED, program], {
    cwd: folder,
    encoding: 'utf8',
    env: {},
  });
  assert.is(run.stderr, '');
  assert.equal(JSON.parse(run.stdout), {
    cbor: '8301021901f4',
    decoded: [1, 2, 500],
    serial: 'beat',
    mqtt: true,
  });
});

test('it is a program that a shell can start, with its source map apart', () => {
  assert.match(readFileSync(program, 'utf8'), /^#!\/usr\/bin\/env node\n/);
  assert.is(statSync(program).mode & 0o111, 0o111);
  const files = readdirSync(folder).sort();
  assert.equal(files, ['ioctl.node', 'light-program.cjs', 'maps', 'serialport.node']);
  assert.equal(readdirSync(join(folder, 'maps')), ['light-program.cjs.map']);
});

test('its JavaScript stays below 200 kB, without the parts that are left out', () => {
  const script = readFileSync(program, 'utf8');
  assert.ok(script.length < SCRIPT_BYTES_MAX, `${script.length} bytes`);
  for (const mark of LEFT_OUT) assert.not.ok(script.includes(mark), mark);
});

test('a part that is left out names itself when it is asked for after all', () => {
  const script = readFileSync(program, 'utf8');
  for (const name of ['ws', 'socks', 'worker-timers']) {
    assert.ok(script.includes(`"${name} is left out of the bundle"`), name);
  }
});

test.run();
