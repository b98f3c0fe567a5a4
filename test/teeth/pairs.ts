/**
 * Two guards at once: does the loss of one hide the loss of the other?
 *
 * There are tens of thousands of pairs, and most need no run of their own: where the test that caught
 * the loss of the one failed before it came to the place of the other, it fails the same way without
 * both. The rest is asked of the two tests that caught the singles, and only what gets past these is
 * tried like a single.
 */
import type { Timed } from './base.ts';
import type { CourtTest } from './court.ts';
import { inLanes } from './crew.ts';
import { type Guard, placeOf } from './guard.ts';
import { unoptimized } from './meter.ts';
import { type Bench, swapsOf, tryWithout, type Verdict } from './trials.ts';
import type { Mutant } from './worker.ts';

const AT_ONCE = 50;
const LANES = 4;

export interface PairCounts {
  pairs: number;
  overlap: number;
  /** Caught by the very run that caught one of the two. */
  sameRun: number;
  /** Caught by a test that had caught one of the two. */
  sameTest: number;
  /** Those that got past these tests. */
  verdicts: Verdict[];
}

type Pair = readonly [Verdict, Verdict];

const guardOf = ({ guards: [guard] }: Verdict): Guard => guard as Guard;

/** Tries all pairs of what was tried alone; `tell` hears how many are left. */
export async function tryPairs(
  bench: Bench,
  singles: readonly Verdict[],
  tell: (left: number) => void,
): Promise<PairCounts> {
  const all = singles.flatMap((a, i) => singles.slice(i + 1).map((b): Pair => [a, b]));
  const apart = all.filter((pair) => !overlaps(bench, pair));
  const passed = await unoptimized(() => passedBy(bench, singles));
  const open = apart.filter(([a, b]) => !settles(passed, a, b) && !settles(passed, b, a));
  const past: Pair[] = [];
  const batches = chunks(open, AT_ONCE);
  let left = open.length;
  await inLanes(batches, LANES, async (some) => {
    past.push(...(await survivorsOf(bench, some)));
    left -= some.length;
    tell(left);
  });
  const verdicts: Verdict[] = [];
  for (const [a, b] of past) {
    const first = [a, b].flatMap(({ by }) =>
      by === undefined ? [] : bench.tests.indexOf(by.test),
    );
    verdicts.push(await tryWithout(bench, [guardOf(a), guardOf(b)], first));
  }
  return {
    pairs: all.length,
    overlap: all.length - apart.length,
    sameRun: apart.length - open.length,
    sameTest: open.length - past.length,
    verdicts,
  };
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) =>
    items.slice(i * size, (i + 1) * size),
  );
}

function overlaps({ texts }: Bench, [a, b]: Pair): boolean {
  const [one, other] = [guardOf(a), guardOf(b)];
  if (one.file !== other.file) return false;
  const text = texts.get(one.file) as string;
  const [x, y] = [placeOf(one, text), placeOf(other, text)];
  return x.from < y.to && y.from < x.to;
}

type Passed = ReadonlyMap<Verdict, ReadonlySet<Guard>>;

/** Of each single that was caught: the guards that its test passed through before it failed. */
async function passedBy(bench: Bench, singles: readonly Verdict[]): Promise<Passed> {
  const { probes } = bench;
  const passed = new Map<Verdict, Set<Guard>>();
  await inLanes(singles, LANES, async (single) => {
    if (single.by === undefined || single.outcome !== 'caught') return;
    const swaps = (await swapsOf(bench, [guardOf(single)])) ?? {};
    const tests = [plain(single.by.test)];
    const answer = await bench.crew.do({ kind: 'plain', swaps, probes, tests });
    const [ran] = answer.kind === 'ran' ? answer.tests : [];
    // One that hangs, or that does not fail in the modules that stay, settles nothing.
    if (ran?.error === undefined) return;
    passed.set(single, new Set(bench.guards.filter((_, i) => ran.passes[i])));
  });
  return passed;
}

/** Whether `a` was caught by a run that never came to the place of `b`. */
function settles(passed: Passed, a: Verdict, b: Verdict): boolean {
  const elsewhere = guardOf(a).file !== guardOf(b).file;
  return elsewhere && passed.get(a)?.has(guardOf(b)) === false;
}

const plain = ({ file, title, limitMs }: Timed): CourtTest =>
  ({ file, title, limitMs }) as CourtTest;

async function survivorsOf(bench: Bench, pairs: readonly Pair[]): Promise<Pair[]> {
  const mutants: Mutant[] = [];
  const asked = new Set<Timed>();
  for (const [a, b] of pairs) {
    const swaps = (await swapsOf(bench, [guardOf(a), guardOf(b)])) ?? {};
    const tests = [...new Set([a, b].flatMap(({ by }) => by?.test ?? []))];
    for (const test of tests) asked.add(test);
    mutants.push({ swaps, tests: tests.map(plain) });
  }
  const answer = await bench.crew.do({ kind: 'pairs', mutants, tests: [...asked].map(plain) });
  // One of them hung: each is tried by itself.
  if (answer.kind !== 'paired') return [...pairs];
  return pairs.filter((_, i) => !answer.caught[i]);
}
