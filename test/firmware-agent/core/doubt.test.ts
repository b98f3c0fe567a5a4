/** Signs of life that are no fresh beat: stale beats, orders, and what they hold up. */
import { assert, suite } from '../../lib/suite.ts';
import { alarms } from './world/after.ts';
import { guarded, SECOND } from './world/settings.ts';
import { type World, world } from './world/world.ts';

const test = suite('doubt');

function pair(): World {
  const w = world({ hosts: [guarded(1, 'alpha'), guarded(2, 'beta')] });
  w.run(30 * SECOND);
  return w;
}

test('a host that is heard and does not hear us is not fenced: its stale beats keep pace', () => {
  const w = pair();
  w.cable('alpha', 'serial', 'broken', 'down');
  w.cable('alpha', 'mqtt', 'broken', 'down');
  w.run(300 * SECOND);
  assert.is(w.cuts().length, 0);
  assert.ok(alarms(w, 'alpha').includes('half-duplex'));
  w.cable('alpha', 'serial', 'whole', 'down');
  w.run(20 * SECOND);
  assert.equal(alarms(w, 'alpha'), []);
});

test('doubt ends D after the last stale beat: then it is dead like any other', () => {
  const w = pair();
  w.cable('alpha', 'serial', 'broken', 'down');
  w.cable('alpha', 'mqtt', 'broken', 'down');
  w.run(40 * SECOND);
  w.hang('alpha');
  const hungAt = w.now;
  const dead = w.untilNews('dead', 'alpha', 20 * SECOND);
  assert.ok(dead.at - hungAt >= 13 * SECOND && dead.at - hungAt <= 15 * SECOND + 100);
});

test('a hoard of old beats released late raises no doubt and ends no silence', () => {
  const w = pair();
  w.hoard('alpha', 'mqtt');
  w.cable('alpha', 'serial', 'broken');
  w.run(5 * SECOND);
  w.hang('alpha');
  w.run(8_500);
  const before = w.now;
  w.release('alpha', 'mqtt');
  const dead = w.untilNews('dead', 'alpha', 20 * SECOND);
  assert.ok(dead.at - before <= 3 * SECOND, 'the hoard made it live longer');
  assert.ok(!alarms(w, 'alpha').includes('half-duplex'));
});

test('a stale beat raises no doubt where its session is not the one that was heard last', () => {
  for (const [isOfAnother, isDoubted] of [
    [false, true],
    [true, false],
  ]) {
    const w = pair();
    w.hang('alpha');
    w.run(10 * SECOND);
    const hearings = w.state.process?.board.hosts.get(1)?.hearings ?? [];
    const pace = hearings.find(({ channel }) => channel === 'mqtt')?.pace;
    assert.ok(pace);
    // As many periods later as have gone by, with an echo of long ago.
    const session = pace.session + (isOfAnother ? 1 : 0);
    const common = { host: 1, channel: 'mqtt', incarnation: 1001, session } as const;
    const stale = { seq: pace.seq + 10, echo: (w.state.process?.board.ticks.latest ?? 0) - 9 };
    const beat = { kind: 'beat', ...common, ...stale, flags: 0, bytes: new Uint8Array() } as const;
    w.give({ kind: 'heard', opened: beat });
    w.run(6 * SECOND);
    assert.is(w.cuts().length, isDoubted ? 0 : 1);
    assert.is(alarms(w, 'alpha').includes('half-duplex'), isDoubted);
  }
});

test('an order from a key bound to a host is a sign of its life, and no false alarm', () => {
  const w = pair();
  w.cable('beta', 'serial', 'broken');
  w.cable('beta', 'mqtt', 'broken');
  w.run(14 * SECOND);
  w.order({ op: 'on', host: 'alpha', by: 'second' });
  w.run(10 * SECOND);
  assert.is(w.cuts('beta').length, 0);
  assert.ok(alarms(w, 'beta').includes('half-duplex'));
  const living = pair();
  living.order({ op: 'on', host: 'alpha', by: 'second' });
  assert.equal(alarms(living, 'beta'), []);
});

