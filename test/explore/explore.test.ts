/**
 * The explorer in small: each world with few faults to its end, and one guard taken out of the
 * shipping code, which must be missed. `make explore` is the whole of it.
 */
import { execFileSync } from 'node:child_process';
import { assert, suite } from '../lib/suite.ts';
import { explore, type Report, type World } from './search.ts';
import { NAMES, worldOf } from './worlds.ts';

const test = suite('explorer');

/** A counter that stops at five, and must not reach `bad`. */
function counter(bad: number): World<number> {
  return {
    name: 'counter',
    initial: () => [0],
    actions: (state) => (state < 5 ? [1, 2] : []),
    step: (state, action) => ({
      state: state + action,
      broken: state + action === bad ? [`it is ${bad}`] : [],
    }),
    write: (state, to) => {
      to.bytes[to.at] = state;
      to.at += 1;
    },
    read: (from) => {
      const value = from.bytes[from.at] as number;
      from.at += 1;
      return value;
    },
    describe: (action) => `add ${action}`,
  };
}

const BOUNDS = { statesMax: 1_000_000, calmEvery: 128 };

test('every state is visited once, and the first counter-example is a shortest one', () => {
  const all = explore(counter(-1), BOUNDS);
  assert.equal([all.states, all.transitions, all.isEmpty], [7, 10, true]);
  const { found, isEmpty } = explore(counter(5), BOUNDS);
  assert.equal(found?.broken, ['it is 5']);
  assert.equal(found?.scenario.actions.length, 3);
  assert.not.ok(isEmpty);
});

for (const name of NAMES) {
  test(`${name}, in small: the frontier is empty and no promise was broken`, () => {
    const report: Report = explore(worldOf(name, 'quick'), BOUNDS);
    assert.equal(report.found, undefined);
    assert.ok(report.isEmpty && report.states > 100 && report.calmed > 1);
  });
}

test('the shipping core without the whole of its off-hold is found out', () => {
  const args = ['test/explore/run.mjs', '--teeth', '--only=shorthold'];
  const said = execFileSync(process.execPath, args, { encoding: 'utf8' });
  assert.match(said, /^1 passed, 0 failed$/m);
});

test.run();
