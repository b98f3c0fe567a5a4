/** Silence that others share is suspect, and each way out of the suspicion. */

import type { Timing } from '../../../firmware-agent/core/settings.ts';
import { prng } from '../../lib/prng.ts';
import { assert, suite } from '../../lib/suite.ts';
import { alarms, lastFresh } from './world/after.ts';
import { guarded, overBroker, SECOND } from './world/settings.ts';
import { type World, world } from './world/world.ts';

const test = suite('shared silence');
const RUNS = Number(process.env['RUNS'] ?? 15);
const D = 15 * SECOND;
const Q = 50;

/** Both hosts on one broker, with senses that cannot be mistaken for a witness. */
function pair(): World {
  const sense = { name: 'sense', covers: 'host', periodMs: 100, showsBreak: false } as const;
  const differs = { senses: [sense] };
  const w = world({ hosts: [guarded(1, 'alpha', differs), guarded(2, 'beta', differs)] });
  w.run(30 * SECOND);
  return w;
}

function silence(w: World, name: string, is: 'broken' | 'whole'): void {
  w.cable(name, 'serial', is);
  w.cable(name, 'mqtt', is);
}

test('two hosts that fall silent together are both held, told each minute, and never cut', () => {
  const w = pair();
  silence(w, 'alpha', 'broken');
  w.run(3 * SECOND);
  silence(w, 'beta', 'broken');
  w.run(300 * SECOND);
  assert.is(w.cuts().length, 0);
  const told = w.news('held', 'alpha');
  assert.ok(told.length >= 4 && told.length <= 6, `told ${told.length} times in five minutes`);
  silence(w, 'alpha', 'whole');
  silence(w, 'beta', 'whole');
  w.run(60 * SECOND);
  assert.is(w.cuts().length, 0);
  assert.equal([...alarms(w, 'alpha'), ...alarms(w, 'beta')], []);
});

test('a host whose companion beats all the while is not held', () => {
  const w = pair();
  w.hang('alpha');
  w.untilNews('dead', 'alpha', 20 * SECOND);
  assert.is(w.news('held').length, 0);
});

test('held, it is released when the other beats again and it stays silent D more', () => {
  const w = pair();
  w.hang('alpha');
  silence(w, 'beta', 'broken');
  w.untilNews('held', 'alpha', 20 * SECOND);
  w.run(20 * SECOND);
  silence(w, 'beta', 'whole');
  const backAt = w.now;
  const dead = w.untilNews('dead', 'alpha', 40 * SECOND);
  assert.ok(dead.at - backAt >= D, `dead ${dead.at - backAt} ms after the other came back`);
  assert.ok(dead.at - backAt <= D + 2 * SECOND, `${dead.at - backAt} ms`);
});

test('held, a companion that comes back for a moment only releases nobody', () => {
  const w = pair();
  w.hang('alpha');
  silence(w, 'beta', 'broken');
  w.untilNews('held', 'alpha', 20 * SECOND);
  silence(w, 'beta', 'whole');
  w.run(3 * SECOND);
  silence(w, 'beta', 'broken');
  w.run(60 * SECOND);
  assert.is(w.cuts('alpha').length, 0);
});

test('held, a fresh beat ends it, and a later silence is judged anew', () => {
  const w = pair();
  silence(w, 'alpha', 'broken');
  silence(w, 'beta', 'broken');
  w.untilNews('held', 'alpha', 20 * SECOND);
  silence(w, 'alpha', 'whole');
  silence(w, 'beta', 'whole');
  w.run(10 * SECOND);
  assert.equal(alarms(w, 'alpha'), []);
  silence(w, 'alpha', 'broken');
  silence(w, 'beta', 'broken');
  w.run(60 * SECOND);
  assert.ok(alarms(w, 'alpha').includes('held'));
  assert.is(w.cuts().length, 0);
});

test('held, all its senses seen to fall during the silence release it', () => {
  const serial = { adapter: 'hub', modem: false };
  const w = world({ hosts: [guarded(1, 'alpha', { serial }), guarded(2, 'beta', { serial })] });
  w.run(30 * SECOND);
  w.hang('alpha');
  silence(w, 'beta', 'broken');
  w.untilNews('held', 'alpha', 20 * SECOND);
  w.run(5 * SECOND);
  w.machine('alpha').senses[0] = { reads: 'off' };
  w.untilNews('dead', 'alpha', SECOND);
});

