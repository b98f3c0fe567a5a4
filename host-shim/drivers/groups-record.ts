/** The groups that this host holds, on disk; what another life of the host held is over. */
import type { Result } from '../../protocol/result.ts';
import { GROUPS_HELD_MAX } from '../../protocol/wire/groups.ts';
import type { Remembered } from '../core/groups.ts';
import { lifeRecord } from './life-record.ts';

export interface GroupsFile {
  read(): Remembered;
  write(held: readonly number[]): Result<void>;
}

/** The record at `path` of the life `incarnation`. */
export function groupsFile(path: string, incarnation: number): GroupsFile {
  const record = lifeRecord(path, incarnation);
  return {
    read: () => {
      const found = record.read();
      if (found.at === 'other') return { at: 'read', held: [] };
      if (found.at !== 'read') return { at: found.at };
      const { held } = found.fields;
      return isList(held) ? { at: 'read', held } : { at: 'unreadable' };
    },
    write: (held) => record.write({ held }),
  };
}

function isList(value: unknown): value is number[] {
  const isGroup = (one: unknown): boolean =>
    Number.isInteger(one) && Number(one) > 0 && Number(one) < 65_536;
  return Array.isArray(value) && value.length <= GROUPS_HELD_MAX && value.every(isGroup);
}
