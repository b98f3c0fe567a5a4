/**
 * The watchdog timer of a host in the life of the board: who sets it, what it does, what is told.
 *
 * One host has one timer. The configuration arms its timer once in each life of the host: in mode
 * `beat` at the first fresh beat, in mode `kick` at the first kick, so that a host on which nobody
 * ever kicked is not cut for it. What the host itself or an order sets replaces it, unless it is
 * `nowayout`. A shim repeats its arming in each new session: the same words again change nothing,
 * so a reconnection neither refreshes a timer nor undoes what was ordered since.
 *
 * A restart of the agent disarms, because disk never arms anything; that a timer was armed is
 * remembered for the alarm `timer-lost`, until it is armed again or the host's life ends.
 */
import type { Instant } from '../../protocol/wire/instant.ts';
import { KICK_COUNT_MASK } from '../../protocol/wire/messages.ts';
import type { OpenedKick, OpenedMember } from '../../protocol/wire/session/agent.ts';
import { decodeTimer, sameTimer, type TimerSettings } from '../../protocol/wire/timer.ts';
import { type Code, clear, raise } from './alarms.ts';
import { unreachable } from './assert.ts';
import { beginFence } from './begin.ts';
import { type Board, type Host, incarnationOf } from './board.ts';
import { awake } from './clock.ts';
import type { Effect } from './events.ts';
import type { BeatChannel } from './hearing.ts';
import { hearCount } from './kicks.ts';
import { timerMinMs } from './limits.ts';
import { beginPulse } from './pulse-run.ts';
import { pendingMs, remainingMs, stepTimer, type TimerDeed, type TimerEvent } from './timer.ts';
import { type Due, dueOf } from './timer-due.ts';
import { tell } from './words.ts';

/** Steps the host's timer; `due` is what an expiry rests on. */
export function runTimer(
  board: Board,
  host: Host,
  event: TimerEvent,
  now: Instant,
  due?: Due,
): Effect[] {
  const { timer, deed } = stepTimer(host.timer, event, awake(board.clock, now));
  host.timer = timer;
  return deed === undefined ? [] : carryOut(board, host, deed, due, now);
}

/** Why this host cannot have such a timer; undefined where it can. */
export function whyNotTimer(board: Board, host: Host, wanted: TimerSettings): string | undefined {
  const { timing, pulses } = host.settings;
  const { action, preAction, timeoutMs, pretimeoutMs } = wanted;
  const lines = pulses.map(({ kind }) => kind);
  if (action === 'off' && host.methods.length === 0) return 'no outlets';
  if (action === 'reset' && !lines.includes('reset')) return 'no reset line';
  if ((action === 'diag' || preAction === 'diag') && !lines.includes('diag')) return 'no diag line';
  const shortestMs = preAction === 'diag' ? timeoutMs - pretimeoutMs : timeoutMs;
  const leastMs = timerMinMs(timing, host.delayMs, board.derived.loopLagMs);
  return shortestMs < leastMs ? `under ${leastMs} ms` : undefined;
}

/** Whether anything may change the timer now (S13). */
export function isLocked(host: Host): boolean {
  return host.timer.at !== 'off' && host.timer.settings.nowayout;
}

/** What a fresh word of the host means for its timer; called after its life was stepped. */
export function hearForTimer(
  board: Board,
  host: Host,
  opened: OpenedMember,
  now: Instant,
): Effect[] {
  const effects: Effect[] = [];
  const { incarnation } = opened;
  const isAnother = host.timer.at !== 'off' && host.timer.incarnation !== incarnation;
  if (isAnother) effects.push(...endTimer(board, host, now));
  if (host.timerLost !== undefined && host.timerLost !== incarnation) {
    effects.push(...forgetLost(board, host, 'it lives anew'));
  }
  if (opened.kind === 'claim' || opened.kind === 'release') return effects;
  if (opened.kind === 'leaving' || opened.kind === 'left') {
    host.goesOff = opened.reason === 'off';
    if (opened.kind === 'leaving' || host.goesOff) return effects;
    host.timerAsked = undefined;
    return [...effects, ...runTimer(board, host, { kind: 'left' }, now)];
  }
  if (host.life.at === 'present') host.goesOff = false;
  const count = (opened.kind === 'kick' ? opened.count : opened.flags) & KICK_COUNT_MASK;
  const { channel, session } = opened;
  const heard = { channel: channel as BeatChannel, session, count };
  const told = hearCount(host.kicks, heard, now, host.settings.timing.keepaliveMs);
  host.kicks = told.kicks;
  effects.push(...armByFile(board, host, incarnation, told.kicked === 'yes', now));
  effects.push(...runTimer(board, host, { kind: 'beat' }, now));
  if (told.kicked !== 'no') effects.push(...runTimer(board, host, { kind: 'kick' }, now));
  if (opened.kind === 'kick') effects.push(...hearWish(board, host, opened, now));
  return effects;
}

