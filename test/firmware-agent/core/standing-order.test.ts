/** Timers that are kicked: when a host that beats on is cut by its own order, and when it is not. */
import type { HostSettings } from '../../../firmware-agent/core/settings.ts';
import { assert, suite } from '../../lib/suite.ts';
import { SECOND } from './world/settings.ts';
import { machineOf } from './world/state.ts';
import { JOURNAL_MS, KICK, kickUntil, rack, stateOf, TICK_MS } from './world/timed.ts';

const test = suite('standing orders');

test('in mode kick a host that beats on is cut at the timeout once nobody kicks', () => {
  const w = rack();
  w.arm('alpha', KICK);
  kickUntil(w, 20 * SECOND);
  assert.equal(w.news('pretimeout'), []);
  w.kick('alpha');
  const kickedAt = w.now + 20;
  const warned = w.untilNews('pretimeout', 'alpha', 6 * SECOND);
  assert.ok(Math.abs(warned.at - kickedAt - 5_000) <= TICK_MS + 10, `${warned.at - kickedAt}`);
  const told = w.told(({ kind }) => kind === 'tell-timer');
  assert.ok(
    told.some(({ at }) => at === warned.at),
    'the host is warned',
  );
  const cut = w.until('cut', ({ kind }) => kind === 'cut', 4 * SECOND);
  const lateMs = cut.at - kickedAt - 8_000;
  // It is heard once more, a keepalive later at most.
  const boundMs = SECOND + 50 + TICK_MS + JOURNAL_MS;
  assert.ok(lateMs >= -10 && lateMs <= boundMs, `cut ${lateMs} ms late`);
  assert.is(machineOf(w.state, 1).at, 'up', 'it beat until then');
  w.untilNews('fenced', 'alpha', 10 * SECOND);
});

test('a kick just before the expiry averts it, and so does one before the cut', () => {
  const w = rack();
  w.arm('alpha', KICK);
  w.run(7_900);
  w.kick('alpha');
  w.run(4 * SECOND);
  assert.equal(w.cuts(), []);
  assert.is(stateOf(w), 'armed');
  w.state.disk.delayMs = 400;
  w.untilNews('timer-expired', 'alpha', 5 * SECOND);
  w.kick('alpha');
  w.untilNews('averted', 'alpha', SECOND);
  w.run(2 * SECOND);
  assert.equal(w.cuts(), []);
  assert.is(stateOf(w), 'armed');
});

test('beats alone refresh no timer of mode kick, and avert no standing order', () => {
  const w = rack();
  w.arm('alpha', KICK);
  w.state.disk.works = false;
  w.untilNews('timer-expired', 'alpha', 9 * SECOND);
  const cut = w.until('cut', ({ kind }) => kind === 'cut', SECOND);
  assert.is(cut.effect.kind, 'cut');
  assert.equal(w.news('averted'), []);
});

test('kicks that the board could not hear are not missed by it', () => {
  for (const outageMs of [9_000, 12_000, 20_000, 40_000]) {
    const w = rack();
    w.arm('alpha', KICK);
    kickUntil(w, 6 * SECOND);
    w.broker(false);
    w.serialPort('alpha', false);
    kickUntil(w, outageMs);
    w.broker(true);
    w.serialPort('alpha', true);
    kickUntil(w, 30 * SECOND);
    assert.equal(w.cuts(), [], `after ${outageMs} ms`);
  }
});

test('a kick that was lost on its way comes with the next beat, before anything is cut', () => {
  const w = rack();
  w.arm('alpha', KICK);
  const armedAt = w.now;
  w.run(7_300);
  w.cable('alpha', 'serial', 'broken', 'up');
  w.cable('alpha', 'mqtt', 'broken', 'up');
  w.kick('alpha');
  w.run(armedAt + 8_200 - w.now);
  w.cable('alpha', 'serial', 'whole', 'up');
  w.cable('alpha', 'mqtt', 'whole', 'up');
  w.run(3 * SECOND);
  assert.equal(w.cuts(), []);
  assert.equal(w.news('timer-expired'), []);
});

test('a count that may have gone round unheard counts as a kick', () => {
  const w = rack();
  w.arm('alpha', { ...KICK, timeoutMs: 20_000 });
  w.kick('alpha');
  w.run(SECOND);
  w.broker(false);
  w.serialPort('alpha', false);
  kickUntil(w, 16 * SECOND, SECOND);
  w.broker(true);
  w.serialPort('alpha', true);
  w.run(17 * SECOND);
  w.kick('alpha');
  w.run(17 * SECOND);
  assert.equal(w.cuts(), []);
});

