/**
 * A keys file on disk: read whole, and replaced whole or not at all.
 *
 * The new text goes into a file of its own beside it, closed to everyone else from its first byte,
 * and takes the old one's place in one step; so neither a power cut nor a full disk leaves half a
 * file, and no moment exists in which others can read it.
 */
import {
  closeSync,
  constants,
  existsSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  openSync,
  readdirSync,
  realpathSync,
  renameSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { attemptSync } from '../../../protocol/attempt.ts';
import { readKeysText } from '../../../protocol/keys-file.ts';
import { problemText } from '../../../protocol/problem-text.ts';
import { ourUid } from '../../../protocol/read-file.ts';
import { failure, ok, type Result } from '../../../protocol/result.ts';
import type { KeyEntry } from '../../../protocol/wire/keys.ts';
import type { BoardFailure } from '../board.ts';

export interface KeysText {
  text: string;
  keys: KeyEntry[];
}

/** Reads a good file; the detail of a failure holds every problem, and no byte of a key. */
export function readStore(path: string): Result<KeysText, BoardFailure> {
  const read = readKeysText(path);
  if (read.ok) return ok(read);
  const lines = read.problems.map((one) => problemText(one)).join('');
  return failure('wrong-use', `the keys file is not right:\n${lines.trimEnd()}`);
}

/** Puts `text` in place of `was`; without `was` there must be no file yet. */
export function writeStore(
  path: string,
  text: string,
  was: string | undefined,
): Result<void, BoardFailure> {
  if (was === undefined && existsSync(path)) return failure('refused', `${path} exists already`);
  // A link stays a link: what it leads to is replaced.
  const real = attemptSync(() => (was === undefined ? path : realpathSync(path)));
  if (!real.ok) return failure('refused', `${path} is not changed: ${real.detail}`);
  const fresh = `${real.value}.${process.pid}.new`;
  const done = attemptSync(() => {
    writeFresh(fresh, text, real.value);
    const isSame = textAt(real.value) === was;
    if (isSame) renameSync(fresh, real.value);
    return isSame;
  });
  if (done.ok && done.value) {
    syncFolder(dirname(real.value));
    dropLeftovers(real.value);
    return ok(undefined);
  }
  attemptSync(() => unlinkSync(fresh));
  const why = done.ok ? 'somebody else changed it meanwhile' : done.detail;
  return failure('refused', `${path} is not changed: ${why}`);
}

/** A new file with the owner of the one that it will replace, safe on the disk; throws as the disk does. */
function writeFresh(fresh: string, text: string, old: string): void {
  const { O_WRONLY, O_CREAT, O_EXCL } = constants;
  const fd = openSync(fresh, O_WRONLY | O_CREAT | O_EXCL, 0o600);
  const written = attemptSync(() => {
    const { uid, gid } = existsSync(old) ? statSync(old) : fstatSync(fd);
    if (uid !== ourUid()) fchownSync(fd, uid, gid);
    writeFileSync(fd, text);
    fsyncSync(fd);
  });
  closeSync(fd);
  if (!written.ok) throw new Error(written.detail);
}

/** Whoever was killed before the last step left keys behind, which would outlive their retirement. */
function dropLeftovers(real: string): void {
  const names = attemptSync(() => readdirSync(dirname(real)));
  const start = `${basename(real)}.`;
  for (const name of names.ok ? names.value : []) {
    const pid = /^(\d+)\.new$/.exec(name.startsWith(start) ? name.slice(start.length) : '')?.[1];
    const isGone = pid !== undefined && !existsSync(`/proc/${pid}`);
    if (isGone) attemptSync(() => unlinkSync(join(dirname(real), name)));
  }
}

/** Undefined where there is no good file. */
function textAt(path: string): string | undefined {
  const read = readKeysText(path);
  return read.ok ? read.text : undefined;
}

/** A power cut right after the change must not bring the old file back. */
function syncFolder(path: string): void {
  attemptSync(() => {
    const folder = openSync(path, constants.O_RDONLY);
    fsyncSync(folder);
    closeSync(folder);
  });
}
