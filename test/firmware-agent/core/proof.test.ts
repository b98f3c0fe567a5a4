/** `fenced` means off: what proves it, what does not, and what contradicts it afterwards. */
import type { Power } from '../../../firmware-agent/core/power.ts';
import { weigh } from '../../../firmware-agent/core/proof.ts';
import { assert, suite } from '../../lib/suite.ts';
import { alarms, outcomes } from './world/after.ts';
import { darkSince, hasPower } from './world/machine.ts';
import { guarded, SECOND } from './world/settings.ts';
import { type World, world } from './world/world.ts';

const test = suite('proof');
const H = 5 * SECOND;
const U = 2 * SECOND;
const LIMIT = U + 2 * H + SECOND;

function lone(differs: Parameters<typeof guarded>[2] = {}, feeds?: number[][]): World {
  const hosts = [guarded(1, 'alpha', differs), guarded(2, 'beta')];
  const w = world({ hosts, ...(feeds === undefined ? {} : { feeds: { alpha: feeds } }) });
  w.run(30 * SECOND);
  return w;
}

/** Orders a fence and answers its outcome, and how long alpha was dark by then. */
function fence(w: World): { outcome: string; proof: string; darkMs: number } {
  const cmdId = w.order({ op: 'fence', host: 'alpha', by: 'operator' });
  w.until(
    'final answer',
    (e) => e.kind === 'answer' && e.answer.cmdId === cmdId && e.answer.outcome !== 'accepted',
    40 * SECOND,
  );
  const last = w.answers(cmdId).at(-1);
  const since = darkSince(w.machine('alpha'));
  return {
    outcome: last?.outcome ?? '',
    proof: last?.proof ?? '',
    darkMs: since === undefined ? -1 : w.now - since,
  };
}

test('a sense that does not answer is told before a fence needs it, and so is its return', () => {
  const w = lone();
  w.machine('alpha').senses[0] = { reads: 'mute' };
  w.run(12 * SECOND);
  assert.ok(alarms(w, 'alpha').includes('device-silent'));
  w.machine('alpha').senses[0] = {};
  w.run(2 * SECOND);
  assert.not.ok(alarms(w, 'alpha').includes('device-silent'));
});

test('a reading that was asked for before the cut proves nothing, however late it came', () => {
  const settings = guarded(1, 'alpha');
  const cut = { outlets: [0], cutAt: 1_000, stalledMs: 0 };
  const now = cut.cutAt + H + 100;
  const weighed = (askedAt: number): string => {
    const sample = { askedAt, at: now - 50, since: cut.cutAt };
    const power: Power = {
      contacts: [{ value: 'open', ...sample }],
      senses: [{ value: 'off', ...sample, seenOn: true, seenOff: true, suspect: false }],
    };
    return weigh(cut, { now, settings, power, judgeTickMs: 50, stalledMs: 0 }).is;
  };
  assert.is(weighed(cut.cutAt - 1), 'pending');
  assert.is(weighed(now - 60), 'proven');
});

test('verified: its senses read off without a break for H', () => {
  const { outcome, proof, darkMs } = fence(lone());
  assert.equal([outcome, proof], ['done', 'verified']);
  assert.ok(darkMs >= H, `dark for ${darkMs} ms only`);
});

test('the keys of a life are destroyed when it is reported fenced, and before anybody is told', () => {
  const w = lone();
  fence(w);
  const kinds = w.state.told.map(({ effect }) => effect);
  const retired = kinds.findIndex((e) => e.kind === 'retire' && e.incarnation === 1001);
  const told = kinds.findIndex((e) => e.kind === 'answer' && e.answer.outcome === 'done');
  assert.ok(retired >= 0 && retired < told);
});

test('by hold: contacts read open for U and H, where the configuration says so', () => {
  const w = lone({ proof: 'by-hold', senses: [] });
  const { outcome, proof, darkMs } = fence(w);
  assert.equal([outcome, proof], ['done', 'by-hold']);
  assert.ok(darkMs >= U + H - 200, `dark for ${darkMs} ms only`);
});

