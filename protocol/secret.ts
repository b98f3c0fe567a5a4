/**
 * A password from where a configuration says that it is: a file of its own, or a script.
 *
 * It never stands in the configuration, which is copied, shown and versioned. No message of a
 * failure repeats any of it, nor what the script said.
 */
import { execFile } from 'node:child_process';
import { asFailure } from './attempt.ts';
import { problemLine } from './problem-text.ts';
import { notPrivate, readFile } from './read-file.ts';
import { failure, ok, type Result } from './result.ts';

export type SecretSource = { file: string } | { script: string };

/** A script that asks a vault over the network gets this long. */
const SCRIPT_MS = 10_000;

/** The first line, of a file that nobody else may read. `detail` says what to do. */
export async function readSecret(source: SecretSource): Promise<Result<string>> {
  if ('script' in source) return fromScript(source.script);
  const file = readFile(source.file, notPrivate);
  return file.ok
    ? firstLine(file.text, `password_file ${source.file}`)
    : failure('unreadable', `password_file: ${file.problems.map(problemLine).join(' ')}`);
}

function fromScript(path: string): Promise<Result<string>> {
  return new Promise((resolve) => {
    execFile(path, [], { timeout: SCRIPT_MS, maxBuffer: 65_536 }, (error, stdout) => {
      if (error === null) return resolve(firstLine(stdout, `password_script ${path}`));
      // The message of execFile holds what the script printed on its error output: not ours to show.
      const { kind } = asFailure(error);
      resolve(failure(kind, `password_script ${path} failed; run it by hand to see why`));
    });
  });
}

function firstLine(text: string, source: string): Result<string> {
  const line = text.split('\n', 1)[0]?.replace(/\r$/, '') ?? '';
  return line === '' ? failure('empty', `${source} gave an empty first line`) : ok(line);
}
