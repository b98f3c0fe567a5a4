/** Repeatable chance for tests: the same seed gives the same run, so a failure can be shown again. */
export interface Prng {
  /** A whole number from 0 up to `below`, exclusive. */
  int(below: number): number;
  /** True with the given probability. */
  chance(probability: number): boolean;
  bytes(count: number): Uint8Array;
}

/** mulberry32: small, fast, good enough for tests. */
export function prng(seed: number): Prng {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  return {
    int: (below) => next() % below,
    chance: (probability) => next() / 2 ** 32 < probability,
    bytes: (count) => Uint8Array.from({ length: count }, () => next() & 0xff),
  };
}
