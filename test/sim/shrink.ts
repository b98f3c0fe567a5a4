/**
 * Makes a failing plan small enough to be read: delta debugging over its schedule.
 *
 * First whole stretches of entries are taken out, halves, then quarters, down to single ones, as
 * long as the run still fails; then what is left is shortened; then whatever the caller offers is
 * tried (fewer hosts, an earlier end). Entries do not depend on each other, so what is taken out
 * changes nothing else. Deterministic: the same plan and the same `fails` shrink to the same.
 */
import type { Entry } from './plan.ts';

export interface Shrinking<P> {
  plan: P;
  scheduleOf(plan: P): readonly Entry[];
  withSchedule(plan: P, schedule: readonly Entry[]): P;
  /** Whether this plan still fails in the same way; called at most `runsMax` times. */
  fails(plan: P): boolean;
  runsMax: number;
  /** Other plans that say less than this one, the boldest first. */
  smaller?(plan: P): P[];
}

export interface Shrunk<P> {
  plan: P;
  runs: number;
}

/** The smallest failing plan that was found; the plan itself where nothing smaller fails. */
export function shrink<P>(wish: Shrinking<P>): Shrunk<P> {
  const { scheduleOf, withSchedule, runsMax } = wish;
  let plan = wish.plan;
  let runs = 0;
  const tries = (one: P): boolean => {
    if (runs >= runsMax) return false;
    runs += 1;
    if (!wish.fails(one)) return false;
    plan = one;
    return true;
  };
  for (let before = -1; before !== runs && runs < runsMax; ) {
    const was = plan;
    before = runs;
    removeStretches(scheduleOf(plan), (schedule) => tries(withSchedule(plan, schedule)));
    shortenAll(scheduleOf(plan), (schedule) => tries(withSchedule(plan, schedule)));
    const offered = wish.smaller;
    if (offered !== undefined) while (offered(plan).some(tries));
    // Another round may take out what had to stay before.
    if (plan === was) break;
  }
  return { plan, runs };
}

type Keeps = (schedule: readonly Entry[]) => boolean;

/** Takes out stretches, longest first; what can go is gone for what is tried next. */
function removeStretches(all: readonly Entry[], keeps: Keeps): void {
  let schedule = all;
  if (schedule.length > 0 && keeps([])) return;
  for (
    let size = Math.ceil(schedule.length / 2);
    size >= 1;
    size = size === 1 ? 0 : Math.ceil(size / 2)
  ) {
    for (let from = 0; from < schedule.length; ) {
      const without = [...schedule.slice(0, from), ...schedule.slice(from + size)];
      if (without.length < schedule.length && keeps(without)) schedule = without;
      else from += size;
    }
  }
}

/** Halves the time of each entry as often as it still fails; below a moment nothing is gained. */
function shortenAll(all: readonly Entry[], keeps: Keeps): void {
  let schedule = all;
  for (let i = 0; i < schedule.length; i += 1) {
    for (;;) {
      const entry = schedule[i] as Entry;
      const forMs = Math.floor(entry.forMs / 2);
      if (forMs < SHORTEST_MS) break;
      const shorter = [...schedule];
      shorter[i] = { ...entry, forMs };
      if (!keeps(shorter)) break;
      schedule = shorter;
    }
  }
}

const SHORTEST_MS = 20;
