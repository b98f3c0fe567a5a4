/**
 * Reads the keys file from disk, and refuses one that others could have read or written.
 *
 * A key that somebody else knows lets him forge beats or give orders, and nobody would notice. So
 * the file must belong to us or to root and be closed to everyone else. No message repeats its
 * content.
 */
import { notPrivate, readFile } from './read-file.ts';
import type { Problem } from './toml.ts';
import { type KeyEntry, parseKeys } from './wire/keys.ts';

export type ReadKeys = { ok: true; keys: KeyEntry[] } | { ok: false; problems: Problem[] };

/** Reads and checks the keys file at `path`; every problem of its lines comes at once. */
export function readKeysFile(path: string): ReadKeys {
  const read = readKeysText(path);
  return read.ok ? { ok: true, keys: read.keys } : read;
}

/** The same, with the text as it stands; for whoever changes the file, and nobody else. */
export function readKeysText(
  path: string,
): { ok: true; keys: KeyEntry[]; text: string } | { ok: false; problems: Problem[] } {
  const read = readFile(path, notPrivate);
  if (!read.ok) return { ok: false, problems: read.problems.map(ofKeys) };
  const parsed = parseKeys(read.text);
  if (parsed.ok) return { ...parsed, text: read.text };
  return {
    ok: false,
    problems: parsed.errors.map((error) => ({ file: path, path: '', ...error })),
  };
}

/** The path stands in a configuration: who reads this may not know what the file is for. */
function ofKeys(one: Problem): Problem {
  return { ...one, problem: `the keys are not taken: ${one.problem}` };
}
