/**
 * Who may order what, and when: every reason for which an order is turned down (section 4).
 *
 * The key of a host is worth nothing while that host is itself being fenced, so of two hosts that
 * order each other's fence the first wins. An operator's key is bound to no host and skips
 * arbitration. 0 for the incarnation means whatever has power now; any other names one life, and
 * `already` is said only of a life of which this agent knows that it is over.
 */
import type { Instant } from '../../protocol/wire/instant.ts';
import type { Operation, Outcome } from '../../protocol/wire/messages.ts';
import { ageOf } from '../../protocol/wire/ticks.ts';
import { type Board, type Host, incarnationOf } from './board.ts';
import { awake } from './clock.ts';
import { refuseDrill } from './drill.ts';
import type { Order } from './events.ts';
import { lastHeardAt } from './evidence.ts';
import { type Fence, isUndecided, isVictim } from './fence-state.ts';
import { ORDER_TTL_MAX_MS } from './limits.ts';
import { isKnownOff } from './order-power.ts';
import { isPulseOperation, refusePulse } from './order-pulse.ts';
import { isTimerOperation, refuseTimer } from './order-timer.ts';
import type { Right } from './settings.ts';

export interface Refusal {
  outcome: Outcome;
  detail: string;
}

/** Why this order is not taken; undefined where it is. */
export function refuse(
  board: Board,
  host: Host | undefined,
  order: Order,
  now: Instant,
): Refusal | undefined {
  const bySender = refuseBySender(board, order, now);
  if (bySender !== undefined || isOfBoard(order)) return bySender;
  if (host === undefined) return { outcome: 'refused', detail: 'no such host' };
  return refuseByHost(board, host, order, now);
}

/** The whole board can be told not to fence, and to fence again; all else is of one host. */
function isOfBoard({ host, op }: Order): boolean {
  return host === 0 && (op === 'disable' || op === 'enable');
}

/** Operations that may open a relay. */
function cuts({ op }: Order): boolean {
  return op === 'fence' || op === 'off' || op === 'ack';
}

/** Refusals that depend on who asks, and when. */
function refuseBySender(board: Board, order: Order, now: Instant): Refusal | undefined {
  if (order.life !== board.life) return { outcome: 'stale', detail: 'another life' };
  if (order.ttlMs > ORDER_TTL_MAX_MS) return { outcome: 'refused', detail: 'ttl over 30 s' };
  const ageMs = ageOf(board.ticks, order.tick, now);
  if (ageMs === undefined || ageMs > order.ttlMs) {
    return { outcome: 'expired', detail: 'over its ttl' };
  }
  return order.from.orderer === undefined ? undefined : refuseByKey(board, order, now);
}

/** What a key allows; somebody on the board itself may do everything. */
function refuseByKey(board: Board, order: Order, now: Instant): Refusal | undefined {
  const key = board.settings.orderers.find((one) => one.orderer === order.from.orderer);
  const right = rightFor(order.op);
  const mayIt = key?.may.some((one) => one === right) === true;
  const mayThere = key?.hosts === undefined || key.hosts.includes(order.host);
  if (key === undefined || !mayIt || !mayThere) return { outcome: 'refused', detail: 'no right' };
  const { boundTo } = key;
  if (boundTo === undefined) return undefined;
  if (order.args.override === true || order.args.drill === true || isOfBoard(order)) {
    return { outcome: 'refused', detail: 'operators only' };
  }
  return refuseByRival(board, order, boundTo, now);
}

/** What a key must be allowed for this operation. */
function rightFor(op: Operation): Right {
  if (isTimerOperation(op)) return 'timer';
  return op === 'enable' ? 'disable' : op;
}

/** The key of a host is worth nothing while that host is itself being fenced. */
function refuseByRival(
  board: Board,
  order: Order,
  boundTo: number,
  now: Instant,
): Refusal | undefined {
  const giver = board.hosts.get(boundTo);
  if (giver === undefined) return { outcome: 'refused', detail: 'no such giver' };
  if (isVictim(giver.fence) || giver.frozen !== undefined) {
    return { outcome: 'refused', detail: 'giver is victim' };
  }
  if (order.tick <= giver.holdEndTick) return { outcome: 'refused', detail: 'giver fenced' };
  if (!cuts(order) && !isPulseOperation(order.op)) return undefined;
  if (isMatch(board, giver, order.host, now)) return { outcome: 'refused', detail: 'match hold' };
  const rival = [...board.hosts.values()].some(
    ({ settings, fence }) =>
      settings.host !== order.host &&
      fence !== undefined &&
      isUndecided(fence) &&
      isBound(board, fence),
  );
  return rival ? { outcome: 'busy', detail: 'another fence' } : undefined;
}

