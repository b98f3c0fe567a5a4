/**
 * The lease on disk, for the shim that comes after this one in the same boot. A record that is not
 * there, not ours or not readable is no record: then only a session begins a lease.
 */
import type { Result } from '../../protocol/result.ts';
import type { Contact } from '../core/lease.ts';
import { lifeRecord } from './life-record.ts';

export interface LeaseRecord {
  contact: Contact;
  /** When the machine is to be down, by the monotonic clock of this boot. */
  deadlineAt: number;
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
      const { askedAt, sleptMs, deadlineAt } = found.fields;
      if (!isTime(askedAt) || !isTime(sleptMs) || !isTime(deadlineAt)) return undefined;
      return { contact: { askedAt, sleptMs }, deadlineAt };
    },
    write: ({ contact, deadlineAt }) => record.write({ ...contact, deadlineAt }),
    remove: () => record.remove(),
  };
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}
