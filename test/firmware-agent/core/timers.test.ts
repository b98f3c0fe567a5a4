/** The watchdog timer in the life of a board: what it cuts, and what it never cuts. */
import type { HostSettings } from '../../../firmware-agent/core/settings.ts';
import { viewHost } from '../../../firmware-agent/core/view.ts';
import type { TimerSettings } from '../../../protocol/wire/timer.ts';
import { assert, suite } from '../../lib/suite.ts';
import { guarded, OPERATOR, SECOND } from './world/settings.ts';
import { machineOf } from './world/state.ts';
import { type World, world } from './world/world.ts';

const test = suite('watchdog timers');

const TICK_MS = 50;
const JOURNAL_MS = 20;
const KICK: TimerSettings = {
  use: 'sms-os',
  mode: 'kick',
  nowayout: false,
  action: 'cycle',
  preAction: 'warn',
  timeoutMs: 8_000,
  pretimeoutMs: 3_000,
};
const BEAT: TimerSettings = { ...KICK, mode: 'beat' };

function rack(timer?: TimerSettings, differs: Partial<HostSettings> = {}): World {
  const times = { initdeadMs: 30_000 };
  const more = { delayMs: { serial: 20, mqtt: 50 }, times, ...differs };
  const alpha = guarded(1, 'alpha', { ...more, ...(timer === undefined ? {} : { timer }) });
  const beta = guarded(2, 'beta', more);
  const w = world({ hosts: [alpha, beta], board: { orderers: [OPERATOR] } });
  w.run(10 * SECOND);
  return w;
}

/** Kicks every `periodMs` until `endMs` from now. */
function kickUntil(w: World, endMs: number, periodMs = 2 * SECOND): void {
  for (const end = w.now + endMs; w.now < end; ) {
    w.kick('alpha');
    w.run(Math.min(periodMs, end - w.now));
  }
}

const timerOf = (w: World) => {
  const { board } = w.state.process ?? {};
  const host = board?.hosts.get(1);
  if (board === undefined || host === undefined) throw new Error('no board');
  return viewHost(board, host, w.now).timer;
};
const stateOf = (w: World): string | undefined => timerOf(w)?.state;

test('in mode beat a silent host is warned of and cut at the timeout, before its deadtime', () => {
  const w = rack(BEAT);
  assert.is(stateOf(w), 'armed');
  w.hang('alpha');
  const at = w.state.freshAt;
  const warned = w.untilNews('pretimeout', 'alpha', 6 * SECOND);
  const cut = w.until('cut', ({ kind }) => kind === 'cut', 6 * SECOND);
  const heardAt = Math.max(...[...at].flatMap(([key, t]) => (key.startsWith('1:') ? [t] : [])));
  const warnedMs = warned.at - heardAt;
  assert.ok(warnedMs >= 5_000 && warnedMs <= 5_000 + TICK_MS, `warned after ${warnedMs} ms`);
  const cutMs = cut.at - heardAt;
  assert.ok(cutMs >= 8_000 && cutMs <= 8_000 + TICK_MS + JOURNAL_MS, `cut after ${cutMs} ms`);
  w.untilNews('fenced', 'alpha', 10 * SECOND);
  w.untilNews('restored', 'alpha', 5 * SECOND);
  w.run(25 * SECOND);
  assert.is(stateOf(w), 'armed', 'the next life has its timer again');
});

test('in mode beat a timer is no shorter way to cut: nothing expires without proof', () => {
  const w = rack(BEAT);
  w.broker(false);
  w.serialPort('alpha', false);
  w.run(60 * SECOND);
  w.broker(true);
  w.serialPort('alpha', true);
  w.run(20 * SECOND);
  assert.equal(w.cuts(), []);
  assert.is(stateOf(w), 'armed');
});

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

test('to ask for the same again changes nothing, neither the time nor what was ordered since', () => {
  const w = rack();
  w.arm('alpha', KICK);
  w.run(4 * SECOND);
  w.arm('alpha', KICK);
  w.run(SECOND + 100);
  assert.is(stateOf(w), 'pretimeout', 'the first arming counts');
  w.order({ op: 'timer-off', host: 'alpha', by: 'operator' });
  assert.is(timerOf(w), null);
  w.arm('alpha', KICK);
  w.run(10 * SECOND);
  assert.is(timerOf(w), null, 'the order stands');
  w.arm('alpha', { ...KICK, timeoutMs: 9_000 });
  w.run(100);
  assert.is(stateOf(w), 'armed', 'another wish is another timer');
});

test('nothing disarms a nowayout timer while the life of the host lasts', () => {
  const w = rack();
  const locked = { ...KICK, nowayout: true };
  w.arm('alpha', locked);
  w.run(100);
  w.arm('alpha');
  w.arm('alpha', { ...KICK, action: 'none' });
  const ids = [
    w.order({ op: 'timer-off', host: 'alpha' }),
    w.order({ op: 'timer-set', host: 'alpha', args: { timer: KICK } }),
  ];
  w.run(100);
  for (const id of ids) {
    assert.equal(
      w.answers(id).map(({ outcome, detail }) => [outcome, detail]),
      [['refused', 'nowayout']],
    );
  }
  assert.ok((timerOf(w) as { nowayout?: boolean }).nowayout === true);
  w.until('cut', ({ kind }) => kind === 'cut', 9 * SECOND);
  w.untilNews('fenced', 'alpha', 10 * SECOND);
  assert.is(timerOf(w), null, 'with the life it ends');
});

