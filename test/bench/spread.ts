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
