/**
 * The search: draw an input, give it to the target, keep it if it went where none had been.
 *
 * What took too long is given again, because a machine has other things to do, and only the best
 * try counts. The first broken promise ends the search of its target, with the input cut down to what
 * still breaks it.
 */
import { performance } from 'node:perf_hooks';
import { type Prng, prng } from '../../lib/prng.ts';
import { joined, mutate } from './mutate.ts';
import { type Points, pointsOf } from './points.ts';
import type { Target } from './target.ts';

const CORPUS_MAX = 4_096;
/** Tries that tell a slow input from a busy machine, and one that is slow from one that came first. */
const TRIES = 8;
const TRIES_MAX = 200;
const MINIMISE_RUNS_MAX = 2_000;
/** How often the clock, the memory and the listener of progress are asked, at least and at most. */
const LOOK_RUNS_MAX = 256;
const LOOK_MS = 20;

export interface Broken {
  input: Uint8Array;
  problem: string;
}

export interface Found {
  runs: number;
  tookMs: number;
  corpus: Uint8Array[];
  points: Points;
  /** By the best of several tries. */
  slowestMs: number;
  slowest: Uint8Array;
  /** Growth of the heap over the second half, after collection; undefined where none can be asked for. */
  grownBytes: number | undefined;
  broken: Broken | undefined;
}

export interface Budget {
  seed: number;
  runsMax: number;
  untilMs: number;
  /** Inputs of earlier searches. */
  known: readonly Uint8Array[];
  progress(found: Found): void;
}

/** Runs until the budget is spent or a promise is broken. */
export async function search(target: Target, budget: Budget): Promise<Found> {
  const chance = prng(budget.seed);
  const startedAt = performance.now();
  const found: Found = {
    runs: 0,
    tookMs: 0,
    corpus: [],
    points: pointsOf(target.covers),
    slowestMs: 0,
    slowest: new Uint8Array(),
    grownBytes: undefined,
    broken: undefined,
  };
  const begin = [...target.seeds, ...budget.known, new Uint8Array()];
  const stock = {
    words: target.words,
    bytesMax: target.bytesMax,
    other: () => pickOf(found.corpus, chance),
  };
  const memory = memoryWatch(budget, startedAt);
  let lookedAt = startedAt;
  let lookAtRun = 1;
  while (found.runs < budget.runsMax + begin.length) {
    const seed = begin[found.runs];
    const input = seed ?? mutate(pickOf(found.corpus, chance), chance, stock);
    found.runs += 1;
    const tried = tryOne(target, input, found, seed !== undefined);
    // Nearly all answer at once, and to wait for an answer that is there takes longer than the run.
    found.broken = tried instanceof Promise ? await tried : tried;
    if (found.broken !== undefined) break;
    if (found.runs < lookAtRun) continue;
    // What a target left to the next turn must not heap up.
    await new Promise(setImmediate);
    const now = performance.now();
    memory.look(found.runs, now);
    const runsInTime = Math.ceil((found.runs / (now - startedAt)) * LOOK_MS);
    lookAtRun = found.runs + Math.min(LOOK_RUNS_MAX, runsInTime);
    if (now > budget.untilMs && found.runs >= begin.length) break;
    if (now < lookedAt + 1_000) continue;
    lookedAt = now;
    found.tookMs = now - startedAt;
    budget.progress(found);
  }
  found.tookMs = performance.now() - startedAt;
  found.grownBytes = memory.grown();
  if (found.broken !== undefined) found.broken = await minimised(target, found.broken);
  return found;
}

function tryOne(
  target: Target,
  input: Uint8Array,
  found: Found,
  isSeed: boolean,
): Broken | undefined | Promise<Broken | undefined> {
  found.points.clear();
  const from = performance.now();
  const end = (problem: string | undefined): Broken | undefined | Promise<Broken | undefined> => {
    const tookMs = performance.now() - from;
    if (problem !== undefined) return { input, problem };
    const isNews = found.points.news() > 0;
    const isKept = input.length <= target.bytesMax && found.corpus.length < CORPUS_MAX;
    if ((isNews || isSeed) && isKept) found.corpus.push(input);
    return tookMs > found.slowestMs ? timed(target, input, tookMs, found) : undefined;
  };
  const problem = problemOf(target, input);
  return problem instanceof Promise ? problem.then(end) : end(problem);
}

