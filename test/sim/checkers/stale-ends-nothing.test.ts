import { assert, suite } from '../../lib/suite.ts';
import { type History, history, over } from './history.ts';
import { staleEndsNothing } from './stale-ends-nothing.ts';

const test = suite('checker: stale ends nothing');

/** A host that was late is said not to be any more, by a word of this age. */
function heard(ageMs: number): History {
  const h = history(staleEndsNothing).beats([1], 5_000).silence(9_000);
  return h.hear(1, { ageMs }, over(1, 'late'));
}

test('a fresh beat ends a silence, and one that was held up does not', () => {
  assert.equal(heard(4_900).rules(), []);
  assert.equal(heard(8_000).rules(), ['S6']);
});

test('a stale beat that is heard and changes nothing is well', () => {
  const h = history(staleEndsNothing).beats([1], 5_000).silence(9_000);
  assert.equal(h.hear(1, { ageMs: 60_000 }).rules(), []);
});

test('nobody is blamed while two clocks cannot be compared', () => {
  const h = history(staleEndsNothing).truth({ kind: 'stall', on: true }).silence(9_000);
  assert.equal(h.hear(1, { ageMs: 8_000 }, over(1, 'late')).rules(), []);
});

test.run();
