/**
 * The lease on disk, for the shim that comes after this one in the same boot.
 *
 * It lies in /run, which a boot empties, and names the life of the host all the same. It is written
 * beside its place and moved there, so a reader finds a whole record or the one before. A record that
 * is not there, not ours or not readable is no record: then only a session begins a lease.
 */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { attemptSync } from '../../protocol/attempt.ts';
import type { Result } from '../../protocol/result.ts';
import type { Running } from '../core/lease.ts';

export interface LeaseRecord extends Running {
  /** When the machine is to be down, suspension apart, by the monotonic clock of this boot. */
  deadlineAt: number;
  /** The board may believe that this machine is down by then. */
  boardAlone: boolean;
}

export interface LeaseFile {
  read(): LeaseRecord | undefined;
  write(record: LeaseRecord): Result<void>;
  remove(): void;
}

/** The record at `path` of the life `incarnation`. */
export function leaseFile(path: string, incarnation: number): LeaseFile {
  return {
    read: () => {
      const parsed = attemptSync((): unknown => JSON.parse(readFileSync(path, 'utf8')));
      if (!parsed.ok || typeof parsed.value !== 'object' || parsed.value === null) return undefined;
      const { life, askedAt, sleptMs, deadlineAt, awayAt, awayUntilAt, boardAlone } =
        parsed.value as Record<string, unknown>;
      if (life !== incarnation || !isTime(askedAt) || !isTime(sleptMs) || !isTime(deadlineAt)) {
        return undefined;
      }
      const isAway = isTime(awayAt) && isTime(awayUntilAt);
      const suspended = isAway ? { suspended: { at: awayAt, untilAt: awayUntilAt } } : {};
      const contact = { askedAt, sleptMs };
      return { contact, deadlineAt, ...suspended, boardAlone: boardAlone === true };
    },
    write: ({ contact, deadlineAt, suspended, boardAlone }) =>
      attemptSync(() => {
        const away = suspended && { awayAt: suspended.at, awayUntilAt: suspended.untilAt };
        const all = { life: incarnation, ...contact, deadlineAt, ...away, boardAlone };
        writeFileSync(`${path}.new`, JSON.stringify(all), { mode: 0o600 });
        renameSync(`${path}.new`, path);
      }),
    remove: () => void attemptSync(() => rmSync(path, { force: true })),
  };
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}
