/**
 * How long to wait before the next attempt.
 *
 * A path that fails at once must not be tried in a busy loop, and when a broker returns its
 * thousand clients must not all come in the same millisecond. So the wait doubles up to a cap, and
 * a part of it is left to chance. Pure: the chance is passed in.
 */
import { assert } from '../assert.ts';

export interface BackoffBounds {
  firstMs: number;
  capMs: number;
}

/** The part of a wait that chance may take away. */
const JITTER_SHARE = 0.25;

/**
 * The wait in ms after `failures` failures in a row (1 or more): `firstMs`, doubled with each
 * further failure, at most `capMs`. `chance`, from 0 to 1, shortens it by up to a quarter.
 */
export function backoffMs(failures: number, bounds: BackoffBounds, chance: number): number {
  assert(Number.isInteger(failures) && failures >= 1, `${failures} is not a count of failures`);
  assert(chance >= 0 && chance <= 1, `${chance} is not a chance`);
  // 2 ** 30 is beyond any cap in use, and the bound keeps the product finite.
  const doubledMs = bounds.firstMs * 2 ** Math.min(failures - 1, 30);
  return Math.min(doubledMs, bounds.capMs) * (1 - JITTER_SHARE * chance);
}
