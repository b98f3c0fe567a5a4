/** Silence counts only while the board listened: links, stalls and outages. */
import { assert, suite } from '../../lib/suite.ts';
import { alarms, lastFresh } from './world/after.ts';
import { guarded, SECOND } from './world/settings.ts';
import { type World, world } from './world/world.ts';

const test = suite('listening');
const D = 15 * SECOND;
const I = 120 * SECOND;
const Q = 50;
const SETTLE = 3 * SECOND;

function pair(): World {
  const w = world({ hosts: [guarded(1, 'alpha'), guarded(2, 'beta')] });
  w.run(30 * SECOND);
  return w;
}

test('a lost link is not silence: all cables out of the board, and nobody is fenced', () => {
  for (const silence of ['prove', 'act'] as const) {
    const w = world({ hosts: [guarded(1, 'alpha', { silence }), guarded(2, 'beta', { silence })] });
    w.run(30 * SECOND);
    w.broker(false);
    w.serialPort('alpha', false);
    w.serialPort('beta', false);
    w.run(200 * SECOND);
    assert.is(w.cuts().length, 0);
    w.broker(true);
    w.serialPort('alpha', true);
    w.serialPort('beta', true);
    w.run(60 * SECOND);
    assert.is(w.cuts().length, 0);
  }
});

test('an outage of the only channel asks for as much silence after it, where nothing else tells of it', () => {
  const alpha = guarded(1, 'alpha', { silence: 'act', mqtt: false });
  const w = world({ hosts: [alpha, guarded(2, 'beta')] });
  w.run(30 * SECOND);
  w.hang('alpha');
  w.run(2 * SECOND);
  w.serialPort('alpha', false);
  w.run(30 * SECOND);
  w.serialPort('alpha', true);
  const endAt = w.now;
  const dead = w.untilNews('dead', 'alpha', 60 * SECOND);
  assert.ok(dead.at - endAt >= 30 * SECOND, `dead ${dead.at - endAt} ms after the outage`);
});

test('a host that was heard once since it was started has initdead, and not a deadtime', () => {
  const w = world({ hosts: [guarded(1, 'alpha', { silence: 'act' }), guarded(2, 'beta')] });
  w.untilNews('heard', 'alpha', 30 * SECOND);
  w.hang('alpha');
  const dead = w.untilNews('dead', 'alpha', 200 * SECOND);
  const silenceMs = dead.at - lastFresh(w, 'alpha');
  assert.ok(silenceMs >= 120 * SECOND, `${silenceMs} ms is too early`);
});

test('a channel that was lost a moment ago must be heard, or be lost for a deadtime', () => {
  const w = pair();
  w.hang('alpha');
  w.run(10 * SECOND);
  w.serialPort('alpha', false);
  w.run(14 * SECOND);
  assert.is(w.cuts().length, 0);
  w.run(300 * SECOND);
  // One channel is left, and it has no far proof.
  assert.is(w.cuts().length, 0);
  assert.ok(alarms(w, 'alpha').includes('unproven'));
});

test('one channel lost a moment ago delays even who needs no proof, for a deadtime at most', () => {
  const hosts = [guarded(1, 'alpha', { silence: 'act' }), guarded(2, 'beta')];
  const w = world({ hosts });
  w.run(30 * SECOND);
  w.hang('alpha');
  w.run(10 * SECOND);
  w.serialPort('alpha', false);
  const lostAt = w.now;
  const dead = w.untilNews('dead', 'alpha', 30 * SECOND);
  assert.ok(dead.at - lostAt > D && dead.at - lostAt <= D + 2 * Q, `${dead.at - lostAt} ms`);
});

test('a stall of our own is subtracted: no host that beat before and after it is touched', () => {
  for (const stallMs of [300, 5 * SECOND, 60 * SECOND]) {
    for (const shift of [0, 17, 400]) {
      const w = pair();
      w.run(shift);
      w.stall(stallMs);
      w.run(stallMs + 40 * SECOND);
      assert.is(w.cuts().length, 0, `${stallMs} ms of stall cut somebody`);
      assert.is(w.news('dead').length, 0);
    }
  }
});

test('time slept through is no silence: the verdict waits as much longer', () => {
  const w = pair();
  w.hang('alpha');
  w.run(5 * SECOND);
  w.stall(3 * SECOND);
  const dead = w.untilNews('dead', 'alpha', 30 * SECOND);
  const silenceMs = dead.at - lastFresh(w, 'alpha');
  assert.ok(silenceMs >= D + 3 * SECOND - Q && silenceMs <= D + 3 * SECOND + 2 * Q + 250);
});

