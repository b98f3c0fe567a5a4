/**
 * In which order the tests are asked about a mutant, so that the likely one comes first, and what
 * comes of it. A test that does not pass through the place of a guard cannot notice that it is gone,
 * and is not asked.
 */
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { baseOf, type Timed } from './base.ts';
import type { CourtTest, Swaps } from './court.ts';
import type { Crew } from './crew.ts';
import { type Guard, without } from './guard.ts';
import type { House } from './house.ts';
import type { Judge } from './judges.ts';
import { type Probe, unoptimized } from './meter.ts';
import { type Sources, toJs } from './sources.ts';

export interface Bench {
  house: House;
  judges: readonly Judge[];
  /** The text of each file that has a guard. */
  texts: ReadonlyMap<string, string>;
  /** JavaScript of a single guard's file without it, made once. */
  made: Map<string, Promise<string>>;
  crew: Crew;
  tests: readonly Timed[];
  guards: readonly Guard[];
  probes: readonly Probe[];
  /** For each guard, the tests that pass through it, as indexes. */
  passing: ReadonlyMap<Guard, ReadonlySet<number>>;
  /** How often each test caught a mutant of each source. */
  catches: Map<string, number>;
}

export interface Verdict {
  guards: readonly Guard[];
  outcome: 'caught' | 'survived' | 'broken' | 'overlap';
  by?: { judge: string; test: Timed };
  /** What the test said, or why the mutant cannot be built. */
  words: string;
  timeMs: number;
}

/** A test that caught one mutant of a source is likely to catch the next. */
const CATCH_WEIGHT = 4;
const MIRROR_WEIGHT = 5;

/** Runs every test without a mutant. Throws where one fails: then nobody can judge. */
export async function prepare(
  house: House,
  sources: Sources,
  crew: Crew,
  guards: readonly Guard[],
  judges: readonly Judge[],
): Promise<Bench> {
  const texts = new Map(
    guards.map(({ file }) => [file, readFileSync(join(house.root, file), 'utf8')]),
  );
  const made = new Map<string, Promise<string>>();
  const shop = { house, texts, made };
  const probes = await Promise.all(guards.map((guard) => probeOf(shop, sources, guard)));
  const tests = await unoptimized(() => baseOf(sources, crew, probes, judges));
  const passing = new Map(
    guards.map((guard, g) => [
      guard,
      new Set([...tests.keys()].filter((index) => tests[index]?.passes[g])),
    ]),
  );
  const catches = new Map<string, number>();
  return { ...shop, judges, crew, tests, guards, probes, passing, catches };
}

/** The stretch of JavaScript that a guard's removal changes. */
async function probeOf(shop: Shop, sources: Sources, guard: Guard): Promise<Probe> {
  const js = sources.modules[guard.file];
  if (js === undefined) throw new Error(`${guard.file} is imported by no test of any judge`);
  const changed = (await swapsOf(shop, [guard]))?.[guard.file] ?? '';
  if (changed === js) throw new Error(`"${guard.name}" changes nothing that is run`);
  const least = Math.min(js.length, changed.length);
  let from = 0;
  while (from < least && js[from] === changed[from]) from += 1;
  let end = 0;
  while (end < least - from && js.at(-1 - end) === changed.at(-1 - end)) end += 1;
  return { path: guard.file, from, to: Math.max(from, js.length - end) };
}

type Shop = Pick<Bench, 'house' | 'texts' | 'made'>;

/** The sources without these guards: undefined where two of them overlap. Rejects bad TypeScript. */
export async function swapsOf(
  { house, texts, made }: Shop,
  guards: readonly Guard[],
): Promise<Swaps | undefined> {
  const swaps: Record<string, string> = {};
  for (const file of new Set(guards.map((guard) => guard.file))) {
    const its = guards.filter((guard) => guard.file === file);
    const name = its.map((guard) => guard.name).join();
    const text = without(texts.get(file) ?? '', its);
    if (text === undefined) return undefined;
    const js = made.get(name) ?? toJs(house.settings, file, text);
    if (its.length === 1) made.set(name, js);
    swaps[file] = await js;
  }
  return swaps;
}

/** Tries the sources without these guards; the tests in `first` are asked before all others. */
export async function tryWithout(
  bench: Bench,
  guards: readonly Guard[],
  first: readonly number[] = [],
): Promise<Verdict> {
  const nothing = { guards, words: '', timeMs: 0 };
  const made = await swapsOf(bench, guards).catch((error: unknown) => String(error));
  if (made === undefined) return { ...nothing, outcome: 'overlap' };
  if (typeof made === 'string') return { ...nothing, outcome: 'broken', words: made };
  const order = orderFor(bench, guards, first);
  const asked = order.map((index) => bench.tests[index] as Timed);
  const tests = asked.map(({ file, title, limitMs }) => ({ file, title, limitMs }) as CourtTest);
  const thorough = guards.some(({ redundant }) => redundant !== undefined);
  const answer = await bench.crew.do({ kind: 'try', thorough, swaps: made, tests });
  const { timeMs } = answer as { timeMs: number };
  if (answer.kind === 'lost') {
    const test = asked.find((one) => one.title === answer.at?.title) as Timed;
    const by = { judge: bench.judges[test.judge]?.name ?? '', test };
    return { guards, outcome: 'caught', by, words: answer.error, timeMs };
  }
  if (answer.kind !== 'tried') throw new Error('a trial is answered by its outcome');
  const { caught } = answer;
  if (caught === undefined) return { guards, outcome: 'survived', words: '', timeMs };
  const test = asked[caught.index] as Timed;
  for (const { file } of guards) {
    for (const key of [`${file} ${test.title}`, `${file} ${test.file}`]) {
      bench.catches.set(key, (bench.catches.get(key) ?? 0) + 1);
    }
  }
  // Whoever removes a name that others use shows nothing about the guard.
  const outcome = /^(ReferenceError|SyntaxError)/.test(caught.error) ? 'broken' : 'caught';
  const by = { judge: bench.judges[test.judge]?.name ?? '', test };
  return { guards, outcome, by, words: caught.error, timeMs };
}

function orderFor(
  { tests, passing, catches }: Bench,
  guards: readonly Guard[],
  first: readonly number[],
): number[] {
  const asked = [...tests.keys()].filter((index) =>
    guards.some((guard) => passing.get(guard)?.has(index)),
  );
  const rank = (index: number): number => {
    const { judge, file, title, timeMs } = tests[index] as Timed;
    if (first.includes(index)) return -1;
    let weight = 1;
    for (const { file: source } of guards) {
      if (file.endsWith(`/${basename(source, '.ts')}.test.ts`)) weight += MIRROR_WEIGHT;
      weight += CATCH_WEIGHT * (catches.get(`${source} ${title}`) ?? 0);
      weight += catches.get(`${source} ${file}`) ?? 0;
    }
    return judge * 1e9 + timeMs / weight;
  };
  const ranks = new Map(asked.map((index) => [index, rank(index)]));
  return asked.sort((a, b) => (ranks.get(a) as number) - (ranks.get(b) as number));
}
