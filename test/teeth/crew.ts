/**
 * The threads that try mutants. A test that runs for longer than any honest one would is ended with
 * its thread, and counts as having caught its mutant: whatever hangs is not shipped.
 */
import { Worker } from 'node:worker_threads';
import type { CourtTest } from './court.ts';
import type { Sources } from './sources.ts';
import type { Job, Said } from './worker.ts';

/** For a test of which no time is known yet; on a machine that others use, too. */
const TEST_MS_MAX = 600_000;
const LOOK_EACH_MS = 500;
/** A mutant that fills the memory is ended by it. */
const HEAP_MB_MAX = 1024;

export type Answer =
  | Exclude<Said, { kind: 'begins' }>
  /** The thread came to an end, by itself or because this test hung. */
  | { kind: 'lost'; at: CourtTest | undefined; error: string; timeMs: number };

export interface Crew {
  /** Queues a job for whichever thread is free first. */
  do(job: Job): Promise<Answer>;
  end(): Promise<void>;
}

/** Works through `items`, some at once: what is known of the first decides how the next is done. */
export async function inLanes<T>(
  items: readonly T[],
  lanes: number,
  each: (item: T) => Promise<void>,
): Promise<void> {
  const queue = [...items];
  const lane = async (): Promise<void> => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await each(item);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}

interface Waiting {
  job: Job;
  done: (answer: Answer) => void;
}

interface Member {
  worker: Worker;
  at?: Waiting & { test: CourtTest | undefined; beganAt: number; startedAt: number };
}

export function hireCrew(program: string, sources: Sources, count: number): Crew {
  const queue: Waiting[] = [];
  const members = new Set<Member>();

  const feed = (): void => {
    for (const member of members) {
      if (member.at !== undefined) continue;
      const next = queue.shift();
      if (next === undefined) return;
      const now = performance.now();
      member.at = { ...next, test: undefined, beganAt: now, startedAt: now };
      member.worker.postMessage(next.job);
    }
  };
  const hire = (): void => {
    const worker = new Worker(program, {
      workerData: { sources },
      stdout: true,
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MB_MAX },
    });
    const member: Member = { worker };
    members.add(member);
    worker.on('message', (said: Said) => {
      if (member.at === undefined) return;
      if (said.kind === 'begins') {
        Object.assign(member.at, { test: said.test, beganAt: performance.now() });
        return;
      }
      const { done } = member.at;
      delete member.at;
      done(said);
      feed();
    });
    worker.on('error', (error) => replace(member, `the thread ended: ${error.message}`));
  };
  const replace = (member: Member, error: string): void => {
    if (!members.delete(member)) return;
    const { at } = member;
    hire();
    if (at !== undefined) {
      const timeMs = performance.now() - at.startedAt;
      at.done({ kind: 'lost', at: at.test, error, timeMs });
    }
    feed();
  };
  const watch = setInterval(() => {
    for (const member of [...members]) {
      if (member.at === undefined) continue;
      const { test, beganAt } = member.at;
      const limitMs = test?.limitMs ?? TEST_MS_MAX;
      if (performance.now() - beganAt < limitMs) continue;
      void member.worker.terminate();
      replace(member, `it ran for more than ${limitMs} ms`);
    }
  }, LOOK_EACH_MS);
  for (let n = 0; n < count; n += 1) hire();

  return {
    do: (job) =>
      new Promise((done) => {
        queue.push({ job, done });
        feed();
      }),
    async end() {
      clearInterval(watch);
      const workers = [...members].map(({ worker }) => worker);
      members.clear();
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
}
