/**
 * Orders: what somebody with the right wants done to a host, at most once.
 *
 * An order names the agent's life, a tick of it, and the life of the host that it means, so that
 * nothing stale acts (S9). The same cmdId again gets the stored outcome. Who may order what, and
 * when, is decided in order-rights.ts; what follows from an order that was taken, in the file of
 * its kind.
 */
import type { Instant } from '../../protocol/wire/instant.ts';
import type { Outcome } from '../../protocol/wire/messages.ts';

import { ageOf } from '../../protocol/wire/ticks.ts';
import type { Ending } from './answers.ts';
import { assert } from './assert.ts';
import type { Board, Host } from './board.ts';
import type { Answer, Effect, Order } from './events.ts';
import { thaw } from './freeze.ts';
import { raiseDoubt } from './hear.ts';
import { ORDER_KEPT_MS, ORDERS_KEPT_MAX } from './limits.ts';
import { fenceOrOff, on } from './order-power.ts';
import { isPulseOperation, orderPulse } from './order-pulse.ts';
import { refuse } from './order-rights.ts';
import { isTimerOperation, orderTimer } from './order-timer.ts';
import { disable, enable } from './standstill.ts';

export interface StoredOrder {
  order: Order;
  at: Instant;
  /** Absent while it is being carried out. */
  final?: Answer;
}

export function takeOrder(board: Board, order: Order, now: Instant): Effect[] {
  // Even an order that is refused was given by somebody who lives.
  const doubt = order.life === board.life ? signOfLife(board, order, now) : [];
  return [...doubt, ...answered(board, order, now)];
}

function answered(board: Board, order: Order, now: Instant): Effect[] {
  forgetOld(board, now);
  const known = board.orders.get(order.cmdId);
  if (known !== undefined) return repeat(board, known, order);
  const host = board.hosts.get(order.host);
  const refusal = refuse(board, host, order, now);
  if (refusal !== undefined) return turnDown(board, order, refusal.outcome, refusal.detail);
  if (board.orders.size >= ORDERS_KEPT_MAX)
    return turnDown(board, order, 'busy', 'too many orders');
  board.orders.set(order.cmdId, { order, at: now });
  const accepted: Effect[] = [
    {
      kind: 'answer',
      answer: answerTo(board, order, { outcome: 'accepted', proof: 'none', detail: '' }),
    },
    tellOrder(order),
  ];
  return [...accepted, ...obey(board, host, order, now)];
}

function tellOrder({ host, from, op, args }: Order): Effect {
  const how = args.override === true ? ', overriding what stands against it' : '';
  const why = args.reason === undefined ? '' : `: ${args.reason}`;
  const text = `${from.name} ordered ${op}${how}${why}`;
  return { kind: 'news', level: 'info', code: 'order', text, ...(host === 0 ? {} : { host }) };
}

function obey(board: Board, host: Host | undefined, order: Order, now: Instant): Effect[] {
  const { op } = order;
  if (op === 'disable') return disable(board, host, order, now);
  if (op === 'enable') return enable(board, host, order, now);
  assert(host !== undefined, 'order-rights lets nothing else be ordered of the whole board');
  if (isTimerOperation(op)) return orderTimer(board, host, order, now);
  const thawed = thaw(board, host, order.from.name);
  if (isPulseOperation(op)) return [...thawed, ...orderPulse(board, host, { ...order, op }, now)];
  const effects = op === 'on' ? on(board, host, order, now) : fenceOrOff(board, host, order, now);
  return [...thawed, ...effects];
}

function answerTo(board: Board, order: Order, reply: Ending): Answer {
  const { from, cmdId, op, host, incarnation } = order;
  const untested = reply.proof !== 'none';
  return { from, cmdId, op, host, incarnation, ...reply, untested, tick: board.ticks.latest };
}

/** A refusal is final but not stored: the sender may mend it and ask again under a new id. */
function turnDown(board: Board, order: Order, outcome: Outcome, detail: string): Effect[] {
  return [{ kind: 'answer', answer: answerTo(board, order, { outcome, proof: 'none', detail }) }];
}

function repeat(board: Board, known: StoredOrder, order: Order): Effect[] {
  const was = known.order;
  const same =
    was.host === order.host &&
    was.incarnation === order.incarnation &&
    was.op === order.op &&
    was.from.name === order.from.name;
  if (!same) return turnDown(board, order, 'refused', 'cmdId was used');
  const answer =
    known.final ?? answerTo(board, was, { outcome: 'accepted', proof: 'none', detail: '' });
  return [{ kind: 'answer', answer }];
}

function forgetOld(board: Board, now: Instant): void {
  const finals = [...board.orders.values()].filter(({ final }) => final !== undefined);
  for (const [i, { order, at }] of finals.entries()) {
    // The older half at once; what is still being carried out always stays.
    const tooMany = board.orders.size >= ORDERS_KEPT_MAX && i <= finals.length / 2;
    if (isLock(board, order)) continue;
    if (tooMany || now - at > ORDER_KEPT_MS) board.orders.delete(order.cmdId);
  }
}

/** Its giver is told under its number, should the lock be lost. */
function isLock(board: Board, { host, op, from }: Order): boolean {
  return op === 'off' && board.hosts.get(host)?.fence?.keptBy === from.name;
}

/** A host that gives orders lives: its own autonomous fence waits (doubt). */
function signOfLife(board: Board, order: Order, now: Instant): Effect[] {
  const giver = order.from.boundTo === undefined ? undefined : board.hosts.get(order.from.boundTo);
  const ageMs = ageOf(board.ticks, order.tick, now);
  if (giver === undefined || ageMs === undefined || ageMs > giver.freshnessMs) return [];
  return raiseDoubt(board, giver, now);
}
