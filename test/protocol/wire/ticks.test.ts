import { ageOf, issue, newTicks } from '../../../protocol/wire/ticks.ts';
import { assert, suite } from '../../lib/suite.ts';

const test = suite('ticks');

test('ticks start at 1 and grow by one', () => {
  const ticks = newTicks();
  assert.equal([issue(ticks, 10), issue(ticks, 20), ticks.latest], [1, 2, 2]);
});

test('the age of a tick is the time since it was issued, fractions included', () => {
  const ticks = newTicks();
  issue(ticks, 10.25);
  issue(ticks, 20);
  assert.is(ageOf(ticks, 1, 30), 19.75);
  assert.is(ageOf(ticks, 2, 20), 0);
});

test('a tick that was never issued has no age, whatever it looks like', () => {
  const ticks = newTicks();
  assert.is(ageOf(ticks, 1, 0), undefined);
  issue(ticks, 0);
  for (const tick of [0, -1, 2, 1.5, Number.NaN, 2 ** 32]) {
    assert.is(ageOf(ticks, tick, 0), undefined, String(tick));
  }
});

test('a tick is known for 60 s and no longer', () => {
  const ticks = newTicks();
  issue(ticks, 0);
  assert.is(ageOf(ticks, 1, 60_000), 60_000);
  assert.is(ageOf(ticks, 1, 60_000.1), undefined);
});

test('when ticks come so fast that the ring turns over, an old one is unknown and not young', () => {
  const ticks = newTicks();
  for (let n = 0; n < 10_000; n += 1) issue(ticks, n);
  assert.is(ageOf(ticks, 10_000, 10_000), 1);
  assert.is(ageOf(ticks, 5_905, 10_000), 4_096);
  assert.is(ageOf(ticks, 5_904, 10_000), undefined);
});

test('the last tick of 32 bits is the last of a life', () => {
  const ticks = newTicks();
  ticks.latest = 0xffff_fffe;
  assert.is(issue(ticks, 1), 0xffff_ffff);
  assert.throws(() => issue(ticks, 2), 'used up');
});

test.run();
