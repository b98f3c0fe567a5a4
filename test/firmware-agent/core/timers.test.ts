/** The watchdog timer in the life of a board: what it cuts, and what it never cuts. */
import { advance } from '../../../firmware-agent/core/advance.ts';
import type { TimerSettings } from '../../../protocol/wire/timer.ts';
import { assert, suite } from '../../lib/suite.ts';
import { boot } from './world/bench.ts';
import { guarded, OPERATOR, SECOND } from './world/settings.ts';
import {
  BEAT,
  JOURNAL_MS,
  KICK,
  kickUntil,
  rack,
  stateOf,
  TICK_MS,
  timerOf,
} from './world/timed.ts';
import { world } from './world/world.ts';

const test = suite('watchdog timers');

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

test('a host that asks for grace to go off is not cut for lost beats; once it left it is', () => {
  const w = rack(BEAT);
  w.leave('alpha', 'leaving', { reason: 'off' });
  w.run(SECOND);
  w.broker(false);
  w.serialPort('alpha', false);
  w.run(30 * SECOND);
  assert.equal(w.cuts(), []);
});

test('nothing expires on a tick that does not say that all input was handed in', () => {
  const w = rack(BEAT);
  const { board } = w.state.process ?? {};
  assert.ok(board);
  for (let at = w.now; board !== undefined && at < w.now + 12 * SECOND; at += TICK_MS) {
    const effects = advance(board, { kind: 'judge', drained: false }, at);
    assert.not.ok(effects.some(({ kind }) => kind === 'journal' || kind === 'tell-timer'));
  }
});

test('whoever gives it time between the expiry and the cut calls that off', () => {
  const w = rack(BEAT);
  w.state.disk.delayMs = 400;
  w.hang('alpha');
  w.untilNews('timer-expired', 'alpha', 12 * SECOND);
  w.order({ op: 'timer-reset', host: 'alpha', by: 'operator' });
  w.run(5 * SECOND);
  assert.equal(w.cuts(), []);
  assert.is(w.news('averted', 'alpha').length, 1);
});

test('a timer ends with the life that it was set for, and the next life has none of it', () => {
  const w = rack();
  w.arm('alpha', { ...KICK, nowayout: true });
  w.run(100);
  assert.is(stateOf(w), 'armed');
  w.machine('alpha').bootMs = 2 * SECOND;
  boot(w.state, w.machine('alpha'));
  w.untilNews('reborn', 'alpha', 30 * SECOND);
  assert.is(timerOf(w), null);
  w.arm('alpha', BEAT);
  w.run(30 * SECOND);
  assert.is(stateOf(w), 'armed', 'and may have one of its own');
  assert.equal(w.cuts(), []);
});

test('only a key that may set timers sets them', () => {
  const timing = { ...OPERATOR, orderer: 2, name: 'keeper', may: ['timer' as const] };
  const fencing = { ...OPERATOR, orderer: 3, name: 'fencer', may: ['fence' as const] };
  const hosts = [guarded(1, 'alpha', { delayMs: { serial: 20, mqtt: 50 } })];
  const w = world({ hosts, board: { orderers: [timing, fencing] } });
  w.run(10 * SECOND);
  const set = { op: 'timer-set', host: 'alpha', args: { timer: KICK } } as const;
  const of = (by: string) => w.answers(w.order({ ...set, by })).map(({ outcome }) => outcome);
  assert.equal(of('fencer'), ['refused']);
  assert.equal(of('keeper'), ['accepted', 'done']);
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

test('where nobody is fenced nobody runs out of time', () => {
  const w = rack();
  w.arm('alpha', { ...KICK, nowayout: true });
  w.order({ op: 'disable', host: 'alpha', args: { forS: 60 } });
  w.run(67 * SECOND);
  assert.equal(w.cuts(), [], 'its whole time begins when that is over');
  assert.is(stateOf(w), 'pretimeout');
  w.until('cut', ({ kind }) => kind === 'cut', 12 * SECOND);
});

test('a timer that cut spends the autonomous budget of its host and of the board', () => {
  const w = rack(BEAT);
  w.hang('alpha');
  w.until('cut', ({ kind }) => kind === 'cut', 12 * SECOND);
  const { board } = w.state.process ?? {};
  assert.is(board?.verdictsAt.length, 1);
  assert.is(board?.hosts.get(1)?.verdictsAt.length, 1);
});

test('while all fencing is disabled nobody runs out of time either', () => {
  const w = rack();
  w.arm('alpha', KICK);
  w.order({ op: 'disable', host: '' });
  w.run(60 * SECOND);
  w.order({ op: 'enable', host: '' });
  w.run(7 * SECOND);
  assert.equal(w.news('timer-expired'), [], 'its whole time begins when that is over');
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
