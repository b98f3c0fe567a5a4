/** The agent's own death is harmless: what a start finds, and what the disk may and may not do. */
import { advance } from '../../../firmware-agent/core/advance.ts';
import { newBoard } from '../../../firmware-agent/core/board.ts';
import { durableOf } from '../../../firmware-agent/core/durable.ts';
import { assert, suite } from '../../lib/suite.ts';
import { alarms, outcomes } from './world/after.ts';
import { turn } from './world/bench.ts';
import { darkSince, hasPower } from './world/machine.ts';
import { guarded, SECOND } from './world/settings.ts';
import { type World, world } from './world/world.ts';

const test = suite('restart');
const H = 5 * SECOND;

function pair(differs: Parameters<typeof guarded>[2] = {}): World {
  const w = world({ hosts: [guarded(1, 'alpha', differs), guarded(2, 'beta')] });
  w.run(30 * SECOND);
  return w;
}

function restart(w: World, afterMs = 1_000): void {
  w.crash();
  w.run(afterMs);
  w.start();
}

test('a restart with everything closed moves nothing and hears everybody again', () => {
  const w = pair();
  restart(w);
  w.run(100 * SECOND);
  assert.is(w.told((e) => e.kind === 'cut' || e.kind === 'restore').length, 0);
  assert.equal([...alarms(w, 'alpha'), ...alarms(w, 'beta')], []);
});

test('a host that died while the agent was away is absent, and not cut on what the disk says', () => {
  const w = pair();
  w.crash();
  w.hang('alpha');
  w.run(60 * SECOND);
  w.start();
  w.run(300 * SECOND);
  assert.is(w.cuts().length, 0);
  assert.ok(alarms(w, 'alpha').includes('absent'));
});

test('killed in the hold: all open and journalled, so held anew in full, reported, restored', () => {
  for (const killMs of [100, 1_500, 4_000, 5_000]) {
    const w = pair();
    const cmdId = w.order({ op: 'fence', host: 'alpha', by: 'operator' });
    w.run(killMs);
    restart(w);
    const from = w.now;
    w.untilNews('fenced', 'alpha', 8 * SECOND);
    assert.ok(w.now - from >= H, `only ${w.now - from} ms of this life's own proof`);
    assert.ok(w.now - (darkSince(w.machine('alpha')) ?? w.now) >= H);
    w.untilNews('restored', 'alpha', 5 * SECOND);
    assert.ok(hasPower(w.machine('alpha')));
    assert.ok(outcomes(w, cmdId).includes('done'));
  }
});

test('no fence has the number of one that is on record, whatever became of the state', () => {
  const w = world({ hosts: [guarded(1, 'alpha')], started: false });
  w.start();
  w.give({ kind: 'start', wallMs: 1, lastId: 41 });
  w.order({ op: 'fence', host: 'alpha', by: 'operator' });
  assert.is(w.state.process?.board.hosts.get(1)?.fence?.id, 42);
});

test('the state that says how a fence ended is saved after its record, and so can carry it', () => {
  const w = pair();
  const ends: string[] = [];
  w.state.watch.push((_, effects) => {
    const kinds = effects.map(({ kind }) => kind);
    const at = kinds.indexOf('record');
    if (at < 0) return;
    assert.ok(!kinds.slice(0, at).includes('save'), 'saved before its record');
    assert.ok(kinds.slice(at).includes('save'), 'and never after it');
    for (const effect of effects) if (effect.kind === 'news') ends.push(effect.code);
  });
  w.state.disk.works = false;
  w.order({ op: 'fence', host: 'alpha', by: 'operator', ttlMs: 100 });
  w.run(SECOND);
  w.state.disk.works = true;
  w.order({ op: 'off', host: 'beta', by: 'operator' });
  w.run(10 * SECOND);
  w.machine('beta').senses[0] = { reads: 'on' };
  w.order({ op: 'fence', host: 'alpha', by: 'operator' });
  w.run(30 * SECOND);
  w.machine('alpha').relays[0] = { really: 'closed', fault: 'welded' };
  w.order({ op: 'fence', host: 'alpha', by: 'operator' });
  w.run(30 * SECOND);
  const args = { reason: 'plug pulled', override: true } as const;
  w.order({ op: 'ack', host: 'alpha', by: 'operator', args });
  w.run(30 * SECOND);
  for (const code of ['fenced', 'restored', 'failed', 'acknowledged', 'integrity', 'expired']) {
    assert.ok(ends.includes(code), `no fence ended so: ${code}`);
  }
});

