/**
 * Who judges a mutant, cheapest first. A judge is a set of test files; a new one is a line here, as
 * soon as its tests are pure (no process, no hook, no waiting).
 */
import type { House } from './house.ts';

export interface Judge {
  name: string;
  files: string[];
}

/** Whether a test judges by the clock on the wall, which on a busy machine says nothing of a mutant. */
export function isTimed(title: string): boolean {
  return /\b(in a moment|less than a millisecond)\b/.test(title);
}

const WORLDS = 'test/firmware-agent/core/random.test.ts';

/** Answers the judges; `RUNS` in the environment sets how many random worlds the last one plays. */
export function judges({ testFiles }: House): Judge[] {
  const quick = testFiles([
    'test/firmware-agent/core/',
    'test/protocol/wire/',
    'test/host-shim/core/',
  ]);
  return [
    { name: 'tests', files: quick.filter((file) => file !== WORLDS) },
    { name: 'worlds', files: [WORLDS] },
  ];
}
