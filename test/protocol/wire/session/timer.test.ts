import type { OpenedKick } from '../../../../protocol/wire/session/agent.ts';
import { saidFrame } from '../../../../protocol/wire/session/agent.ts';
import { issue } from '../../../../protocol/wire/ticks.ts';
import { encodeTimer, type TimerSettings } from '../../../../protocol/wire/timer.ts';
import { assert, suite } from '../../../lib/suite.ts';
import {
  beats,
  kindOf,
  run,
  startAgent,
  startHost,
  tell,
  type World,
  world,
} from '../lib/world.ts';

const test = suite('sessions and the watchdog timer');

const TIMER: TimerSettings = {
  use: 'sms-os',
  mode: 'kick',
  nowayout: false,
  action: 'cycle',
  preAction: 'none',
  timeoutMs: 10_000,
  pretimeoutMs: 0,
};
const args = encodeTimer(TIMER);
const kicks = (w: World, from = 0): OpenedKick[] =>
  w.opened.flatMap(({ opened, at }) => (opened.kind === 'kick' && at >= from ? [opened] : []));
const timerNews = (w: World) => w.news.flatMap(({ news }) => (news.kind === 'timer' ? [news] : []));

test('a host arms its timer in the first turn of a session, and is told where it stands', () => {
  const w = world(31);
  startAgent(w);
  const host = startHost(w, 1, 'boot-1', ['serial']);
  tell(w, host, 'serial', { kind: 'timer', op: 'timer-set', args });
  run(w, 6_000);
  assert.equal(
    kicks(w).map(({ op }) => op),
    ['timer-set'],
  );
  assert.equal(timerNews(w), [
    { kind: 'timer', warning: false, state: 'armed', remainingMs: 5_000, settings: TIMER },
  ]);
});

test('the arming is repeated until it is answered, and in each new session', () => {
  const w = world(32);
  const agent = startAgent(w);
  let lost = 0;
  w.path = (frame) => {
    if (kindOf(frame) !== 'timer' || lost === 3) return [10];
    lost += 1;
    return [];
  };
  const host = startHost(w, 1, 'boot-1', ['serial']);
  tell(w, host, 'serial', { kind: 'timer', op: 'timer-set', args });
  run(w, 8_000);
  assert.is(kicks(w).length, 4, 'three answers were lost');
  agent.lives = false;
  startAgent(w);
  const from = w.now;
  run(w, 6_000);
  assert.is(kicks(w, from).length, 1, 'the new life of the board is told once');
});

test('a kick goes out at once, and every beat after it carries the count', () => {
  const w = world(33);
  startAgent(w);
  const host = startHost(w, 1, 'boot-1', ['serial', 'mqtt']);
  run(w, 3_450);
  const from = w.now;
  for (const channel of ['serial', 'mqtt'] as const) {
    tell(w, host, channel, { kind: 'kick', count: 0x13 });
  }
  run(w, 50);
  assert.equal(
    kicks(w, from).map(({ op, count, channel }) => [op, count, channel]),
    [
      ['timer-reset', 0x13, 'serial'],
      ['timer-reset', 0x13, 'mqtt'],
    ],
  );
  run(w, 3_000);
  const flags = beats(w, { from }).map((one) => one.flags & 0x0f);
  assert.ok(flags.length >= 4 && flags.every((count) => count === 3));
});

test('no kick comes after LEFT, and none on a channel that is lost', () => {
  const w = world(34);
  startAgent(w);
  const host = startHost(w, 1, 'boot-1', ['serial', 'mqtt']);
  run(w, 3_000);
  const from = w.now;
  tell(w, host, 'serial', { kind: 'leftNow', reason: 'stop' });
  tell(w, host, 'mqtt', { kind: 'lost' });
  for (const channel of ['serial', 'mqtt'] as const) {
    tell(w, host, channel, { kind: 'kick', count: 1 });
    tell(w, host, channel, { kind: 'timer', op: 'timer-off', args: new Uint8Array() });
  }
  run(w, 3_000);
  assert.equal(kicks(w, from), []);
});

test('a warning reaches the host, and one from an earlier tick does not', () => {
  const w = world(35);
  const agent = startAgent(w);
  const host = startHost(w, 1, 'boot-1', ['serial']);
  run(w, 3_000);
  const warning = (tick: number): void => {
    const said = { kind: 'timer', tick, heard: 0, timer: 2, remaining: 20, args } as const;
    const bytes = saidFrame(agent.sessions, 1, 'serial', said) ?? new Uint8Array();
    tell(w, host, 'serial', { kind: 'frame', bytes });
  };
  const refusals = host.channels.get('serial')?.session.refusals;
  const before = refusals?.replay ?? 0;
  const tick = issue(agent.ticks, w.now);
  warning(tick);
  warning(tick - 1);
  assert.equal(
    timerNews(w).map(({ warning: isWarning, state, remainingMs }) => [
      isWarning,
      state,
      remainingMs,
    ]),
    [[true, 'pretimeout', 2_000]],
  );
  assert.is(refusals?.replay, before + 1);
});

test.run();