test('an outlet that the configuration lost since is no reason to end at every start', () => {
  const outlets = ['a', 'b'].map((name) => ({ name, method: 1, readable: true, periodMs: 100 }));
  const before = world({ hosts: [guarded(1, 'alpha', { outlets })] });
  before.run(5 * SECOND);
  before.order({ op: 'off', host: 'alpha', by: 'operator' });
  before.untilNews('fenced', 'alpha', 20 * SECOND);
  const { board } = before.state.process ?? {};
  assert.ok(board !== undefined);
  const durable = durableOf(board, []);
  const settings = { ...board.settings, hosts: [guarded(1, 'alpha')] };
  const now = before.now;
  const after = newBoard(settings, 'life-2', now);
  advance(after, { kind: 'contact', host: 1, outlet: 0, value: 'open', askedAt: now }, now);
  advance(after, { kind: 'start', durable, wallMs: 0 }, now);
  const step = after.hosts.get(1)?.fence?.step;
  assert.equal(step?.at === 'proving' ? step.outlets : [], [0]);
});

test('a host kept off stays off over a restart, and its key alone releases it', () => {
  const w = pair();
  w.order({ op: 'off', host: 'alpha', by: 'second' });
  w.run(10 * SECOND);
  restart(w);
  w.run(30 * SECOND);
  assert.ok(!hasPower(w.machine('alpha')));
  const stranger = w.order({ op: 'on', host: 'alpha', by: 'third' });
  assert.equal(outcomes(w, stranger), ['refused']);
  w.order({ op: 'on', host: 'alpha', by: 'second' });
  w.run(10 * SECOND);
  assert.ok(hasPower(w.machine('alpha')));
});

test('lines that fell back while the board was away: whoever kept the host off is told', () => {
  for (const end of ['off', 'on'] as const) {
    const w = pair();
    const off = w.order({ op: 'off', host: 'alpha', by: 'second' });
    w.run(10 * SECOND);
    w.crash();
    turn(w.state, w.machine('alpha'), [0], 'closed');
    w.run(SECOND);
    w.start();
    assert.is(w.news('off-lost', 'alpha').length, 1);
    const told = w.answers(off).at(-1);
    assert.equal([told?.outcome, told?.detail], ['interrupted', 'off-lost'], 'its holder, too');
    w.run(60 * SECOND);
    assert.ok(alarms(w, 'alpha').includes('off-lost'));
    w.order({ op: end, host: 'alpha', by: 'second' });
    w.run(20 * SECOND);
    assert.ok(!alarms(w, 'alpha').includes('off-lost'));
  }
});

test('the holder of a lock is told that it was lost, however long ago he ordered it', () => {
  const w = pair();
  const off = w.order({ op: 'off', host: 'alpha', by: 'second' });
  w.run(700 * SECOND);
  w.order({ op: 'fence', host: 'beta', by: 'operator' });
  w.run(20 * SECOND);
  w.crash();
  turn(w.state, w.machine('alpha'), [0], 'closed');
  w.run(SECOND);
  w.start();
  assert.is(w.answers(off).at(-1)?.detail, 'off-lost');
});

test('all open and nobody knows why: left open, an alarm, and `on` gives power', () => {
  const w = pair();
  w.crash();
  w.machine('alpha').relays[0] = { really: 'open' };
  w.machine('alpha').at = 'off';
  w.state.disk = { works: true, delayMs: 4 };
  w.start();
  w.run(60 * SECOND);
  assert.is(w.told((e) => e.kind === 'restore').length, 0);
  assert.ok(alarms(w, 'alpha').includes('found-open'));
  const on = w.order({ op: 'on', host: 'alpha', by: 'operator' });
  w.run(5 * SECOND);
  assert.is(outcomes(w, on).at(-1), 'done');
  assert.ok(!alarms(w, 'alpha').includes('found-open'));
});

