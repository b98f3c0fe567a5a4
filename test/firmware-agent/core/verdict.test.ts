/** When a silent host is found dead, and never a tick before. */
import { assert, suite } from '../../lib/suite.ts';
import { alarms, codes, lastFresh } from './world/after.ts';
import { guarded, overBroker, SECOND } from './world/settings.ts';
import { type World, world } from './world/world.ts';

const test = suite('verdict');
const D = 15 * SECOND;
const Q = 50;

function pair(): World {
  const w = world({ hosts: [guarded(1, 'alpha'), guarded(2, 'beta')] });
  w.run(30 * SECOND);
  return w;
}

test('hosts that beat are left alone, and nobody is warned', () => {
  const w = pair();
  w.run(200 * SECOND);
  assert.is(w.cuts().length, 0);
  assert.equal(
    w.told((e) => e.kind === 'news' && e.level !== 'info'),
    [],
  );
});

test('the verdict falls in [D, D + q] after the last fresh beat was received', () => {
  for (let shift = 0; shift < 8; shift += 1) {
    const w = pair();
    w.run(shift * 131);
    w.hang('alpha');
    const dead = w.untilNews('dead', 'alpha', 20 * SECOND);
    const silenceMs = dead.at - lastFresh(w, 'alpha');
    assert.ok(silenceMs >= D, `${silenceMs} ms is too early`);
    assert.ok(silenceMs <= D + Q, `${silenceMs} ms is too late`);
  }
});

test('people are warned at W, and told that a beat came after all', () => {
  const w = pair();
  w.cable('alpha', 'serial', 'broken');
  w.cable('alpha', 'mqtt', 'broken');
  const late = w.untilNews('late', 'alpha', 10 * SECOND);
  const silenceMs = late.at - lastFresh(w, 'alpha');
  assert.ok(silenceMs >= 5 * SECOND && silenceMs <= 5 * SECOND + Q, `warned after ${silenceMs} ms`);
  w.cable('alpha', 'mqtt', 'whole');
  w.run(3 * SECOND);
  assert.equal(alarms(w, 'alpha'), []);
  assert.is(w.cuts().length, 0);
});

test('dead, cut, fenced, restored and heard in a new life: once', () => {
  const w = pair();
  w.hang('alpha');
  const dead = w.untilNews('dead', 'alpha', 20 * SECOND);
  w.untilNews('fenced', 'alpha', 8 * SECOND);
  assert.ok(w.now - dead.at <= 500 + 2_000 + 5_000 + 2 * Q, `fenced after ${w.now - dead.at} ms`);
  w.untilNews('restored', 'alpha', 3 * SECOND);
  w.untilNews('heard', 'alpha', 30 * SECOND);
  w.run(100 * SECOND);
  assert.is(w.cuts().length, 1);
  assert.equal(alarms(w, 'alpha'), []);
});

test('one dead channel of two is told, and nobody is fenced for it', () => {
  for (const channel of ['serial', 'mqtt'] as const) {
    const w = pair();
    w.cable('alpha', channel, 'broken');
    w.run(200 * SECOND);
    assert.is(w.cuts().length, 0);
    assert.ok(codes(w, 'alpha').includes('channel-silent'));
    w.cable('alpha', channel, 'whole');
    w.run(5 * SECOND);
    assert.ok(codes(w, 'alpha').includes('channel-heard'));
  }
});

test('silence on one channel is no proof without far proof, however long it lasts', () => {
  const w = world({ hosts: [overBroker(1, 'alpha'), guarded(2, 'beta')] });
  w.run(30 * SECOND);
  w.hang('alpha');
  w.run(600 * SECOND);
  assert.is(w.cuts().length, 0);
  assert.ok(alarms(w, 'alpha').includes('unproven'));
});

test('`silence = "act"` asks for no proof', () => {
  const w = world({ hosts: [overBroker(1, 'alpha', { silence: 'act' }), guarded(2, 'beta')] });
  w.run(30 * SECOND);
  w.hang('alpha');
  const dead = w.untilNews('dead', 'alpha', 20 * SECOND);
  assert.ok(dead.at - lastFresh(w, 'alpha') >= D);
});

test('a modem line seen in both states and asserted throughout is far proof', () => {
  const line = { adapter: 'hub', modem: true };
  const w = world({ hosts: [guarded(1, 'alpha', { serial: line, mqtt: false })] });
  w.give({ kind: 'modem', host: 1, line: 'dropped' });
  w.run(30 * SECOND);
  w.give({ kind: 'modem', host: 1, line: 'asserted' });
  w.run(30 * SECOND);
  w.hang('alpha');
  const dead = w.untilNews('dead', 'alpha', 20 * SECOND);
  assert.ok(dead.at - lastFresh(w, 'alpha') <= D + Q);
});