/** Whoever lost a match does not have the winner fenced in return, while that one is heard. */
function isMatch(board: Board, giver: Host, target: number, now: Instant): boolean {
  const { matchHoldMs } = board.settings;
  const { lostTo } = giver;
  if (matchHoldMs === undefined || lostTo?.winner !== target) return false;
  const winner = board.hosts.get(target);
  return winner !== undefined && now - lostTo.at < matchHoldMs && isHeard(winner, now);
}

/** It has spoken within its deadtime. */
function isHeard(host: Host, now: Instant): boolean {
  const lastAt = lastHeardAt(host) ?? Number.NEGATIVE_INFINITY;
  return now - lastAt < host.settings.timing.deadtimeMs;
}

function isBound(board: Board, fence: Fence): boolean {
  return fence.orders.some((id) => board.orders.get(id)?.order.from.boundTo !== undefined);
}

/** Refusals that depend on the host and on the life of it that is meant. */
function refuseByHost(board: Board, host: Host, order: Order, now: Instant): Refusal | undefined {
  if (!board.started) return { outcome: 'busy', detail: 'starting' };
  if (order.op === 'disable' || order.op === 'enable') return undefined;
  if ((cuts(order) || isPulseOperation(order.op)) && board.disabled !== undefined) {
    return { outcome: 'refused', detail: 'disabled' };
  }
  const refused = refuseByTimeout(host, order);
  if (refused !== undefined) return refused;
  if (host.frozen !== undefined && order.args.override !== true) {
    return { outcome: 'refused', detail: 'frozen' };
  }
  const refusal = refuseByKind(board, host, order, now);
  if (refusal !== undefined) return refusal;
  if (order.op === 'on') return refuseOn(host, order);
  if (order.incarnation === 0 || order.incarnation === incarnationOf(host)) return undefined;
  const { fence } = host;
  const joins = isUndecided(fence) || isKnownOff(board, host, now);
  if (joins && fence?.incarnation === order.incarnation) return undefined;
  return refuseByLife(board, host, order.incarnation, now);
}

/** A host without outlets cannot be kept off; and a wait is for one life, the next needs its own. */
function refuseByTimeout(host: Host, order: Order): Refusal | undefined {
  const { op, incarnation, args } = order;
  const switches = op === 'off' || op === 'on' || args.drill === true;
  if (switches && host.methods.length === 0) return { outcome: 'refused', detail: 'no outlets' };
  if (host.fence?.step.at !== 'waiting' || !cuts(order) || op === 'ack') return undefined;
  const isIts = (incarnation || incarnationOf(host)) === host.fence.incarnation;
  return isIts && op === 'fence' ? undefined : { outcome: 'busy', detail: 'by-timeout' };
}

/** What stands against an operation of this kind alone. */
function refuseByKind(board: Board, host: Host, order: Order, now: Instant): Refusal | undefined {
  const { op } = order;
  if (op === 'ack') return refuseAck(host, order, now);
  if (isPulseOperation(op)) return refusePulse(host, op);
  const detail = isTimerOperation(op)
    ? refuseTimer(board, host, order)
    : order.args.drill === true
      ? refuseDrill(board, host, now)
      : undefined;
  return detail === undefined ? undefined : { outcome: 'refused', detail };
}

function refuseByLife(
  board: Board,
  host: Host,
  incarnation: number,
  now: Instant,
): Refusal | undefined {
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

/** Nobody answers for it that a host is off which speaks, or has power. */
function refuseAck(host: Host, { args }: Order, now: Instant): Refusal | undefined {
  if (args.reason === undefined) return { outcome: 'refused', detail: 'no reason' };
  if (args.override === true) return undefined;
  if (isHeard(host, now)) return { outcome: 'refused', detail: 'it is heard' };
  const sensed = host.power.senses.some((sense) => sense.value === 'on');
  return sensed ? { outcome: 'refused', detail: 'a sense is on' } : undefined;
}

function refuseOn(host: Host, order: Order): Refusal | undefined {
  const keptBy = host.fence?.keptBy;
  const isOperator = order.from.boundTo === undefined;
  if (keptBy === undefined || keptBy === order.from.name || isOperator) return undefined;
  return { outcome: 'refused', detail: 'kept by another' };
}
