/**
 * Orders: what somebody with the right wants done to a host, at most once.
 *
 * An order names the agent's life, a tick of it, and the life of the host that it means, so that
 * nothing stale acts (S9). The same cmdId again gets the stored outcome. 0 for the incarnation
 * means whatever has power now. A fence that runs is joined, never doubled. Two hosts that order
 * each other's fence: the first wins, because a victim's key gives no orders (section 4).
 */
import type { Instant } from '../../protocol/wire/instant.ts';
import type { Outcome, Proof } from '../../protocol/wire/messages.ts';
import { ageOf } from '../../protocol/wire/ticks.ts';
import { answerOn, settle } from './answers.ts';
import { beginFence } from './begin.ts';
import { type Board, type Host, incarnationOf } from './board.ts';
import { runFence } from './carry-out.ts';
import { awake } from './clock.ts';
import type { Answer, Effect, Order } from './events.ts';
import type { Fence } from './fence-state.ts';
import { raiseDoubt } from './hear.ts';
import { ORDER_KEPT_MS, ORDER_TTL_MAX_MS, ORDERS_KEPT_MAX } from './limits.ts';
import { readsOff } from './proof.ts';
import { tell } from './words.ts';

export interface StoredOrder {
  order: Order;
  at: Instant;
  /** Absent while it is being carried out. */
  final?: Answer;
}

interface Reply {
  outcome: Outcome;
  proof: Proof;
  detail: string;
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
  if (host === undefined) return turnDown(board, order, 'refused', 'no such host');
  const refusal = refuseBySender(board, order, now) ?? refuseByHost(board, host, order, now);
  if (refusal !== undefined) return turnDown(board, order, refusal.outcome, refusal.detail);
  if (board.orders.size >= ORDERS_KEPT_MAX)
    return turnDown(board, order, 'busy', 'too many orders');
  board.orders.set(order.cmdId, { order, at: now });
  const text = `${order.from.name} ordered ${order.op}`;
  const accepted: Effect[] = [
    {
      kind: 'answer',
      answer: answerTo(board, order, { outcome: 'accepted', proof: 'none', detail: '' }),
    },
    tell(host, 'info', 'order', text),
  ];
  const effects =
    order.op === 'on' ? on(board, host, order, now) : fenceOrOff(board, host, order, now);
  return [...accepted, ...effects];
}

function answerTo(board: Board, order: Order, reply: Reply): Answer {
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
    if (tooMany || now - at > ORDER_KEPT_MS) board.orders.delete(order.cmdId);
  }
}

/** Refusals that depend on who asks, and when. */
function refuseBySender(
  board: Board,
  order: Order,
  now: Instant,
): { outcome: Outcome; detail: string } | undefined {
  if (order.life !== board.life) return { outcome: 'stale', detail: 'another life' };
  if (order.ttlMs > ORDER_TTL_MAX_MS) return { outcome: 'refused', detail: 'ttl over 30 s' };
  const ageMs = ageOf(board.ticks, order.tick, now);
  if (ageMs === undefined || ageMs > order.ttlMs)
    return { outcome: 'expired', detail: 'over its ttl' };
  const key = board.settings.orderers.find((o) => o.orderer === order.from.orderer);
  if (order.from.orderer === undefined) return undefined;
  const { op } = order;
  const known = op === 'fence' || op === 'off' || op === 'on';
  if (!known) return { outcome: 'refused', detail: 'not supported' };
  if (key === undefined || !key.may.includes(op)) return { outcome: 'refused', detail: 'no right' };
  if (key.hosts !== undefined && !key.hosts.includes(order.host)) {
    return { outcome: 'refused', detail: 'no right' };
  }
  return key.boundTo === undefined ? undefined : refuseByRival(board, order, key.boundTo);
}

/** The key of a host is worth nothing while that host is itself being fenced. */
function refuseByRival(
  board: Board,
  order: Order,
  boundTo: number,
): { outcome: Outcome; detail: string } | undefined {
  const giver = board.hosts.get(boundTo);
  if (giver === undefined) return { outcome: 'refused', detail: 'no such giver' };
  if (isVictim(giver.fence) || giver.frozen !== undefined) {
    return { outcome: 'refused', detail: 'giver is victim' };
  }
  if (order.tick <= giver.holdEndTick) return { outcome: 'refused', detail: 'giver was fenced' };
  if (order.op === 'on') return undefined;
  const rival = [...board.hosts.values()].some(
    ({ settings, fence }) =>
      settings.host !== order.host &&
      fence !== undefined &&
      isUndecided(fence) &&
      isBound(board, fence),
  );
  return rival ? { outcome: 'busy', detail: 'another fence' } : undefined;
}

/** Accepted, and neither proven nor failed yet. */
function isUndecided(fence: Fence | undefined): boolean {
  return fence?.step.at === 'intent' || fence?.step.at === 'proving';
}

/** Off by proof, and still read so: nobody has told it to close yet. */
function isKnownOff(board: Board, host: Host, now: Instant): boolean {
  const { fence, settings, power } = host;
  if (fence === undefined || fence.proof === 'none' || fence.step.at === 'closing') return false;
  const { judgeTickMs } = board.derived;
  const bench = { now, settings, power, judgeTickMs, stalledMs: board.clock.stalledMs };
  return readsOff(fence.dark ?? [], fence.proof, bench, Number.NEGATIVE_INFINITY);
}

