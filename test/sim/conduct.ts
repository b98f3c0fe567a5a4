/**
 * Plays many seeds on all cores and adds up what came of them. Each worker plays one seed at a time, so
 * nothing of a run depends on which worker played it, or when.
 */
import { Worker } from 'node:worker_threads';
import { keepFailure } from './failure.ts';
import { FAULTS } from './faults/all.ts';
import { type Options, USUAL_MS } from './options.ts';
import { type Played, planFor } from './play.ts';
import { mergeReports, newReport, type Report } from './report.ts';
import { printReport } from './report-text.ts';

const YEAR_MS = 365.25 * 24 * 3_600_000;
const FAILURES_SHRUNK = 3;
const PROGRESS_MS = 500;

export interface Totals {
  passed: number;
  failed: number;
  seeds: [number, number];
  hostMs: number;
  jumpedMs: number;
  cpuMs: number;
  /** Mixed from the traces of all seeds, in their order. */
  hash: string;
  report: Report;
}

interface Sum extends Totals {
  failures: Played[];
  hashes: Map<number, string>;
}

/** Plays; answers the totals. `file` is the program that a worker starts. */
export async function conduct(options: Options, file: string): Promise<Totals> {
  const { seed, runs = Number.POSITIVE_INFINITY, workers } = options;
  const sum: Sum = {
    ...{ passed: 0, failed: 0, hostMs: 0, jumpedMs: 0, cpuMs: 0, hash: '', failures: [] },
    seeds: [seed, seed],
    report: newReport(),
    hashes: new Map(),
  };
  // A worker is asked for the time of the whole process, so this thread asks for all.
  const started = process.cpuUsage();
  const until = options.runs === undefined ? Date.now() + USUAL_MS : Number.POSITIVE_INFINITY;
  let next = seed;
  const draw = (): number | undefined => {
    if (next >= seed + runs || Date.now() >= until) return undefined;
    next += 1;
    return next - 1;
  };
  const progress = showProgress(sum, options);
  await Promise.all(
    Array.from({ length: Math.min(workers, runs) }, () =>
      labour(file, options, draw, (played) => note(sum, played, options)),
    ),
  );
  progress.end();
  sum.seeds = [seed, next - 1];
  sum.hash = hashOfAll(sum.hashes);
  const { user, system } = process.cpuUsage(started);
  sum.cpuMs = (user + system) / 1_000;
  if (!options.json) tellFailures(sum, options);
  return sum;
}

function labour(
  file: string,
  { hours, realMac }: Options,
  draw: () => number | undefined,
  note: (played: Played) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(file, { workerData: { hours, realMac } });
    const goOn = (): void => {
      const seed = draw();
      if (seed === undefined) void worker.terminate().then(() => resolve());
      else worker.postMessage(seed);
    };
    worker.on('message', (played: Played) => {
      note(played);
      goOn();
    });
    worker.on('error', reject);
    goOn();
  });
}

function note(sum: Sum, played: Played, { json }: Options): void {
  const { outcome, report } = played;
  sum.hostMs += outcome.simMs * outcome.hosts;
  sum.jumpedMs += outcome.jumpedMs * outcome.hosts;
  sum.hashes.set(outcome.seed, outcome.hash);
  mergeReports(sum.report, report);
  if (outcome.complaints.length === 0) {
    sum.passed += 1;
    return;
  }
  sum.failed += 1;
  sum.failures.push(played);
  if (json) return;
  for (const { rule, at, host, sentence } of outcome.complaints.slice(0, 5)) {
    const who = host === undefined ? '' : ` host ${host}`;
    say(`seed ${outcome.seed}: ${rule} at ${at.toFixed(0)} ms${who}: ${sentence}`);
  }
  say(`  shows it again: make sim SEED=${outcome.seed} RUNS=1`);
}

function tellFailures({ failures }: Sum, options: Options): void {
  for (const { outcome } of failures.slice(0, FAILURES_SHRUNK)) {
    const plan = planFor(outcome.seed, options);
    const path = keepFailure(plan, outcome.complaints);
    say(`seed ${outcome.seed}: made small: make sim SCENARIO=${path}`);
  }
}

function hashOfAll(hashes: ReadonlyMap<number, string>): string {
  let [a, b] = [1, 2];
  for (const seed of [...hashes.keys()].sort((one, two) => one - two)) {
    const hash = hashes.get(seed) ?? '';
    a = Math.imul(a ^ Number.parseInt(hash.slice(0, 8), 16), 0x9e3779b1);
    b = Math.imul(b + Number.parseInt(hash.slice(8), 16), 0x85ebca6b) ^ (a >>> 15);
  }
  return [a, b].map((word) => (word >>> 0).toString(16).padStart(8, '0')).join('');
}

function showProgress(sum: Sum, { json }: Options): { end: () => void } {
  if (json || !process.stdout.isTTY) return { end: () => {} };
  const show = (): void => {
    const { passed, failed, hostMs } = sum;
    const years = (hostMs / YEAR_MS).toFixed(3);
    process.stdout.write(
      `\r\u001b[K${passed + failed} runs, ${failed} failed, ${years} host-years`,
    );
  };
  const timer = setInterval(show, PROGRESS_MS);
  return {
    end: () => {
      clearInterval(timer);
      process.stdout.write('\r\u001b[K');
    },
  };
}

/** The closing report; its last line is what scripts look for. */
export function tellTotals(totals: Totals, { json, realMac }: Options): void {
  const { passed, failed, seeds, hostMs, jumpedMs, cpuMs, hash, report } = totals;
  const years = { stepped: (hostMs - jumpedMs) / YEAR_MS, jumped: jumpedMs / YEAR_MS };
  const perCpuHour = years.stepped / (cpuMs / 3_600_000);
  if (json) {
    const { hostMs: _, ...counted } = report;
    say(JSON.stringify({ passed, failed, seeds, hash, years, perCpuHour, cpuMs, ...counted }));
    return;
  }
  say(printReport(report, Object.keys(FAULTS).sort()));
  say(
    `seeds ${seeds[0]} to ${seeds[1]}, ${years.stepped.toFixed(3)} host-years stepped and ` +
      `${years.jumped.toFixed(3)} jumped in ${(cpuMs / 1_000).toFixed(0)} s of CPU: ` +
      `${perCpuHour.toFixed(2)} stepped a CPU-hour (${realMac ? 'real' : 'stand-in'} MAC)`,
  );
  say(`trace ${hash}`);
  say(`${passed} passed, ${failed} failed`);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