test('an order of long ago, or for another life of the board, is no sign of life', () => {
  for (const [ageS, life, isDoubted] of [
    [1, 'life-1', true],
    [8, 'life-1', false],
    [1, 'life-0', false],
  ] as const) {
    const w = pair();
    w.hang('beta');
    w.run(14 * SECOND);
    const tick = (w.state.process?.board.ticks.latest ?? 0) - ageS;
    w.order({ op: 'on', host: 'alpha', by: 'second', tick, life });
    w.run(5 * SECOND);
    assert.is(w.cuts('beta').length, isDoubted ? 0 : 1, `${ageS} s old, for ${life}`);
  }
});

test('a fresh beat that comes after the verdict and before the cut averts it', () => {
  const w = pair();
  w.state.disk.delayMs = 300;
  w.cable('alpha', 'serial', 'broken');
  w.cable('alpha', 'mqtt', 'broken');
  w.untilNews('dead', 'alpha', 20 * SECOND);
  w.cable('alpha', 'serial', 'whole');
  w.cable('alpha', 'mqtt', 'whole');
  w.state.disk.works = false; // The intent takes its full 0.5 s, and a beat comes within it.
  w.state.process?.board.hosts.get(1);
  let averted = false;
  for (let i = 0; i < 20 && !averted; i += 1) {
    w.run(50);
    averted = w.news('averted', 'alpha').length > 0;
    if (w.cuts().length > 0) return; // The beat came after the cut in this run.
  }
  assert.ok(averted);
});

test('one good beat in the journal wait averts, drops the verdict from the budget, and goes on', () => {
  const w = pair();
  w.state.disk.works = false;
  w.hang('alpha');
  w.untilNews('dead', 'alpha', 20 * SECOND);
  w.run(200);
  const path = w.path('alpha', 'serial');
  const echo = w.state.process?.board.ticks.latest ?? 0;
  const id = path.session?.id ?? 0;
  const common = { host: 1, channel: 'serial', incarnation: 1001, session: id } as const;
  const beat = {
    kind: 'beat',
    ...common,
    seq: 900,
    echo,
    flags: 0,
    bytes: new Uint8Array(),
  } as const;
  w.give({ kind: 'heard', opened: beat });
  assert.is(w.news('averted', 'alpha').length, 1);
  w.run(5 * SECOND);
  assert.is(w.cuts().length, 0);
  assert.equal(w.state.process?.board.verdictsAt, []);
  assert.equal(w.state.process?.board.hosts.get(1)?.verdictsAt, []);
  w.untilNews('dead', 'alpha', 12 * SECOND);
});

test('the cut is judged anew: a stall in the journal wait puts it off', () => {
  const w = pair();
  w.state.disk.works = false;
  w.hang('alpha');
  const dead = w.untilNews('dead', 'alpha', 20 * SECOND);
  w.stall(1_000);
  w.run(1_500);
  assert.is(w.cuts().length, 0);
  assert.is(w.news('averted', 'alpha').length, 1);
  const cut = w.until('cut', (e) => e.kind === 'cut', 10 * SECOND);
  assert.ok(cut.at - dead.at >= 4 * SECOND);
});

test('a disk that does not answer delays the cut by J, and the cut says so', () => {
  const w = pair();
  w.state.disk.works = false;
  w.hang('alpha');
  const dead = w.untilNews('dead', 'alpha', 20 * SECOND);
  const cut = w.until('cut', (e) => e.kind === 'cut', SECOND);
  assert.ok(cut.at - dead.at >= 500 && cut.at - dead.at <= 550);
  assert.is(w.news('unlogged', 'alpha').length, 1);
  w.untilNews('fenced', 'alpha', 8 * SECOND);
  assert.ok(w.told((e) => e.kind === 'record' && e.record.unlogged === true).length > 0);
});

test('that the intent of another fence is on disk lets nothing be cut', () => {
  const w = pair();
  w.state.disk.works = false;
  w.order({ op: 'fence', host: 'alpha', by: 'operator' });
  const { id: fence = 0 } = w.state.process?.board.hosts.get(1)?.fence ?? {};
  w.give({ kind: 'journalled', host: 1, fence: fence + 1 });
  assert.is(w.cuts().length, 0);
  w.give({ kind: 'journalled', host: 1, fence });
  assert.is(w.cuts().length, 1);
});

test('orders are not averted', () => {
  const w = pair();
  w.state.disk.works = false;
  w.order({ op: 'fence', host: 'alpha', by: 'operator' });
  w.until('cut', (e) => e.kind === 'cut', SECOND);
});

test.run();