/** The end of the host's life: whatever was armed, or lost, belonged to it. */
export function endTimer(board: Board, host: Host, now: Instant): Effect[] {
  host.kicks = undefined;
  host.timerAsked = undefined;
  host.goesOff = false;
  return [
    ...forgetLost(board, host, 'its life is over'),
    ...runTimer(board, host, { kind: 'over' }, now),
  ];
}

/** The warning of a pre-timeout may be lost on its way, so each round says it again. */
export function warnings(board: Board): Effect[] {
  const effects: Effect[] = [];
  for (const { timer, settings } of board.hosts.values()) {
    if (timer.at !== 'pre' || timer.settings.preAction !== 'warn') continue;
    effects.push({ kind: 'tell-timer', host: settings.host });
  }
  return effects;
}

/** Steps the timer by time; acts where what is pending is right. */
export function judgeTimer(board: Board, host: Host, drained: boolean, now: Instant): Effect[] {
  const { timer } = host;
  if (timer.at === 'off' || !drained || !board.started) return [];
  if (host.frozen !== undefined || host.fence !== undefined || host.pulse !== undefined) return [];
  // Where nobody is fenced nobody runs out of time: it stands at its full time until that is over.
  if (host.maintenance !== undefined || board.disabled !== undefined) {
    return runTimer(board, host, { kind: 'reset' }, now);
  }
  const spanMs = pendingMs(timer, awake(board.clock, now));
  if (spanMs === undefined) return [];
  const due = dueOf(board, host, timer, spanMs, now);
  const effects = runTimer(board, host, { kind: 'tick', due: due.bar === 'none' }, now, due);
  return [...effects, ...missed(board, host, due, now)];
}

/** A timer that ran out and may not act says so, where the silence of the host does not. */
function missed(board: Board, host: Host, { bar }: Due, now: Instant): Effect[] {
  if (bar !== 'budget' && bar !== 'gone') return [];
  const isOver = remainingMs(host.timer, awake(board.clock, now)) === 0;
  if (!isOver || host.timer.at === 'off') return [];
  const why = bar === 'gone' ? 'it left, and is not judged' : 'too much was cut within the hour';
  const text = `its watchdog timer ran out, and nothing was done: ${why}`;
  const remedy = 'look at the host; order what it needs';
  return raise(
    board.alarms,
    { host: host.settings.host, code: 'timer-expired', text, remedy },
    now,
  );
}

function armByFile(
  board: Board,
  host: Host,
  incarnation: number,
  kicked: boolean,
  now: Instant,
): Effect[] {
  const { timer: settings } = host.settings;
  if (settings === undefined || host.timerByFile === incarnation) return [];
  if (settings.mode === 'kick' && !kicked) return [];
  host.timerByFile = incarnation;
  if (host.timer.at !== 'off') return [];
  const event = { kind: 'set', settings, incarnation, setBy: 'configuration' } as const;
  return runTimer(board, host, event, now);
}

/** What the host wants of its own timer; it is told where the timer stands, in any case. */
function hearWish(board: Board, host: Host, kick: OpenedKick, now: Instant): Effect[] {
  if (kick.op === 'timer-reset') return [];
  const effects: Effect[] = [];
  if (kick.op === 'timer-off') {
    host.timerAsked = undefined;
    effects.push(...forgetLost(board, host, 'it disarmed its timer'));
    effects.push(...runTimer(board, host, { kind: 'off' }, now));
  }
  const settings = kick.op === 'timer-set' ? decodeTimer(kick.args) : undefined;
  if (settings !== undefined) effects.push(...setByHost(board, host, settings, kick, now));
  return [...effects, { kind: 'tell-timer', host: host.settings.host, to: kick }];
}

function setByHost(
  board: Board,
  host: Host,
  settings: TimerSettings,
  { incarnation }: OpenedKick,
  now: Instant,
): Effect[] {
  const isRepeated = host.timerAsked !== undefined && sameTimer(host.timerAsked, settings);
  if (isRepeated) return [];
  const whyNot = whyNotTimer(board, host, settings);
  host.timerAsked = settings;
  if (whyNot !== undefined) {
    return [tell(host, 'warning', 'timer', `the timer that it asked for is refused: ${whyNot}`)];
  }
  return runTimer(board, host, { kind: 'set', settings, incarnation, setBy: 'the host' }, now);
}

