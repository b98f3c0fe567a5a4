/** Runs simulated worlds; see README.md beside this file. */

import { quickCrypto } from './crypto.ts';
import { drawPlan } from './draw.ts';
import { runPlan } from './run.ts';

const seed = Number(process.env['SEED'] ?? 1);
const runs = Number(process.env['RUNS'] ?? 10);
const hours = Number(process.env['HOURS'] ?? 0);
let hostMs = 0;
const started = process.cpuUsage();
for (let n = seed; n < seed + runs; n += 1) {
  const plan = drawPlan({ seed: n, hours });
  const t = performance.now();
  const outcome = runPlan(plan, {
    crypto: quickCrypto(),
    checkers: [],
    ...(process.env['TRACE'] ? { log: (line: string) => process.stdout.write(`${line}\n`) } : {}),
  });
  hostMs += outcome.simMs * outcome.hosts;
  const ms = performance.now() - t;
  const us = (ms * 1000) / ((outcome.simMs * outcome.hosts) / 1000);
  process.stdout.write(
    `${n} ${outcome.hash} hosts ${outcome.hosts} ${(outcome.simMs / 60000).toFixed(0)} min, ${plan.schedule.length} entries, ${ms.toFixed(0)} ms, ${us.toFixed(1)} us per host-second ${outcome.complaints.map((c) => c.sentence.slice(0, 300)).join('\n')}\n`,
  );
}
const { user, system } = process.cpuUsage(started);
const cpuS = (user + system) / 1e6;
process.stdout.write(
  `${(hostMs / 3.156e10).toFixed(4)} host-years, ${cpuS.toFixed(1)} CPU s, ${((hostMs / 3.156e10 / cpuS) * 3600).toFixed(2)} host-years per CPU-hour\n`,
);
