/**
 * The light plugin cuts deep into libraries that know nothing of it. So a program that touches all of them
 * is bundled as we ship, put alone into a folder, and run by a Node that refuses what we promise not to
 * need: an upgrade that no longer fits the stubs fails here first.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { assert, suite } from '../lib/suite.ts';

const test = suite('light bundle');

const HARDENED = ['--disallow-code-generation-from-strings', '--disable-proto=delete'];
const SCRIPT_BYTES_MAX = 86_000;
/** Marks that each library leaves in the bundle when it is not cut. */
const LEFT_OUT = [
  ...['Sec-WebSocket-Key', 'Socks5', 'application/javascript; charset=utf-8'],
  ...[
    'process.env.DEBUG',
    'ERR_STREAM_PUSH_AFTER_EOF',
    'WindowsBinding',
    'cbor-extract',
    'udevadm',
  ],
  ...[
    '_handlePacket ::',
    'Invalid protocolId:',
    'Unregistered Topic Alias',
    'Expected array header',
    'Cannot parse protocolId',
  ],
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

test('the program, alone with its native parts, does all that it did unbundled, and loads late what can wait', () => {
  const run = spawnSync(process.execPath, [...HARDENED, program], {
    cwd: folder,
    encoding: 'utf8',
    env: {},
  });
  assert.is(run.stderr, '');
  const talk = 'connect subscribe puback publish publish disconnect t!';
  assert.equal(JSON.parse(run.stdout), {
    early: [],
    slot: 7,
    folder: 'there',
    wire: true,
    serial: [0x85, 5, 0, 7, 0, 0x18, 0xff, 1],
    mqtt4: talk,
    mqtt5: talk,
  });
});

test('it is a program that a shell can start, with its source map apart', () => {
  assert.match(readFileSync(program, 'utf8'), /^#!\/usr\/bin\/env node\n/);
  assert.is(statSync(program).mode & 0o111, 0o111);
  const files = readdirSync(folder).sort();
  assert.equal(files, ['ioctl.node', 'light-program.cjs', 'maps', 'serialport.node']);
  assert.equal(readdirSync(join(folder, 'maps')), ['light-program.cjs.map']);
});

test('its JavaScript stays below 86 kB, without the parts that are left out', () => {
  const script = readFileSync(program, 'utf8');
  assert.ok(script.length < SCRIPT_BYTES_MAX, `${script.length} bytes`);
  for (const mark of LEFT_OUT) assert.not.ok(script.includes(mark), mark);
});

test('a part that is left out names itself when it is asked for after all', () => {
  const script = readFileSync(program, 'utf8');
  for (const name of ['get-timer', 'handlers/pubrel', 'topic-alias-recv']) {
    assert.ok(script.includes(`"${name} is left out of the bundle"`), name);
  }
});

test('nothing in the bundle calls a method that was cut out of another file', async () => {
  const { CUTS } = await cuts();
  const script = readFileSync(program, 'utf8');
  const methods = (CUTS['mqtt/build/lib/client.js']?.cut ?? []).map((start) => start.trim());
  assert.ok(methods.includes('_reconnect('));
  for (const method of methods) assert.not.ok(script.includes(`.${method}`), method);
});

test('a cut that no longer fits its library stops the build and names the place', async () => {
  const { CUTS, cutSource } = await cuts();
  const name = 'mqtt-packet/mqtt.js';
  const [start = ''] = CUTS[name]?.cut ?? [];
  const fits = `exports.parser = 1\n${start} {\n  left\n}\nlast`;
  assert.is(cutSource(name, fits), 'exports.parser = 1\nlast');
  assert.throws(() => cutSource(name, 'last'), /no longer fits mqtt-packet\/mqtt\.js: there is no/);
  assert.throws(() => cutSource(name, `${fits}\n${fits}`), /is there twice/);
  const parser = 'mqtt-packet/parser.js';
  const whole = readFileSync(join('node_modules', parser), 'utf8');
  const called = whole.replace('this._parseConnack()', 'this._parseAuth()');
  assert.not.equal(called, whole);
  assert.throws(() => cutSource(parser, called), /_parseAuth.*what is left speaks of it/);
});

interface Cuts {
  CUTS: Record<string, { cut?: string[]; emptied?: string[] }>;
  cutSource(name: string, source: string): string;
}

/** It is part of the build, so it is loaded as it stands. */
function cuts(): Promise<Cuts> {
  return import(pathToFileURL(join(process.cwd(), 'bundle', 'cuts.mjs')).href);
}

test.run();
