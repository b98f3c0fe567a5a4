/**
 * What is wrong with a configuration and shows only while the program runs: a device that is not
 * there, or held by another program. The file is looked at again, because nobody keeps its lines.
 */
import { attemptSync } from './attempt.ts';
import { problemLine } from './problem-text.ts';
import { readFile } from './read-file.ts';
import { type Problem, pathText } from './toml.ts';
import { type KeyPath, locateLines } from './toml-lines.ts';

/** The problem, with the place in `file` where the key at `path` stands. */
export function problemAt(
  file: string,
  path: KeyPath,
  said: { problem: string; remedy: string },
): Problem {
  const read = readFile(file);
  const found = attemptSync(() => (read.ok ? locateLines(read.text)(path) : 1));
  return { file, line: found.ok ? found.value : 1, path: pathText(path), ...said };
}

/** The same on one line, for a log. */
export function foundLater(...about: Parameters<typeof problemAt>): string {
  return problemLine(problemAt(...about));
}
