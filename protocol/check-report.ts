/**
 * What `check` says about a configuration: to a person, or to a program as JSON.
 *
 * One problem is two lines, the place in the form that editors and compilers share and below it
 * what to do, so that a file can be mended from top to bottom without another document.
 */
import { problemText } from './problem-text.ts';
import type { Problem } from './toml.ts';

export interface CheckReport {
  text: string;
  /** 0 where the file may be used, warnings or not; 2, a wrong file, where it is refused. */
  exitCode: 0 | 2;
}

/** Everything that is wrong, or what stands in a file that may be used. */
export type Checked =
  | { ok: false; problems: readonly Problem[] }
  | {
      ok: true;
      warnings: readonly Problem[];
      /** What follows from the file: for people line by line, for programs by name. */
      lines: readonly string[];
      facts: Record<string, unknown>;
    };

/** Renders the outcome of a check of the file `file`. */
export function checkReport(
  checked: Checked,
  { file, json }: { file: string; json: boolean },
): CheckReport {
  const { ok } = checked;
  const exitCode = ok ? 0 : 2;
  const problems = ok ? [] : checked.problems;
  const warnings = ok ? checked.warnings : [];
  if (json) {
    const facts = ok ? checked.facts : {};
    return { text: JSON.stringify({ ok, file, problems, warnings, ...facts }), exitCode };
  }
  const lines = [
    ...problems.map((one) => problemText(one).trimEnd()),
    ...warnings.map((one) => problemText(one, 'warning: ').trimEnd()),
    ...(ok ? checked.lines : []),
    ok
      ? summary(file, warnings.length)
      : `${file} is refused: ${counted(problems.length, 'problem')}.`,
  ];
  return { text: lines.join('\n'), exitCode };
}

function summary(file: string, warnings: number): string {
  const rest = warnings === 0 ? '' : `, with ${counted(warnings, 'warning')}`;
  return `${file} is in order${rest}.`;
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