test('some open: closed, and told as interrupted', () => {
  const outlets = ['a', 'b'].map((name) => ({ name, method: 1, readable: true, periodMs: 100 }));
  const w = pair({ outlets });
  w.crash();
  w.machine('alpha').relays[1] = { really: 'open' };
  w.start();
  assert.is(w.news('interrupted', 'alpha').length, 1);
  w.untilNews('restored', 'alpha', 5 * SECOND);
  assert.is(w.machine('alpha').relays[1]?.really, 'closed');
});

test('a fence that was reported before the restart has its record, and gets no other', () => {
  const outlets = ['a', 'b'].map((name) => ({ name, method: 1, readable: true, periodMs: 100 }));
  const w = pair({ outlets });
  w.order({ op: 'off', host: 'alpha', by: 'second' });
  w.untilNews('fenced', 'alpha', 20 * SECOND);
  w.crash();
  turn(w.state, w.machine('alpha'), [0], 'closed');
  w.run(SECOND);
  const before = w.told(({ kind }) => kind === 'record').length;
  w.start();
  const after = w.told(({ kind }) => kind === 'record').slice(before);
  assert.equal(
    after.flatMap(({ effect }) => (effect.kind === 'record' ? [effect.record.outcome] : [])),
    [],
  );
});

test('none open, and a fence in the journal: interrupted, and its order is told so', () => {
  const w = pair();
  w.state.disk.delayMs = 300;
  const cmdId = w.order({ op: 'fence', host: 'alpha', by: 'operator' });
  w.run(100);
  restart(w);
  assert.equal(outcomes(w, cmdId), ['accepted', 'interrupted']);
  const [record] = w.told(({ kind }) => kind === 'record').map(({ effect }) => effect);
  assert.ok(record?.kind === 'record', 'there is a record of it');
  assert.equal([record.record.outcome, record.record.by], ['interrupted', 'order by operator']);
  w.run(60 * SECOND);
  assert.is(w.cuts().length, 0);
});

test('an outlet that cannot be read: nothing moves, and people are told', () => {
  const w = pair();
  w.order({ op: 'fence', host: 'alpha', by: 'operator' });
  w.run(2 * SECOND);
  w.crash();
  w.machine('alpha').relays[0] = { really: 'open', reads: 'unknown' };
  w.run(SECOND);
  w.start();
  w.run(60 * SECOND);
  assert.is(w.told((e) => e.kind === 'restore').length, 0);
  assert.ok(alarms(w, 'alpha').includes('found-open'));
});

test('kept off, and then an outlet that cannot be read: whoever kept it off is told', () => {
  const w = pair();
  const off = w.order({ op: 'off', host: 'alpha', by: 'second' });
  w.run(10 * SECOND);
  w.crash();
  w.machine('alpha').relays[0] = { really: 'open', reads: 'unknown' };
  w.start();
  assert.is(w.answers(off).at(-1)?.detail, 'off-lost');
  w.run(60 * SECOND);
  assert.ok(alarms(w, 'alpha').includes('off-lost'));
});

test('a switch that cannot be read back, and was told to open: held anew where senses read off', () => {
  const w = pair({ outlets: [{ name: 'pdu', method: 1, readable: false, periodMs: 100 }] });
  w.order({ op: 'fence', host: 'alpha', by: 'operator' });
  w.run(2 * SECOND);
  restart(w);
  w.untilNews('fenced', 'alpha', 8 * SECOND);
  w.untilNews('restored', 'alpha', 5 * SECOND);
  w.run(SECOND);
  assert.ok(hasPower(w.machine('alpha')));
});

test('a switch that cannot be read back, and no sense that says off: told to close', () => {
  const w = pair({ outlets: [{ name: 'pdu', method: 1, readable: false, periodMs: 100 }] });
  w.order({ op: 'fence', host: 'alpha', by: 'operator' });
  w.run(2 * SECOND);
  w.crash();
  w.machine('alpha').senses[0] = { reads: 'unknown' };
  w.run(SECOND);
  w.start();
  w.run(5 * SECOND);
  assert.ok(hasPower(w.machine('alpha')));
  assert.is(w.news('interrupted', 'alpha').length, 1);
  assert.is(w.news('fenced', 'alpha').length, 0);
});

