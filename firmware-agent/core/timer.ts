/**
 * The watchdog timer of one host (R1): off until armed, refreshed by beats or by kicks, and acting
 * when it was not. Whether the expiry is *right* is judged elsewhere (timer-due.ts); this machine
 * only knows what was asked for and when.
 *
 * | state   | event      | guard                        | next    | deeds     |
 * |---------|------------|------------------------------|---------|-----------|
 * | off     | set        |                              | armed   | armed     |
 * | armed   | set        |                              | armed   | armed     |
 * | armed   | set, off, left | nowayout                 | armed   |           |
 * | armed   | off        |                              | off     | disarmed  |
 * | armed   | left       |                              | off     | disarmed  |
 * | armed   | beat       | mode beat                    | armed   |           |
 * | armed   | kick       | mode kick                    | armed   |           |
 * | armed   | reset      |                              | armed   |           |
 * | armed   | tick       | pre-timeout, warn            | pre     | warn      |
 * | armed   | tick       | pre-timeout, diag, due       | pre     | diag      |
 * | armed   | tick       | timeout, no pre-timeout, due | expired | expire    |
 * | armed   | over       |                              | off     | disarmed  |
 * | pre     | set        |                              | armed   | armed     |
 * | pre     | set, off, left | nowayout                 | pre     |           |
 * | pre     | off        |                              | off     | disarmed  |
 * | pre     | left       |                              | off     | disarmed  |
 * | pre     | beat       | mode beat                    | armed   | refreshed |
 * | pre     | kick       | mode kick                    | armed   | refreshed |
 * | pre     | reset      |                              | armed   | refreshed |
 * | pre     | tick       | timeout, due                 | expired | expire    |
 * | pre     | over       |                              | off     | disarmed  |
 * | expired | set        |                              | armed   | armed     |
 * | expired | set, off, left | nowayout                 | expired |           |
 * | expired | off        |                              | off     | disarmed  |
 * | expired | left       |                              | off     | disarmed  |
 * | expired | beat       | mode beat                    | armed   | refreshed |
 * | expired | kick       | mode kick                    | armed   | refreshed |
 * | expired | reset      |                              | armed   | refreshed |
 * | expired | called-off |                              | pre     |           |
 * | expired | over       |                              | off     | disarmed  |
 *
 * Any pair that the table does not name stays as it is and does nothing. `over` is the end of the
 * host's life, and the only way out of `nowayout` (S13). `left` is LEFT: what leaves in order has
 * no use for a timer, unless it goes off; then it is not said to this machine, so that the expiry
 * cuts a machine that hangs while it stops. `called-off` says that what the expiry began moved
 * nothing; the timer is overdue still, and its expiry comes again as soon as it is right.
 */
import type { Instant } from '../../protocol/wire/instant.ts';
import type { TimerSettings } from '../../protocol/wire/timer.ts';
import { unreachable } from './assert.ts';

export type Timer = { at: 'off' } | ({ at: 'armed' | 'pre' | 'expired' } & Running);

export interface Running {
  settings: TimerSettings;
  /** The life that it belongs to. */
  incarnation: number;
  /** Who set it: the configuration, the host itself, or an orderer by name. */
  setBy: string;
  /** Awake time of the last refresh; every deadline counts from it. */
  since: Instant;
}

export type TimerEvent =
  | { kind: 'set'; settings: TimerSettings; incarnation: number; setBy: string }
  | { kind: 'off' }
  | { kind: 'left' }
  /** A fresh beat of its life. */
  | { kind: 'beat' }
  /** The kick count of its life has grown. */
  | { kind: 'kick' }
  /** An order refreshes it, in either mode. */
  | { kind: 'reset' }
  /** Time went on; `due`: what is pending by `pendingMs` is judged right. */
  | { kind: 'tick'; due: boolean }
  | { kind: 'called-off' }
  | { kind: 'over' };

export type TimerDeed = 'armed' | 'disarmed' | 'refreshed' | 'warn' | 'diag' | 'expire';

export interface TimerStep {
  timer: Timer;
  deed?: TimerDeed;
}

export const TIMER_OFF: Timer = { at: 'off' };

/** `now` is awake time: a stall of the board expires nothing. */
export function stepTimer(was: Timer, event: TimerEvent, now: Instant): TimerStep {
  if (was.at === 'off') return event.kind === 'set' ? arm(event, now) : { timer: was };
  const { settings } = was;
  switch (event.kind) {
    case 'set':
      return settings.nowayout ? { timer: was } : arm(event, now);
    case 'off':
    case 'left':
      return settings.nowayout ? { timer: was } : disarm();
    case 'over':
      return disarm();
    case 'beat':
    case 'kick':
      return settings.mode === event.kind ? refresh(was, now) : { timer: was };
    case 'reset':
      return refresh(was, now);
    case 'called-off':
      return { timer: was.at === 'expired' ? { ...was, at: 'pre' } : was };
    case 'tick':
      return tick(was, event.due, now);
    default:
      return unreachable(event);
  }
}

/**
 * How long the timer has to have been left alone for what comes next, where that time is over:
 * timeout less pre-timeout, or the timeout. Undefined while nothing is pending.
 */
export function pendingMs(timer: Timer, now: Instant): number | undefined {
  if (timer.at === 'off' || timer.at === 'expired') return undefined;
  const { timeoutMs, pretimeoutMs } = timer.settings;
  const spanMs = timer.at === 'armed' ? timeoutMs - pretimeoutMs : timeoutMs;
  return now - timer.since >= spanMs ? spanMs : undefined;
}

/** Time until the expiry; 0 once it is over. */
export function remainingMs(timer: Timer, now: Instant): number {
  if (timer.at === 'off' || timer.at === 'expired') return 0;
  return Math.max(0, timer.settings.timeoutMs - (now - timer.since));
}

function arm(
  { settings, incarnation, setBy }: TimerEvent & { kind: 'set' },
  since: Instant,
): TimerStep {
  return { timer: { at: 'armed', settings, incarnation, setBy, since }, deed: 'armed' };
}

function disarm(): TimerStep {
  return { timer: TIMER_OFF, deed: 'disarmed' };
}

function refresh(was: Timer & Running, since: Instant): TimerStep {
  const timer = { ...was, at: 'armed', since } as const;
  return was.at === 'armed' ? { timer } : { timer, deed: 'refreshed' };
}

function tick(was: Timer & Running, due: boolean, now: Instant): TimerStep {
  if (pendingMs(was, now) === undefined) return { timer: was };
  const { preAction } = was.settings;
  if (was.at === 'armed' && preAction !== 'none') {
    if (preAction === 'diag' && !due) return { timer: was };
    return { timer: { ...was, at: 'pre' }, deed: preAction };
  }
  return due ? { timer: { ...was, at: 'expired' }, deed: 'expire' } : { timer: was };
}
