/**
 * What the board remembers over a restart: two slots on disk, written in turn.
 *
 * Storage may be absent, read-only, full, torn or lying; nothing that keeps hosts alive or proves
 * one dead rests on it. So every failure is an answer with a kind, nothing here throws or blocks,
 * and a disk that hangs only leaves its promise open while the caller's own wait runs out.
 *
 * Flash wears: ordinary saves are at most one a second and the latest wins. The intent of a cut is
 * saved `now`. A slot that could not be written for certain is written again before the other is
 * touched, so the last state that was surely saved is never lost.
 */
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { attempt, attemptSync } from '../../protocol/attempt.ts';
import { after, monotonicMs, type Timer } from '../../protocol/link/timers.ts';
import { failure, ok, type Result } from '../../protocol/result.ts';
import { STATE_BYTES_MAX, STATE_WRITE_GAP_MS } from '../core/limits.ts';
import { makeDir } from './make-dir.ts';
import { decodeSlot, encodeSlot, newestOf, SLOT_BYTES_MAX, type Slot } from './state-slots.ts';

/** Files of the two slots in the state folder. */
export const SLOT_NAMES = ['state-a', 'state-b'] as const;

export interface Loaded {
  /** What was saved last, as far as the disk still knows. */
  payload: Uint8Array;
  counter: number;
  /** True where the other slot was there and could not be used: perhaps it was younger. */
  doubtful: boolean;
}

/** `absent`: never saved. `corrupt`: saved, and nothing whole is left. `unreadable`: we may not. */
export type LoadFailure = 'absent' | 'corrupt' | 'unreadable';
export type SaveFailure = 'read-only' | 'full' | 'too-large' | 'busy' | 'closed' | 'storage';

export interface StateFile {
  /** Reads both slots; the newest whole one is the answer. */
  load(): Result<Loaded, LoadFailure>;
  /**
   * Saves a payload; an object is written as JSON, as it is at this moment. `soon` may be replaced
   * by a later save within a second, and then is answered with that one. Resolves once the disk
   * says that it is stored.
   */
  save(payload: Uint8Array | object, when?: 'soon' | 'now'): Promise<Result<void, SaveFailure>>;
  /** What is known without asking the disk again. */
  health(): StateHealth;
  /** Saves what waits, then takes no more. */
  close(): Promise<void>;
}

export interface StateHealth {
  /** Each slot as it was last read or surely written. */
  slots: ('valid' | LoadFailure)[];
  /** The last save that came to an end. */
  saved: { at: number; result: Saved } | undefined;
}

/** What a test replaces to move time. */
export interface StateClock {
  now(): number;
  after(ms: number, fn: () => void): Timer;
}

type Saved = Result<void, SaveFailure>;

/** Callers that wait for one hanging disk; the agent has a handful. */
const WAITING_MAX = 64;

interface Waiting {
  payload: Uint8Array;
  urgent: boolean;
  answers: ((saved: Saved) => void)[];
}

/** Opens nothing yet: the folder is made, and the slots are read, when they are needed. */
export function stateFile(dir: string, clock: StateClock = { now: monotonicMs, after }): StateFile {
  const slots = slotPair(dir);
  let waiting: Waiting | undefined;
  let writing: Promise<void> | undefined;
  let timer: Timer | undefined;
  let wroteAt = Number.NEGATIVE_INFINITY;
  let last: StateHealth['saved'];
  let closed = false;

  function save(payload: Uint8Array | object, when: 'soon' | 'now' = 'soon'): Promise<Saved> {
    const bytes =
      payload instanceof Uint8Array ? payload.slice() : Buffer.from(JSON.stringify(payload));
    const answers = waiting?.answers ?? [];
    const refusal = refusalOf(bytes.length, answers.length);
    if (refusal !== undefined) return Promise.resolve(refusal);
    const urgent = when === 'now' || (waiting?.urgent ?? false);
    return new Promise((resolve) => {
      waiting = { payload: bytes, urgent, answers: [...answers, resolve] };
      schedule();
    });
  }

  function refusalOf(bytes: number, answersDue: number): Saved | undefined {
    if (closed) return failure('closed', 'the state file is closed');
    if (bytes > STATE_BYTES_MAX) return failure('too-large', `the state has ${bytes} bytes`);
    return answersDue < WAITING_MAX ? undefined : failure('busy', `${dir} does not answer`);
  }

  function schedule(): void {
    if (waiting === undefined || writing !== undefined) return;
    const waitMs = waiting.urgent ? 0 : Math.max(0, wroteAt + STATE_WRITE_GAP_MS - clock.now());
    if (waitMs === 0) flush();
    else timer ??= clock.after(Math.ceil(waitMs), flush);
  }

  function flush(): void {
    timer?.cancel();
    timer = undefined;
    if (waiting === undefined || writing !== undefined) return;
    const { payload, answers } = waiting;
    waiting = undefined;
    writing = slots.write(payload).then((saved) => {
      writing = undefined;
      wroteAt = clock.now();
      last = { at: wroteAt, result: saved };
      for (const answer of answers) answer(saved);
      schedule();
    });
  }

  async function close(): Promise<void> {
    closed = true;
    while (writing !== undefined || waiting !== undefined) {
      flush();
      await writing;
    }
  }

  return { load: slots.load, save, health: () => ({ slots: slots.kinds(), saved: last }), close };
}

