/**
 * One thread of `make teeth`: tries mutants, and tells before each test that it begins, so that the
 * main thread can end a mutant that never does.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { type Court, type CourtTest, openCourt, type Swaps, type Trial } from './court.ts';
import { type Probe, startMeter } from './meter.ts';
import type { Sources } from './sources.ts';

export interface Mutant {
  swaps: Swaps;
  tests: CourtTest[];
}

export type Job =
  /**
   * Asks the tests in this order until one fails; that one is asked once more with fresh modules.
   * `thorough`: where none fails, so are all.
   */
  | ({ kind: 'try'; thorough: boolean } & Mutant)
  /** Each by itself, in the modules that stay. */
  | { kind: 'pairs'; mutants: Mutant[]; tests: CourtTest[] }
  /** Runs tests with a mutant or, where nothing is swapped, without one. */
  | { kind: 'plain'; swaps: Swaps; probes: readonly Probe[]; tests: CourtTest[] }
  /** Which probes run when the modules are loaded, with the tests of these files. */
  | { kind: 'outside'; probes: readonly Probe[]; tests: CourtTest[] };

export interface Caught {
  index: number;
  error: string;
}

export type Said =
  | { kind: 'begins'; test: CourtTest | undefined }
  | { kind: 'tried'; caught?: Caught; timeMs: number }
  | { kind: 'paired'; caught: boolean[] }
  | { kind: 'ran'; tests: { timeMs: number; passes: boolean[]; error?: string }[] }
  | { kind: 'outside'; probes: boolean[] };

interface Room {
  court: Court;
  say: (said: Said) => void;
}

/** The body of the thread. */
export function work(): void {
  const { sources } = workerData as { sources: Sources };
  const say = (said: Said): void => parentPort?.postMessage(said);
  const room: Room = { court: openCourt(sources), say };
  parentPort?.on('message', async (job: Job) => {
    say(await answer(room, job));
  });
}

function answer(room: Room, job: Job): Promise<Said> {
  switch (job.kind) {
    case 'try':
      return tryMutant(room, job);
    case 'pairs':
      return tryPairs(room, job);
    case 'plain':
      return runPlain(room, job);
    case 'outside': {
      const meter = startMeter();
      const trial = room.court.fresh({});
      for (const { file } of job.tests) trial.titles(file);
      const probes = meter.outside(job.probes);
      meter.stop();
      return Promise.resolve({ kind: 'outside', probes });
    }
  }
}

async function tryMutant({ court, say }: Room, job: Job & { kind: 'try' }): Promise<Said> {
  const { swaps, tests } = job;
  const startedAt = performance.now();
  const timeMs = (): number => performance.now() - startedAt;
  const warm = court.warm(swaps);
  let suspect: CourtTest | undefined;
  for (const test of job.thorough ? [] : tests) {
    say({ kind: 'begins', test });
    if ((await failureOf(warm, test)) === undefined) continue;
    suspect = test;
    break;
  }
  warm.end();
  // A loss that nobody notices is looked at by people; that one is noticed must be so in fresh modules.
  if (suspect === undefined && !job.thorough) return { kind: 'tried', timeMs: timeMs() };
  const fresh = court.fresh(swaps);
  const again = suspect === undefined ? tests : [suspect, ...tests];
  for (const test of again) {
    say({ kind: 'begins', test });
    const error = await failureOf(fresh, test);
    if (error !== undefined) {
      const caught = { index: tests.indexOf(test), error };
      return { kind: 'tried', caught, timeMs: timeMs() };
    }
    if (test === suspect) court.cool();
  }
  return { kind: 'tried', timeMs: timeMs() };
}

async function tryPairs({ court, say }: Room, job: Job & { kind: 'pairs' }): Promise<Said> {
  const each = async (open: (swaps: Swaps) => Trial): Promise<boolean[]> => {
    const caught: boolean[] = [];
    for (const { swaps, tests } of job.mutants) {
      const trial = open(swaps);
      let isCaught = false;
      for (const test of tests) {
        say({ kind: 'begins', test });
        isCaught ||= (await failureOf(trial, test)) !== undefined;
        if (isCaught) break;
      }
      trial.end();
      caught.push(isCaught);
    }
    return caught;
  };
  const caught = await each(court.warm);
  const plain = court.warm({});
  for (const test of job.tests) {
    say({ kind: 'begins', test });
    if ((await failureOf(plain, test)) === undefined) continue;
    // A mutant left something behind, so nobody knows by what the others were caught.
    court.cool();
    return { kind: 'paired', caught: await each(court.fresh) };
  }
  return { kind: 'paired', caught };
}

async function runPlain({ court, say }: Room, job: Job & { kind: 'plain' }): Promise<Said> {
  const meter = startMeter();
  const trial = court.warm(job.swaps);
  const ran: (Said & { kind: 'ran' })['tests'] = [];
  for (const test of job.tests) {
    say({ kind: 'begins', test });
    meter.reset();
    const startedAt = performance.now();
    const error = await failureOf(trial, test);
    const timeMs = performance.now() - startedAt;
    const passes = meter.read(job.probes);
    ran.push({ timeMs, passes, ...(error === undefined ? {} : { error }) });
  }
  trial.end();
  meter.stop();
  return { kind: 'ran', tests: ran };
}

function failureOf(trial: Trial, test: CourtTest): Promise<string | undefined> {
  return trial.run(test).then(
    () => undefined,
    (thrown: unknown) => (thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : 'thrown'),
  );
}
