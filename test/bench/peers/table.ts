/** The cells of what was measured a few times only, where a distribution would say too much. */
import type { Spread } from '../spread.ts';

export const SPREAD_HEAD = ['min', 'median', 'max', 'n'] as const;

/** In the order of `SPREAD_HEAD`. */
export function spreadCells({ min, median, max, count }: Spread, digits = 0): string[] {
  return [...[min, median, max].map((value) => value.toFixed(digits)), String(count)];
}
