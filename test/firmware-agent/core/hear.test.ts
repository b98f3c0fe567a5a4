/** A new life of a host ends the one before, and all that it had said. */
import { assert, suite } from '../../lib/suite.ts';
import { boot } from './world/bench.ts';
import { guarded, SECOND } from './world/settings.ts';
import { type World, world } from './world/world.ts';

const test = suite('hear');

function lone(): World {
  const w = world({ hosts: [guarded(1, 'alpha')] });
  w.machine('alpha').bootMs = 5 * SECOND;
  w.run(30 * SECOND);
  return w;
}

test('the keys of a life are destroyed as soon as another is heard', () => {
  const w = lone();
  boot(w.state, w.machine('alpha'));
  w.untilNews('reborn', 'alpha', 30 * SECOND);
  const retired = w.told((e) => e.kind === 'retire' && e.host === 1 && e.incarnation === 1001);
  assert.is(retired.length, 1);
});

test('what the life before said on another channel proves no silence of this one', () => {
  const w = lone();
  boot(w.state, w.machine('alpha'));
  w.cable('alpha', 'mqtt', 'broken');
  w.untilNews('reborn', 'alpha', 30 * SECOND);
  w.run(10 * SECOND);
  w.hang('alpha');
  w.run(60 * SECOND);
  assert.is(w.cuts().length, 0);
});

test.run();
