/** A person answers for it that a host is off; and the ways out of FROZEN. */
import { assert, suite } from '../../lib/suite.ts';
import { alarms } from './world/after.ts';
import { boot } from './world/bench.ts';
import { guarded, SECOND } from './world/settings.ts';
import { type World, world } from './world/world.ts';

const test = suite('acknowledge');
const args = { reason: 'plug pulled' };

/** Its relay is welded, its sense says so, and its one fence by verdict has failed. */
function welded(name = 'alpha'): World {
  const w = world({ hosts: [guarded(1, 'alpha'), guarded(2, 'beta')] });
  w.run(30 * SECOND);
  const [relay] = w.machine(name).relays;
  if (relay !== undefined) relay.fault = 'welded';
  w.hang(name);
  w.untilNews('failed', name, 60 * SECOND);
  w.run(5 * SECOND);
  return w;
}

function outcome(w: World, cmdId: string): string {
  const last = w.answers(cmdId).at(-1);
  return `${last?.outcome} ${last?.proof} ${last?.detail}`;
}

test('it is refused while the host is heard, while a sense is on, and without a reason', () => {
  const w = world({ hosts: [guarded(1, 'alpha'), guarded(2, 'beta')] });
  w.run(30 * SECOND);
  assert.is(outcome(w, w.order({ op: 'ack', host: 'alpha', args })), 'refused none it is heard');
  assert.is(outcome(w, w.order({ op: 'ack', host: 'alpha' })), 'refused none no reason');
  const silent = welded();
  const cmdId = silent.order({ op: 'ack', host: 'alpha', args });
  assert.is(outcome(silent, cmdId), 'refused none a sense is on');
});

test('what can be cut is cut first, and what can be proven needs nobody to answer for it', () => {
  const w = world({ hosts: [guarded(1, 'alpha'), guarded(2, 'beta')] });
  w.run(30 * SECOND);
  w.hang('alpha');
  w.cable('beta', 'serial', 'broken');
  w.cable('beta', 'mqtt', 'broken');
  w.untilNews('held', 'alpha', 30 * SECOND);
  const cmdId = w.order({ op: 'ack', host: 'alpha', args: { ...args, override: true } });
  w.run(20 * SECOND);
  assert.is(w.cuts('alpha').length, 1);
  assert.is(outcome(w, cmdId), 'done verified kept off by local');
  assert.is(w.news('acknowledged').length, 0);
});

test('where nothing can be proven his word ends the wait, and it is never called fenced', () => {
  const w = welded();
  const waiting = w.order({ op: 'fence', host: 'alpha' });
  w.run(SECOND);
  const cmdId = w.order({
    op: 'ack',
    host: 'alpha',
    by: 'operator',
    args: { ...args, override: true },
  });
  w.run(40 * SECOND);
  assert.is(outcome(w, cmdId), 'done by-hand by operator');
  assert.is(outcome(w, waiting), 'failed by-hand acknowledged');
  assert.is(w.news('fenced').length, 0);
  const [told] = w.news('acknowledged', 'alpha');
  assert.ok(told);
  assert.ok(JSON.stringify(told).includes('operator answers for it: plug pulled'));
  assert.not.ok(alarms(w, 'alpha').includes('failed'));
});

test('it stays off until somebody gives it power, and another fence is a fence of its own', () => {
  const w = welded();
  w.order({ op: 'ack', host: 'alpha', args: { ...args, override: true } });
  w.run(40 * SECOND);
  const [relay] = w.machine('alpha').relays;
  delete relay?.fault;
  const fence = w.order({ op: 'fence', host: 'alpha' });
  w.run(20 * SECOND);
  assert.is(outcome(w, fence), 'done verified kept off by local');
  const on = w.order({ op: 'on', host: 'alpha' });
  w.run(40 * SECOND);
  assert.is(outcome(w, on), 'done none on');
  assert.ok(w.news('heard', 'alpha').length >= 2);
});

test('a host that speaks after it was acknowledged is frozen', () => {
  const w = welded();
  w.order({ op: 'ack', host: 'alpha', args: { ...args, override: true } });
  w.untilNews('acknowledged', 'alpha', 60 * SECOND);
  boot(w.state, w.machine('alpha'));
  w.untilNews('integrity', 'alpha', 40 * SECOND);
});

test('an acknowledgement fails where the host itself contradicts it', () => {
  const w = world({ hosts: [guarded(1, 'alpha'), guarded(2, 'beta')] });
  w.run(30 * SECOND);
  const machine = w.machine('alpha');
  for (const relay of machine.relays) Object.assign(relay, { fault: 'welded', reads: 'open' });
  for (const sense of machine.senses) sense.reads = 'unknown';
  const cmdId = w.order({ op: 'ack', host: 'alpha', args: { ...args, override: true } });
  w.run(60 * SECOND);
  assert.is(outcome(w, cmdId), 'failed none alive');
  assert.is(w.news('acknowledged').length, 0);
});

