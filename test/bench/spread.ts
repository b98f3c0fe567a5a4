/** The least, the middle and the most of some measurements, in the order of their size. */
export interface Spread {
  min: number;
  median: number;
  max: number;
  count: number;
}

/** Throws where nothing was measured. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (index: number): number => {
    const value = sorted[index];
    if (value === undefined) throw new Error('nothing was measured');
    return value;
  };
  const last = sorted.length - 1;
  return { min: at(0), median: at(last >> 1), max: at(last), count: sorted.length };
}

/** A distribution: what is usual, and what is rare. */
export interface Tail {
  min: number;
  p50: number;
  p99: number;
  p999: number;
  max: number;
  count: number;
}

/** Throws where nothing was measured. */
export function tailOf(values: readonly number[]): Tail {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): number => {
    const value = sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
    if (value === undefined) throw new Error('nothing was measured');
    return value;
  };
  return {
    ...{ min: at(0), p50: at(0.5), p99: at(0.99), p999: at(0.999), max: at(1) },
    count: sorted.length,
  };
}
