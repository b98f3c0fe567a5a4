/**
 * The test runner that Stryker is given: our tests in one process, with a mutant switched on by
 * Stryker's own global, so that a mutant costs the few tests that pass through it and no more.
 *
 * Modules stay loaded from one mutant to the next. So whoever caught a mutant is asked once more
 * without it: where he fails still, something was left behind, and the mutant is tried in modules of
 * its own.
 */
import type { StrykerOptions } from '@stryker-mutator/api/core';
import type {
  DryRunResult,
  MutantRunOptions,
  MutantRunResult,
} from '@stryker-mutator/api/test-runner';
import { type Court, type CourtTest, openCourt, type Trial } from '../court.ts';
import { loadHouse } from '../house.ts';
import { isTimed } from '../judges.ts';
import { gather } from '../sources.ts';

/** The global by which instrumented code asks which mutant is on, and tells which it passed. */
interface Switch {
  activeMutant?: string | undefined;
  currentTestId?: string | undefined;
  hitCount?: number | undefined;
  hitLimit?: number | undefined;
  mutantCoverage?: {
    static: Record<string, number>;
    perTest: Record<string, Record<string, number>>;
  };
}

interface Known extends CourtTest {
  id: string;
  timeMs: number;
  /** How many mutants of each source it caught. */
  catches: Map<string, number>;
}

const CATCH_WEIGHT = 3;

function switchOf(): Switch {
  const all = globalThis as { __stryker__?: Switch };
  all.__stryker__ ??= {};
  return all.__stryker__;
}

interface Runner {
  capabilities(): { reloadEnvironment: boolean };
  init(): Promise<void>;
  dryRun(): Promise<DryRunResult>;
  mutantRun(options: MutantRunOptions): Promise<MutantRunResult>;
}

/** `options.court.tests` are parts of the paths of the test files. */
function courtRunner(options: StrykerOptions): Runner {
  const { tests: filters } = options['court'] as { tests: string[] };
  const known = new Map<string, Known>();
  let court: Court | undefined;
  const opened = (): Court => {
    if (court === undefined) throw new Error('init comes first');
    return court;
  };
  return {
    capabilities: () => ({ reloadEnvironment: true }),
    async init() {
      const house = await loadHouse(process.cwd());
      const files = house.testFiles(filters).filter((file) => !file.endsWith('random.test.ts'));
      court = openCourt(await gather(house, files));
      const trial = court.warm({});
      for (const file of files) {
        for (const title of trial.titles(file).filter((one) => !isTimed(one))) {
          const id = `${file}: ${title}`;
          known.set(id, { id, file, title, timeMs: 0, catches: new Map() });
        }
      }
    },
    dryRun: () => dryRun(opened().warm({}), [...known.values()]),
    mutantRun: (asked) => mutantRun(opened(), known, asked),
  };
}

async function dryRun(trial: Trial, known: readonly Known[]): Promise<DryRunResult> {
  const on = switchOf();
  const tests = [];
  for (const test of known) {
    on.currentTestId = test.id;
    const startedAt = performance.now();
    const failureMessage = await failureOf(trial, test);
    test.timeMs = performance.now() - startedAt;
    const told = { id: test.id, name: test.id, fileName: test.file, timeSpentMs: test.timeMs };
    if (failureMessage === undefined) tests.push({ ...told, status: 0 });
    else tests.push({ ...told, status: 1, failureMessage });
  }
  on.currentTestId = undefined;
  const { mutantCoverage } = on;
  return { status: 'complete', tests, mutantCoverage } as unknown as DryRunResult;
}

async function mutantRun(
  court: Court,
  known: ReadonlyMap<string, Known>,
  { activeMutant, testFilter, hitLimit, mutantActivation }: MutantRunOptions,
): Promise<MutantRunResult> {
  const on = switchOf();
  const isStatic = mutantActivation === 'static';
  const source = activeMutant.fileName;
  const tests = inOrder([...known.values()], testFilter, source);
  on.activeMutant = isStatic ? activeMutant.id : undefined;
  on.hitLimit = hitLimit;
  on.hitCount = hitLimit === undefined ? undefined : 0;
  const trial = isStatic ? court.fresh({}) : court.warm({});
  on.activeMutant = activeMutant.id;
  let caught = await firstFailure(trial, tests);
  on.activeMutant = undefined;
  if (hitLimit !== undefined && (on.hitCount ?? 0) > hitLimit) {
    return { status: 'timeout', reason: 'hit limit' } as MutantRunResult;
  }
  if (caught !== undefined && !isStatic && (await failureOf(trial, caught.test)) !== undefined) {
    court.cool();
    const fresh = court.fresh({});
    on.activeMutant = activeMutant.id;
    caught = await firstFailure(fresh, tests);
    on.activeMutant = undefined;
  }
  const nrOfTests = tests.length;
  if (caught === undefined) return { status: 'survived', nrOfTests } as MutantRunResult;
  const { test, failureMessage } = caught;
  test.catches.set(source, (test.catches.get(source) ?? 0) + 1);
  const killedBy = [test.id];
  return { status: 'killed', killedBy, failureMessage, nrOfTests } as MutantRunResult;
}

function inOrder(known: Known[], filter: string[] | undefined, source: string): Known[] {
  const asked = filter === undefined ? known : known.filter(({ id }) => filter.includes(id));
  const rank = ({ timeMs, catches }: Known): number =>
    (1 + timeMs) / (1 + CATCH_WEIGHT * (catches.get(source) ?? 0));
  return asked.sort((a, b) => rank(a) - rank(b));
}

async function firstFailure(
  trial: Trial,
  tests: readonly Known[],
): Promise<{ test: Known; failureMessage: string } | undefined> {
  for (const test of tests) {
    const failureMessage = await failureOf(trial, test);
    if (failureMessage !== undefined) return { test, failureMessage };
  }
  return undefined;
}

function failureOf(trial: Trial, test: CourtTest): Promise<string | undefined> {
  return trial.run(test).then(
    () => undefined,
    (thrown: unknown) => (thrown instanceof Error ? thrown.message : 'something was thrown'),
  );
}

export const strykerPlugins: object[] = [
  {
    kind: 'TestRunner',
    name: 'court',
    factory: Object.assign(courtRunner, { inject: ['options'] }),
  },
];
