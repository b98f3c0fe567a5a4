/**
 * A host that answers with a number we gave out proves that it lives after that moment: clocks of
 * the two ends need not agree. The board numbers its rounds and remembers when each began; the age
 * of whatever comes back is then judged by the board's clock alone.
 *
 * The ring has a fixed size. A board that issued ticks so fast that the ring turned over within
 * 60 s forgets the older ones early, and a forgotten tick counts as too old: the safe side.
 */
import type { Instant } from './instant.ts';

/** Ticks older than this are unknown; longer than any freshness limit or ttl (30 s). */
export const TICK_MEMORY_MS = 60_000;

/** Holds 60 s of ticks at one each 15 ms; the usual round is 0.25 to 1 s. 32 KB. */
const CAPACITY = 4096;

const TICK_MAX = 0xffff_ffff;

export interface TickLog {
  /** The tick issued last; 0 before the first. */
  latest: number;
  readonly issuedAt: Float64Array;
}

export function newTicks(): TickLog {
  return { latest: 0, issuedAt: new Float64Array(CAPACITY) };
}

/** Issues the next tick, starting at 1, and returns it. Throws after 2^32 - 1 of them. */
export function issue(ticks: TickLog, now: Instant): number {
  // 136 years at one a second: a wrap can only be a runaway caller, and must not look like youth.
  if (ticks.latest >= TICK_MAX) throw new Error('all ticks of this life are used up');
  ticks.latest += 1;
  ticks.issuedAt[ticks.latest % CAPACITY] = now;
  return ticks.latest;
}

/** Milliseconds since `tick` was issued; undefined where that is unknown or over 60 s ago. */
export function ageOf(ticks: TickLog, tick: number, now: Instant): number | undefined {
  if (!Number.isInteger(tick) || tick < 1 || tick > ticks.latest) return undefined;
  if (ticks.latest - tick >= CAPACITY) return undefined;
  const at = ticks.issuedAt[tick % CAPACITY];
  if (at === undefined) return undefined;
  const ageMs = now - at;
  return ageMs <= TICK_MEMORY_MS ? ageMs : undefined;
}
