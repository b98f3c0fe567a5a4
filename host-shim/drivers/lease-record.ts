/**
 * The lease on disk, for the shim that comes after this one in the same boot. A record that is not
 * there, not ours or not readable is no record: then only a session begins a lease.
 */
import type { Result } from '../../protocol/result.ts';
import type { Running } from '../core/lease.ts';
import { lifeRecord } from './life-record.ts';

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
  const record = lifeRecord(path, incarnation);
  return {
    read: () => {
      const found = record.read();
      if (found.at !== 'read') return undefined;
      const { askedAt, sleptMs, deadlineAt, awayAt, awayUntilAt, boardAlone } = found.fields;
      if (!isTime(askedAt) || !isTime(sleptMs) || !isTime(deadlineAt)) return undefined;
      const isAway = isTime(awayAt) && isTime(awayUntilAt);
      const suspended = isAway ? { suspended: { at: awayAt, untilAt: awayUntilAt } } : {};
      const contact = { askedAt, sleptMs };
      return { contact, deadlineAt, ...suspended, boardAlone: boardAlone === true };
    },
    write: ({ contact, deadlineAt, suspended, boardAlone }) => {
      const away = suspended && { awayAt: suspended.at, awayUntilAt: suspended.untilAt };
      return record.write({ ...contact, deadlineAt, ...away, boardAlone });
    },
    remove: () => record.remove(),
  };
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}
