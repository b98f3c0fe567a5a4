/** Problems of configuration files in the form that editors and people know: file, line, remedy. */
import type { Problem } from './toml.ts';

/** `FILE:LINE: PATH: what is wrong`, and the remedy on the next line; `mark` goes before it. */
export function problemText(one: Problem, mark = ''): string {
  const { file, line, path, problem, remedy } = one;
  const place = path === '' ? `${file}:${line}: ` : `${file}:${line}: ${path}: `;
  return `${place}${mark}${problem}\n    ${remedy}\n`;
}
