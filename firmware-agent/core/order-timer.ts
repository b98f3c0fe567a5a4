/**
 * The orders `timer-set`, `timer-reset` and `timer-off`: answered at once, because nothing has to be
 * proven. What the host asked for before is not repeated into what was ordered (timer-run.ts).
 */
import type { Instant } from '../../protocol/wire/instant.ts';
import { settle } from './answers.ts';
import { type Board, type Host, incarnationOf } from './board.ts';
import type { Effect, Order } from './events.ts';
import { isLocked, runTimer, whyNotTimer } from './timer-run.ts';

export type TimerOperation = 'timer-set' | 'timer-reset' | 'timer-off';

export function isTimerOperation(op: string): op is TimerOperation {
  return op === 'timer-set' || op === 'timer-reset' || op === 'timer-off';
}

/** Why this host's timer cannot be ordered so now; undefined where it can. */
export function refuseTimer(board: Board, host: Host, order: Order): string | undefined {
  if (incarnationOf(host) === undefined) return 'no life of it';
  if (order.op === 'timer-reset') return host.timer.at === 'off' ? 'not armed' : undefined;
  if (isLocked(host)) return 'nowayout';
  if (order.op === 'timer-off') return undefined;
  const { timer } = order.args;
  return timer === undefined ? 'no settings' : whyNotTimer(board, host, timer);
}

export function orderTimer(board: Board, host: Host, order: Order, now: Instant): Effect[] {
  return [
    ...obey(board, host, order, now),
    ...settle(board, order.cmdId, { outcome: 'done', proof: 'none', detail: host.timer.at }),
    { kind: 'save' },
  ];
}

function obey(board: Board, host: Host, order: Order, now: Instant): Effect[] {
  const { timer: settings } = order.args;
  const incarnation = incarnationOf(host);
  if (order.op === 'timer-reset') return runTimer(board, host, { kind: 'reset' }, now);
  if (order.op === 'timer-off') return runTimer(board, host, { kind: 'off' }, now);
  if (settings === undefined || incarnation === undefined) return [];
  const setBy = order.from.name;
  return runTimer(board, host, { kind: 'set', settings, incarnation, setBy }, now);
}
