/** The clock of one machine: it runs a little fast or slow, may leap, and is no judge of anything. */

export interface LocalClock {
  rate: number;
  /** What it showed, and when. */
  zero: number;
  since: number;
}

export function localClock(fastPpm: number, zero: number, now: number): LocalClock {
  return { rate: 1 + fastPpm / 1e6, zero, since: now };
}

/** What it shows at the world's time `now`. */
export function localAt(clock: LocalClock, now: number): number {
  return clock.rate === 1
    ? clock.zero + (now - clock.since)
    : clock.zero + (now - clock.since) * clock.rate;
}

/** A timer never fires before its time, whatever rounding does. */
const LATE_MS = 1e-6;

/** When, in the world's time, it shows `local`, and surely not less. */
export function worldAt(clock: LocalClock, local: number): number {
  return clock.rate === 1
    ? clock.since + (local - clock.zero)
    : clock.since + (local - clock.zero) / clock.rate + LATE_MS;
}

/** From now on it runs at another rate. */
export function changeRate(clock: LocalClock, fastPpm: number, now: number): void {
  clock.zero = localAt(clock, now);
  clock.since = now;
  clock.rate = 1 + fastPpm / 1e6;
}

/** It leaps, ahead or back. */
export function leap(clock: LocalClock, ms: number): void {
  clock.zero += ms;
}
