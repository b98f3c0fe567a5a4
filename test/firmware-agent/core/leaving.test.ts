/** Leaving in good order, and what happens where the order is not good. */
import { assert, suite } from '../../lib/suite.ts';
import { alarms } from './world/after.ts';
import { guarded, SECOND } from './world/settings.ts';
import { type World, world } from './world/world.ts';

const test = suite('leaving');

function pair(): World {
  const w = world({ hosts: [guarded(1, 'alpha'), guarded(2, 'beta')] });
  w.run(30 * SECOND);
  return w;
}

test('a host that left is not cut, and is missed after I like any absent one', () => {
  const w = pair();
  w.leave('alpha', 'leaving', { returnByS: 60 });
  w.run(5 * SECOND);
  w.leave('alpha', 'left');
  w.run(SECOND);
  w.machine('alpha').at = 'hung';
  w.run(300 * SECOND);
  assert.is(w.cuts().length, 0);
  assert.ok(alarms(w, 'alpha').includes('absent'));
});

test('both messages are acknowledged', () => {
  const w = pair();
  w.leave('alpha', 'leaving');
  w.run(SECOND);
  w.leave('alpha', 'left');
  w.run(SECOND);
  const kinds = w
    .told((e) => e.kind === 'acknowledge')
    .map(({ effect }) => effect.kind === 'acknowledge' && effect.opened.kind);
  assert.equal([...new Set(kinds)], ['leaving', 'left']);
});

test('silence is forgiven until the promised return, and not after it', () => {
  const w = pair();
  w.leave('alpha', 'leaving', { returnByS: 60 });
  w.run(100);
  w.hang('alpha');
  const from = w.now;
  w.run(59 * SECOND);
  assert.is(w.news('dead').length, 0);
  const dead = w.untilNews('dead', 'alpha', 20 * SECOND);
  assert.ok(dead.at - from >= 59 * SECOND);
  assert.is(w.news('overdue', 'alpha').length, 1);
});

test('a stop that failed gives no grace', () => {
  const w = pair();
  w.leave('alpha', 'leaving', { returnByS: 60, reason: 'stop-failed' });
  w.run(100);
  w.hang('alpha');
  w.untilNews('dead', 'alpha', 20 * SECOND);
});

test('who left and beats again is a member again, in the same life or a new one', () => {
  const w = pair();
  w.leave('alpha', 'left');
  w.run(SECOND);
  assert.ok(w.news('left', 'alpha').length > 0);
  const alpha = w.machine('alpha');
  alpha.start += 1;
  alpha.incarnation = 4_711;
  w.run(10 * SECOND);
  w.hang('alpha');
  w.untilNews('dead', 'alpha', 20 * SECOND);
});

test('a channel that it left on is no witness when it is back on the other alone', () => {
  const w = pair();
  w.leave('alpha', 'left');
  w.run(100);
  w.cable('alpha', 'serial', 'broken');
  delete w.path('alpha', 'mqtt').session;
  w.run(10 * SECOND);
  assert.is(w.state.process?.board.hosts.get(1)?.life.at, 'present');
  w.cable('alpha', 'mqtt', 'broken', 'up');
  w.run(150 * SECOND);
  assert.is(w.cuts().length, 0);
  assert.equal(alarms(w, 'alpha'), ['late', 'unproven']);
});

test('a shim that is started anew while its host leaves takes that back, and it is judged again', () => {
  const w = pair();
  w.machine('alpha').stays = true;
  w.leave('alpha', 'leaving', { returnByS: 600 });
  w.run(5 * SECOND);
  assert.is(w.state.process?.board.hosts.get(1)?.life.at, 'present');
  assert.not(alarms(w, 'alpha').includes('leaving'));
  w.hang('alpha');
  w.untilNews('dead', 'alpha', 20 * SECOND);
});

test('beats of a host that leaves take nothing back', () => {
  const w = pair();
  w.leave('alpha', 'leaving', { returnByS: 600 });
  w.run(60 * SECOND);
  assert.is(w.state.process?.board.hosts.get(1)?.life.at, 'leaving');
});

test('a member that left is remembered over a restart of the agent', () => {
  const w = pair();
  w.leave('alpha', 'left');
  w.machine('alpha').at = 'hung';
  w.run(SECOND);
  w.crash();
  w.start();
  assert.is(w.state.process?.board.hosts.get(1)?.life.at, 'left');
});

test('LEFT hangs up on every other channel of the host', () => {
  const w = pair();
  w.leave('alpha', 'left');
  w.run(SECOND);
  assert.ok(w.told((e) => e.kind === 'hang-up' && e.host === 1).length > 0);
});

test.run();
