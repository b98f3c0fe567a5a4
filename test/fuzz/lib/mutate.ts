/** The next input from one that was good: bits flipped, bytes drawn, pieces cut, doubled, moved and joined. */
import type { Prng } from '../../lib/prng.ts';

const EDGES = [0, 1, 0x17, 0x18, 0x19, 0x1a, 0x1b, 0x1f, 0x20, 0x40, 0x5f, 0x7f, 0x80, 0x9f, 0xff];
const STEPS_MAX = 6;
const PIECE_BYTES_MAX = 32;

export interface Stock {
  /** Another input to join with. */
  other(): Uint8Array;
  words: readonly Uint8Array[];
  bytesMax: number;
}

/** A new array; `input` stays as it is. */
export function mutate(input: Uint8Array, chance: Prng, stock: Stock): Uint8Array {
  let bytes: Uint8Array = input.slice();
  for (let steps = chance.between(1, STEPS_MAX); steps > 0; steps -= 1) {
    bytes = step(bytes, chance, stock);
  }
  return bytes.length > stock.bytesMax ? bytes.slice(0, stock.bytesMax) : bytes;
}

function step(bytes: Uint8Array, chance: Prng, stock: Stock): Uint8Array {
  const size = bytes.length;
  const at = size === 0 ? 0 : chance.between(0, size - 1);
  const isDone = size > 0 && inPlace(bytes, at, chance);
  if (isDone) return bytes;
  const until = Math.min(size, at + chance.between(1, PIECE_BYTES_MAX));
  switch (chance.between(0, 5)) {
    case 0:
      return joined(bytes, at, until, new Uint8Array());
    case 1:
      return joined(bytes, at, at, bytes.subarray(at, until));
    case 2:
      return joined(bytes, at, at, Uint8Array.of(chance.between(0, 255)));
    case 3: {
      const other = stock.other();
      const from = other.length === 0 ? 0 : chance.between(0, other.length - 1);
      return joined(bytes, at, size, other.subarray(from));
    }
    default: {
      if (stock.words.length === 0) return bytes;
      const word = chance.pick(stock.words);
      // In place of as much, or in between.
      return joined(bytes, at, chance.chance(0.5) ? Math.min(size, at + word.length) : at, word);
    }
  }
}

/** Half of the steps keep the length. */
function inPlace(bytes: Uint8Array, at: number, chance: Prng): boolean {
  const was = bytes[at] ?? 0;
  switch (chance.between(0, 7)) {
    case 0:
      bytes[at] = was ^ (1 << chance.between(0, 7));
      return true;
    case 1:
      bytes[at] = chance.between(0, 255);
      return true;
    case 2:
      bytes[at] = was + chance.between(-4, 4);
      return true;
    case 3:
      bytes[at] = chance.pick(EDGES);
      return true;
    default:
      return false;
  }
}

/** `bytes` with `piece` in place of what stands from `from` up to `until`. */
export function joined(
  bytes: Uint8Array,
  from: number,
  until: number,
  piece: Uint8Array,
): Uint8Array {
  const whole = new Uint8Array(bytes.length - (until - from) + piece.length);
  whole.set(bytes.subarray(0, from));
  whole.set(piece, from);
  whole.set(bytes.subarray(until), from + piece.length);
  return whole;
}
