import { assert, suite } from '../lib/suite.ts';
import type { Entry } from './plan.ts';
import { shrink } from './shrink.ts';

const test = suite('shrinking of plans');

interface Small {
  hosts: number;
  schedule: readonly Entry[];
}

const entry = (at: number, kind = 'noise', forMs = 1_000): Entry => ({ at, forMs, kind, with: {} });

function shrunk(schedule: Entry[], fails: (plan: Small) => boolean, runsMax = 1_000) {
  const calls: Small[] = [];
  const { plan, runs } = shrink<Small>({
    plan: { hosts: 3, schedule },
    scheduleOf: (one) => one.schedule,
    withSchedule: (one, less) => ({ ...one, schedule: less }),
    fails: (one) => {
      calls.push(one);
      return fails(one);
    },
    runsMax,
    smaller: (one) => (one.hosts > 1 ? [{ ...one, hosts: one.hosts - 1 }] : []),
  });
  return { plan, runs, calls };
}

const hundred = Array.from({ length: 100 }, (_, i) =>
  entry(i, i === 17 || i === 83 ? 'crash' : 'noise'),
);
const needsBoth = ({ schedule }: Small): boolean =>
  schedule.filter(({ kind }) => kind === 'crash').length === 2;

test('of a hundred entries the two that matter are left, on one host', () => {
  const { plan, runs } = shrunk(hundred, needsBoth);
  assert.equal(
    plan.schedule.map(({ at }) => at),
    [17, 83],
  );
  assert.is(plan.hosts, 1);
  assert.ok(runs < 100, `${runs} runs`);
});

test('what is left is shortened as far as it still fails', () => {
  const { plan } = shrunk(
    [entry(1, 'crash', 8_000)],
    ({ schedule }) => (schedule[0]?.forMs ?? 0) >= 900,
  );
  assert.is(plan.schedule[0]?.forMs, 1_000);
});

test('a plan that fails without any entry is left with none', () => {
  assert.equal(shrunk(hundred, () => true).plan, { hosts: 1, schedule: [] });
});

test('a plan that cannot be made smaller stays as it is, and the budget is kept', () => {
  const whole = ({ schedule, hosts }: Small): boolean => schedule.length === 100 && hosts === 3;
  assert.is(shrunk(hundred, whole).plan.schedule.length, 100);
  assert.is(shrunk(hundred, needsBoth, 7).calls.length, 7);
});

test('the same failure shrinks to the same', () => {
  assert.equal(shrunk(hundred, needsBoth).calls, shrunk(hundred, needsBoth).calls);
});

test.run();
