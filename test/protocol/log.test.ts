/** The log: two forms, bounded, and silent about keys. */
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LogSetup, logger } from '../../protocol/log.ts';
import { fdStream } from '../../protocol/log-stream.ts';
import { assert, suite } from '../lib/suite.ts';
import { until } from '../lib/until.ts';

const test = suite('log');
const AT = new Date(2026, 0, 2, 3, 4, 5, 6);

function logOf(change: Partial<LogSetup> = {}) {
  const lines: string[] = [];
  const stream = { write: (line: string) => lines.push(line), writableLength: 0 };
  return { lines, stream, log: logger({ stream, tty: true, now: () => AT, ...change }) };
}

test('people get aligned columns, and colour only where it is asked for', () => {
  const plain = logOf();
  plain.log.warn('late', { host: 'deimos', silenceMs: 5_000 });
  plain.log.info('listening');
  assert.equal(plain.lines, [
    '03:04:05.006 warn  deimos     late silenceMs=5000\n',
    '03:04:05.006 info             listening\n',
  ]);
  const coloured = logOf({ colour: true });
  coloured.log.error('x');
  assert.match(coloured.lines[0] ?? '', '\u001b[31merror\u001b[0m');
});

test('programs get one JSON object a line, whose own fields nobody can replace', () => {
  const { log, lines } = logOf({ tty: false });
  log.info('fenced', { host: 'a', proof: 'verified', level: 'forged', time: 0 });
  assert.equal(JSON.parse(lines[0] ?? ''), {
    host: 'a',
    proof: 'verified',
    time: AT.toISOString(),
    level: 'info',
    text: 'fenced',
  });
});

test('nothing that looks like a key is written', () => {
  const key = Buffer.alloc(32, 0xab);
  for (const tty of [true, false]) {
    const { log, lines } = logOf({ tty });
    log.info(`read ${key.toString('base64')} and ${key.toString('hex')}`, {
      secret: 'swordfish',
      mqttPassword: 'swordfish',
      note: key.toString('base64'),
    });
    const text = lines.join('');
    for (const part of [key.toString('base64'), key.toString('hex'), 'swordfish']) {
      assert.not(text.includes(part), text);
    }
    assert.match(text, /\(key\)/);
  }
});

test('a stranger can neither forge a line nor move the cursor', () => {
  const { log, lines } = logOf();
  log.info('bad\n03:04:05 info fenced\u001b[2J\u202e\u2028', { host: 'a\rb', reason: 'x\ny' });
  assert.is(lines.length, 1);
  assert.not.match((lines[0] ?? '').slice(0, -1), /[\p{Cc}\p{Cf}\u2028]/u);
  assert.match(lines[0] ?? '', /bad\\u000a03/);
});

test('a very long text is cut', () => {
  const { log, lines } = logOf();
  log.info('x'.repeat(1_000_000));
  assert.ok((lines[0]?.length ?? 0) < 2_100);
});

test('lines that nobody reads are dropped, counted, and owned up to', () => {
  const { log, lines, stream } = logOf();
  stream.writableLength = 10_000_000;
  for (let count = 0; count < 1_000; count += 1) log.info('lost');
  assert.equal([lines.length, log.dropped()], [0, 1_000]);
  stream.writableLength = 0;
  log.info('found');
  log.info('found');
  assert.is(lines.length, 3);
  assert.match(lines[0] ?? '', /1000 log lines were dropped/);
});

test('a stream to a descriptor writes everything in order, and the rest on a flush', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'fencepost-log-'));
  const fd = openSync(join(dir, 'log'), 'w');
  const stream = fdStream(fd);
  const wanted = Array.from({ length: 1_000 }, (_, index) => `line ${index}\n`);
  for (const line of wanted) stream.write(line);
  assert.ok(stream.writableLength > 0);
  await until('the stream is empty', () => stream.writableLength === 0);
  assert.is(readFileSync(join(dir, 'log'), 'utf8'), wanted.join(''));
  stream.write('in flight\n');
  stream.write('last\n');
  stream.flush();
  await until('the stream is empty', () => stream.writableLength === 0);
  assert.match(readFileSync(join(dir, 'log'), 'utf8'), /last\n/);
  closeSync(fd);
  rmSync(dir, { recursive: true });
});

test('a reader that is gone is given up without a word', async () => {
  // A descriptor that takes no writing, as a closed pipe would not.
  const fd = openSync('/dev/null', 'r');
  const stream = fdStream(fd);
  stream.write('nobody\n');
  await until('the stream is empty', () => stream.writableLength === 0);
  stream.write('nobody\n');
  stream.flush();
  await until('the stream is empty', () => stream.writableLength === 0);
  closeSync(fd);
});

test.run();
