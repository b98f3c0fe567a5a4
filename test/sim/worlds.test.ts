/**
 * A handful of simulated worlds at every commit, and all scenarios that once failed. The rest is for
 * `make sim`.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert, suite } from '../lib/suite.ts';
import type { Plan } from './plan.ts';
import { readPlan } from './plan-text.ts';
import { type Played, planFor, play } from './play.ts';

const test = suite('simulated worlds');
const REGRESSIONS = join('test', 'sim', 'regressions');
const SEEDS = 3;

function judged(plan: Plan, realMac = false): Played {
  const played = play(plan, { hours: 0, realMac });
  const said = played.outcome.complaints.map(({ rule, sentence }) => `${rule}: ${sentence}`);
  assert.equal(said, [], `SEED=${plan.seed}`);
  return played;
}

/** Short worlds only: a long one is for the night. */
function* briefPlans(): Generator<Plan> {
  for (let seed = 1; ; seed += 1) {
    const plan = planFor(seed, { hours: 0 });
    if (plan.endAt * plan.hosts.length < 700_000) yield plan;
  }
}

test('whatever fails: nothing false is done or said, and what is owed comes', () => {
  let cuts = 0;
  let left = SEEDS;
  for (const plan of briefPlans()) {
    cuts += judged(plan).report.cuts;
    left -= 1;
    if (left === 0) break;
  }
  assert.ok(cuts > 0, 'nobody was ever cut: the worlds are too quiet');
});

test('one seed is one world: the same trace twice, whichever MAC is asked for', () => {
  const [plan] = briefPlans();
  assert.ok(plan);
  const brief = { ...plan, calmAt: 30_000, endAt: 60_000, schedule: plan.schedule.slice(0, 5) };
  const hashOf = (realMac: boolean): string => play(brief, { hours: 0, realMac }).outcome.hash;
  assert.is(hashOf(false), hashOf(false));
  assert.is(hashOf(true), hashOf(true));
});

test('what failed once does not fail again', () => {
  for (const file of readdirSync(REGRESSIONS).filter((name) => name.endsWith('.txt'))) {
    judged(readPlan(readFileSync(join(REGRESSIONS, file), 'utf8')));
  }
});

test.run();