/** From acceptance until averted, failed or restored. */
export function isVictim(fence: Fence | undefined): boolean {
  return isUndecided(fence) || (fence !== undefined && fence.proof !== 'none');
}

function isBound(board: Board, fence: Fence): boolean {
  return fence.orders.some((id) => board.orders.get(id)?.order.from.boundTo !== undefined);
}

/** Refusals that depend on the host and on the life of it that is meant. */
function refuseByHost(
  board: Board,
  host: Host,
  order: Order,
  now: Instant,
): { outcome: Outcome; detail: string } | undefined {
  if (!board.started) return { outcome: 'busy', detail: 'starting' };
  if (host.frozen !== undefined) return { outcome: 'refused', detail: 'frozen' };
  if (!['fence', 'off', 'on'].includes(order.op)) {
    return { outcome: 'refused', detail: 'not supported' };
  }
  if (order.op === 'on') return refuseOn(host, order);
  if (order.incarnation === 0 || order.incarnation === incarnationOf(host)) return undefined;
  const { fence } = host;
  const joins = isUndecided(fence) || isKnownOff(board, host, now);
  if (joins && fence?.incarnation === order.incarnation) return undefined;
  return refuseByLife(board, host, order.incarnation, now);
}

/** `already` is said only of a life of which this agent knows that it is over. */
function refuseByLife(
  board: Board,
  host: Host,
  incarnation: number,
  now: Instant,
): { outcome: Outcome; detail: string } | undefined {
  const over = host.ended.find((life) => life.incarnation === incarnation);
  if (over?.why === 'fenced') return { outcome: 'already', detail: 'was fenced' };
  const nowAwake = awake(board.clock, now);
  if (over !== undefined) {
    const standsMs = host.life.at === 'present' ? nowAwake - host.life.since : 0;
    return standsMs >= host.settings.timing.warntimeMs
      ? { outcome: 'already', detail: 'lives anew' }
      : { outcome: 'unknown', detail: 'lives anew' };
  }
  if (incarnationOf(host) !== undefined) return { outcome: 'unknown', detail: 'another life' };
  const listenedMs = nowAwake - board.clock.startedAt;
  const heardByNowMs = 2 * board.derived.beaconMs + 3 * host.delayMs;
  return listenedMs < heardByNowMs ? { outcome: 'unknown', detail: 'just started' } : undefined;
}

function refuseOn(host: Host, order: Order): { outcome: Outcome; detail: string } | undefined {
  const keptBy = host.fence?.keptBy;
  const isOperator = order.from.boundTo === undefined;
  if (keptBy === undefined || keptBy === order.from.name || isOperator) return undefined;
  return { outcome: 'refused', detail: 'kept by another' };
}

function fenceOrOff(board: Board, host: Host, order: Order, now: Instant): Effect[] {
  const { fence } = host;
  const { cmdId, op, from, incarnation } = order;
  if (fence === undefined || !(isUndecided(fence) || isKnownOff(board, host, now))) {
    // A lock outlives the attempt that could not prove it.
    const keptBy = fence?.step.at === 'kept' ? fence.keptBy : op === 'off' ? from.name : undefined;
    const what = op === 'off' ? 'its power goes off' : 'it is to be fenced';
    const wish = {
      by: { kind: 'order' as const, name: from.name, cmdId },
      orders: [cmdId],
      incarnation,
      ...(keptBy === undefined ? {} : { keptBy }),
      evidence: [],
      text: `${what} by order of ${from.name}`,
    };
    return beginFence(board, host, wish, now);
  }
  // Whoever waited for power to come back waits in vain now.
  const off = { outcome: 'failed', proof: 'none', detail: 'off again' } as const;
  const on = op === 'off' ? answerOn(board, host, off) : [];
  const joined = [
    ...on,
    ...runFence(board, host, { kind: 'joined', cmdId, op, keptBy: from.name }, now),
    { kind: 'save' } as const,
  ];
  return joined;
}

/** A host that gives orders lives: its own autonomous fence waits (doubt). */
function signOfLife(board: Board, order: Order, now: Instant): Effect[] {
  const giver = order.from.boundTo === undefined ? undefined : board.hosts.get(order.from.boundTo);
  const ageMs = ageOf(board.ticks, order.tick, now);
  if (giver === undefined || ageMs === undefined || ageMs > giver.freshnessMs) return [];
  return raiseDoubt(board, giver, now);
}

function on(board: Board, host: Host, order: Order, now: Instant): Effect[] {
  if (host.fence !== undefined) {
    return [...runFence(board, host, { kind: 'released' }, now), { kind: 'save' }];
  }
  const open = host.power.contacts.some((contact) => contact.value !== 'closed');
  const readable = host.settings.outlets.some((outlet) => outlet.readable);
  if (!open && readable) {
    return settle(board, order.cmdId, { outcome: 'done', proof: 'none', detail: 'was on' });
  }
  const fence: Fence = {
    id: board.nextFence,
    incarnation: incarnationOf(host) ?? 0,
    by: { kind: 'order', name: order.from.name, cmdId: order.cmdId },
    startedAt: now,
    orders: [],
    proof: 'none',
    unlogged: false,
    step: { at: 'due', since: now },
  };
  board.nextFence += 1;
  host.fence = fence;
  board.alarms.delete(`${host.settings.host}:found-open`);
  return [{ kind: 'save' }, ...runFence(board, host, { kind: 'tick', drained: false }, now)];
}
