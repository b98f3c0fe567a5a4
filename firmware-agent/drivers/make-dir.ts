/**
 * Makes a folder and, where it is missing, the one above it.
 *
 * Not `mkdir` with `recursive`: where a parent is there and still takes no folder (as in /proc),
 * Node tries for ever, one thread of its pool after another, and the board's files stand still.
 */
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { attempt } from '../../protocol/attempt.ts';

/** Resolves in any case; whoever opens a file in the folder learns why it is not there. */
export async function makeDir(path: string): Promise<void> {
  const make = (one: string) => attempt(() => mkdir(one, { mode: 0o700 }));
  const made = await make(path);
  if (made.ok || made.kind !== 'enoent') return;
  await make(dirname(path));
  await make(path);
}
