/**
 * Which states were seen, and how each was reached: flat typed arrays, so that ten million states
 * take some hundred megabytes and no garbage collector walks them.
 *
 * A state is known by 64 bits of a hash of its canonical bytes. Two different states with one
 * fingerprint would hide the second: with 10^7 states the odds of a single such pair are below
 * 3 in a million.
 */

/** The two halves of a fingerprint. */
export interface Print {
  high: number;
  low: number;
}

export interface Visited {
  readonly count: number;
  /** Notes a state; false where it was seen before. */
  add(print: Print, parent: number, action: number): boolean;
  /** The actions that lead to a state, first one first; `root` is the initial state it began with. */
  pathTo(state: number): { root: number; actions: number[] };
}

const FIRST_SLOTS = 2 ** 16;
const LOAD_MAX = 0.6;
const NO_PARENT = 0xffff_ffff;

/** Two mixes of 32 bits over the same bytes, each with constants of its own. */
export function printOf(bytes: Uint8Array, length: number): Print {
  let a = 0x9e3779b9 ^ length;
  let b = 0x85ebca6b ^ length;
  for (let i = 0; i < length; i += 1) {
    const byte = bytes[i] as number;
    a = Math.imul(a ^ byte, 0x01000193);
    a ^= a >>> 15;
    b = Math.imul(b + byte, 0xcc9e2d51);
    b = (b << 13) | (b >>> 19);
  }
  return { high: finish(a ^ Math.imul(b, 5)), low: finish(b + Math.imul(a, 9)) };
}

function finish(word: number): number {
  let mixed = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

export function visited(): Visited {
  let slots = FIRST_SLOTS;
  let highs = new Uint32Array(slots);
  let lows = new Uint32Array(slots);
  let parents = new Uint32Array(slots);
  let actions = new Uint16Array(slots);
  let count = 0;

  /** Puts a print into its slot; false where it lies there already. Zero marks an empty slot. */
  const put = (high: number, low: number): boolean => {
    const mark = (high | low) === 0 ? 1 : low;
    let at = (high ^ Math.imul(mark, 0x9e3779b9)) & (slots - 1);
    while (highs[at] !== 0 || lows[at] !== 0) {
      if (highs[at] === high && lows[at] === mark) return false;
      at = (at + 1) & (slots - 1);
    }
    highs[at] = high;
    lows[at] = mark;
    return true;
  };
  const grow = (): void => {
    const [oldHighs, oldLows] = [highs, lows];
    slots *= 2;
    highs = new Uint32Array(slots);
    lows = new Uint32Array(slots);
    for (let i = 0; i < oldHighs.length; i += 1) {
      if (oldHighs[i] !== 0 || oldLows[i] !== 0) put(oldHighs[i] as number, oldLows[i] as number);
    }
    parents = grown(parents, new Uint32Array(slots));
    actions = grown(actions, new Uint16Array(slots));
  };
  return {
    get count() {
      return count;
    },
    add({ high, low }, parent, action) {
      if (!put(high, low)) return false;
      parents[count] = parent < 0 ? NO_PARENT : parent;
      actions[count] = action;
      count += 1;
      if (count > slots * LOAD_MAX) grow();
      return true;
    },
    pathTo(state) {
      const path: number[] = [];
      let at = state;
      while (parents[at] !== NO_PARENT) {
        path.push(actions[at] as number);
        at = parents[at] as number;
      }
      return { root: actions[at] as number, actions: path.reverse() };
    },
  };
}

function grown<T extends Uint32Array | Uint16Array>(old: T, next: T): T {
  next.set(old);
  return next;
}

/** States that wait for their turn, as bytes, in chunks that are let go once they are read. */
export interface ByteQueue {
  readonly length: number;
  push(bytes: Uint8Array, length: number): void;
  /** The oldest, valid until the next call; undefined where none waits. */
  shift(): Uint8Array | undefined;
}

const CHUNK_BYTES = 1 << 20;

export function byteQueue(): ByteQueue {
  const chunks: { bytes: Uint8Array; end: number }[] = [];
  let first = 0;
  let readAt = 0;
  let length = 0;
  return {
    get length() {
      return length;
    },
    push(bytes, size) {
      let last = chunks.at(-1);
      if (last === undefined || chunks.length === first || last.end + size + 2 > CHUNK_BYTES) {
        last = { bytes: new Uint8Array(CHUNK_BYTES), end: 0 };
        chunks.push(last);
      }
      last.bytes[last.end] = size >>> 8;
      last.bytes[last.end + 1] = size & 0xff;
      last.bytes.set(bytes.subarray(0, size), last.end + 2);
      last.end += size + 2;
      length += 1;
    },
    shift() {
      if (length === 0) return undefined;
      let chunk = chunks[first];
      while (chunk !== undefined && readAt >= chunk.end) {
        chunks[first] = { bytes: new Uint8Array(0), end: 0 };
        first += 1;
        readAt = 0;
        chunk = chunks[first];
      }
      if (chunk === undefined) return undefined;
      const size = ((chunk.bytes[readAt] as number) << 8) | (chunk.bytes[readAt + 1] as number);
      const from = readAt + 2;
      readAt = from + size;
      length -= 1;
      return chunk.bytes.subarray(from, from + size);
    },
  };
}