test('an expiry that came to nothing comes again as soon as it is right', () => {
  const w = rack();
  w.arm('alpha', KICK);
  w.state.disk.delayMs = 400;
  w.untilNews('timer-expired', 'alpha', 10 * SECOND);
  const alpha = w.state.process?.board.hosts.get(1);
  assert.ok(alpha);
  if (alpha !== undefined) alpha.twoAgents = true;
  w.untilNews('averted', 'alpha', SECOND);
  w.until('cut', ({ kind }) => kind === 'cut', 4 * SECOND);
});

test('a standing order that has not cut yet is called off by the emergency disable', () => {
  const w = rack();
  w.arm('alpha', KICK);
  w.state.disk.delayMs = 400;
  w.untilNews('timer-expired', 'alpha', 10 * SECOND);
  w.order({ op: 'disable', host: '' });
  w.run(20 * SECOND);
  assert.equal(w.cuts(), []);
});

test('an expiry that has not cut yet is called off by maintenance', () => {
  const w = rack();
  w.arm('alpha', KICK);
  w.state.disk.delayMs = 400;
  w.untilNews('timer-expired', 'alpha', 10 * SECOND);
  w.order({ op: 'disable', host: 'alpha', args: { forS: 60 } });
  w.run(20 * SECOND);
  assert.equal(w.cuts(), []);
});

test('a stall of the board, however long, expires nothing', () => {
  for (const stallMs of [9_000, 60_000]) {
    const w = rack();
    w.arm('alpha', KICK);
    kickUntil(w, 6 * SECOND);
    w.stall(stallMs);
    kickUntil(w, stallMs + 20 * SECOND);
    assert.equal(w.cuts(), []);
    assert.equal(w.news('timer-expired'), []);
  }
});

test('after a short stall, too, the board listens before it obeys a standing order', () => {
  const w = rack();
  w.arm('alpha', KICK);
  w.run(7_000);
  w.stall(1_500);
  w.run(1_500);
  const awakeAt = w.now;
  const cut = w.until('cut', ({ kind }) => kind === 'cut', 6 * SECOND);
  assert.ok(cut.at >= awakeAt + 3 * SECOND, `${cut.at - awakeAt} ms after the stall`);
});

test('kicks between its beats do not make a slow shim look as fast as was agreed', () => {
  const w = rack();
  w.cable('alpha', 'serial', 'broken');
  w.cable('alpha', 'mqtt', 'broken');
  w.run(SECOND);
  const { board } = w.state.process ?? {};
  const say = (kind: 'beat' | 'kick', seq: number): void => {
    const common = { host: 1, channel: 'serial', session: 99, incarnation: 1_001, seq } as const;
    const of = { ...common, echo: board?.ticks.latest ?? 0 };
    const opened =
      kind === 'beat'
        ? ({ kind, ...of, flags: 0, bytes: new Uint8Array() } as const)
        : ({ kind, ...of, op: 'timer-reset', count: seq, args: new Uint8Array() } as const);
    w.give({ kind: 'heard', opened });
  };
  for (let i = 0; i < 3; i += 1) {
    say('beat', 2 * i + 1);
    w.run(100);
    say('kick', 2 * i + 2);
    w.run(1_700);
  }
  const serial = board?.hosts.get(1)?.hearings.find(({ channel }) => channel === 'serial');
  assert.is(serial?.fresh === undefined, false, 'it was heard');
  assert.is(serial?.paced, false);
});

test('a standing order spends the autonomous budget, and stops where it is spent', () => {
  const w = rack(undefined, { times: { initdeadMs: 30_000 } } as Partial<HostSettings>);
  for (let life = 0; life < 5; life += 1) {
    w.arm('alpha', KICK);
    w.run(100 * SECOND);
  }
  assert.is(w.cuts('alpha').length, 3);
  assert.ok(w.state.process?.board.alarms.has('1:timer-expired'));
});

test('an order that joins it and expires takes nothing from it', () => {
  const w = rack(KICK);
  kickUntil(w, 10 * SECOND);
  w.state.disk.delayMs = 400;
  w.untilNews('timer-expired', 'alpha', 20 * SECOND);
  const cmdId = w.order({ op: 'fence', host: 'alpha', ttlMs: 100 });
  w.run(10 * SECOND);
  assert.is(w.answers(cmdId).at(-1)?.outcome, 'expired');
  assert.is(w.cuts('alpha').length, 1);
});

test('who stops in good order needs nobody to kick, until its grace is over', () => {
  const w = rack(KICK);
  kickUntil(w, 10 * SECOND);
  w.leave('alpha', 'leaving', { returnByS: 60 });
  w.run(59 * SECOND);
  assert.is(w.cuts().length, 0);
  w.untilNews('timer-expired', 'alpha', 5 * SECOND);
});

test.run();
