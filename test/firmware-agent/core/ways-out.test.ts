/** Ways out of a dead host that is not fenced, where they take long or need a forged moment. */
import { FLAG_TWO_AGENTS } from '../../../protocol/wire/messages.ts';
import { assert, suite } from '../../lib/suite.ts';
import { alarms, outcomes } from './world/after.ts';
import { guarded, SECOND } from './world/settings.ts';
import { type World, world } from './world/world.ts';

const test = suite('ways out');

function pair(): World {
  const w = world({ hosts: [guarded(1, 'alpha'), guarded(2, 'beta')] });
  w.run(30 * SECOND);
  return w;
}

/** Its last beat says that another agent claims it. */
function dieUnderTwoAgents(w: World): void {
  const id = w.path('alpha', 'serial').session?.id ?? 0;
  const echo = w.state.process?.board.ticks.latest ?? 0;
  const common = { host: 1, channel: 'serial', incarnation: 1001, session: id } as const;
  const beat = { ...common, seq: 900, echo, flags: FLAG_TWO_AGENTS, bytes: new Uint8Array() };
  w.give({ kind: 'heard', opened: { kind: 'beat', ...beat } });
  w.hang('alpha');
}

test('a host that two agents claim is fenced by order only, and its next life is guarded', () => {
  const w = pair();
  dieUnderTwoAgents(w);
  w.run(300 * SECOND);
  assert.is(w.cuts().length, 0);
  assert.ok(alarms(w, 'alpha').includes('two-agents'));
  const cmdId = w.order({ op: 'fence', host: 'alpha' });
  w.run(20 * SECOND);
  assert.is(outcomes(w, cmdId).at(-1), 'done');
  w.run(60 * SECOND);
  assert.equal(alarms(w, 'alpha'), []);
  w.hang('alpha');
  w.untilNews('dead', 'alpha', 20 * SECOND);
});

test('what was said of a life is taken back when that life is ended, also where it stays off', () => {
  const w = pair();
  dieUnderTwoAgents(w);
  w.run(30 * SECOND);
  const cmdId = w.order({ op: 'off', host: 'alpha' });
  w.run(20 * SECOND);
  assert.is(outcomes(w, cmdId).at(-1), 'done');
  assert.equal(alarms(w, 'alpha'), []);
});

test('an absent host that is kept off by order is not missed meanwhile', () => {
  const w = pair();
  w.crash();
  w.hang('alpha');
  w.start();
  w.run(200 * SECOND);
  assert.equal(alarms(w, 'alpha'), ['absent']);
  w.order({ op: 'off', host: 'alpha' });
  w.run(300 * SECOND);
  assert.equal(alarms(w, 'alpha'), []);
});

test('a life that lived through its fence is not cut again by verdict, and people are told', () => {
  const w = pair();
  const cable = (is: 'broken' | 'whole'): void => {
    for (const channel of ['serial', 'mqtt'] as const) w.cable('alpha', channel, is);
  };
  w.machine('alpha').relays[0] = { really: 'closed', fault: 'welded' };
  cable('broken');
  w.untilNews('failed', 'alpha', 40 * SECOND);
  cable('whole');
  w.run(30 * SECOND);
  assert.ok(alarms(w, 'alpha').includes('unguarded'));
  cable('broken');
  w.run(300 * SECOND);
  assert.is(w.cuts('alpha').length, 1);
});

test('a spent budget holds for an hour, and the fourth fence follows by itself', () => {
  const w = pair();
  const startedAt = w.state.now;
  for (let i = 0; i < 3; i += 1) {
    w.hang('alpha');
    w.untilNews('dead', 'alpha', 60 * SECOND);
    w.run(240 * SECOND);
  }
  w.hang('alpha');
  w.run(60 * SECOND);
  assert.is(w.cuts().length, 3);
  assert.ok(alarms(w, 'alpha').includes('budget'));
  w.untilNews('dead', 'alpha', 3_600 * SECOND);
  assert.ok(w.state.now - startedAt >= 3_600 * SECOND);
  w.run(240 * SECOND);
  assert.is(w.cuts().length, 4);
  assert.equal(alarms(w, 'alpha'), []);
});

test.run();
