/**
 * Tapes of the last fences, each a file beside its record. They are for people who ask why, so a
 * disk that fails, or a crash in the middle, costs a tape and nothing else.
 */
import { readdir, rename, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { serialize } from 'node:v8';
import { gzip } from 'node:zlib';
import { attempt } from '../../protocol/attempt.ts';
import type { Result } from '../../protocol/result.ts';
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