test('far proof on its own line releases it', () => {
  const serial = { adapter: 'hub', modem: true };
  const w = world({ hosts: [guarded(1, 'alpha', { serial }), guarded(2, 'beta', { serial })] });
  w.give({ kind: 'modem', host: 1, line: 'dropped' });
  w.give({ kind: 'modem', host: 1, line: 'asserted' });
  w.run(30 * SECOND);
  silence(w, 'beta', 'broken');
  w.hang('alpha');
  const dead = w.untilNews('dead', 'alpha', 20 * SECOND);
  assert.ok(dead.at - lastFresh(w, 'alpha') <= D + 2 * Q, `${dead.at - lastFresh(w, 'alpha')}`);
});

test('an order for one of two that fell silent together does not let the other be cut', () => {
  const w = pair();
  silence(w, 'alpha', 'broken');
  silence(w, 'beta', 'broken');
  w.run(5 * SECOND);
  w.order({ op: 'fence', host: 'beta', by: 'operator' });
  w.run(100 * SECOND);
  assert.is(w.cuts('alpha').length, 0);
});

test('an order moves a held host', () => {
  const w = pair();
  w.hang('alpha');
  silence(w, 'beta', 'broken');
  w.untilNews('held', 'alpha', 20 * SECOND);
  w.order({ op: 'fence', host: 'alpha', by: 'operator' });
  w.untilNews('fenced', 'alpha', 10 * SECOND);
});

test('a release holds for the whole silence: it is not suspected again', () => {
  const w = pair();
  w.hang('alpha');
  silence(w, 'beta', 'broken');
  w.untilNews('held', 'alpha', 20 * SECOND);
  silence(w, 'beta', 'whole');
  w.run(D);
  // The other fails again just as the verdict is due; journal and all come after it.
  silence(w, 'beta', 'broken');
  w.run(4 * SECOND);
  const host = w.state.process?.board.hosts.get(1);
  if (host?.held !== undefined) assert.ok(host.held.released);
  assert.ok(w.news('held', 'alpha').length <= 2);
});

test('hosts that left, or are kept off, make nobody suspect', () => {
  const w = pair();
  w.leave('beta', 'left');
  w.run(100);
  w.hang('beta');
  w.run(20 * SECOND);
  w.hang('alpha');
  w.untilNews('dead', 'alpha', 20 * SECOND);
});

test('a silence that began more than I before its own makes nobody suspect', () => {
  for (const [agoS, isHeld] of [
    [60, true],
    [130, false],
  ] as const) {
    // Beta's silence can never be proven, so it stays silent and nothing is done about it.
    const sense = { name: 'sense', covers: 'host', periodMs: 100, showsBreak: false } as const;
    const hosts = [guarded(1, 'alpha', { senses: [sense] }), overBroker(2, 'beta')];
    const w = world({ hosts });
    w.run(30 * SECOND);
    w.hang('beta');
    w.run(agoS * SECOND);
    w.hang('alpha');
    w.run(20 * SECOND);
    assert.is(w.news('held', 'alpha').length > 0, isHeld, `${agoS} s before`);
    assert.is(w.cuts('alpha').length > 0, !isHeld);
  }
});

test('a host is held where another reached its verdict within D, though that one is off now', () => {
  const w = pair();
  w.hang('alpha');
  w.run(13_500);
  w.hang('beta');
  w.untilNews('dead', 'alpha', 5 * SECOND);
  w.untilNews('held', 'beta', 20 * SECOND);
  const back = w.untilNews('heard', 'alpha', 40 * SECOND);
  const dead = w.untilNews('dead', 'beta', 30 * SECOND);
  assert.ok(dead.at - back.at >= D, `${dead.at - back.at} ms after the other came back`);
});

test('a declared common feed makes silence suspect on whatever channel it was', () => {
  const fate = ['feed-a'];
  const hosts = [
    overBroker(1, 'alpha', { fate, silence: 'act' }),
    guarded(2, 'beta', { fate, mqtt: false, silence: 'act' }),
  ];
  const w = world({ hosts });
  w.run(30 * SECOND);
  w.hang('beta');
  w.run(4 * SECOND);
  w.hang('alpha');
  w.run(100 * SECOND);
  assert.is(w.cuts().length, 0);
  assert.ok(alarms(w, 'alpha').includes('held'));
});

test('starts of two autonomous fences are 30 s apart, however sure both are', () => {
  const hosts = [1, 2].map((n) =>
    guarded(n, n === 1 ? 'alpha' : 'beta', { mqtt: false, silence: 'act' }),
  );
  const w = world({ hosts });
  w.run(30 * SECOND);
  w.hang('alpha');
  w.hang('beta');
  w.run(70 * SECOND);
  const [first, second] = w.news('dead');
  assert.ok(first && second, 'both are fenced');
  assert.ok(second.at - first.at >= 30 * SECOND && second.at - first.at <= 30 * SECOND + 2 * Q);
});

