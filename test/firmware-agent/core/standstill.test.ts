/** Maintenance and the emergency disable: what the board is told not to fence, and the way back. */
import { assert, suite } from '../../lib/suite.ts';
import { alarms } from './world/after.ts';
import { guarded, SECOND } from './world/settings.ts';
import { type World, world } from './world/world.ts';

const test = suite('standstill');

function pair(): World {
  const w = world({ hosts: [guarded(1, 'alpha'), guarded(2, 'beta')] });
  w.run(30 * SECOND);
  return w;
}

function outcome(w: World, cmdId: string): string {
  const last = w.answers(cmdId).at(-1);
  return `${last?.outcome} ${last?.detail}`.trim();
}

test('a host in maintenance may fall silent; its alarm names the end, and it ends by itself', () => {
  const w = pair();
  const cmdId = w.order({ op: 'disable', host: 'alpha', args: { forS: 100, reason: 'disks' } });
  w.run(SECOND);
  assert.is(outcome(w, cmdId), 'done');
  assert.ok(alarms(w, 'alpha').includes('maintenance'));
  w.hang('alpha');
  w.run(90 * SECOND);
  assert.is(w.cuts().length, 0);
  w.run(20 * SECOND);
  assert.not.ok(alarms(w, 'alpha').includes('maintenance'), 'it ended');
  w.run(300 * SECOND);
  assert.is(w.cuts().length, 0, 'what was silent throughout has to be heard first');
  assert.ok(alarms(w, 'alpha').includes('unproven'), 'and somebody is told');
});

test('after maintenance a host that was heard again is guarded as before', () => {
  const w = pair();
  w.order({ op: 'disable', host: 'alpha', args: { forS: 10 } });
  w.run(20 * SECOND);
  w.hang('alpha');
  w.untilNews('dead', 'alpha', 20 * SECOND);
});

test('a maintenance lasts a week at most, whatever was asked for', () => {
  const w = pair();
  w.order({ op: 'disable', host: 'alpha', args: { forS: 31 * 86_400 } });
  const { untilAt = Number.NaN } = w.state.process?.board.hosts.get(1)?.maintenance ?? {};
  assert.is(untilAt - w.now, 7 * 86_400 * SECOND);
});

test('enable ends a maintenance at once', () => {
  const w = pair();
  w.order({ op: 'disable', host: 'alpha' });
  w.run(2 * SECOND);
  const cmdId = w.order({ op: 'enable', host: 'alpha' });
  w.run(5 * SECOND);
  assert.is(outcome(w, cmdId), 'done');
  assert.equal(alarms(w, 'alpha'), []);
  w.hang('alpha');
  w.untilNews('dead', 'alpha', 20 * SECOND);
});

test('the end of a maintenance alarms nobody about a host that beats', () => {
  const w = pair();
  w.order({ op: 'disable', host: 'alpha' });
  w.run(2_300);
  w.order({ op: 'enable', host: 'alpha' });
  w.run(5 * SECOND);
  assert.is(w.news('unproven').length, 0);
});

test('a host in maintenance is fenced by order, and holds up nobody else', () => {
  const w = pair();
  w.order({ op: 'disable', host: 'alpha', args: { forS: 600 } });
  w.cable('alpha', 'serial', 'broken');
  w.cable('alpha', 'mqtt', 'broken');
  w.run(5 * SECOND);
  w.hang('beta');
  w.untilNews('dead', 'beta', 20 * SECOND);
  assert.is(w.news('held').length, 0);
  w.run(40 * SECOND);
  const cmdId = w.order({ op: 'fence', host: 'alpha' });
  w.run(20 * SECOND);
  assert.is(outcome(w, cmdId), 'done');
});

test('a verdict that has not cut yet is called off by maintenance', () => {
  const w = pair();
  w.state.disk.delayMs = 400;
  w.hang('alpha');
  w.untilNews('dead', 'alpha', 20 * SECOND);
  w.order({ op: 'disable', host: 'alpha', args: { forS: 600 } });
  w.run(60 * SECOND);
  assert.is(w.cuts().length, 0);
  assert.is(w.news('averted', 'alpha').length, 1);
});

