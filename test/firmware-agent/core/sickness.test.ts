/** A host that beats and calls itself useless: told, or judged as silent where the user wants it. */
import { FLAG_SICK } from '../../../protocol/wire/messages.ts';
import { assert, suite } from '../../lib/suite.ts';
import { alarms } from './world/after.ts';
import { guarded, SECOND } from './world/settings.ts';
import { type World, world } from './world/world.ts';

const test = suite('sickness');

function pair(sick?: { timeMs: number }): World {
  const differs = sick === undefined ? {} : { sick };
  const w = world({ hosts: [guarded(1, 'alpha', differs), guarded(2, 'beta')] });
  w.run(30 * SECOND);
  return w;
}

test('by default people are told, and nobody is cut', () => {
  const w = pair();
  w.machine('alpha').sick = true;
  w.run(600 * SECOND);
  assert.ok(alarms(w, 'alpha').includes('sick'));
  assert.is(w.cuts().length, 0);
});

test('with sick = "act" it is found dead a deadtime after sicktime, by its own beats as far proof', () => {
  const w = pair({ timeMs: 60 * SECOND });
  const from = w.now;
  w.machine('alpha').sick = true;
  const dead = w.untilNews('dead', 'alpha', 100 * SECOND);
  const tookS = (dead.at - from) / SECOND;
  assert.ok(tookS > 74 && tookS < 78, `${tookS} s`);
  assert.ok(JSON.stringify(dead).includes('by its own checks'));
  w.untilNews('fenced', 'alpha', 20 * SECOND);
  w.machine('alpha').sick = false;
  w.untilNews('heard', 'alpha', 60 * SECOND);
  w.run(200 * SECOND);
  assert.is(w.cuts().length, 1);
});

test('a check that passes again before the cut takes everything back', () => {
  const w = pair({ timeMs: 60 * SECOND });
  w.machine('alpha').sick = true;
  w.run(70 * SECOND);
  w.machine('alpha').sick = false;
  w.run(300 * SECOND);
  assert.is(w.cuts().length, 0);
  assert.equal(alarms(w, 'alpha'), []);
});

test('one good beat ends a sickness: who is sick again is so for a whole sicktime more', () => {
  const w = pair({ timeMs: 60 * SECOND });
  w.machine('alpha').sick = true;
  w.run(70 * SECOND);
  w.machine('alpha').sick = false;
  w.run(5 * SECOND);
  const from = w.now;
  w.machine('alpha').sick = true;
  const dead = w.untilNews('dead', 'alpha', 100 * SECOND);
  assert.ok(dead.at - from > 74 * SECOND, `${dead.at - from} ms`);
});

test('a beat of who is sick for longer than sicktime averts nothing', () => {
  const w = pair({ timeMs: 60 * SECOND });
  w.state.disk.works = false; // The intent takes its full 0.5 s.
  w.machine('alpha').sick = true;
  w.untilNews('dead', 'alpha', 100 * SECOND);
  const { id = 0 } = w.path('alpha', 'serial').session ?? {};
  const common = { host: 1, channel: 'serial', incarnation: 1001, session: id, seq: 900 } as const;
  const said = { echo: w.state.process?.board.ticks.latest ?? 0, flags: FLAG_SICK };
  w.give({
    kind: 'heard',
    opened: { kind: 'beat', ...common, ...said, bytes: new Uint8Array() },
  });
  w.run(600);
  assert.is(w.news('averted').length, 0);
  assert.is(w.cuts().length, 1);
});

test('a new life is sick for its own sicktime, whatever the one before was', () => {
  const w = pair({ timeMs: 60 * SECOND });
  w.machine('alpha').sick = true;
  w.untilNews('restored', 'alpha', 120 * SECOND);
  const from = w.now;
  const again = w.until(
    'dead',
    (effect) => effect.kind === 'news' && effect.code === 'dead' && w.now > from,
    200 * SECOND,
  );
  // It boots for 20 s first.
  assert.ok(again.at - from > 94 * SECOND, `${again.at - from} ms`);
});

test('a sick host that gets well while all paths are broken is not cut', () => {
  const sense = { name: 'sense', covers: 'host', periodMs: 100, showsBreak: false } as const;
  const differs = { sick: { timeMs: 60 * SECOND }, senses: [sense] };
  const w = world({ hosts: [guarded(1, 'alpha', differs), guarded(2, 'beta', differs)] });
  w.run(30 * SECOND);
  w.machine('alpha').sick = true;
  w.run(70 * SECOND);
  for (const name of ['alpha', 'beta']) {
    for (const channel of ['serial', 'mqtt'] as const) w.cable(name, channel, 'broken');
  }
  w.machine('alpha').sick = false;
  w.run(60 * SECOND);
  assert.is(w.cuts().length, 0);
});

test('a host that left and comes back as sick as before is judged as before', () => {
  const w = pair({ timeMs: 60 * SECOND });
  w.machine('alpha').sick = true;
  w.run(30 * SECOND);
  w.leave('alpha', 'left');
  w.run(60 * SECOND);
  for (const path of w.state.paths) if (path.host === 1) delete path.session;
  // Its pace is not shown by one good beat, so initdead counts.
  w.untilNews('fenced', 'alpha', 140 * SECOND);
});

test('a sick host that another agent claims, too, is not cut for it', () => {
  const w = pair({ timeMs: 60 * SECOND });
  w.machine('alpha').sick = true;
  w.run(65 * SECOND);
  w.machine('alpha').twoAgents = true;
  w.run(120 * SECOND);
  assert.is(w.cuts().length, 0);
  assert.ok(alarms(w, 'alpha').includes('two-agents'));
});

test('a sick host makes nobody else suspect, and its beats prove the broker for others', () => {
  const w = world({
    hosts: [guarded(1, 'alpha', { sick: { timeMs: 10 * SECOND } }), guarded(2, 'beta')],
    board: { brokerOnBoard: true },
  });
  w.run(30 * SECOND);
  w.order({ op: 'disable', host: 'alpha', args: { forS: 3_600 } });
  w.machine('alpha').sick = true;
  w.run(60 * SECOND);
  w.hang('beta');
  w.untilNews('dead', 'beta', 20 * SECOND);
  assert.is(w.news('held').length, 0);
});

test.run();
