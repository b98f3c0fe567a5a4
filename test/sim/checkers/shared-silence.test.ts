import { guarded } from '../../firmware-agent/core/world/settings.ts';
import { assert, suite } from '../../lib/suite.ts';
import { type History, history, news, over } from './history.ts';
import { sharedSilence } from './shared-silence.ts';

const test = suite('checker: shared silence');
const hosts = [guarded(1, 'one'), guarded(2, 'two'), guarded(3, 'three')];

const beating = (): History => history(sharedSilence, hosts).beats([1, 2, 3], 20_000);

test('who falls silent alone may be cut', () => {
  assert.equal(beating().silence(15_000, [2, 3]).verdict(1).rules(), []);
});

test('who falls silent together with another is held', () => {
  assert.equal(beating().silence(15_000).verdict(1).rules(), ['held']);
  assert.equal(beating().silence(15_000, [3]).verdict(1).rules(), ['held']);
});

test('a silence that is explained makes nobody suspect', () => {
  const left = beating().hear(2, { kind: 'left' }).silence(15_000, [3]);
  assert.equal(left.verdict(1).rules(), []);
  const fenced = beating().tick({ kind: 'journal', host: 2, fence: 9 }).silence(15_000, [3]);
  assert.equal(fenced.verdict(1).rules(), []);
  const quiet = beating().tick(over(2, 'maintenance')).silence(15_000, [3]);
  assert.equal(quiet.verdict(1).rules(), []);
  const gone = beating().tick(news(2, 'fenced')).silence(15_000, [3]);
  assert.equal(gone.verdict(1).rules(), []);
});

test('once another is back the silence is its own; and so where its power was seen to fall', () => {
  const back = beating().silence(15_000).silence(20_000, [2, 3]);
  assert.equal(back.verdict(1).rules(), []);
  const dark = beating().truth({ kind: 'power', host: 1, on: false }).silence(15_000);
  assert.equal(dark.verdict(1).rules(), []);
  const later = beating().silence(60_000).truth({ kind: 'power', host: 1, on: false });
  assert.equal(later.silence(1_000).verdict(1).rules(), []);
});

test.run();
