/**
 * What is wrong with a configuration and shows only while the program runs: a device that is not
 * there, or held by another program. The file is looked at again, because nobody keeps its lines.
 */
import { attemptSync } from './attempt.ts';
import { problemLine } from './problem-text.ts';
import { readFile } from './read-file.ts';
import { pathText } from './toml.ts';
import { type KeyPath, locateLines } from './toml-lines.ts';

/** The problem on one line, with the place in `file` where the key at `path` stands. */
export function foundLater(
  file: string,
  path: KeyPath,
  said: { problem: string; remedy: string },
): string {
  const read = readFile(file);
  const found = attemptSync(() => (read.ok ? locateLines(read.text)(path) : 1));
  return problemLine({ file, line: found.ok ? found.value : 1, path: pathText(path), ...said });
}