test('three autonomous fences of a host in an hour, then it asks', () => {
  const w = world({ hosts: [guarded(1, 'alpha'), guarded(2, 'beta')] });
  for (let i = 0; i < 4; i += 1) {
    w.run(60 * SECOND);
    w.hang('alpha');
    w.run(60 * SECOND);
  }
  assert.is(w.news('dead', 'alpha').length, 3);
  assert.ok(alarms(w, 'alpha').includes('budget'));
  w.order({ op: 'fence', host: 'alpha', by: 'operator' });
  w.untilNews('fenced', 'alpha', 10 * SECOND);
});

/** Cuts after everything that carries both hosts failed, at forty moments of a keepalive. */
function cutsAfterSharedFailure(quick: Partial<Timing>, slow: Partial<Timing>): number {
  const sense = { name: 'sense', covers: 'host', periodMs: 100, showsBreak: false } as const;
  let cuts = 0;
  for (let seed = 1; seed <= 40; seed += 1) {
    const w = world({
      seed,
      hosts: [
        guarded(1, 'alpha', { senses: [sense], times: quick }),
        guarded(2, 'beta', { senses: [sense], times: slow }),
      ],
    });
    w.run(15 * SECOND + seed * 130);
    silence(w, 'alpha', 'broken');
    silence(w, 'beta', 'broken');
    w.run(20 * SECOND);
    cuts += w.cuts().length;
  }
  return cuts;
}

test('a quick host is not cut before a slow one that shares its path could be missed', () => {
  const quick = { deadtimeMs: 3 * SECOND, warntimeMs: 1 * SECOND };
  assert.is(cutsAfterSharedFailure(quick, { keepaliveMs: 5 * SECOND }), 0);
});

test('at the shortest deadtime a shared failure is still seen as one', () => {
  // Almost the same pace, so that the forty moments meet their beats in every order.
  const times = { deadtimeMs: 3 * SECOND, warntimeMs: 1 * SECOND };
  assert.is(cutsAfterSharedFailure(times, { ...times, keepaliveMs: 970 }), 0);
});

test('a quick host that dies alone waits for a beat of the slow one and a way back, no longer', () => {
  const quick = { deadtimeMs: 3 * SECOND, warntimeMs: 1 * SECOND };
  const w = world({
    hosts: [
      guarded(1, 'alpha', { times: quick }),
      guarded(2, 'beta', { times: { keepaliveMs: 5 * SECOND } }),
    ],
  });
  w.run(32 * SECOND);
  w.hang('alpha');
  const fresh = lastFresh(w, 'alpha');
  const dead = w.untilNews('dead', 'alpha', 20 * SECOND);
  const latest = 1_000 + 500 + 2 * 5_500;
  assert.ok(dead.at - fresh <= latest, `dead after ${dead.at - fresh} ms`);
  assert.is(w.news('held').length, 0);
});

test('whatever their timers, hosts that lose all paths together are never cut', () => {
  const sense = { name: 'sense', covers: 'host', periodMs: 100, showsBreak: false } as const;
  for (let seed = 1; seed <= RUNS; seed += 1) {
    const chance = prng(seed);
    const hosts = ['alpha', 'beta', 'gamma'].slice(0, chance.between(2, 3)).map((name, i) => {
      const keepaliveMs = chance.pick([500, 930, 1_000, 2_100, 5_000]);
      const delayMs = { serial: 20, mqtt: 250 };
      // The shortest that check takes, and longer ones.
      const deadtimeMs = chance.pick([1, 1.5, 3]) * Math.max(3 * keepaliveMs, 2_600);
      const times = { keepaliveMs, deadtimeMs, warntimeMs: keepaliveMs, initdeadMs: 60_000 };
      const serial = { adapter: chance.pick(['hub', `${name}-port`]), modem: false };
      return guarded(i + 1, name, { senses: [sense], times, delayMs, serial });
    });
    const w = world({ seed, hosts });
    w.run(30 * SECOND + chance.between(0, 5_000));
    for (const { name } of hosts) silence(w, name, 'broken');
    w.run(60 * SECOND);
    assert.equal(w.cuts(), [], `SEED=${seed}`);
    for (const { name } of hosts) silence(w, name, 'whole');
    w.run(20 * SECOND);
    assert.equal(w.cuts(), [], `SEED=${seed}, after the paths came back`);
  }
});

test.run();