test('by hold: a sense that says on prevents it, and so does one that fell silent saying on', () => {
  for (const reads of ['on', 'mute'] as const) {
    const w = lone({ proof: 'by-hold' });
    w.machine('alpha').senses[0] = { reads };
    assert.is(fence(w).outcome, 'failed');
  }
});

test('by hold: a sense that cannot be read does not stand in the way', () => {
  const w = lone({ proof: 'by-hold' });
  w.machine('alpha').senses[0] = { reads: 'unknown' };
  w.run(SECOND);
  const { proof, darkMs } = fence(w);
  assert.is(proof, 'by-hold');
  assert.ok(darkMs >= U + H - 200);
});

test('a welded relay is not fenced: `failed`, power given back, an alarm', () => {
  const w = lone();
  w.machine('alpha').relays[0] = { really: 'closed', fault: 'welded' };
  assert.is(fence(w).outcome, 'failed');
  assert.ok(alarms(w, 'alpha').includes('failed'));
  assert.is(w.news('fenced').length, 0);
});

test('a sense that was never seen on proves nothing', () => {
  const w = world({ hosts: [guarded(1, 'alpha'), guarded(2, 'beta')], started: false });
  w.machine('alpha').senses[0] = { reads: 'off' };
  w.start();
  w.run(20 * SECOND);
  assert.is(fence(w).outcome, 'failed');
});

test('a sense that reads off while the host beats is suspect, until seen on and off again', () => {
  const w = lone();
  const alpha = w.machine('alpha');
  alpha.senses[0] = { reads: 'off' };
  w.run(10 * SECOND);
  assert.ok(alarms(w, 'alpha').includes('sense-suspect'));
  assert.is(fence(w).outcome, 'failed');
  alpha.senses[0] = {};
  w.run(60 * SECOND);
  assert.is(fence(w).outcome, 'done');
  assert.ok(!alarms(w, 'alpha').includes('sense-suspect'));
});

test('a sense stuck on never lets `fenced` be said', () => {
  const w = lone();
  w.machine('alpha').senses[0] = { reads: 'on' };
  const { outcome } = fence(w);
  assert.is(outcome, 'failed');
});

test('a blip to unknown, to on, or a late sample starts the hold anew', () => {
  for (const reads of ['unknown', 'on', 'mute'] as const) {
    const w = lone();
    const alpha = w.machine('alpha');
    const cmdId = w.order({ op: 'fence', host: 'alpha', by: 'operator' });
    w.run(4 * SECOND);
    alpha.senses[0] = { reads };
    w.run(700);
    alpha.senses[0] = {};
    const blipEnd = w.now;
    w.until('done', (e) => e.kind === 'answer' && e.answer.outcome === 'done', 15 * SECOND);
    assert.ok(w.now - blipEnd >= H, `${reads}: done ${w.now - blipEnd} ms after the blip`);
    assert.ok(outcomes(w, cmdId).includes('done'));
  }
});

test('a device lost for longer than H fails the method', () => {
  const w = lone();
  const cmdId = w.order({ op: 'fence', host: 'alpha', by: 'operator' });
  w.run(1_000);
  w.machine('alpha').relays[0] = { really: 'open', reads: 'mute' };
  const lostAt = w.now;
  w.until('failed', (e) => e.kind === 'answer' && e.answer.outcome === 'failed', LIMIT);
  assert.ok(w.now - lostAt <= H + SECOND);
  assert.is(w.answers(cmdId).at(-1)?.detail, 'device-lost');
});

test('two supplies of one method are off together for H before either comes back', () => {
  const outlets = ['a', 'b'].map((name) => ({ name, method: 1, readable: true, periodMs: 100 }));
  const w = lone({ outlets }, [[0], [1]]);
  const { outcome, darkMs } = fence(w);
  assert.is(outcome, 'done');
  assert.ok(darkMs >= H);
  assert.equal(
    w.cuts('alpha').map(({ effect }) => effect.kind === 'cut' && effect.outlets),
    [[0, 1]],
  );
});

test('one welded supply of two: not fenced', () => {
  const outlets = ['a', 'b'].map((name) => ({ name, method: 1, readable: true, periodMs: 100 }));
  const w = lone({ outlets }, [[0], [1]]);
  w.machine('alpha').relays[1] = { really: 'closed', fault: 'welded' };
  assert.is(fence(w).outcome, 'failed');
});

