/**
 * Power that goes while the state file is written: every image that the disk may be left with.
 *
 * A disk writes sectors of 512 bytes, in any order, whole or not at all. So of a write that was under
 * way any subset of its sectors may be there; of a disk that lies about having stored, any subset of
 * the last two writes, which lie in different slots; of one that also writes later things first, for
 * each sector and for the length of each file any of the last three writes, without regard to the
 * others. A start may find the newest state, or the one before, and after a lying disk none; never a
 * mixture, and never an older one than was surely stored.
 */
import { decodeSlot, encodeSlot, newestOf } from '../../firmware-agent/drivers/state-slots.ts';
import { prng } from '../lib/prng.ts';
import { newTally, type Part, type Tally } from './lib/parts.ts';

const SECTOR_BYTES = 512;
/** Sectors of one write that are torn in every way. */
const SECTORS_MAX = 13;
/** Of two writes, together. */
const PAIR_SECTORS = 7;
/** Of three writes: those of the slot that is written twice. */
const REORDERED_SECTORS = 5;
/** Payloads around the edges of sectors; a slot has 18 bytes beside it. */
const EDGES = [-19, -18, -17, -1, 0, 1];

const NOTHING = Buffer.alloc(0);

/** Tears writes of up to `sectors` sectors, and pairs of smaller ones on a disk that lies. */
export function tornImages(
  {
    sectors = SECTORS_MAX,
    pair = PAIR_SECTORS,
    reordered = REORDERED_SECTORS,
    seed = 1,
  }: {
    sectors?: number;
    pair?: number;
    reordered?: number;
    seed?: number;
  } = {},
  look: (tally: Tally) => boolean = () => true,
): Tally {
  const tally = newTally();
  const chance = prng(seed);
  for (let count = 1; count <= sectors; count += 1) {
    for (const edge of EDGES) {
      const bytes = Math.max(0, count * SECTOR_BYTES + edge);
      tearOne(bytes, chance.between(0, 2 * bytes), tally);
      if (!look(tally)) return tally;
    }
  }
  for (let count = 1; count <= pair; count += 1) {
    tearBoth(count * SECTOR_BYTES - 100, count * SECTOR_BYTES - 18, tally);
    if (!look(tally)) return tally;
  }
  for (let count = 1; count <= reordered; count += 1) {
    // Longer or shorter than what lay there, in either direction, and over nothing at all.
    for (const [first, second, third] of GROWTHS) {
      const bytes = (share: number): number => Math.round(share * count * SECTOR_BYTES);
      reorder([bytes(first), bytes(second), bytes(third)], bytes(1), tally);
      if (!look(tally)) return tally;
    }
  }
  return tally;
}

/** Lengths of three states after one another in one slot, as shares of the longest; 0 is no file. */
const GROWTHS = [
  [0.9, 0.9, 0.9],
  [0.3, 0.6, 0.9],
  [0.9, 0.6, 0.3],
  [0, 0.9, 0.5],
  [0.5, 0.9, 0],
] as const;

function stateOf(counter: number, bytes: number): Buffer {
  const payload = Buffer.alloc(bytes);
  // No two sectors of any two states are alike, so a mixture shows.
  for (let at = 0; at + 4 <= bytes; at += 4) payload.writeUInt32BE(counter * 0x10000 + at, at);
  return encodeSlot({ counter, payload });
}

/** `after` over `before`, of which only the sectors of `mask` have reached the disk. */
function mixed(before: Buffer, after: Buffer, mask: number): Buffer {
  const image = Buffer.alloc(Math.max(before.length, after.length));
  before.copy(image);
  for (let sector = 0; sector * SECTOR_BYTES < after.length; sector += 1) {
    const at = sector * SECTOR_BYTES;
    if (((mask >> sector) & 1) === 1) after.copy(image, at, at, at + SECTOR_BYTES);
  }
  return image;
}

function sectorsOf(image: Buffer): number {
  return Math.ceil(image.length / SECTOR_BYTES);
}

/** State 6 is stored in one slot; 7 is being written over 5 in the other. */
function tearOne(bytes: number, oldBytes: number, tally: Tally): void {
  const [old, safe, next] = [stateOf(5, oldBytes), stateOf(6, bytes), stateOf(7, bytes)];
  for (let mask = 0; mask < 2 ** sectorsOf(next); mask += 1) {
    const image = mixed(old, next, mask);
    judge([image, safe], [next, safe], [7, 6], tally);
  }
}