/** What is slower than all before is given again. */
async function timed(
  target: Target,
  input: Uint8Array,
  tookMs: number,
  found: Found,
): Promise<Broken | undefined> {
  const bestMs = Math.min(tookMs, await bestOf(target, input));
  if (bestMs <= found.slowestMs) return undefined;
  found.slowestMs = bestMs;
  found.slowest = input;
  return bestMs > target.limitMs ? { input, problem: tooSlow(target) } : undefined;
}

function tooSlow({ limitMs }: Target): string {
  return `broken: no input takes longer than ${limitMs} ms`;
}

/** What is wrong with this input, or undefined. */
function problemOf(
  target: Target,
  input: Uint8Array,
): string | undefined | Promise<string | undefined> {
  try {
    const ended = target.run(input);
    return ended instanceof Promise ? ended.then(() => undefined, wordsOf) : undefined;
  } catch (thrown) {
    return wordsOf(thrown);
  }
}

function wordsOf(thrown: unknown): string {
  return thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
}

/** Tries on while the limit is passed: what runs for the first time is not compiled yet. */
async function bestOf(target: Target, input: Uint8Array): Promise<number> {
  let bestMs = Number.POSITIVE_INFINITY;
  for (let n = 0; n < TRIES || (n < TRIES_MAX && bestMs > target.limitMs); n += 1) {
    const from = performance.now();
    await target.run(input);
    bestMs = Math.min(bestMs, performance.now() - from);
  }
  return bestMs;
}

/** The same, and the limit of time too: what a regression is judged by. */
export async function judge(target: Target, input: Uint8Array): Promise<string | undefined> {
  const problem = await problemOf(target, input);
  if (problem !== undefined) return problem;
  return (await bestOf(target, input)) > target.limitMs ? tooSlow(target) : undefined;
}

/** Cuts pieces out, then sets bytes to a letter, as long as the same promise stays broken. */
async function minimised(target: Target, broken: Broken): Promise<Broken> {
  let { input } = broken;
  let runs = 0;
  const first = headOf(broken.problem);
  const ofTime = broken.problem === tooSlow(target);
  const breaks = async (shorter: Uint8Array): Promise<boolean> => {
    runs += 1;
    const problem = await (ofTime ? judge(target, shorter) : problemOf(target, shorter));
    return headOf(problem ?? '') === first;
  };
  for (let piece = input.length; piece >= 1 && runs < MINIMISE_RUNS_MAX; piece >>= 1) {
    for (let at = 0; at < input.length && runs < MINIMISE_RUNS_MAX; ) {
      const shorter = joined(input, at, Math.min(input.length, at + piece), new Uint8Array());
      if (await breaks(shorter)) input = shorter;
      else at += piece;
    }
  }
  return { input, problem: broken.problem };
}

/** Numbers differ from input to input; the promise does not. */
function headOf(problem: string): string {
  return (problem.split('\n', 1)[0] ?? '').replace(/[^a-z ]/gi, '').slice(0, 60);
}

/** The newest half the time: what was just reached has neighbours. */
function pickOf(corpus: readonly Uint8Array[], chance: Prng): Uint8Array {
  if (corpus.length === 0) return new Uint8Array();
  const newest = chance.chance(0.5) ? Math.floor(corpus.length * 0.8) : 0;
  return corpus[chance.between(newest, corpus.length - 1)] ?? new Uint8Array();
}

/** Compares the heap at half time, when caches are full, with that at the end. */
function memoryWatch(
  { untilMs, runsMax }: Budget,
  startedAt: number,
): { look(runs: number, now: number): void; grown(): number | undefined } {
  const { gc } = globalThis;
  const used = (): number => {
    gc?.();
    return process.memoryUsage().heapUsed;
  };
  let half: number | undefined;
  return {
    look: (runs, now) => {
      if (half === undefined && (runs > runsMax / 2 || now > (startedAt + untilMs) / 2))
        half = used();
    },
    grown: () => (gc === undefined || half === undefined ? undefined : used() - half),
  };
}