test('methods are tried in order, and the last decides', () => {
  const outlets = [
    { name: 'relay', method: 1, readable: true, periodMs: 100 },
    { name: 'feed', method: 2, readable: true, periodMs: 100 },
  ];
  const w = lone({ outlets }, [[0, 1]]);
  w.machine('alpha').relays[0] = { really: 'closed', fault: 'welded' };
  const { outcome, darkMs } = fence(w);
  assert.is(outcome, 'done');
  assert.ok(darkMs >= H);
  assert.is(w.cuts('alpha').length, 2);
  w.untilNews('restored', 'alpha', 10 * SECOND);
  assert.ok(hasPower(w.machine('alpha')));
});

test('a host that goes on beating after the cut fails the method, and has its power back', () => {
  const w = lone();
  const alpha = w.machine('alpha');
  // The relay opens and the machine has another supply; the sense looks at the wrong one.
  alpha.holdUpMs = 1e9;
  alpha.senses[0] = { reads: 'off' };
  const cmdId = w.order({ op: 'fence', host: 'alpha', by: 'operator' });
  w.until('failed', (e) => e.kind === 'answer' && e.answer.outcome === 'failed', LIMIT);
  assert.is(w.answers(cmdId).at(-1)?.detail, 'alive');
  assert.is(w.news('fenced').length, 0);
  w.untilNews('restored', 'alpha', 10 * SECOND);
});

test('power that shows after publication freezes the host: no relay moves any more', () => {
  const w = lone();
  w.order({ op: 'off', host: 'alpha', by: 'operator' });
  w.untilNews('fenced', 'alpha', 10 * SECOND);
  w.run(SECOND);
  w.machine('alpha').senses[0] = { reads: 'on' };
  w.untilNews('integrity', 'alpha', SECOND);
  const cuts = w.cuts().length;
  const on = w.order({ op: 'on', host: 'alpha', by: 'operator' });
  const again = w.order({ op: 'fence', host: 'alpha', by: 'operator' });
  w.run(60 * SECOND);
  assert.equal([outcomes(w, on), outcomes(w, again)], [['refused'], ['refused']]);
  assert.is(w.cuts().length, cuts);
  assert.is(w.told((e) => e.kind === 'restore').length, 0);
});

test('a HELLO of a fenced life whose tick is later than the dark freezes its host', () => {
  const w = lone();
  fence(w);
  w.untilNews('restored', 'alpha', 10 * SECOND);
  const tick = w.state.process?.board.ticks.latest ?? 0;
  const hello = { kind: 'hello', host: 1, channel: 'serial', incarnation: 1001 } as const;
  w.give({ kind: 'heard', opened: { ...hello, tick: 3, retired: true } });
  assert.is(w.news('integrity').length, 0);
  w.give({ kind: 'heard', opened: { ...hello, tick, retired: true } });
  assert.is(w.news('integrity', 'alpha').length, 1);
});

test('while its host is cut anew, the HELLO of a fenced life is weighed by that fence alone', () => {
  const w = lone();
  w.machine('alpha').bootMs = 1e9;
  fence(w);
  w.untilNews('restored', 'alpha', 10 * SECOND);
  const cmdId = w.order({ op: 'fence', host: 'alpha', by: 'operator' });
  w.until('cut', (e) => e.kind === 'cut', SECOND);
  const tick = w.state.process?.board.ticks.latest ?? 0;
  const hello = { kind: 'hello', host: 1, channel: 'serial', incarnation: 1001 } as const;
  w.give({ kind: 'heard', opened: { ...hello, tick, retired: true } });
  w.run(10 * SECOND);
  assert.is(w.news('integrity').length, 0);
  assert.is(outcomes(w, cmdId).at(-1), 'done');
});

