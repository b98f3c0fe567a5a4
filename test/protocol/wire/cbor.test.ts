/** One way to write each item, and no other way to read it. */
import {
  type Cursor,
  MAJOR_ARRAY,
  MAJOR_BYTES,
  MAJOR_UINT,
  readHead,
  writer,
} from '../../../protocol/wire/cbor.ts';
import { assert, suite } from '../../lib/suite.ts';

const test = suite('cbor');

function written(major: number, value: number): number[] {
  const out = writer(8);
  out.head(major, value);
  return [...out.take()];
}

function read(bytes: number[], major = MAJOR_UINT): { ok: boolean; at: number; value: number } {
  const cursor: Cursor = { at: 0, value: 0 };
  const ok = readHead(Uint8Array.from(bytes), cursor, major);
  return { ok, ...cursor };
}

test('the edges of every width are written in their shortest form, and read back', () => {
  const edges: [number, number][] = [
    ...([
      [0, 1],
      [23, 1],
      [24, 2],
      [0xff, 2],
    ] as [number, number][]),
    ...([
      [0x100, 3],
      [0xffff, 3],
      [0x1_0000, 5],
      [0xffff_ffff, 5],
    ] as [number, number][]),
  ];
  for (const [value, length] of edges) {
    const bytes = written(MAJOR_UINT, value);
    assert.is(bytes.length, length, `${value}`);
    assert.equal(read(bytes), { ok: true, at: length, value });
  }
});

test('a longer form than is needed is refused, at every width', () => {
  for (const bytes of [
    [0x18, 23],
    [0x19, 0, 0xff],
    [0x1a, 0, 0, 0xff, 0xff],
  ]) {
    assert.is(read(bytes).ok, false, bytes.join(' '));
  }
});

test('more than 32 bits, an indefinite length, another kind and a cut head are refused', () => {
  const long = [0x1b, 0, 0, 0, 1, 0, 0, 0, 0];
  assert.is(read(long).ok, false);
  assert.is(read([0x5f, 0x41, 0, 0xff], MAJOR_BYTES).ok, false);
  assert.is(read([0x41, 0], MAJOR_ARRAY).ok, false);
  assert.is(read([]).ok, false);
  for (const cut of [[0x18], [0x19, 1], [0x1a, 1, 0, 0]]) assert.is(read(cut).ok, false);
});

test('what is no integer of 32 bits is not written', () => {
  for (const value of [-1, 0.5, 0x1_0000_0000, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.throws(() => written(MAJOR_UINT, value), `${value} does not fit into 32 bits`);
  }
});

test('a writer grows as far as it has to, and begins anew', () => {
  const out = writer(5);
  const long = Uint8Array.from({ length: 300 }, (_, i) => i & 0xff);
  out.head(MAJOR_BYTES, long.length);
  out.raw(long);
  out.raw(long);
  assert.equal([...out.take()], [0x59, 1, 44, ...long, ...long]);
  out.reset();
  out.head(MAJOR_UINT, 7);
  assert.equal([...out.take()], [7]);
});

test.run();
