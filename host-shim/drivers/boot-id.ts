/**
 * Which life of the machine this is.
 *
 * The kernel draws a boot id at every boot; all programs of one boot read the same. A container, or
 * one of several simulated hosts on a bench, shares the kernel of its machine but not its fate, so
 * there the environment variable FENCEPOST_BOOT_ID takes the place of the file: any text that is
 * new with each life.
 */
import { readFileSync } from 'node:fs';
import { attemptSync } from '../../protocol/attempt.ts';
import { failure, ok, type Result } from '../../protocol/result.ts';
import { incarnationOf } from '../../protocol/wire/bootid.ts';
import { sha256 } from '../../protocol/wire/mac.ts';

const BOOT_ID_PATH = '/proc/sys/kernel/random/boot_id';

/** The incarnation of this boot; `given` is FENCEPOST_BOOT_ID where it is set. */
export function readIncarnation(given: string | undefined): Result<number> {
  if (given !== undefined && given.trim() !== '') return ok(incarnationOf(given, sha256));
  const text = attemptSync(() => readFileSync(BOOT_ID_PATH, 'utf8'));
  if (!text.ok) {
    const remedy = 'mount /proc, or set FENCEPOST_BOOT_ID to a text that is new with each boot';
    return failure(text.kind, `the boot id cannot be read (${text.detail}); ${remedy}`);
  }
  return ok(incarnationOf(text.value, sha256));
}
