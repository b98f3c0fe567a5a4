/**
 * How the tests fare without a mutant: whether they pass, how long each takes, and which guards it
 * passes through. For a test file nothing of it changes while the file, what it imports and the guards
 * stay the same, so it is kept.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { type CourtTest, openCourt } from './court.ts';
import type { Crew } from './crew.ts';
import { isTimed, type Judge } from './judges.ts';
import type { Probe } from './meter.ts';
import type { Sources } from './sources.ts';

export interface Timed extends CourtTest {
  judge: number;
  timeMs: number;
  /** For each probe, whether it passes through it. */
  passes: boolean[];
}

/** Of one test file; what is kept has the key of all that it depends on. */
interface Fared {
  key: string;
  tests: { title: string; timeMs: number; passes: boolean[] }[];
}

const KEPT = 'dist/teeth/base.json';

/** A test may be slow on a busy machine, and is slower in fresh modules; what takes longer hangs. */
const SLOW_FACTOR = 30;
const SLOW_MS = 5_000;

/** Asks every test of which nothing is kept. Rejects where one fails: then nobody can judge. */
export async function baseOf(
  sources: Sources,
  crew: Crew,
  probes: readonly Probe[],
  judges: readonly Judge[],
): Promise<Timed[]> {
  const kept = readKept();
  const keyOf = keysFor(sources, probes);
  const tests: Timed[] = [];
  await Promise.all(
    judges.flatMap(({ files }, judge) =>
      files.map(async (file) => {
        const key = keyOf(file);
        const known = kept[file];
        const fared =
          known?.key === key ? known : { key, tests: await ask(sources, crew, probes, file) };
        kept[file] = fared;
        if (fared !== known) writeKept(kept);
        for (const { title, timeMs, passes } of fared.tests) {
          const limitMs = SLOW_MS + SLOW_FACTOR * timeMs;
          tests.push({ file, title, judge, timeMs, passes, limitMs });
        }
      }),
    ),
  );
  return tests;
}

function keysFor(
  { modules, packages }: Sources,
  probes: readonly Probe[],
): (file: string) => string {
  const isTest = (path: string): boolean => path.endsWith('.test.ts');
  const shared = Object.entries(modules).filter(([path]) => !isTest(path));
  const common = JSON.stringify([shared, packages, probes, process.version, process.env['RUNS']]);
  return (file) =>
    createHash('sha256')
      .update(common)
      .update(modules[file] ?? '')
      .digest('hex');
}

function readKept(): Record<string, Fared> {
  try {
    return JSON.parse(readFileSync(KEPT, 'utf8')) as Record<string, Fared>;
  } catch {
    return {};
  }
}

function writeKept(kept: Record<string, Fared>): void {
  mkdirSync(dirname(KEPT), { recursive: true });
  writeFileSync(KEPT, JSON.stringify(kept));
}

async function ask(
  sources: Sources,
  crew: Crew,
  probes: readonly Probe[],
  file: string,
): Promise<Fared['tests']> {
  const titles = openCourt(sources).fresh({}).titles(file);
  const tests = titles.filter((title) => !isTimed(title)).map((title) => ({ file, title }));
  const outside = await crew.do({ kind: 'outside', probes, tests });
  const ran = await crew.do({ kind: 'plain', swaps: {}, probes, tests });
  if (ran.kind !== 'ran' || outside.kind !== 'outside') {
    throw new Error(`${file} cannot be run: ${JSON.stringify(ran)}`);
  }
  return ran.tests.map(({ timeMs, passes, error }, i) => {
    const title = tests[i]?.title ?? '';
    if (error !== undefined) throw new Error(`fails by itself: ${title}: ${error}`);
    return { title, timeMs, passes: passes.map((is, p) => is || outside.probes[p] === true) };
  });
}
