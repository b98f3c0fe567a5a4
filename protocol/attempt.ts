/**
 * Where other people's exceptions become our values.
 *
 * A device that is gone or a socket that breaks is the world's failure, and a caller must be able
 * to switch on it. Node reports such things by throwing; here, and only here beside the mains, a
 * throw is caught. An assertion of our own passes through: a mistake in the code must end the
 * process, and must not look like a broken cable.
 */
import { isMistake } from './assert.ts';
import { type Failure, failure, ok, type Result } from './result.ts';

/** Awaits `fn`; what it throws or rejects with comes back as a failure, assertions excepted. */
export async function attempt<T>(fn: () => Promise<T>): Promise<Result<T>> {
  try {
    return ok(await fn());
  } catch (thrown) {
    return asFailure(thrown);
  }
}

/**
 * Calls `fn`; what it throws comes back as a failure, assertions excepted. `look` sees it first, where
 * it holds more than words.
 */
export function attemptSync<T>(fn: () => T, look?: (thrown: unknown) => void): Result<T> {
  try {
    return ok(fn());
  } catch (thrown) {
    look?.(thrown);
    return asFailure(thrown);
  }
}

/**
 * Turns a thrown value, or the error of a callback, into a failure: `kind` is the code of the
 * system call in lower case (`enoent`), `error` where there is none.
 */
export function asFailure(thrown: unknown): Failure {
  if (isMistake(thrown)) throw thrown;
  if (!(thrown instanceof Error)) return failure('error', String(thrown));
  const code: unknown = 'code' in thrown ? thrown.code : undefined;
  return failure(typeof code === 'string' ? code.toLowerCase() : 'error', thrown.message);
}