test('an outage too short to begin anew is no silence either: the verdict waits as much longer', () => {
  const w = pair();
  w.hang('alpha');
  w.run(5 * SECOND);
  w.broker(false);
  w.serialPort('alpha', false);
  w.run(3 * SECOND);
  w.broker(true);
  w.serialPort('alpha', true);
  const dead = w.untilNews('dead', 'alpha', 30 * SECOND);
  const silenceMs = dead.at - lastFresh(w, 'alpha');
  assert.ok(silenceMs >= D + 3 * SECOND, `${silenceMs} ms is too early`);
  assert.ok(silenceMs <= D + 3 * SECOND + 2 * Q, `${silenceMs} ms is too late`);
});

test('no verdict falls within 3K of a stall, however short it was', () => {
  const w = pair();
  w.hang('alpha');
  w.run(13_500);
  w.stall(400);
  w.run(400);
  const stallEnd = w.now;
  const dead = w.untilNews('dead', 'alpha', 30 * SECOND);
  assert.ok(dead.at - stallEnd >= SETTLE, `${dead.at - stallEnd} ms after the stall`);
  assert.ok(dead.at - stallEnd <= SETTLE + 2 * Q);
});

test('after an outage of X a silence needs max(D, min(X, I)) from its end', () => {
  for (const [outageMs, needMs] of [
    [3 * SECOND, D],
    [20 * SECOND, 20 * SECOND],
    [80 * SECOND, 80 * SECOND],
    [500 * SECOND, I],
  ] as const) {
    const w = pair();
    w.hang('alpha');
    w.run(1_100);
    w.broker(false);
    w.serialPort('alpha', false);
    w.run(outageMs);
    w.serialPort('alpha', true);
    w.broker(true);
    const endAt = w.now;
    const dead = w.untilNews('dead', 'alpha', 200 * SECOND);
    const neededMs =
      outageMs < 5 * SECOND ? dead.at - lastFresh(w, 'alpha') - outageMs : dead.at - endAt;
    assert.ok(neededMs >= needMs - 1, `${outageMs} ms of outage: dead after ${neededMs} ms`);
    assert.ok(
      neededMs <= needMs + 2 * SECOND,
      `${outageMs} ms of outage: dead after ${neededMs} ms`,
    );
  }
});

test('`silence = "act"` drops the proof, and not what an outage asks for', () => {
  const w = world({ hosts: [guarded(1, 'alpha', { silence: 'act' }), guarded(2, 'beta')] });
  w.run(30 * SECOND);
  w.hang('alpha');
  w.run(1_100);
  w.broker(false);
  w.serialPort('alpha', false);
  w.run(60 * SECOND);
  w.serialPort('alpha', true);
  w.broker(true);
  const endAt = w.now;
  const dead = w.untilNews('dead', 'alpha', 100 * SECOND);
  assert.ok(dead.at - endAt >= 60 * SECOND - 1, `dead ${dead.at - endAt} ms after the outage`);
});

test('a host that is heard on a link that calls itself lost is not cut, with a neighbour or alone', () => {
  const serial = { adapter: 'hub', modem: true };
  const [alpha, beta] = [guarded(1, 'alpha', { serial }), guarded(2, 'beta', { serial })];
  for (const hosts of [[alpha], [alpha, beta]]) {
    const w = world({ hosts });
    w.give({ kind: 'modem', host: 1, line: 'dropped' });
    w.give({ kind: 'modem', host: 1, line: 'asserted' });
    w.run(30 * SECOND);
    w.cable('alpha', 'serial', 'broken');
    w.give({ kind: 'listening', channel: 'mqtt', on: false });
    w.run(60 * SECOND);
    assert.is(w.cuts().length, 0);
  }
});

test('where our own echo did not come back for X a silence needs max(D, min(X, I)) from its return', () => {
  for (const [outageMs, needMs] of [
    [20 * SECOND, 20 * SECOND],
    [80 * SECOND, 80 * SECOND],
    [500 * SECOND, I],
  ] as const) {
    const w = world({ hosts: [guarded(1, 'alpha')] });
    w.run(30 * SECOND);
    w.hang('alpha');
    w.run(1_100);
    // The broker takes nothing of ours, though the connection stands.
    w.state.brokerWorks = false;
    w.run(outageMs);
    w.state.brokerWorks = true;
    const endAt = w.now;
    const dead = w.untilNews('dead', 'alpha', 200 * SECOND);
    const neededMs = dead.at - endAt;
    assert.ok(neededMs >= needMs && neededMs <= needMs + 2 * SECOND, `dead after ${neededMs} ms`);
  }
});

