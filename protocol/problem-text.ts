/** Problems of configuration files in the form that editors and people know: file, line, remedy. */
import type { Problem } from './toml.ts';

/** `FILE:LINE: PATH: what is wrong`, and the remedy on the next line; `mark` goes before it. */
export function problemText(one: Problem, mark = ''): string {
  return `${placeOf(one)}${mark}${one.problem}\n    ${one.remedy}\n`;
}

/** The same on one line, for a log. */
export function problemLine(one: Problem): string {
  return `${placeOf(one)}${one.problem}. ${one.remedy}`;
}

function placeOf({ file, line, path }: Problem): string {
  return path === '' ? `${file}:${line}: ` : `${file}:${line}: ${path}: `;
}
