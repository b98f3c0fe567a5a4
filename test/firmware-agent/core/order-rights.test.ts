/** Which orders are taken: in the life that they name, in time, and from whom they may come. */
import { assert, suite } from '../../lib/suite.ts';
import { outcomes } from './world/after.ts';
import { guarded, SECOND } from './world/settings.ts';
import { type World, world } from './world/world.ts';

const test = suite('order rights');

/** Keys `second` and `third` are bound to beta and gamma. */
function three(): World {
  const hosts = ['alpha', 'beta', 'gamma'].map((name, i) => guarded(i + 1, name));
  const w = world({ hosts });
  w.run(30 * SECOND);
  return w;
}

function detail(w: World, cmdId: string): string | undefined {
  return w.answers(cmdId).at(-1)?.detail;
}

test('an order that names a tick which the board has not issued is expired', () => {
  const w = three();
  const tick = (w.state.process?.board.ticks.latest ?? 0) + 1;
  assert.equal(outcomes(w, w.order({ op: 'fence', host: 'alpha', tick })), ['expired']);
  w.run(5 * SECOND);
  assert.is(w.cuts().length, 0);
});

test('an order for the life that is kept off is answered by what is read now, not from memory', () => {
  const w = three();
  w.order({ op: 'off', host: 'alpha', by: 'operator' });
  w.run(20 * SECOND);
  const cmdId = w.order({ op: 'fence', host: 'alpha', by: 'third', incarnation: 1001 });
  w.run(2 * SECOND);
  assert.equal(outcomes(w, cmdId), ['accepted', 'done']);
});

test('the key of a host that is off, or frozen, orders nothing', () => {
  const off = three();
  off.order({ op: 'off', host: 'beta', by: 'operator' });
  off.run(20 * SECOND);
  const late = off.order({ op: 'fence', host: 'alpha', by: 'second' });
  assert.is(detail(off, late), 'giver is victim');

  const frozen = three();
  const beta = frozen.machine('beta');
  beta.start += 1;
  beta.incarnation = 4_711;
  frozen.run(5 * SECOND);
  const tick = frozen.state.process?.board.ticks.latest ?? 0;
  const hello = { kind: 'hello', host: 2, channel: 'mqtt', incarnation: 1002 } as const;
  frozen.give({ kind: 'heard', opened: { ...hello, tick, retired: true } });
  assert.is(frozen.news('two-lives', 'beta').length, 1);
  const order = frozen.order({ op: 'fence', host: 'alpha', by: 'second' });
  assert.is(detail(frozen, order), 'giver is victim');
});

test('a fence by an operator, or by a verdict, keeps no other key waiting', () => {
  const byOperator = three();
  byOperator.order({ op: 'fence', host: 'beta', by: 'operator' });
  const first = byOperator.order({ op: 'fence', host: 'alpha', by: 'third' });
  assert.equal(outcomes(byOperator, first), ['accepted']);

  const byVerdict = three();
  byVerdict.hang('beta');
  byVerdict.untilNews('dead', 'beta', 20 * SECOND);
  const second = byVerdict.order({ op: 'fence', host: 'alpha', by: 'third' });
  assert.equal(outcomes(byVerdict, second), ['accepted']);
});

test('a lock has one holder: whoever orders the same later cannot release it', () => {
  const w = three();
  w.order({ op: 'off', host: 'alpha', by: 'second' });
  w.run(20 * SECOND);
  const again = w.order({ op: 'off', host: 'alpha', by: 'third' });
  w.run(5 * SECOND);
  assert.is(detail(w, again), 'kept off by second');
  assert.is(detail(w, w.order({ op: 'on', host: 'alpha', by: 'third' })), 'kept by another');
  const on = w.order({ op: 'on', host: 'alpha', by: 'second' });
  w.run(10 * SECOND);
  assert.is(detail(w, on), 'on');
});

test.run();
