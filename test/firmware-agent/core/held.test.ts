/** Whose silence makes nobody suspect, and what does not end a hold. */
import type { HostSettings, Timing } from '../../../firmware-agent/core/settings.ts';
import { assert, suite } from '../../lib/suite.ts';
import { alarms, lastFresh } from './world/after.ts';
import { guarded, overBroker, SECOND } from './world/settings.ts';
import { BEAT } from './world/timed.ts';
import { type World, world } from './world/world.ts';

const test = suite('held');
const D = 15 * SECOND;
const I = 120 * SECOND;
const Q = 50;
// It reads off on a broken wire, so it is no witness.
const BLIND = { name: 'sense', covers: 'host', periodMs: 100, showsBreak: false } as const;

function pair(differs: Partial<HostSettings> & { times?: Partial<Timing> } = {}): World {
  const more = { senses: [BLIND], ...differs };
  const w = world({ hosts: [guarded(1, 'alpha', more), guarded(2, 'beta', more)] });
  w.run(30 * SECOND);
  return w;
}

function silence(w: World, name: string, is: 'broken' | 'whole'): void {
  w.cable(name, 'serial', is);
  w.cable(name, 'mqtt', is);
}

function diesAtOnce(w: World, name: string): void {
  const dead = w.untilNews('dead', name, 20 * SECOND);
  const silenceMs = dead.at - lastFresh(w, name);
  assert.ok(silenceMs <= D + Q, `dead after ${silenceMs} ms`);
  assert.is(w.news('held', name).length, 0);
}

test('a host that is heard again after its fence makes nobody suspect', () => {
  const w = pair();
  w.hang('alpha');
  w.untilNews('dead', 'alpha', 20 * SECOND);
  w.untilNews('heard', 'alpha', 60 * SECOND);
  w.run(10 * SECOND);
  w.hang('beta');
  diesAtOnce(w, 'beta');
});

test('a host that asked for grace makes nobody suspect, though it falls silent', () => {
  const w = pair();
  w.leave('beta', 'leaving', { returnByS: 300 });
  w.run(SECOND);
  w.hang('beta');
  w.run(8 * SECOND);
  w.hang('alpha');
  diesAtOnce(w, 'alpha');
});

test('a host that is being fenced by order makes nobody suspect', () => {
  const w = pair();
  w.hang('alpha');
  w.run(D - 4_500);
  w.order({ op: 'fence', host: 'beta', by: 'operator' });
  diesAtOnce(w, 'alpha');
  assert.is(w.news('fenced', 'beta').length, 0);
});

test('a host that boots after a pulse makes nobody suspect', () => {
  const w = pair({ pulses: [{ name: 'button', kind: 'reset' }] });
  w.hang('alpha');
  w.run(8 * SECOND);
  w.order({ op: 'reset', host: 'beta', by: 'operator' });
  diesAtOnce(w, 'alpha');
});

test('a host that was silent, too, and is just back makes suspect for D, be it for a moment only', () => {
  const w = pair();
  w.hang('alpha');
  silence(w, 'beta', 'broken');
  w.run(3_600);
  silence(w, 'beta', 'whole');
  const backAt = w.now;
  const dead = w.untilNews('dead', 'alpha', 60 * SECOND);
  assert.ok(dead.at - backAt >= D, `dead ${dead.at - backAt} ms after the other came back`);
});

test('a host that was back before this silence began makes nobody suspect', () => {
  const w = pair({ delayMs: { serial: 20, mqtt: 50 }, timer: BEAT });
  silence(w, 'beta', 'broken');
  w.run(4 * SECOND);
  silence(w, 'beta', 'whole');
  w.run(2 * SECOND);
  w.hang('alpha');
  const cut = w.until('cut', (e) => e.kind === 'cut' && e.host === 1, 20 * SECOND);
  const silenceMs = cut.at - lastFresh(w, 'alpha');
  assert.ok(silenceMs <= BEAT.timeoutMs + 2 * Q, `cut after ${silenceMs} ms`);
});

test('a host whose power was seen to fall is suspect to nobody, not for one tick', () => {
  const serial = { adapter: 'hub', modem: false };
  const w = pair({ serial, senses: [{ ...BLIND, showsBreak: true }] });
  silence(w, 'beta', 'broken');
  w.machine('alpha').at = 'off';
  w.machine('alpha').senses[0] = { reads: 'off' };
  w.untilNews('dead', 'alpha', 20 * SECOND);
  const { hosts } = w.state.process?.board ?? {};
  assert.is(hosts?.get(1)?.held, undefined);
});

test('power that fell long before a shared silence does not explain it', () => {
  // An ATX supply: for 15 s nobody calls the sense a liar.
  const times = { drainMs: 15 * SECOND };
  const w = pair({ times, senses: [{ ...BLIND, showsBreak: true }] });
  w.machine('alpha').senses[0] = { reads: 'off' };
  w.run(8 * SECOND);
  silence(w, 'alpha', 'broken');
  silence(w, 'beta', 'broken');
  w.run(60 * SECOND);
  assert.is(w.cuts().length, 0);
  assert.ok(alarms(w, 'alpha').includes('held'));
});

test('a hold does not end because we ended the sessions by which others could be back', () => {
  const hosts = [guarded(1, 'alpha', { silence: 'act' }), overBroker(2, 'beta')];
  const w = world({ hosts });
  w.run(30 * SECOND);
  silence(w, 'alpha', 'broken');
  w.cable('beta', 'mqtt', 'broken');
  w.untilNews('held', 'alpha', 30 * SECOND);
  w.endSession('alpha', 'mqtt', 'expired');
  w.endSession('beta', 'mqtt', 'expired');
  w.run(I + 30 * SECOND);
  assert.is(w.cuts().length, 0);
});

test.run();
