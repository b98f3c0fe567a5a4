/** `make sim`: plays simulated worlds and says what came of them; see README.md beside this file. */
import { readFileSync } from 'node:fs';
import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import { conduct, tellTotals } from './conduct.ts';
import { type Options, optionsOf } from './options.ts';
import type { Plan } from './plan.ts';
import { readPlan } from './plan-text.ts';
import { type PlayWish, planFor, play } from './play.ts';

if (isMainThread) void main();
else serve(workerData as PlayWish);

async function main(): Promise<void> {
  const options = optionsOf(process.env);
  if (options.scenario !== undefined) {
    return playOne(readPlan(readFileSync(options.scenario, 'utf8')), options);
  }
  if (options.trace) return playOne(planFor(options.seed, options), options);
  const totals = await conduct(options, process.argv[1] ?? '');
  tellTotals(totals, options);
  process.exitCode = totals.failed > 0 ? 1 : 0;
}

/** One world in this thread, with its timeline. */
function playOne(plan: Plan, { hours, realMac, trace }: Options): void {
  const lines: string[] = [];
  const log = (line: string): void => void lines.push(line);
  const { outcome } = play(plan, { hours, realMac, ...(trace ? { log } : {}) });
  const { complaints, hash } = outcome;
  for (const { rule, at, sentence } of complaints) {
    lines.push(`${at.toFixed(0)} ms: ${rule}: ${sentence}`);
  }
  const failed = complaints.length > 0 ? 1 : 0;
  process.stdout.write(
    `${[...lines, `trace ${hash}`, `${1 - failed} passed, ${failed} failed`, ''].join('\n')}`,
  );
  process.exitCode = failed;
}

/** A worker plays the seeds that it is sent. */
function serve(wish: PlayWish): void {
  parentPort?.on('message', (seed: number) => {
    parentPort?.postMessage(play(planFor(seed, wish), wish));
  });
}