test('maintenance outlives a restart of the agent, by no more than its own length', () => {
  for (const leapMs of [0, 50 * 365 * 86_400_000]) {
    const w = pair();
    w.order({ op: 'disable', host: 'alpha', args: { forS: 100 } });
    w.run(60 * SECOND);
    w.crash();
    // The wall clock of a board without a battery may stand anywhere.
    const { durable } = w.state.disk;
    if (durable !== undefined) for (const one of durable.maintenance) one.untilWallMs += leapMs;
    w.start();
    w.run(5 * SECOND);
    assert.ok(alarms(w, 'alpha').includes('maintenance'));
    w.run(101 * SECOND);
    assert.not.ok(alarms(w, 'alpha').includes('maintenance'));
  }
});

test('the emergency disable refuses orders that cut and stops verdicts, until it is enabled', () => {
  const w = pair();
  const disabled = w.order({ op: 'disable', host: '', args: { reason: 'it fences wrongly' } });
  w.run(SECOND);
  assert.is(outcome(w, disabled), 'done');
  w.hang('alpha');
  for (const op of ['fence', 'off', 'ack'] as const) {
    const cmdId = w.order({ op, host: 'beta', args: { reason: 'x' } });
    assert.is(outcome(w, cmdId), 'refused disabled');
  }
  w.run(60 * SECOND);
  assert.is(w.cuts().length, 0);
  const enabled = w.order({ op: 'enable', host: '' });
  w.run(60 * SECOND);
  assert.is(outcome(w, enabled), 'done');
  assert.is(w.cuts().length, 0, 'a silence from before says nothing');
  const cmdId = w.order({ op: 'fence', host: 'alpha' });
  w.run(20 * SECOND);
  assert.is(outcome(w, cmdId), 'done');
});

test('the emergency disable calls off what has not cut, and lets finish what has', () => {
  const w = pair();
  const first = w.order({ op: 'fence', host: 'alpha' });
  w.run(SECOND);
  assert.is(w.cuts('alpha').length, 1);
  w.state.disk.delayMs = 400;
  const second = w.order({ op: 'fence', host: 'beta' });
  w.run(100);
  w.order({ op: 'disable', host: '' });
  w.run(20 * SECOND);
  assert.is(outcome(w, first), 'done');
  assert.is(outcome(w, second), 'refused disabled');
  assert.is(w.cuts('beta').length, 0);
  assert.is(w.news('restored', 'alpha').length, 1);
});

test('the emergency disable outlives a restart; where it cannot be stored it says so', () => {
  const w = pair();
  w.order({ op: 'disable', host: '' });
  w.run(SECOND);
  w.crash();
  w.start();
  w.run(5 * SECOND);
  assert.ok(w.news('disabled').length >= 2);
  w.hang('alpha');
  w.run(120 * SECOND);
  assert.is(w.cuts().length, 0);

  const forgetful = pair();
  forgetful.state.disk.works = false;
  const cmdId = forgetful.order({ op: 'disable', host: '' });
  forgetful.run(SECOND);
  assert.is(outcome(forgetful, cmdId), 'failed until restart');
  forgetful.hang('alpha');
  forgetful.run(60 * SECOND);
  assert.is(forgetful.cuts().length, 0, 'in force all the same');
});

test('a disk that never answers is not waited for', () => {
  const w = pair();
  w.state.disk.delayMs = 3_600 * SECOND;
  const cmdId = w.order({ op: 'disable', host: 'alpha' });
  w.run(SECOND);
  assert.is(outcome(w, cmdId), 'failed until restart');
});

test('the key of a host disables no board', () => {
  const w = pair();
  const cmdId = w.order({ op: 'disable', host: '', by: 'second' });
  assert.is(outcome(w, cmdId), 'refused operators only');
});

test.run();
