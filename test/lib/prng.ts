/** Repeatable chance: one seed decides a whole run, so whatever fails can be shown again. */
export interface Prng {
  /** A number from 0 up to 1, exclusive. */
  next(): number;
  /** A whole number from `low` to `high`, both included. */
  between(low: number, high: number): number;
  /** True with the given probability. */
  chance(probability: number): boolean;
  /** One of the items; throws where there is none. */
  pick<T>(items: readonly T[]): T;
}

/** A Weyl sequence through a 32-bit finalizer: 2^32 numbers before it repeats, plenty for a test. */
export function prng(seed: number): Prng {
  let weyl = seed >>> 0;
  const next = (): number => {
    weyl = (weyl + 0x9e3779b9) >>> 0;
    let word = weyl ^ (weyl >>> 16);
    word = Math.imul(word, 0x85ebca6b);
    word = Math.imul(word ^ (word >>> 13), 0xc2b2ae35);
    return ((word ^ (word >>> 16)) >>> 0) / 2 ** 32;
  };
  const between = (low: number, high: number): number =>
    low + Math.floor(next() * (high - low + 1));
  return {
    next,
    between,
    chance: (probability) => next() < probability,
    pick: (items) => {
      if (items.length === 0) throw new Error('there is nothing to pick from');
      return items[between(0, items.length - 1)] as (typeof items)[number];
    },
  };
}
