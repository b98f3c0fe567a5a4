/**
 * The last fence records, in memory and, as far as the disk allows, over a restart.
 *
 * A record answers "why was this host fenced" weeks later. It is for people: it proves nothing to
 * the board, so a disk that fails costs records and never a fence. Each is a file of its own,
 * written beside its name and moved there, so a torn one cannot hurt the others. Until it lies
 * there it is in the state as well (`waiting`), in few words, and a later life takes it from there.
 * Files carry numbers of their own: the youngest has the highest, whatever became of the others.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { open, rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { attempt, attemptSync } from '../../protocol/attempt.ts';
import { failure, ok, type Result } from '../../protocol/result.ts';
import { PROOF } from '../../protocol/wire/messages.ts';
import { FENCE_OUTCOMES, type FenceRecord } from '../../protocol/wire/view.ts';
import { RECORD_BYTES_MAX, RECORD_ENTRIES_MAX, RECORDS_MAX } from '../core/limits.ts';
import type { Tape } from '../tape.ts';
import { makeDir } from './make-dir.ts';
import { saveTape, tapeName } from './tapes.ts';

export interface FenceRecords {
  /**
   * Takes a record, or a newer state of one with the same id in this life, and the tape that
   * belongs to it. Returns at once.
   */
  put(record: FenceRecord, tape?: Tape): void;
  /** The same for a fence of an earlier life, unless there is a record of it: then that one stays. */
  restore(record: FenceRecord, tape?: Tape): void;
  /** What may not lie in its file yet, with its last entries only. */
  waiting(): FenceRecord[];
  /** Oldest first, at most `RECORDS_MAX`; those of earlier lives included. */
  list(): readonly FenceRecord[];
  /** Files that were no whole record, and writes that failed, since the start. */
  counters(): { unreadable: number; unsaved: number };
  /** The first failure since the last success, for an alarm. */
  trouble(): string | undefined;
  /** Resolves when nothing waits to be written. */
  settled(): Promise<void>;
}

/** Enough for the cut and what came of it; the state has room for `RECORDS_MAX` such records. */
const ENTRIES_WAITING = 4;

const FILE_NAME = /^fence-(\d{10})\.json$/;

/** Reads what the folder `dir` holds, at once; an absent or broken one is an empty one. */
export function fenceRecords(dir: string): FenceRecords {
  const records = new Map<number, FenceRecord>();
  const disk = diskWork(dir, records);
  const numbers = loadNumbers(dir);
  let unreadable = 0;
  for (const number of numbers.slice(-RECORDS_MAX)) {
    const record = readRecord(pathOf(dir, number));
    if (record === undefined) unreadable += 1;
    else records.set(number, record);
  }
  for (const number of numbers.slice(0, -RECORDS_MAX)) disk.changed(number);
  /** The file number of each fence of this life. */
  const numberOfId = new Map<number, number>();
  let last = numbers.at(-1) ?? 0;

  function put(record: FenceRecord, tape?: Tape): void {
    let number = numberOfId.get(record.id);
    if (number === undefined) {
      last += 1;
      number = last;
      numberOfId.set(record.id, number);
    }
    const name = tape === undefined ? {} : { tape: join(dir, tapeName(number)) };
    records.set(number, bounded({ ...record, ...name }));
    disk.changed(number, tape);
    forgetOldest();
  }

  function forgetOldest(): void {
    for (const number of records.keys()) {
      if (records.size <= RECORDS_MAX) break;
      records.delete(number);
      disk.changed(number);
    }
    for (const [id, number] of numberOfId) {
      if (!records.has(number)) numberOfId.delete(id);
    }
  }

  const list = (): FenceRecord[] => [...records.values()];

  return {
    put,
    restore(record, tape) {
      if (list().every(({ id }) => id !== record.id)) put(record, tape);
    },
    waiting: () =>
      [...records].flatMap(([number, { tape: _, ...record }]) =>
        disk.isDue(number) ? [{ ...record, entries: record.entries.slice(-ENTRIES_WAITING) }] : [],
      ),
    list,
    counters: () => ({ unreadable, unsaved: disk.unsaved() }),
    trouble: disk.trouble,
    settled: disk.settled,
  };
}

interface DiskWork {
  /** The record of this number is to be written, or its file removed where there is none now. */
  changed(number: number, tape?: Tape): void;
  /** Whether that was not done yet. */
  isDue(number: number): boolean;
  unsaved(): number;
  trouble(): string | undefined;
  settled(): Promise<void>;
}

