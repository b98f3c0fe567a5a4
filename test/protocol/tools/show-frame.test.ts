import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeLine, printFrame } from '../../../protocol/tools/show-frame.ts';
import { sealFrame } from '../../../protocol/wire/codec.ts';
import { frameEncode } from '../../../protocol/wire/framing.ts';
import { parseKeys } from '../../../protocol/wire/keys.ts';
import { MESSAGES, type MessageKind } from '../../../protocol/wire/messages.ts';
import { assert, suite } from '../../lib/suite.ts';
import { base64Of, crypto, KEYS_TEXT, ring } from '../wire/lib/keys.ts';
import { SAMPLES } from '../wire/lib/samples.ts';

const test = suite('show-frame');
const key = ring.find('host', 'alpha', 1)?.handshake();
const parsed = parseKeys(KEYS_TEXT);
const keys = parsed.ok ? parsed.keys : [];
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

function frameOf(kind: MessageKind): Uint8Array {
  return key === undefined ? new Uint8Array() : sealFrame(crypto, key, 'serial', SAMPLES[kind]);
}

test('a frame of every kind is printed with all its fields', () => {
  for (const kind of Object.keys(MESSAGES) as MessageKind[]) {
    const text = printFrame(frameOf(kind));
    assert.ok(text.startsWith(`${kind} `), text);
    for (const [name] of MESSAGES[kind].fields) assert.match(text, new RegExp(`^  ${name} `, 'm'));
  }
});

test('numbers that have names are printed with them', () => {
  assert.match(printFrame(frameOf('leaving')), /reason +2 {2}\(reboot\)/);
  assert.match(printFrame(frameOf('order')), /op +1 {2}\(fence\)/);
  assert.match(printFrame(frameOf('order')), /incarnation 0 {2}\(whatever has power now\)/);
  assert.match(printFrame(frameOf('result')), /outcome +2 {2}\(done\)/);
  assert.match(printFrame(frameOf('state')), /body .*\{"name":"alpha"\}/);
  assert.match(printFrame(frameOf('pledge')), /timeout +300 {2}\(30 s\)/);
  assert.match(
    printFrame(frameOf('pledge')),
    /flags +7 {2}\(a hardware watchdog, nowayout, .*alone/,
  );
  assert.match(printFrame(frameOf('beat')), /flags +5 {2}\(kick count 5\)/);
});

test('with keys it says whose MAC it is and for which path, and never shows a byte of them', () => {
  const hello = printFrame(frameOf('hello'), { keys });
  assert.match(hello, /MAC +right: key 1 of host alpha, for serial/);
  const forged = frameOf('hello');
  forged[forged.length - 1] = (forged.at(-1) ?? 0) ^ 1;
  assert.match(printFrame(forged, { keys }), /MAC +wrong: made with none of the file's 2 keys/);
  assert.match(printFrame(frameOf('order'), { keys }), /MAC +wrong/);
  assert.match(printFrame(frameOf('beat'), { keys }), /MAC +not checked/);
  assert.match(printFrame(frameOf('hello')), /MAC +not checked: give the keys file/);
  assert.not(hello.includes(base64Of(1).slice(0, 10)));
  assert.not(hello.includes('01'.repeat(16)));
});

test('what is no frame is said to be none, and why', () => {
  assert.match(printFrame(new Uint8Array(3)), /^no frame of ours \(short\)/);
  assert.match(printFrame(Buffer.from('{"hello":"world, how are you"}')), /\(shape\)/);
});

test('unprintable text of a stranger is not sent to the terminal', () => {
  const body = Buffer.from('\u001b[2Jgone\n');
  if (key === undefined) return assert.unreachable();
  const text = printFrame(sealFrame(crypto, key, 'mqtt', { ...SAMPLES.state, body }));
  assert.match(text, /\.\[2Jgone\./);
  assert.not(text.includes('\u001b'));
});

test('the bytes of a serial line are taken apart into frames', () => {
  const good = frameEncode(frameOf('beat'));
  const bad = good.slice();
  bad[5] = (bad[5] ?? 0) ^ 0x10;
  const { reports, rest } = describeLine(Buffer.concat([good, bad, good]));
  assert.equal(
    reports.map(({ kind }) => kind),
    ['beat', 'beat'],
  );
  assert.match(rest, /^2 with a right CRC, 1 with a wrong one/);
});

const program = (...args: string[]): { status: number | null; out: string; err: string } => {
  const run = spawnSync(process.execPath, ['dist/test/protocol-tools-main.cjs', ...args], {
    encoding: 'utf8',
  });
  return { status: run.status, out: run.stdout, err: run.stderr };
};

test('the command takes hex, a file, a line and a keys file, and its exit code says what it saw', () => {
  const folder = mkdtempSync(join(tmpdir(), 'show-frame-'));
  const file = join(folder, 'capture');
  const keysFile = join(folder, 'keys');
  writeFileSync(file, frameEncode(frameOf('hello')));
  writeFileSync(keysFile, KEYS_TEXT, { mode: 0o600 });
  const spaced = hex(frameOf('beat')).replace(/(..)/g, '$1 ').trim();
  const plain = program(spaced);
  const json = program(file, '--json', '--keys', keysFile);
  const nonsense = program('deadbeef');
  const missing = program(join(folder, 'nothing'));
  const empty = program();
  rmSync(folder, { recursive: true });
  assert.is(plain.status, 0, plain.err);
  assert.match(plain.out, /^beat to the board/);
  assert.is(json.status, 0, json.err);
  const report = JSON.parse(json.out);
  assert.equal([report.kind, report.mac], ['hello', 'right: key 1 of host alpha, for serial']);
  assert.is(nonsense.status, 1);
  assert.is(missing.status, 2);
  assert.match(missing.err, /neither whole bytes in hex nor a file/);
  assert.is(empty.status, 2);
  assert.match(empty.out, /^Usage/);
});

test.run();