test('a stall of X right after a beat asks for max(D, min(X, I)) all the same', () => {
  const [alpha, beta] = [guarded(1, 'alpha'), guarded(2, 'beta')];
  for (const [shift, hosts] of [0, 11, 23, 35, 47].flatMap((shift) => [
    [shift, [alpha]] as const,
    [shift, [alpha, beta]] as const,
  ])) {
    const w = world({ hosts: [...hosts] });
    w.run(30 * SECOND);
    w.hang('alpha');
    w.run(shift);
    const echo = w.state.process?.board.ticks.latest ?? 0;
    // The last beat comes between the last judge tick and the stall.
    const common = { host: 1, incarnation: 1001, echo, flags: 0 };
    const beat = { ...common, kind: 'beat', bytes: new Uint8Array() } as const;
    for (const hearing of w.state.process?.board.hosts.get(1)?.hearings ?? []) {
      const { session, seq } = hearing.pace ?? { session: 0, seq: 0 };
      const { channel } = hearing;
      w.give({ kind: 'heard', opened: { ...beat, channel, session, seq: seq + 1 } });
    }
    w.stall(60 * SECOND);
    w.run(60 * SECOND);
    const stallEnd = w.now;
    const dead = w.untilNews('dead', 'alpha', 120 * SECOND);
    assert.ok(
      dead.at - stallEnd >= 60 * SECOND - 1,
      `dead ${dead.at - stallEnd} ms after the stall`,
    );
  }
});

test('a board that stalls again and again judges nobody, says so, and ends at last', () => {
  const w = pair();
  w.hang('alpha');
  for (let i = 0; i < 60 && w.state.process !== undefined; i += 1) {
    w.stall(500);
    w.run(1_500);
  }
  assert.is(w.cuts().length, 0);
  assert.ok(w.news('sick-observer').length > 0);
  assert.ok(w.told((e) => e.kind === 'end').length > 0);
});

test('one long stall after a short one is no sickness of the board', () => {
  const w = pair();
  w.stall(400);
  w.run(1_400);
  w.stall(100 * SECOND);
  w.run(200 * SECOND);
  assert.is(w.news('sick-observer').length, 0);
  assert.is(w.told((e) => e.kind === 'end').length, 0);
});

test('a board that never has its input drained says so after 2D, and ends after 4D', () => {
  const w = pair();
  const { board } = w.state.process ?? {};
  assert.ok(board);
  w.state.process = undefined; // From here the test gives the ticks by itself.
  const from = w.now;
  while (w.told((e) => e.kind === 'end').length === 0) {
    assert.ok(w.now - from < 5 * D);
    w.state.now += 200;
    w.state.process = { board, tables: new Map(), issuedAt: new Map() };
    w.give({ kind: 'judge', drained: false });
  }
  const [alarm] = w.news('sick-observer');
  const afterMs = (alarm?.at ?? 0) - from;
  assert.ok(afterMs > 2 * D && afterMs <= 2 * D + 400, `told after ${afterMs} ms`);
  assert.ok(w.now - from > 4 * D && w.now - from <= 4 * D + 400, `ends after ${w.now - from} ms`);
});

test('frames under a wrong key are told at once, and then once a minute at most', () => {
  const w = pair();
  const refused = (why: 'mac' | 'replay'): void => {
    w.give({ kind: 'refused', host: 1, channel: 'serial', why });
  };
  refused('replay');
  assert.is(w.news('hostile').length, 0);
  for (let i = 0; i < 119; i += 1) {
    refused('mac');
    w.run(SECOND);
  }
  assert.is(w.news('hostile', 'alpha').length, 2);
});

test('the board ends its process where monotonic time runs backwards', () => {
  const w = pair();
  w.state.now -= 5;
  const effects = w.give({ kind: 'judge', drained: true });
  assert.equal(
    effects.map(({ kind }) => kind),
    ['end'],
  );
});

test('no verdict falls in a judge tick that says input is still waiting', () => {
  const w = world({ hosts: [guarded(1, 'alpha')] });
  w.run(30 * SECOND);
  w.hang('alpha');
  const { board } = w.state.process ?? {};
  w.run(13_000);
  assert.ok(board);
  w.state.process = undefined; // From here the test gives the ticks by itself.
  const give = (drained: boolean): void => {
    w.state.process ??= { board, tables: new Map(), issuedAt: new Map() };
    w.give({ kind: 'echoed' });
    w.give({ kind: 'judge', drained });
  };
  for (let i = 0; i < 40; i += 1) {
    w.state.now += 50;
    give(false);
  }
  assert.is(w.news('dead').length, 0);
  w.state.now += 50;
  give(true);
  assert.is(w.news('dead').length, 1);
});

test.run();
