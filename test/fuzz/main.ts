/**
 * `make fuzz`: searches every way in for an input that breaks a promise, for as long as it is given.
 *
 * Ends with 1 where one was found. It lies then, cut down, under `regressions/`, the quick tests
 * give it to its target from that day on, and `make fuzz INPUT=FILE` shows it again.
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { shortPart, windowsPart } from './exhaustive.ts';
import { readCorpus, targetOf, writeCorpus, writeRegression } from './lib/files.ts';
import type { Part, Tally } from './lib/parts.ts';
import { type Found, judge, search } from './lib/search.ts';
import type { Target } from './lib/target.ts';
import { recordingsPart } from './recordings.ts';
import { TARGETS } from './targets/all.ts';
import { tornPart } from './torn.ts';

const PARTS: readonly Part[] = [shortPart, windowsPart, recordingsPart, tornPart];
const SECONDS_DEFAULT = 120;

const { values } = parseArgs({
  options: {
    seconds: { type: 'string' },
    only: { type: 'string' },
    seed: { type: 'string' },
    input: { type: 'string' },
    json: { type: 'boolean' },
    keep: { type: 'boolean' },
  },
});
const seed = Number(values.seed ?? Date.now() % 2 ** 31);
const rows: object[] = [];
let passed = 0;
let failed = 0;

const say = (text: string): void => {
  if (!values.json) process.stdout.write(text);
};
const progress = (text: string): void => {
  if (process.stdout.isTTY) say(`\r\u001b[K${text}`);
};
const thousands = (count: number): string => Math.round(count).toLocaleString('en-GB');
const rate = (runs: number, tookMs: number): string => `${thousands((1_000 * runs) / tookMs)}/s`;

async function showInput(path: string): Promise<void> {
  const target = TARGETS.find(({ name }) => name === targetOf(path));
  if (target === undefined) throw new Error(`${path}: the name of a file begins with its target`);
  const problem = await judge(target, readFileSync(path));
  say(problem === undefined ? `${path}: ${target.promise}\n` : `${path}: ${problem}\n`);
  if (problem === undefined) passed += 1;
  else failed += 1;
}

async function searchTarget(target: Target, seconds: number): Promise<void> {
  const found = await search(target, {
    seed,
    runsMax: Number.MAX_SAFE_INTEGER,
    untilMs: performance.now() + seconds * 1_000,
    known: readCorpus(target.name),
    progress: (now) => progress(lineOf(target, now)),
  });
  const { broken } = found;
  progress('');
  say(`${broken === undefined ? '    ok' : 'BROKEN'}  ${lineOf(target, found)}\n`);
  const missed = found.points.missed();
  if (missed.length > 0 && missed.length <= 60) say(`          not taken: ${missed.join(' ')}\n`);
  if (values.keep) {
    const kept = await writeCorpus(target, found.corpus, found.points);
    say(`          ${kept} inputs kept\n`);
  }
  const grewBytes = found.grownBytes ?? 0;
  rows.push({
    name: target.name,
    runs: found.runs,
    seconds: found.tookMs / 1_000,
    corpus: found.corpus.length,
    branches: found.points.total,
    taken: found.points.seen(),
    missed,
    slowestMs: found.slowestMs,
    grewBytes,
    problem: broken?.problem ?? null,
  });
  if (broken === undefined) {
    passed += 1;
    return;
  }
  failed += 1;
  const path = writeRegression(target.name, broken.input);
  say(`${broken.problem}\n  again: make fuzz INPUT=${path}\n`);
}

function lineOf({ name }: Target, found: Found): string {
  const { runs, tookMs, corpus, points, slowestMs, grownBytes } = found;
  const share = points.total === 0 ? '' : `${points.seen()} of ${points.total} branches, `;
  const heap = grownBytes === undefined ? '' : `, heap ${(grownBytes / 1e6).toFixed(1)} MB`;
  return (
    `${name.padEnd(13)}${thousands(runs).padStart(14)} runs, ${rate(runs, tookMs)}, ` +
    `${share}corpus ${corpus.length}, slowest ${slowestMs.toFixed(2)} ms${heap}`
  );
}

function runPart(part: Part, seconds: number): void {
  const from = performance.now();
  const line = ({ runs, figures }: Tally): string => {
    const more = Object.entries(figures).map(([name, count]) => `, ${name} ${thousands(count)}`);
    const tookMs = performance.now() - from;
    return `${part.name.padEnd(13)}${thousands(runs).padStart(14)} runs, ${rate(runs, tookMs)}${more.join('')}`;
  };
  const tally = part.run({
    seed,
    untilMs: from + seconds * 1_000,
    progress: (now) => progress(line(now)),
  });
  const isGood = tally.failures.length === 0;
  progress('');
  say(`${isGood ? '    ok' : 'BROKEN'}  ${line(tally)}\n`);
  for (const failure of tally.failures)
    say(`  ${failure}\n  again: make fuzz ONLY=${part.name} SEED=${seed}\n`);
  const seconds_ = (performance.now() - from) / 1_000;
  rows.push({
    name: part.name,
    runs: tally.runs,
    seconds: seconds_,
    ...tally.figures,
    failures: tally.failures,
  });
  if (isGood) passed += 1;
  else failed += 1;
}

async function main(): Promise<void> {
  if (values.input !== undefined) return showInput(values.input);
  const isWanted = ({ name }: { name: string }): boolean =>
    values.only === undefined || name === values.only;
  const parts = PARTS.filter(isWanted);
  const targets = TARGETS.filter(isWanted);
  if (parts.length + targets.length === 0) {
    const names = [...PARTS, ...TARGETS].map(({ name }) => name).join(', ');
    throw new Error(`ONLY is one of ${names}`);
  }
  const seconds = Number(values.seconds ?? SECONDS_DEFAULT) / (parts.length + targets.length);
  say(`seed ${seed}, ${seconds.toFixed(1)} s each\n`);
  for (const part of parts) runPart(part, seconds);
  for (const target of targets) await searchTarget(target, seconds);
}

main().then(
  () => {
    if (values.json) process.stdout.write(`${JSON.stringify({ seed, rows, passed, failed })}\n`);
    say(`\n${passed} passed, ${failed} failed\n`);
    process.exitCode = failed > 0 ? 1 : 0;
  },
  (error: Error) => {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 2;
  },
);
