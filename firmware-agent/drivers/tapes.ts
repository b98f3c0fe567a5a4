/**
 * Tapes of the last fences, each a file beside its record. They are for people who ask why, so a
 * disk that fails, or a crash in the middle, costs a tape and nothing else.
 */
import { readFileSync } from 'node:fs';
import { readdir, rename, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { deserialize, serialize } from 'node:v8';
import { gunzipSync, gzip } from 'node:zlib';
import { attempt, attemptSync } from '../../protocol/attempt.ts';
import { failure, ok, type Result } from '../../protocol/result.ts';
import { TAPES_MAX } from '../core/limits.ts';
import type { Tape } from '../tape.ts';
import { makeDir } from './make-dir.ts';

const FILE_NAME = /^fence-\d{10}\.tape$/;

/** The name of the tape that belongs to the record of this number. */
export function tapeName(number: number): string {
  return `fence-${String(number).padStart(10, '0')}.tape`;
}

/** Writes one tape and removes those that are too many; resolves in any case. */
export function saveTape(dir: string, number: number, tape: Tape): Promise<Result<void>> {
  return attempt(async () => {
    const packed = await promisify(gzip)(serialize(tape));
    await makeDir(dir);
    const beside = join(dir, 'tape.new');
    await writeFile(beside, packed, { mode: 0o600 });
    await rename(beside, join(dir, tapeName(number)));
    const names = (await readdir(dir)).filter((name) => FILE_NAME.test(name)).sort();
    for (const name of names.slice(0, -TAPES_MAX)) await unlink(join(dir, name));
  });
}

/** Reads a tape; fails with the reason where the file is none. */
export async function loadTape(path: string): Promise<Result<Tape>> {
  const read = attemptSync(() => readFileSync(path));
  if (!read.ok) return read;
  const plain = attemptSync(() => gunzipSync(read.value, { maxOutputLength: TAPE_BYTES_MAX }));
  const tape = plain.ok ? attemptSync(() => deserialize(plain.value) as Partial<Tape>) : plain;
  const isTape = tape.ok && tape.value?.format === 1 && Array.isArray(tape.value.steps);
  return isTape ? ok(tape.value as Tape) : failure('format', 'it is no tape of this version');
}

/** A tape is read on whatever machine a person has at hand; this much it holds at once. */
const TAPE_BYTES_MAX = 256 << 20;