test('the third interrupted fence in ten minutes freezes its host', () => {
  const w = pair();
  for (let i = 0; i < 3; i += 1) {
    w.state.disk.delayMs = 300;
    w.order({ op: 'fence', host: 'alpha', by: 'operator' });
    w.run(100);
    restart(w);
    assert.is(alarms(w, 'alpha').includes('interrupted'), i === 2);
    w.run(30 * SECOND);
  }
  const cmdId = w.order({ op: 'fence', host: 'alpha', by: 'operator' });
  assert.is(w.answers(cmdId).at(-1)?.detail, 'frozen');
});

test('interruptions more than ten minutes apart freeze nobody', () => {
  const w = pair();
  for (let i = 0; i < 3; i += 1) {
    w.order({ op: 'fence', host: 'alpha', by: 'operator' });
    w.run(SECOND);
    w.crash();
    turn(w.state, w.machine('alpha'), [0], 'closed');
    w.run(SECOND);
    w.start();
    w.run(400 * SECOND);
  }
  assert.is(w.news('interrupted', 'alpha').length, 3);
  assert.is(w.state.process?.board.hosts.get(1)?.frozen, undefined);
});

test('a frozen host is not frozen over a restart, but people are told', () => {
  const w = pair();
  w.order({ op: 'off', host: 'alpha', by: 'operator' });
  w.run(10 * SECOND);
  w.machine('alpha').senses[0] = { reads: 'on' };
  w.untilNews('integrity', 'alpha', SECOND);
  restart(w);
  assert.ok(alarms(w, 'alpha').includes('was-frozen'));
});

test('the same order after a restart is answered from the disk', () => {
  const w = pair();
  const wish = { op: 'fence', host: 'alpha', by: 'operator' } as const;
  const cmdId = w.order(wish);
  w.run(30 * SECOND);
  restart(w);
  w.order({ ...wish, cmdId });
  assert.is(outcomes(w, cmdId).at(-1), 'done');
  assert.is(w.cuts('alpha').length, 1);
});

test('several methods, kept off by the first: a restart does not give power back', () => {
  const outlets = [
    { name: 'relay', method: 1, readable: true, periodMs: 100 },
    { name: 'feed', method: 2, readable: true, periodMs: 100 },
  ];
  const hosts = [guarded(1, 'alpha', { outlets }), guarded(2, 'beta')];
  const w = world({ hosts, feeds: { alpha: [[0, 1]] } });
  w.run(30 * SECOND);
  w.order({ op: 'off', host: 'alpha', by: 'second' });
  w.run(10 * SECOND);
  restart(w);
  w.run(60 * SECOND);
  assert.ok(!hasPower(w.machine('alpha')));
});

test('a disk that forgot everything costs an alarm and no relay', () => {
  const w = pair();
  w.crash();
  w.state.disk = { works: false, delayMs: 4 };
  w.start();
  w.give({ kind: 'start', wallMs: 1, amnesia: 'the state file is gone' });
  assert.ok(alarms(w).includes('amnesia'));
  w.run(60 * SECOND);
  assert.is(w.cuts().length, 0);
});

test('three starts within ten minutes are told', () => {
  const w = pair();
  restart(w);
  assert.ok(!alarms(w).includes('restarting'));
  restart(w);
  assert.ok(alarms(w).includes('restarting'));
});

test('what is heard before the start is younger than what the disk says of its leave', () => {
  const w = world({ hosts: [guarded(1, 'alpha'), guarded(2, 'beta')], started: false });
  w.start();
  const { board } = w.state.process ?? {};
  assert.ok(board);
  const durable = durableOf(board, []);
  board.started = false;
  w.run(10 * SECOND);
  const { incarnation } = w.machine('alpha');
  w.give({ kind: 'start', wallMs: 1, durable: { ...durable, left: [{ host: 1, incarnation }] } });
  assert.is(board.hosts.get(1)?.life.at, 'present');
  w.hang('alpha');
  w.untilNews('dead', 'alpha', 20 * SECOND);
});

test('before the start event nothing is judged and nothing is ordered', () => {
  const w = world({ hosts: [guarded(1, 'alpha')], started: false });
  w.start();
  const board = w.state.process?.board;
  assert.ok(board);
  board.started = false;
  w.run(30 * SECOND);
  w.hang('alpha');
  w.run(60 * SECOND);
  const cmdId = w.order({ op: 'fence', host: 'alpha', by: 'operator' });
  assert.equal(outcomes(w, cmdId), ['busy']);
  assert.is(w.cuts().length, 0);
});

test.run();
