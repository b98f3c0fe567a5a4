/** What one measurement found: a table for people, figures for programs, and what was promised. */
import type { Verdict } from './report.ts';
import type { Tail } from './spread.ts';

export interface Section {
  /** Its name among the figures of `--json`. */
  name: string;
  /** What was real and what was not. */
  title: string;
  head: readonly string[];
  rows: readonly (readonly string[])[];
  verdicts: readonly Verdict[];
  figures: unknown;
}

/** The cells of a distribution, in the order of `TAIL_HEAD`. */
export function tailCells({ min, p50, p99, p999, max, count }: Tail, digits = 1): string[] {
  return [...[min, p50, p99, p999, max].map((value) => value.toFixed(digits)), String(count)];
}

export const TAIL_HEAD = ['min', 'p50', 'p99', 'p99.9', 'max', 'n'] as const;

/** A figure that may be at most, or must be at least, so much. */
export function most(what: string, value: number, limit: number): Verdict {
  return { what, value, limit, least: false, ok: value <= limit };
}

/** See `most`. */
export function least(what: string, value: number, limit: number): Verdict {
  return { what, value, limit, least: true, ok: value >= limit };
}
