/** What is done with a run that failed: it is made small, and kept as text. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkersFor } from './checkers/all.ts';
import type { Plan } from './plan.ts';
import { printPlan } from './plan-text.ts';
import { cryptoFor } from './play.ts';
import { runPlan } from './run.ts';
import { shrink } from './shrink.ts';
import type { Complaint } from './witness.ts';

const FOLDER = 'dist/sim';
/** A shrunk scenario is worth a minute, not an hour. */
const RUNS_MAX = 150;

/** Shrinks a failing plan to one that breaks the same rule, writes it, and answers its path. */
export function keepFailure(plan: Plan, complaints: readonly Complaint[]): string {
  const rules = new Set(complaints.map(({ rule }) => rule));
  const fails = (one: Plan): boolean =>
    runPlan(one, { crypto: cryptoFor(false), checkers: checkersFor(one) }).complaints.some(
      ({ rule }) => rules.has(rule),
    );
  const { plan: small } = shrink<Plan>({
    plan,
    scheduleOf: ({ schedule }) => schedule,
    withSchedule: (one, schedule) => ({ ...one, schedule: [...schedule] }),
    fails,
    runsMax: RUNS_MAX,
    smaller: smallerPlans,
  });
  mkdirSync(FOLDER, { recursive: true });
  const path = join(FOLDER, `failed-${plan.seed}.txt`);
  const said = complaints
    .slice(0, 3)
    .map(({ rule, sentence }) => `# ${rule}: ${firstLine(sentence)}`);
  writeFileSync(path, `${said.join('\n')}\n${printPlan(small)}`);
  return path;
}

function firstLine(sentence: string): string {
  return sentence.split('\n', 1)[0] ?? '';
}

/** Ends as soon as the last entry is over; has one host less. */
function smallerPlans(plan: Plan): Plan[] {
  const { calmAt, endAt, schedule, hosts, orderers } = plan;
  const lastAt = Math.max(1_000, ...schedule.map(({ at, forMs }) => at + forMs)) + 1_000;
  const earlier = Math.round((lastAt + calmAt) / 2);
  const last = hosts.at(-1)?.settings.host;
  const isNamed = schedule.some(({ host }) => host === last);
  return [
    ...(earlier < calmAt - 1_000
      ? [{ ...plan, calmAt: earlier, endAt: earlier + (endAt - calmAt) }]
      : []),
    ...(hosts.length > 1 && !isNamed
      ? [
          {
            ...plan,
            hosts: hosts.slice(0, -1),
            orderers: orderers.flatMap(({ hosts: over, ...orderer }) =>
              orderer.boundTo === last
                ? []
                : [{ ...orderer, ...(over && { hosts: over.filter((one) => one !== last) }) }],
            ),
          },
        ]
      : []),
  ];
}
