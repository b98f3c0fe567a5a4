/** A plan says as text exactly what it is, so that a failure that was kept is the failure that was. */
import { assert, suite } from '../lib/suite.ts';
import { drawPlan } from './draw.ts';
import { printPlan, readPlan } from './plan-text.ts';

const test = suite('plans as text');

test('what is printed is read back as the same plan', () => {
  for (let seed = 1; seed <= 60; seed += 1) {
    const plan = drawPlan({ seed, hours: 0 });
    assert.equal(readPlan(printPlan(plan)), plan, `seed ${seed}`);
  }
});

test('a seed draws one plan, and another seed another', () => {
  const text = (seed: number): string => printPlan(drawPlan({ seed, hours: 0 }));
  assert.is(text(5), text(5));
  assert.is.not(text(5), text(6));
});

test('a line that nobody understands is named', () => {
  const head = 'plan seed=1 calmAt=1 endAt=2\nboard agent=1\n';
  assert.throws(
    () => readPlan(`${head}at soon hang host=1`),
    /line 3 of the scenario: write: at MS/,
  );
  assert.throws(() => readPlan(`${head}\nhostt x=1`), /line 4 .*"hostt" begins no line/);
  assert.throws(() => readPlan(`${head}at 5 hang host={`), /line 3 .*neither a word nor JSON/);
  assert.throws(() => readPlan('# nothing'), /no plan line/);
});

test.run();
