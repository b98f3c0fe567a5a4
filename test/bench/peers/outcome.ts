/**
 * What became of one measurement of one program.
 *
 * A peer that is not here, that does not run, or whose sample never comes has no figure, and a table
 * that shows one for it would be worse than none. So every measurement ends as one of three: measured,
 * skipped because the peer is not to be had, or failed; only the first holds a value.
 */
import { existsSync } from 'node:fs';
import { attempt } from '../../../protocol/attempt.ts';
import type { Section } from '../section.ts';

export type Outcome<T> =
  | { is: 'measured'; of: string; value: T }
  | { is: 'skipped' | 'failed'; of: string; why: string };

/** One part of the bench: its table, and what became of each measurement in it. */
export interface Part {
  section: Section;
  outcomes: readonly Outcome<unknown>[];
}

export interface Measured {
  /** Whose figure of what, for people: "Heartbeat, deadtime 2 s". */
  of: string;
  /** The peer's own files; where one of them is not here there is nothing to measure. */
  needs?: readonly string[];
}

/** Runs one measurement; never rejects. */
export async function outcomeOf<T>(
  { of, needs = [] }: Measured,
  run: () => Promise<T>,
): Promise<Outcome<T>> {
  const missing = needs.filter((path) => !existsSync(path));
  if (missing.length > 0) {
    return { is: 'skipped', of, why: `there is no ${missing.join(', ')}; remedy: see its package` };
  }
  const ran = await attempt(run);
  return ran.ok ? { is: 'measured', of, value: ran.value } : { is: 'failed', of, why: ran.detail };
}

/** The rows of what was measured, or one that says that it was not. */
export function rowsOf<T>(
  outcome: Outcome<T>,
  rows: (value: T) => readonly (readonly string[])[],
): readonly (readonly string[])[] {
  if (outcome.is === 'measured') return rows(outcome.value);
  return [[outcome.of, outcome.is === 'skipped' ? 'not here' : 'failed']];
}

/** The values of those that were measured. */
export function valuesOf<T>(outcomes: readonly Outcome<T>[]): T[] {
  return outcomes.flatMap((outcome) => (outcome.is === 'measured' ? [outcome.value] : []));
}