test('a modem line that was not read for a while proves nothing of that while', () => {
  const line = { adapter: 'hub', modem: true };
  const w = world({ hosts: [guarded(1, 'alpha', { serial: line, mqtt: false })] });
  w.give({ kind: 'modem', host: 1, line: 'dropped' });
  w.give({ kind: 'modem', host: 1, line: 'asserted' });
  w.run(30 * SECOND);
  const hub = w.machine('alpha');
  delete hub.modem;
  w.cable('alpha', 'serial', 'broken');
  w.run(D + 5 * SECOND);
  w.give({ kind: 'modem', host: 1, line: 'asserted' });
  w.run(D - SECOND);
  assert.is(w.cuts().length, 0);
});

test('a sense that fell and is not read since is no far proof', () => {
  const line = { adapter: 'hub', modem: false };
  const hosts = [guarded(1, 'alpha', { serial: line })];
  // Nobody else is heard and the broker is our own, so there is no near proof.
  const w = world({ hosts, board: { brokerOnBoard: true } });
  w.run(30 * SECOND);
  w.machine('alpha').senses[0] = { reads: 'off' };
  w.run(SECOND);
  w.machine('alpha').senses[0] = { reads: 'mute' };
  w.cable('alpha', 'serial', 'broken');
  w.cable('alpha', 'mqtt', 'broken');
  w.run(60 * SECOND);
  assert.is(w.cuts().length, 0);
});

test('a modem line that dropped, or was never seen to drop, proves nothing', () => {
  for (const lines of [['asserted'], ['dropped', 'asserted', 'dropped']] as const) {
    const line = { adapter: 'hub', modem: true };
    const w = world({ hosts: [guarded(1, 'alpha', { serial: line, mqtt: false })] });
    w.run(30 * SECOND);
    for (const state of lines) w.give({ kind: 'modem', host: 1, line: state });
    w.run(30 * SECOND);
    w.hang('alpha');
    w.run(200 * SECOND);
    assert.is(w.cuts().length, 0);
  }
});

test('power seen to go with the last beat is far proof, even of one channel', () => {
  const w = world({ hosts: [overBroker(1, 'alpha'), guarded(2, 'beta')] });
  w.run(30 * SECOND);
  const alpha = w.machine('alpha');
  alpha.at = 'off';
  alpha.senses[0] = { reads: 'off' };
  const dead = w.untilNews('dead', 'alpha', 20 * SECOND);
  const silenceMs = dead.at - lastFresh(w, 'alpha');
  assert.ok(silenceMs >= D && silenceMs <= D + 3 * SECOND, `dead after ${silenceMs} ms`);
});

test('power that goes long after the last beat is no far proof of that silence', () => {
  const w = world({ hosts: [overBroker(1, 'alpha'), guarded(2, 'beta')] });
  w.run(30 * SECOND);
  w.hang('alpha');
  w.run(8 * SECOND);
  w.machine('alpha').senses[0] = { reads: 'off' };
  w.run(100 * SECOND);
  assert.is(w.cuts('alpha').length, 0);
  assert.ok(alarms(w, 'alpha').includes('unproven'));
});

test('our own echo proves nothing where the broker runs on the board', () => {
  const w = world({ hosts: [guarded(1, 'alpha')], board: { brokerOnBoard: true } });
  w.run(30 * SECOND);
  w.hang('alpha');
  w.run(200 * SECOND);
  assert.is(w.cuts().length, 0);
  assert.ok(alarms(w, 'alpha').includes('unproven'));
});

test('our own echo proves the broker for a lone host with two channels', () => {
  const w = world({ hosts: [guarded(1, 'alpha')] });
  w.run(30 * SECOND);
  w.hang('alpha');
  w.untilNews('dead', 'alpha', 20 * SECOND);
});

test('ports without a named adapter prove nothing for each other', () => {
  for (const [adapter, isProven] of [
    ['hub', true],
    [undefined, false],
  ] as const) {
    const serial = adapter === undefined ? { modem: false } : { adapter, modem: false };
    const hosts = [guarded(1, 'alpha', { serial }), guarded(2, 'beta', { serial, mqtt: false })];
    const w = world({ hosts, board: { brokerOnBoard: true } });
    w.run(30 * SECOND);
    w.hang('alpha');
    w.run(60 * SECOND);
    assert.is(w.cuts('alpha').length > 0, isProven, `adapter ${adapter}`);
  }
});