/** Brings the folder up to `records`, one file at a time; a hanging disk holds up nobody else. */
function diskWork(dir: string, records: ReadonlyMap<number, FenceRecord>): DiskWork {
  const due = new Map<number, Tape | undefined>();
  let doing: number | undefined;
  let unsaved = 0;
  let trouble: string | undefined;
  let working: Promise<void> | undefined;

  async function workAll(): Promise<void> {
    for (const [number, tape] of due) {
      due.delete(number);
      doing = number;
      const record = records.get(number);
      const done =
        record === undefined
          ? await attempt(() => unlink(pathOf(dir, number)))
          : await writeRecord(dir, number, record);
      // After the record, which matters more, and in a later turn than the fence that it is of.
      if (record !== undefined && tape !== undefined) await saveTape(dir, number, tape);
      if (done.ok) trouble = undefined;
      // A file that could not be written need not be removed either.
      else if (record !== undefined || done.kind !== 'enoent') {
        unsaved += 1;
        trouble ??= done.detail;
      }
    }
    working = doing = undefined;
  }

  return {
    changed(number, tape) {
      due.set(number, tape ?? due.get(number));
      working ??= workAll();
    },
    isDue: (number) => number === doing || due.has(number),
    unsaved: () => unsaved,
    trouble: () => trouble,
    async settled() {
      while (working !== undefined) await working;
    },
  };
}

const textSchema = v.string();
const wholeSchema = v.pipe(v.number(), v.integer());
const channelSchema = v.object({
  channel: v.picklist(['serial', 'mqtt']),
  quietMs: v.nullable(v.number()),
  provenMs: v.number(),
  proof: v.picklist(['none', 'near', 'far']),
  listening: v.boolean(),
});
const recordSchema = v.object({
  id: wholeSchema,
  host: textSchema,
  incarnation: wholeSchema,
  by: textSchema,
  startedAt: textSchema,
  outcome: v.exactOptional(v.picklist(FENCE_OUTCOMES)),
  reason: v.exactOptional(textSchema),
  proof: v.exactOptional(v.picklist(Object.keys(PROOF) as (keyof typeof PROOF)[])),
  untested: v.exactOptional(v.boolean()),
  unlogged: v.exactOptional(v.boolean()),
  tape: v.exactOptional(textSchema),
  evidence: v.array(channelSchema),
  entries: v.array(v.object({ atMs: v.number(), what: textSchema })),
});

function loadNumbers(dir: string): number[] {
  const names = attemptSync(() => readdirSync(dir));
  if (!names.ok) return [];
  const numbers = names.value.flatMap((name) => {
    const digits = FILE_NAME.exec(name)?.[1];
    return digits === undefined ? [] : [Number(digits)];
  });
  return numbers.sort((a, b) => a - b);
}

function readRecord(path: string): FenceRecord | undefined {
  const read = attemptSync((): unknown => {
    const stats = statSync(path);
    const usable = stats.isFile() && stats.size <= RECORD_BYTES_MAX;
    return usable ? JSON.parse(readFileSync(path, 'utf8')) : undefined;
  });
  const parsed = v.safeParse(recordSchema, read.ok ? read.value : undefined);
  return parsed.success ? parsed.output : undefined;
}

async function writeRecord(
  dir: string,
  number: number,
  record: FenceRecord,
): Promise<Result<void>> {
  const path = pathOf(dir, number);
  // One name for all, so that what a crash leaves behind is overwritten by the next record.
  const beside = join(dir, 'fence.new');
  const written = await attempt(async () => {
    await makeDir(dir);
    const file = await open(beside, 'w', 0o600);
    const stored = await attempt(async () => {
      await file.writeFile(JSON.stringify(record));
      await file.sync();
    });
    await file.close();
    if (!stored.ok) return stored;
    await rename(beside, path);
    return ok(undefined);
  });
  if (!written.ok) return failure(written.kind, written.detail);
  return written.value;
}

/** Keeps the beginning and the end of a record that grew beyond all measure. */
function bounded(record: FenceRecord): FenceRecord {
  let kept = withEntries(record, RECORD_ENTRIES_MAX);
  for (let most = RECORD_ENTRIES_MAX / 2; most >= 2; most /= 2) {
    if (Buffer.byteLength(JSON.stringify(kept)) <= RECORD_BYTES_MAX) return kept;
    kept = withEntries(record, most);
  }
  return { ...kept, entries: [] };
}

function withEntries(record: FenceRecord, most: number): FenceRecord {
  const { entries } = record;
  // A copy in any case: the core goes on with its own.
  if (entries.length <= most) return { ...record, entries: [...entries] };
  const half = most / 2 - 1;
  const first = entries.slice(0, half);
  const left = entries.length - 2 * half;
  const gap = { atMs: first.at(-1)?.atMs ?? 0, what: `${left} entries left out` };
  return { ...record, entries: [...first, gap, ...entries.slice(-half)] };
}

function pathOf(dir: string, number: number): string {
  return join(dir, `fence-${String(number).padStart(10, '0')}.json`);
}