/** Alpha was reported fenced and spoke after that. */
function frozen(): World {
  const w = world({ hosts: [guarded(1, 'alpha'), guarded(2, 'beta')] });
  w.run(30 * SECOND);
  w.order({ op: 'off', host: 'alpha' });
  w.untilNews('fenced', 'alpha', 30 * SECOND);
  const [sense] = w.machine('alpha').senses;
  if (sense !== undefined) sense.reads = 'on';
  w.untilNews('integrity', 'alpha', 10 * SECOND);
  if (sense !== undefined) delete sense.reads;
  w.run(SECOND);
  return w;
}

test('a frozen host moves for an order that overrides, of an operator, and for no other (S12)', () => {
  const w = frozen();
  const cuts = w.cuts().length;
  for (const op of ['fence', 'off', 'on', 'ack'] as const) {
    assert.is(outcome(w, w.order({ op, host: 'alpha', args })), 'refused none frozen');
  }
  const bound = w.order({ op: 'fence', host: 'alpha', by: 'second', args: { override: true } });
  assert.is(outcome(w, bound), 'refused none operators only');
  w.run(10 * SECOND);
  assert.is(w.cuts().length, cuts);
  const cmdId = w.order({ op: 'fence', host: 'alpha', by: 'operator', args: { override: true } });
  w.run(20 * SECOND);
  assert.is(outcome(w, cmdId), 'done verified ');
  assert.is(w.news('thawed', 'alpha').length, 1);
  assert.not.ok(alarms(w, 'alpha').includes('integrity'));
  w.run(60 * SECOND);
  assert.is(w.machine('alpha').at, 'up');
});

test('on with override gives a frozen host its power back', () => {
  const w = frozen();
  const cmdId = w.order({ op: 'on', host: 'alpha', args: { override: true } });
  w.run(60 * SECOND);
  assert.is(outcome(w, cmdId), 'done none on');
  assert.is(w.machine('alpha').at, 'up');
});

test('whoever lost a match does not have the winner fenced while that one is heard', () => {
  const w = world({
    hosts: [guarded(2, 'beta'), guarded(3, 'gamma')],
    board: { matchHoldMs: 300 * SECOND },
  });
  w.run(30 * SECOND);
  const won = w.order({ op: 'fence', host: 'beta', by: 'third' });
  w.run(60 * SECOND);
  assert.is(outcome(w, won), 'done verified ');
  assert.is(w.machine('beta').at, 'up');
  const back = w.order({ op: 'fence', host: 'gamma', by: 'second' });
  assert.is(outcome(w, back), 'refused none match hold');
  w.run(300 * SECOND);
  const later = w.order({ op: 'fence', host: 'gamma', by: 'second' });
  w.run(20 * SECOND);
  assert.is(outcome(w, later), 'done verified ');
});

test('a match hold ends with the winner: who is not heard any more is fenced by the loser', () => {
  const w = world({
    hosts: [guarded(2, 'beta'), guarded(3, 'gamma')],
    board: { matchHoldMs: 3_600 * SECOND, brokerOnBoard: true },
  });
  w.run(30 * SECOND);
  w.order({ op: 'fence', host: 'beta', by: 'third' });
  w.run(60 * SECOND);
  w.hang('gamma');
  w.run(14 * SECOND);
  assert.match(outcome(w, w.order({ op: 'fence', host: 'gamma', by: 'second' })), /match hold/);
  w.run(1_500);
  const cmdId = w.order({ op: 'fence', host: 'gamma', by: 'second' });
  w.run(20 * SECOND);
  assert.match(outcome(w, cmdId), /^done verified/);
});

test('the same cmdId with another argument is another order, and refused', () => {
  const w = world({ hosts: [guarded(1, 'alpha')] });
  w.run(30 * SECOND);
  const cmdId = w.order({ op: 'fence', host: 'alpha', by: 'operator' });
  w.order({ op: 'fence', host: 'alpha', by: 'operator', cmdId, args: { override: true } });
  assert.is(outcome(w, cmdId), 'refused none cmdId was used');
  w.order({ op: 'fence', host: 'alpha', by: 'operator', cmdId, args: {} });
  assert.match(outcome(w, cmdId), /^accepted/, 'the same again is told how it stands');
});

test('a host that somebody answered for is no victim: its key orders again', () => {
  const w = welded('beta');
  w.order({ op: 'ack', host: 'beta', by: 'operator', args: { ...args, override: true } });
  w.untilNews('acknowledged', 'beta', 20 * SECOND);
  w.run(5 * SECOND);
  const cmdId = w.order({ op: 'fence', host: 'alpha', by: 'second' });
  assert.is(outcome(w, cmdId), 'accepted none ');
});

test.run();
