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
import type { OrderArgs } from '../../protocol/wire/order-args.ts';

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
import { type Refusal, refuse } from './order-rights.ts';
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
  if (refusal !== undefined) return turnDownForGood(board, order, refusal, now);
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
  const untested = reply.proof !== 'none' && board.hosts.get(host)?.tested === undefined;
  return { from, cmdId, op, host, incarnation, ...reply, untested, tick: board.ticks.latest };
}

function turnDown(board: Board, order: Order, outcome: Outcome, detail: string): Effect[] {
  return [{ kind: 'answer', answer: answerTo(board, order, { outcome, proof: 'none', detail }) }];
}

/**
 * A refusal is final: whoever asked was told that nothing will be done, and a copy of the order
 * that a broker or a client sends once more must not be obeyed when the reason is gone. He asks
 * again under a new id. An order for another life can never be obeyed here and needs no memory.
 */
function turnDownForGood(board: Board, order: Order, refusal: Refusal, now: Instant): Effect[] {
  const final = answerTo(board, order, { ...refusal, proof: 'none' });
  const isRoom = board.orders.size < ORDERS_KEPT_MAX;
  if (isRoom && refusal.outcome !== 'stale')
    board.orders.set(order.cmdId, { order, at: now, final });
  return [{ kind: 'answer', answer: final }];
}

function repeat(board: Board, known: StoredOrder, order: Order): Effect[] {
  const was = known.order;
  const same =
    was.host === order.host &&
    was.incarnation === order.incarnation &&
    was.op === order.op &&
    was.from.name === order.from.name &&
    sameArgs(was.args, order.args);
  if (!same) return turnDown(board, order, 'refused', 'cmdId was used');
  const answer =
    known.final ?? answerTo(board, was, { outcome: 'accepted', proof: 'none', detail: '' });
  return [{ kind: 'answer', answer }];
}

/** The same words, in whatever order; an argument more is another order. */
function sameArgs(a: OrderArgs, b: OrderArgs): boolean {
  const words = (args: OrderArgs): string => JSON.stringify(Object.entries(args).toSorted());
  return words(a) === words(b);
}

function forgetOld(board: Board, now: Instant): void {
  const all = [...board.orders.values()].filter(({ final }) => final !== undefined);
  // Those that were refused go first: many of them must not push out what was done.
  const finals = [...all.filter(isTurnedDown), ...all.filter((stored) => !isTurnedDown(stored))];
  for (const [i, { order, at }] of finals.entries()) {
    // The older half at once; what is still being carried out always stays.
    const tooMany = board.orders.size >= ORDERS_KEPT_MAX && i <= finals.length / 2;
    if (isLock(board, order)) continue;
    if (tooMany || now - at > ORDER_KEPT_MS) board.orders.delete(order.cmdId);
  }
}

const TURNED_DOWN: ReadonlySet<Outcome> = new Set(['refused', 'busy', 'expired', 'unknown']);

function isTurnedDown({ final }: StoredOrder): boolean {
  return final !== undefined && TURNED_DOWN.has(final.outcome);
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
