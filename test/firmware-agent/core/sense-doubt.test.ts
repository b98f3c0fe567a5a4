/** Which sense is called a liar, and when. */
import { assert, suite } from '../../lib/suite.ts';
import { alarms } from './world/after.ts';
import { DEFAULTS, guarded, SECOND } from './world/settings.ts';
import { type World, world } from './world/world.ts';

const test = suite('sense doubt');
const { drainMs } = DEFAULTS;

function lone(): World {
  const w = world({ hosts: [guarded(1, 'alpha')] });
  w.run(30 * SECOND);
  return w;
}

test('a sense that reads off while its host beats is suspect after the hold-up, and not before', () => {
  const w = lone();
  w.machine('alpha').senses[0] = { reads: 'off' };
  w.run(drainMs - 100);
  assert.not(alarms(w, 'alpha').includes('sense-suspect'));
  w.run(3 * SECOND);
  assert.ok(alarms(w, 'alpha').includes('sense-suspect'));
});

test('a sense that is not read since its host lives is not suspect for what it read before', () => {
  const w = lone();
  w.order({ op: 'off', host: 'alpha', by: 'operator' });
  w.untilNews('fenced', 'alpha', 20 * SECOND);
  w.run(5 * SECOND);
  w.machine('alpha').senses[0] = { reads: 'mute' };
  w.order({ op: 'on', host: 'alpha', by: 'operator' });
  w.untilNews('heard', 'alpha', 60 * SECOND);
  w.run(10 * SECOND);
  assert.not(alarms(w, 'alpha').includes('sense-suspect'));
});

test.run();