test('a proof with a gap longer than P counts from the end of the gap', () => {
  const w = world({ hosts: [guarded(1, 'alpha')] });
  w.run(30 * SECOND);
  w.hang('alpha');
  w.run(3 * SECOND);
  // The broker takes no more of our messages for 8 s (P is 5 s), though the connection stands.
  w.state.brokerWorks = false;
  w.run(8 * SECOND);
  w.state.brokerWorks = true;
  const mendedAt = w.now;
  const dead = w.untilNews('dead', 'alpha', 60 * SECOND);
  assert.ok(dead.at - mendedAt >= D, `dead ${dead.at - mendedAt} ms after the gap`);
  assert.ok(dead.at - mendedAt <= D + SECOND + 2 * Q);
});

test('a host that was never heard is absent: missed after I, and never cut', () => {
  const w = world({ hosts: [guarded(1, 'alpha'), guarded(2, 'beta')], started: false });
  w.machine('alpha').at = 'hung';
  w.start();
  w.run(119 * SECOND);
  assert.equal(alarms(w, 'alpha'), []);
  w.run(600 * SECOND);
  assert.equal(alarms(w, 'alpha'), ['absent']);
  assert.is(w.cuts().length, 0);
});

test('a host that does not come back after its fence is absent, and is not cycled for ever', () => {
  const w = pair();
  w.machine('alpha').bootMs = 1e9;
  w.hang('alpha');
  w.untilNews('restored', 'alpha', 40 * SECOND);
  w.run(900 * SECOND);
  assert.is(w.cuts().length, 1);
  assert.ok(alarms(w, 'alpha').includes('absent'));
});

test('two channels prove a silence only where both were heard within I of each other', () => {
  for (const [apartS, isProven] of [
    [100, true],
    [130, false],
  ] as const) {
    const w = pair();
    w.cable('alpha', 'serial', 'broken');
    w.run(apartS * SECOND);
    w.hang('alpha');
    w.run(60 * SECOND);
    assert.is(w.cuts().length > 0, isProven, `${apartS} s apart`);
  }
});

test('a life is cut once by verdict: where that failed, people are told and nothing moves', () => {
  const w = pair();
  w.machine('alpha').relays[0] = { really: 'closed', fault: 'welded' };
  w.hang('alpha');
  w.untilNews('failed', 'alpha', 40 * SECOND);
  w.run(300 * SECOND);
  assert.is(w.cuts().length, 1);
  // Its power was switched, so it is missed as a host that may be booting, and not judged again.
  assert.equal(alarms(w, 'alpha').sort(), ['absent', 'failed']);
  w.machine('alpha').relays[0] = { really: 'closed' };
  w.order({ op: 'fence', host: 'alpha', by: 'operator' });
  w.untilNews('fenced', 'alpha', 10 * SECOND);
  w.run(60 * SECOND);
  assert.ok(!alarms(w, 'alpha').includes('failed'));
});

test('a board that has fenced ten times within the hour fences nobody more by itself', () => {
  const name = (i: number): string => `host-${i}`;
  const numbers = Array.from({ length: 11 }, (_, i) => i + 1);
  const times = { keepaliveMs: 1_000, warntimeMs: 2_000, deadtimeMs: 4_000 };
  const differs = { times, mqtt: false, silence: 'act', afterFence: 'stay-off' } as const;
  const w = world({ hosts: numbers.map((i) => guarded(i, name(i), differs)) });
  w.run(10 * SECOND);
  for (const i of numbers) {
    w.hang(name(i));
    w.run(31 * SECOND);
    assert.is(w.cuts(name(i)).length, i === 11 ? 0 : 1, name(i));
  }
  assert.ok(alarms(w, name(11)).includes('budget'));
});

test('a neighbour that beats too seldom to prove an adapter keeps nobody on it alive', () => {
  const serial = { adapter: 'hub', modem: false };
  const quick = { keepaliveMs: 200, warntimeMs: 600, deadtimeMs: 2_000 };
  const delayMs = { serial: 20, mqtt: 50 };
  const w = world({
    hosts: [
      guarded(1, 'alpha', { times: quick, serial, delayMs }),
      guarded(2, 'beta', { serial, delayMs }),
    ],
  });
  w.run(30 * SECOND);
  w.hang('alpha');
  const dead = w.untilNews('dead', 'alpha', 5 * SECOND);
  const silenceMs = dead.at - lastFresh(w, 'alpha');
  assert.ok(silenceMs >= 2_000 && silenceMs <= 3_400, `dead after ${silenceMs} ms`);
  w.run(100 * SECOND);
  assert.is(w.cuts('beta').length, 0);
});

test.run();