/** A disk that lies: neither 7 nor, in the other slot, 6 need have been stored, though it said so. */
function tearBoth(oneBytes: number, otherBytes: number, tally: Tally): void {
  const olds = [stateOf(5, oneBytes), stateOf(4, otherBytes)];
  const nexts = [stateOf(7, oneBytes), stateOf(6, otherBytes)];
  const [one, other] = nexts.map(sectorsOf);
  for (let a = 0; a < 2 ** (one ?? 0); a += 1) {
    for (let b = 0; b < 2 ** (other ?? 0); b += 1) {
      const images = [a, b].map((mask, slot) =>
        mixed(olds[slot] ?? NOTHING, nexts[slot] ?? NOTHING, mask),
      );
      judge(images, [...nexts, ...olds], [7, 6, 5, 4, undefined], tally);
    }
  }
}

/**
 * 3 and 4 were surely stored; 5, 6 and 7 were written, and each sector and each length on the disk may be
 * that of any of them. A file grows and is never cut short; what no write reached reads as zeros.
 */
function reorder(lengths: [number, number, number], other: number, tally: Tally): void {
  const ones = [3, 5, 7].map((counter, i) => written(counter, lengths[i] ?? 0));
  const others = [4, 6].map((counter) => written(counter, other - counter));
  const all = [...ones, ...others].filter((image) => image.length > 0);
  const slots = [...orders(others)];
  for (const one of orders(ones)) {
    for (const another of slots) judge([one, another], all, ANY_OR_NONE, tally);
  }
}

const ANY_OR_NONE = [7, 6, 5, 4, 3, undefined];

function written(counter: number, bytes: number): Buffer {
  return bytes === 0 ? NOTHING : stateOf(counter, bytes);
}

/** Every file that writes of these images, one over the other, may leave in whatever order they come. */
function* orders(images: readonly Buffer[]): Generator<Buffer> {
  const files = images.map((_, i) => laidOver(images.slice(0, i + 1)));
  const longest = Math.max(...files.map(({ length }) => length));
  const sectors = Math.ceil(longest / SECTOR_BYTES);
  const lengths = new Set(files.map(({ length }) => length));
  for (let choice = 0; choice < files.length ** sectors; choice += 1) {
    const file = Buffer.alloc(longest);
    let rest = choice;
    for (let sector = 0; sector < sectors; sector += 1) {
      const at = sector * SECTOR_BYTES;
      file.set(files[rest % files.length]?.subarray(at, at + SECTOR_BYTES) ?? NOTHING, at);
      rest = Math.floor(rest / files.length);
    }
    for (const length of lengths) yield file.subarray(0, length);
  }
}

/** The file as its writers see it, in the order in which they wrote. */
function laidOver(images: readonly Buffer[]): Buffer {
  const file = Buffer.alloc(Math.max(...images.map(({ length }) => length)));
  for (const image of images) image.copy(file);
  return file;
}

/** What a start finds must be one of `allowed`, and whole. */
function judge(
  images: Buffer[],
  written: Buffer[],
  allowed: (number | undefined)[],
  tally: Tally,
): void {
  tally.runs += 1;
  const slots = images.map(decodeSlot);
  const newest = newestOf(slots);
  const found = newest === undefined ? undefined : slots[newest];
  const isWhole =
    found === undefined ||
    written.some((image) =>
      image.equals(encodeSlot({ counter: found.counter, payload: found.payload })),
    );
  // The newest that is whole on the disk must be the one that counts.
  const whole = written.filter((image) =>
    images.some((slot) => slot.subarray(0, image.length).equals(image)),
  );
  const youngest = Math.max(...whole.map((image) => decodeSlot(image)?.counter ?? 0), 0);
  if (isWhole && allowed.includes(found?.counter) && (found?.counter ?? 0) === youngest) return;
  if (tally.failures.length < 10) {
    tally.failures.push(
      `state ${found?.counter} was found, ${youngest} is whole: ${images.map((image) => image.length)}`,
    );
  }
}

export const tornPart: Part = {
  name: 'torn',
  promise:
    'no image of torn or reordered writes is read as a state that was never written, or is older than need be',
  run: ({ seed, untilMs, progress }) =>
    tornImages({ seed }, (tally) => {
      progress(tally);
      return performance.now() < untilMs;
    }),
};
