/**
 * What a shim leaves on disk for the one that comes after it in the same life of the host.
 *
 * It lies in /run, which a boot empties, and names the life of the host all the same. It is written
 * beside its place and moved there, so a reader finds a whole record or the one before.
 */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { attemptSync } from '../../protocol/attempt.ts';
import type { Result } from '../../protocol/result.ts';

export interface LifeRecord {
  /** `other` where it is of another life of the host. */
  read(): { at: 'read'; fields: Record<string, unknown> } | { at: 'none' | 'other' | 'unreadable' };
  write(fields: object): Result<void>;
  remove(): void;
}

/** The record at `path` of the life `incarnation`. */
export function lifeRecord(path: string, incarnation: number): LifeRecord {
  return {
    read: () => {
      const text = attemptSync(() => readFileSync(path, 'utf8'));
      if (!text.ok) return { at: text.kind === 'enoent' ? 'none' : 'unreadable' };
      const parsed = attemptSync((): unknown => JSON.parse(text.value));
      if (!parsed.ok || typeof parsed.value !== 'object' || parsed.value === null) {
        return { at: 'unreadable' };
      }
      const fields = parsed.value as Record<string, unknown>;
      const { life } = fields;
      if (life === incarnation) return { at: 'read', fields };
      return { at: typeof life === 'number' ? 'other' : 'unreadable' };
    },
    write: (fields) =>
      attemptSync(() => {
        const text = JSON.stringify({ life: incarnation, ...fields });
        writeFileSync(`${path}.new`, text, { mode: 0o600 });
        renameSync(`${path}.new`, path);
      }),
    remove: () => void attemptSync(() => rmSync(path, { force: true })),
  };
}
