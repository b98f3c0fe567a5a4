/**
 * `make mutate`: Stryker changes core and wire in every way that it knows, and the tests of the changed
 * folder should notice. This starts it with our runner, a part at a time, and prints what came of it.
 *
 * A survivor that is explained in `explained.json` changes nothing that anybody promised; what is not
 * there is a gap, and an explanation that explains nothing any more is one, too.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type StrykerReport, scoresOf, tableOf } from './score.ts';

/** A folder whose files are mutated, and the tests that judge it. */
const PARTS = [
  { folder: 'protocol/wire', tests: ['test/protocol/wire/'] },
  { folder: 'firmware-agent/core', tests: ['test/firmware-agent/core/'] },
] as const;

const OUT = 'dist/mutate';
const EXPLAINED = 'test/teeth/mutate/explained.json';

function configOf(mutate: readonly string[], tests: readonly string[], report: string): object {
  return {
    testRunner: 'court',
    plugins: [join(process.cwd(), 'dist/test/test-teeth-mutate-runner.cjs')],
    court: { tests },
    mutate,
    coverageAnalysis: 'perTest',
    ignorePatterns: ['dist', 'protocol/native/build'],
    tempDirName: `${OUT}/sandbox`,
    // Its own reading of tsconfig.json needs an interface that TypeScript 7 has not.
    tsconfigFile: 'none',
    reporters: ['json', 'progress-append-only'],
    jsonReporter: { fileName: report },
    concurrency: 2,
    // What loops without passing its own mutant again is ended by time.
    timeoutMS: 10_000,
    timeoutFactor: 2,
    warnings: { unknownOptions: false },
  };
}

function run(only: readonly string[]): boolean {
  mkdirSync(OUT, { recursive: true });
  const reports: StrykerReport[] = [];
  const startedAt = performance.now();
  for (const { folder, tests } of PARTS) {
    const inside = only.filter((path) => path.startsWith(folder));
    if (only.length > 0 && inside.length === 0) continue;
    const mutate = (inside.length > 0 ? inside : [folder]).map((path) =>
      path.endsWith('.ts') ? path : `${path}/**/*.ts`,
    );
    const name = folder.replaceAll('/', '-');
    const report = `${OUT}/${name}.json`;
    const config = `${OUT}/${name}.config.json`;
    writeFileSync(config, JSON.stringify(configOf(mutate, tests, report)));
    const bin = 'node_modules/@stryker-mutator/core/bin/stryker.js';
    const { status } = spawnSync(process.execPath, [bin, 'run', config], { stdio: 'inherit' });
    if (status !== 0) throw new Error(`Stryker ended with ${status}`);
    reports.push(JSON.parse(readFileSync(report, 'utf8')) as StrykerReport);
  }
  if (reports.length === 0) throw new Error(`nothing to mutate is called ${only.join(' ')}`);
  const explained = JSON.parse(readFileSync(EXPLAINED, 'utf8')) as Record<string, string>;
  const scores = reports.flatMap((report) => scoresOf(report, explained));
  const seconds = Math.round((performance.now() - startedAt) / 1000);
  process.stdout.write(`${tableOf(scores)}\n${seconds} s\n`);
  const failed = scores.reduce((sum, { open, stale }) => sum + open.length + stale.length, 0);
  const passed = scores.reduce((sum, { all, open }) => sum + all - open.length, 0);
  process.stdout.write(`\n${passed} passed, ${failed} failed\n`);
  return failed === 0;
}

process.exitCode = run(process.argv.slice(2)) ? 0 : 1;