test('a beat from before the dark that comes after it makes nobody a member again', () => {
  const w = lone();
  w.order({ op: 'off', host: 'alpha', by: 'operator' });
  w.untilNews('fenced', 'alpha', 10 * SECOND);
  const host = w.state.process?.board.hosts.get(1);
  const echo = (host?.fence?.darkTick ?? 0) - 1;
  const life = { host: 1, channel: 'mqtt', session: 999, incarnation: 4_711 } as const;
  const beat = { kind: 'beat', ...life, seq: 1, echo, flags: 0, bytes: new Uint8Array() } as const;
  w.give({ kind: 'heard', opened: beat });
  assert.is(host?.life.at, 'absent');
  assert.is(w.news('heard', 'alpha').length, 1);
});

test('two lives of one host that speak at once freeze it', () => {
  const w = lone();
  const alpha = w.machine('alpha');
  alpha.start += 1;
  alpha.incarnation = 4_711;
  w.run(5 * SECOND);
  assert.ok(w.news('reborn', 'alpha').length > 0);
  const tick = w.state.process?.board.ticks.latest ?? 0;
  const hello = { kind: 'hello', host: 1, channel: 'mqtt', incarnation: 1001 } as const;
  w.give({ kind: 'heard', opened: { ...hello, tick, retired: true } });
  assert.is(w.news('two-lives', 'alpha').length, 1);
  w.hang('alpha');
  w.run(100 * SECOND);
  assert.is(w.cuts().length, 0);
});

test('crossed wires: who fell silent with a cut that hit the wrong one is frozen too', () => {
  const w = lone();
  // Alpha's relay feeds beta: alpha lives on, beta dies.
  const [alpha, beta] = [w.machine('alpha'), w.machine('beta')];
  alpha.holdUpMs = 1e9;
  const cmdId = w.order({ op: 'off', host: 'alpha', by: 'operator' });
  w.until('cut', (e) => e.kind === 'cut', SECOND);
  beta.at = 'hung';
  alpha.senses[0] = { reads: 'off' };
  // It is silent while it is proven, and speaks afterwards.
  w.cable('alpha', 'serial', 'broken', 'up');
  w.cable('alpha', 'mqtt', 'broken', 'up');
  w.untilNews('fenced', 'alpha', 10 * SECOND);
  assert.ok(outcomes(w, cmdId).includes('done'));
  w.cable('alpha', 'serial', 'whole', 'up');
  const tick = w.state.process?.board.ticks.latest ?? 0;
  const hello = { kind: 'hello', host: 1, channel: 'serial', incarnation: 1001, tick } as const;
  w.give({ kind: 'heard', opened: { ...hello, retired: true } });
  assert.is(w.news('integrity', 'alpha').length, 1);
  assert.is(w.news('crossed', 'beta').length, 1);
  w.run(100 * SECOND);
  assert.is(w.cuts('beta').length, 0);
});

test('a restore that does not close is told, and is tried until it does', () => {
  const w = lone();
  w.machine('alpha').relays[0] = { really: 'closed', fault: 'stuck-open' };
  fence(w);
  w.run(20 * SECOND);
  assert.ok(alarms(w, 'alpha').includes('relay-open'));
  delete w.machine('alpha').relays[0]?.fault;
  w.untilNews('restored', 'alpha', 70 * SECOND);
  assert.ok(!alarms(w, 'alpha').includes('relay-open'));
});

test('a stall of the board in mid-proof begins the hold anew, and is not the fault of the host', () => {
  const w = lone();
  const cmdId = w.order({ op: 'fence', host: 'alpha', by: 'operator' });
  w.run(3 * SECOND);
  w.stall(9 * SECOND);
  w.run(9 * SECOND);
  const stallEnd = w.now;
  w.until('done', (e) => e.kind === 'answer' && e.answer.outcome === 'done', 10 * SECOND);
  assert.ok(w.now - stallEnd >= H, `done ${w.now - stallEnd} ms after the stall`);
  assert.is(outcomes(w, cmdId).at(-1), 'done');
});

test('two restores are at least 2 s apart', () => {
  const w = lone();
  w.order({ op: 'fence', host: 'alpha', by: 'operator' });
  w.order({ op: 'fence', host: 'beta', by: 'operator' });
  w.run(30 * SECOND);
  const [first, second] = w.told((e) => e.kind === 'restore');
  assert.ok(first && second && second.at - first.at >= 2 * SECOND);
});

test.run();
