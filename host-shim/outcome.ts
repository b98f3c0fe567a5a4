/** How the program ends: its exit codes, and what it says of a configuration that it cannot use. */
import { problemText } from '../protocol/problem-text.ts';
import type { Problem } from '../protocol/toml.ts';

export const EXIT = { done: 0, notDone: 1, wrongUse: 2, unknown: 3 } as const;

/** Prints every problem, with its line and remedy. */
export function complain({ problems }: { problems: readonly Problem[] }): void {
  for (const problem of problems) process.stderr.write(problemText(problem));
  process.exitCode = EXIT.wrongUse;
}