test('a host that left is not cut by the timer that it could not disarm, and people are told', () => {
  const w = rack();
  w.arm('alpha', { ...KICK, nowayout: true });
  w.run(500);
  w.leave('alpha', 'left');
  w.untilNews('timer-expired', 'alpha', 9 * SECOND);
  w.run(60 * SECOND);
  assert.equal(w.cuts(), []);
});

test('leaving in order disarms; but where it goes off the expiry cuts, and keeps it off', () => {
  const w = rack(BEAT);
  w.leave('alpha', 'left');
  w.run(500);
  assert.is(timerOf(w), null);
  const other = rack(BEAT);
  other.leave('alpha', 'leaving', { reason: 'off' });
  other.leave('alpha', 'left', { reason: 'off' });
  other.hang('alpha');
  const cut = other.until('cut', ({ kind }) => kind === 'cut', 9 * SECOND);
  assert.ok(cut.at > 0);
  other.untilNews('fenced', 'alpha', 10 * SECOND);
  other.run(20 * SECOND);
  assert.is(other.state.process?.board.hosts.get(1)?.fence?.keptBy, 'timer');
});

test('after a restart of the agent the timer is lost, and told so, until it is armed again', () => {
  const w = rack();
  w.arm('alpha', KICK);
  kickUntil(w, 4 * SECOND);
  w.crash();
  w.start();
  w.run(3 * SECOND);
  assert.is(stateOf(w), 'lost');
  assert.is(w.news('timer-lost', 'alpha').length, 1);
  w.run(20 * SECOND);
  assert.equal(w.cuts(), [], 'disk arms nothing');
  w.arm('alpha', KICK);
  w.run(100);
  assert.is(stateOf(w), 'armed');
  assert.ok(w.state.process?.board.alarms.has('1:timer-lost') === false);
});

test('the timer of the configuration comes back by itself after a restart of the agent', () => {
  const w = rack(BEAT);
  w.crash();
  w.start();
  w.run(5 * SECOND);
  assert.is(stateOf(w), 'armed');
});

test('the timer of the configuration waits for the first kick where kicks refresh it', () => {
  const w = rack(KICK);
  w.run(30 * SECOND);
  assert.is(timerOf(w), null, 'on a host that nobody ever kicked nothing is armed');
  w.kick('alpha');
  w.run(100);
  assert.is(stateOf(w), 'armed');
});

test('action none only tells', () => {
  const w = rack();
  w.arm('alpha', { ...KICK, action: 'none' });
  w.untilNews('timer-expired', 'alpha', 9 * SECOND);
  w.run(30 * SECOND);
  assert.equal(w.cuts(), []);
  w.kick('alpha');
  w.run(100);
  assert.is(stateOf(w), 'armed');
  assert.ok(w.state.process?.board.alarms.has('1:timer-expired') === false);
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

test('where nobody is fenced nobody runs out of time', () => {
  const w = rack();
  w.arm('alpha', { ...KICK, nowayout: true });
  w.order({ op: 'disable', host: 'alpha', args: { forS: 60 } });
  w.run(59 * SECOND);
  assert.equal(w.cuts(), []);
  assert.is(stateOf(w), 'armed');
  w.until('cut', ({ kind }) => kind === 'cut', 12 * SECOND);
});

test('orders arm, refresh and disarm the timer, and are answered at once', () => {
  const w = rack();
  const outcome = (id: string) => w.answers(id).map((a) => `${a.outcome} ${a.detail}`.trim());
  assert.equal(outcome(w.order({ op: 'timer-reset', host: 'alpha' })), ['refused not armed']);
  const settings = { ...KICK, action: 'off' } as const;
  const set = {
    op: 'timer-set',
    host: 'alpha',
    by: 'operator',
    args: { timer: settings },
  } as const;
  assert.equal(outcome(w.order(set)), ['accepted', 'done armed']);
  w.run(6 * SECOND);
  assert.is(stateOf(w), 'pretimeout');
  assert.equal(outcome(w.order({ op: 'timer-reset', host: 'alpha' })), ['accepted', 'done armed']);
  w.run(6 * SECOND);
  assert.equal(w.cuts(), []);
  assert.equal(outcome(w.order({ op: 'timer-off', host: 'alpha' })), ['accepted', 'done off']);
  w.run(20 * SECOND);
  assert.equal(w.cuts(), []);
});

test('a timer that would cut healthy hosts, or has no line to act on, is refused', () => {
  const w = rack();
  const answer = (timer: TimerSettings) =>
    w
      .answers(w.order({ op: 'timer-set', host: 'alpha', args: { timer } }))
      .map(({ outcome, detail }) => `${outcome} ${detail}`);
  assert.equal(answer({ ...KICK, timeoutMs: 5_000 }), ['refused under 5001 ms']);
  assert.equal(answer({ ...KICK, action: 'reset' }), ['refused no reset line']);
  assert.equal(answer({ ...KICK, action: 'diag' }), ['refused no diag line']);
  assert.equal(answer({ ...KICK, preAction: 'diag' }), ['refused no diag line']);
});

test.run();
