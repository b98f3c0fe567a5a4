/**
 * Who may order what, and when: every reason for which an order is turned down (section 4).
 *
 * The key of a host is worth nothing while that host is itself being fenced, so of two hosts that
 * order each other's fence the first wins. An operator's key is bound to no host and skips
 * arbitration. 0 for the incarnation means whatever has power now; any other names one life, and
 * `already` is said only of a life of which this agent knows that it is over.
 */
import type { Instant } from '../../protocol/wire/instant.ts';
import type { Outcome } from '../../protocol/wire/messages.ts';
import { ageOf } from '../../protocol/wire/ticks.ts';
import { type Board, type Host, incarnationOf } from './board.ts';
import { awake } from './clock.ts';
import type { Order } from './events.ts';
import { type Fence, isUndecided, isVictim } from './fence-state.ts';
import { ORDER_TTL_MAX_MS } from './limits.ts';
import { isKnownOff } from './order-power.ts';

export interface Refusal {
  outcome: Outcome;
  detail: string;
}

/** Why this order is not taken; undefined where it is. */
export function refuse(board: Board, host: Host, order: Order, now: Instant): Refusal | undefined {
  return refuseBySender(board, order, now) ?? refuseByHost(board, host, order, now);
}

/** Refusals that depend on who asks, and when. */
function refuseBySender(board: Board, order: Order, now: Instant): Refusal | undefined {
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
function refuseByRival(board: Board, order: Order, boundTo: number): Refusal | undefined {
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

function isBound(board: Board, fence: Fence): boolean {
  return fence.orders.some((id) => board.orders.get(id)?.order.from.boundTo !== undefined);
}

/** Refusals that depend on the host and on the life of it that is meant. */
function refuseByHost(board: Board, host: Host, order: Order, now: Instant): Refusal | undefined {
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

function refuseOn(host: Host, order: Order): { outcome: Outcome; detail: string } | undefined {
  const keptBy = host.fence?.keptBy;
  const isOperator = order.from.boundTo === undefined;
  if (keptBy === undefined || keptBy === order.from.name || isOperator) return undefined;
  return { outcome: 'refused', detail: 'kept by another' };
}