interface SlotPair {
  load(): Result<Loaded, LoadFailure>;
  /** Must not be called again before it has resolved. */
  write(payload: Uint8Array): Promise<Saved>;
  kinds(): StateHealth['slots'];
}

/** Knows which slot is to be written, and never touches the one that was surely saved last. */
function slotPair(dir: string): SlotPair {
  const paths = SLOT_NAMES.map((name) => join(dir, name));
  let next: { slot: number; counter: number } | undefined;
  let kinds: StateHealth['slots'] = [];

  function load(): Result<Loaded, LoadFailure> {
    const reads = paths.map(readSlot);
    kinds = reads.map((read) => (read.ok ? 'valid' : read.kind));
    const slots = reads.map((read) => (read.ok ? read.value : undefined));
    const newest = newestOf(slots);
    const slot = newest === undefined ? undefined : slots[newest];
    next = { slot: newest === 0 ? 1 : 0, counter: (slot?.counter ?? 0) + 1 };
    if (slot !== undefined) {
      const doubtful = reads.some((read) => !read.ok && read.kind !== 'absent');
      return ok({ ...slot, doubtful });
    }
    const worst = reads.find((read) => !read.ok && read.kind !== 'absent') ?? reads[0];
    return worst === undefined || worst.ok ? failure('absent', `${dir} holds no state`) : worst;
  }

  async function write(payload: Uint8Array): Promise<Saved> {
    if (next === undefined) load();
    const { slot, counter } = next ?? { slot: 0, counter: 1 };
    // Even a failed write may have reached the disk, so its counter is never used again.
    next = { slot, counter: counter + 1 };
    const written = await writeSlot(dir, paths[slot] ?? '', encodeSlot({ counter, payload }));
    if (written.ok) {
      next = { slot: 1 - slot, counter: counter + 1 };
      kinds[slot] = 'valid';
    }
    return written;
  }

  return { load, write, kinds: () => [...kinds] };
}

function readSlot(path: string): Result<Slot, LoadFailure> {
  // Without O_NONBLOCK the opening of a named pipe would wait for ever.
  const opened = attemptSync(() => openSync(path, constants.O_RDONLY | constants.O_NONBLOCK));
  if (!opened.ok) {
    const absent = opened.kind === 'enoent' || opened.kind === 'enotdir';
    return failure(absent ? 'absent' : 'unreadable', opened.detail);
  }
  const read = attemptSync(() => {
    const stats = fstatSync(opened.value);
    if (!stats.isFile() || stats.size === 0) return undefined;
    // A slot that is larger than ours ever are cannot be one; the length inside is not trusted.
    return stats.size > SLOT_BYTES_MAX ? undefined : readFileSync(opened.value);
  });
  attemptSync(() => closeSync(opened.value));
  if (!read.ok) return failure('unreadable', read.detail);
  const slot = read.value === undefined ? undefined : decodeSlot(read.value);
  return slot === undefined ? failure('corrupt', `${path} is torn`) : ok(slot);
}

async function writeSlot(dir: string, path: string, image: Buffer): Promise<Saved> {
  const written = await attempt(async () => {
    await makeDir(dir);
    // Written in place and never cut short first: the blocks stay ours on a full disk.
    const file = await open(path, constants.O_RDWR | constants.O_CREAT, 0o600);
    const stored = await attempt(async () => {
      await file.writeFile(image);
      await file.sync();
    });
    await file.close();
    return stored;
  });
  const outcome = written.ok ? written.value : written;
  if (!outcome.ok) return failure(saveFailureOf(outcome.kind), outcome.detail);
  return ok(undefined);
}

function saveFailureOf(kind: string): SaveFailure {
  if (['erofs', 'eacces', 'eperm'].includes(kind)) return 'read-only';
  return ['enospc', 'edquot'].includes(kind) ? 'full' : 'storage';
}
