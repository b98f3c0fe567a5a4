/**
 * `make teeth`: takes every guard of the shipping core and wire away, one at a time, with PAIRS=1 two
 * at a time, and asks the tests whether they notice. README.md says how to read what it prints.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { isMainThread } from 'node:worker_threads';
import { hireCrew, inLanes } from './crew.ts';
import type { Guard } from './guard.ts';
import { GUARDS } from './guards/all.ts';
import { loadHouse } from './house.ts';
import { judges } from './judges.ts';
import { type PairCounts, tryPairs } from './pairs.ts';
import { closingLine, inJson, lineOf, pairLines, passes } from './report.ts';
import { gather } from './sources.ts';
import { type Bench, prepare, tryWithout, type Verdict } from './trials.ts';
import { work } from './worker.ts';

/** Which test noticed last time, by guard. It is asked first, which saves time and nothing else. */
const KILLERS = 'test/teeth/killers.json';
const TELL_EACH_MS = 15_000;
const LANES = availableParallelism() + 1;

interface Options {
  pairs: boolean;
  json: boolean;
  save: boolean;
  only: string[];
}

function optionsOf(args: readonly string[]): Options {
  return {
    pairs: args.includes('--pairs'),
    json: args.includes('--json'),
    save: args.includes('--save'),
    only: args.filter((arg) => !arg.startsWith('--')),
  };
}

const isWanted = ({ rule, file, name }: Guard, only: readonly string[]): boolean =>
  only.length === 0 ||
  only.some((word) => rule.startsWith(`${word}:`) || file.includes(word) || name.includes(word));

async function main(): Promise<void> {
  const { pairs, json, save, only } = optionsOf(process.argv.slice(2));
  const startedAt = performance.now();
  const say = (text: string): void => {
    if (!json) process.stdout.write(`${text}\n`);
  };
  const tell = (text: string): void =>
    say(`${text}, ${((performance.now() - startedAt) / 1000).toFixed(0)} s`);

  const guards = GUARDS.filter((guard) => isWanted(guard, only));
  if (guards.length === 0) throw new Error(`no guard has a rule, file or name like ${only.join()}`);
  const house = await loadHouse(process.cwd());
  const all = judges(house);
  const sources = await gather(
    house,
    all.flatMap(({ files }) => files),
  );
  const crew = hireCrew(import.meta.filename, sources, availableParallelism());
  const bench = await prepare(house, sources, crew, GUARDS, all);
  tell(`${bench.tests.length} tests pass without a mutant`);
  const killers = JSON.parse(readFileSync(KILLERS, 'utf8')) as Record<string, string>;
  const singles = await tryAll(bench, guards, killers, say);
  tell(`${singles.length} guards, each alone`);
  if (save) writeFileSync(KILLERS, `${JSON.stringify(killers, undefined, 2)}\n`);
  const counts = pairs ? await tryTwo(bench, singles, tell) : undefined;
  await crew.end();
  if (counts !== undefined) tell(pairLines(counts));
  const verdicts = [...singles, ...(counts?.verdicts ?? [])];
  if (json) process.stdout.write(`${inJson(verdicts)}\n`);
  else say(`\n${closingLine(singles, counts)}`);
  process.exitCode = verdicts.every(passes) ? 0 : 1;
}

async function tryAll(
  bench: Bench,
  guards: readonly Guard[],
  killers: Record<string, string>,
  say: (text: string) => void,
): Promise<Verdict[]> {
  const singles: Verdict[] = [];
  await inLanes(guards, LANES, async (guard) => {
    const first = bench.tests.findIndex(({ title }) => title === killers[guard.name]);
    const verdict = await tryWithout(bench, [guard], [first]);
    if (verdict.by !== undefined) killers[guard.name] = verdict.by.test.title;
    singles.push(verdict);
    say(lineOf(verdict));
  });
  return singles;
}

function tryTwo(
  bench: Bench,
  singles: readonly Verdict[],
  tell: (text: string) => void,
): Promise<PairCounts> {
  let toldAt = 0;
  return tryPairs(bench, singles, (left) => {
    if (performance.now() - toldAt < TELL_EACH_MS) return;
    toldAt = performance.now();
    tell(`${left} pairs to go`);
  });
}

if (isMainThread) {
  main().catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : error}\n`);
    process.exit(1);
  });
} else {
  work();
}