function carryOut(
  board: Board,
  host: Host,
  deed: TimerDeed,
  due: Due | undefined,
  now: Instant,
): Effect[] {
  switch (deed) {
    case 'armed':
      return [
        ...forgetLost(board, host, 'its timer is armed again'),
        ...calm(board, host, 'its timer was set anew'),
        tell(host, 'info', 'timer', `its timer is armed: ${inWords(host)}`),
        { kind: 'save' },
      ];
    case 'disarmed':
      return [
        ...calm(board, host, 'its timer is off'),
        tell(host, 'info', 'timer', 'its timer is off'),
        { kind: 'save' },
      ];
    case 'refreshed':
      return calm(board, host, 'its timer was refreshed');
    case 'warn':
      return [...pretimeout(board, host, now), { kind: 'tell-timer', host: host.settings.host }];
    case 'diag': {
      const wish = { kind: 'diag', by: 'timer', orders: [], isConfirmed: false } as const;
      return [...pretimeout(board, host, now), ...beginPulse(board, host, wish, now)];
    }
    case 'expire':
      return expire(board, host, due, now);
    default:
      return unreachable(deed);
  }
}

function expire(board: Board, host: Host, due: Due | undefined, now: Instant): Effect[] {
  if (host.timer.at === 'off') return [];
  const { action } = host.timer.settings;
  const deed = host.goesOff && action !== 'none' ? 'off' : action;
  const text = `its watchdog timer ran out${due?.standing ? ' while it was heard' : ''}: ${deed}`;
  const remedy =
    'find out why nothing refreshed it; a refresh, or `fencepost timer off`, ends this';
  const effects: Effect[] = raise(
    board.alarms,
    { host: host.settings.host, code: 'timer-expired', text, remedy },
    now,
  );
  if (deed === 'none') return effects;
  if (deed === 'reset' || deed === 'diag') {
    const wish = { kind: deed, by: 'timer', orders: [], isConfirmed: true } as const;
    return [...effects, ...beginPulse(board, host, wish, now)];
  }
  const wish = {
    by: { kind: 'timer', standing: due?.standing === true } as const,
    orders: [],
    ...(deed === 'off' && host.methods.length > 0 ? { keptBy: 'timer' } : {}),
    evidence: due?.evidence ?? [],
    text: `its watchdog timer ran out: power ${deed}`,
  };
  return [...effects, ...beginFence(board, host, wish, now)];
}

function pretimeout(board: Board, host: Host, now: Instant): Effect[] {
  const leftMs = remainingMs(host.timer, awake(board.clock, now));
  const text = `its watchdog timer runs out in ${(leftMs / 1000).toFixed(1)} s`;
  const remedy = 'find out why nothing refreshes it; `fencepost timer reset` gives it more time';
  return raise(board.alarms, { host: host.settings.host, code: 'pretimeout', text, remedy }, now);
}

function calm(board: Board, host: Host, text: string): Effect[] {
  const codes: Code[] = ['pretimeout', 'timer-expired'];
  return codes.flatMap((code) => clear(board.alarms, host.settings.host, code, text));
}

function forgetLost(board: Board, host: Host, text: string): Effect[] {
  if (host.timerLost === undefined) return [];
  host.timerLost = undefined;
  return [...clear(board.alarms, host.settings.host, 'timer-lost', text), { kind: 'save' }];
}

/** After a start: that a timer was armed, and is not any more. */
export function rememberTimer(
  board: Board,
  host: Host,
  incarnation: number,
  now: Instant,
): Effect[] {
  if (host.timer.at !== 'off' || (incarnationOf(host) ?? incarnation) !== incarnation) return [];
  host.timerLost = incarnation;
  const text = 'its watchdog timer was armed before the agent started, and is not now';
  const remedy = 'its shim arms it again by itself; where an order had set it, set it again';
  return raise(board.alarms, { host: host.settings.host, code: 'timer-lost', text, remedy }, now);
}

function inWords({ timer }: Host): string {
  if (timer.at === 'off') return 'off';
  const { action, timeoutMs, mode, nowayout } = timer.settings;
  const way = nowayout ? ', nowayout' : '';
  return `${action} after ${timeoutMs / 1000} s without a ${mode}${way}, by ${timer.setBy}`;
}
