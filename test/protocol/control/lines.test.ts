import { lineReader } from '../../../protocol/control/lines.ts';
import { assert, suite } from '../../lib/suite.ts';

const test = suite('control lines');

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function textsOf(pieces: readonly string[], lineBytesMax = 64): string[] {
  const reader = lineReader(lineBytesMax);
  return pieces.flatMap((piece) =>
    reader.push(bytes(piece)).map((line) => (line.ok ? line.value : line.kind)),
  );
}

test('a line is found wherever the pieces end', () => {
  const text = '{"a":1}\n\n{"b":"ü"}\r\n{"c"';
  const whole = ['{"a":1}', '', '{"b":"ü"}'];
  assert.equal(textsOf([text]), whole);
  const reader = lineReader(64);
  const single = [...bytes(text)].flatMap((byte) => reader.push(Uint8Array.of(byte)));
  assert.equal(
    single.map((line) => (line.ok ? line.value : line.kind)),
    whole,
  );
});

test('a line of exactly the cap is taken, and one byte more is refused once', () => {
  assert.equal(textsOf(['12345678\n', '123456789\n', 'ok\n'], 8), ['12345678', 'too-long', 'ok']);
});

test('an endless line costs no memory, and the line after it is read', () => {
  const reader = lineReader(100);
  const piece = new Uint8Array(65_536).fill(0x78);
  const before = process.memoryUsage().arrayBuffers;
  for (let turn = 0; turn < 2_000; turn += 1) assert.is(reader.push(piece).length, 0);
  assert.ok(process.memoryUsage().arrayBuffers - before < 1_000_000);
  assert.equal(
    reader.push(bytes('\nnext\n')).map((line) => (line.ok ? line.value : line.kind)),
    ['too-long', 'next'],
  );
});

test.run();
