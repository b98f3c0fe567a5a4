/**
 * The orders that switch power: `fence`, `off`, `on`, and `ack`, with which a person answers for it
 * that a host is off. A fence that runs is joined, never doubled; what is known off is confirmed by
 * what is read from now on. An acknowledgement is a fence, too, that keeps the host off: what can be
 * cut is cut and what can be proven is proven, and only where that fails does his word stand for it.
 */
import type { Instant } from '../../protocol/wire/instant.ts';
import { answerOn, settle } from './answers.ts';
import { beginFence } from './begin.ts';
import { type Board, type Host, incarnationOf } from './board.ts';
import { runFence } from './carry-out.ts';
import type { Effect, Order } from './events.ts';
import { type Ack, type Fence, isUndecided } from './fence-state.ts';
import { readsOff } from './proof.ts';
import { runPulse } from './pulse-run.ts';

export function fenceOrOff(board: Board, host: Host, order: Order, now: Instant): Effect[] {
  const { fence } = host;
  const { cmdId, op, from, incarnation } = order;
  const ack = ackOf(order);
  if (fence === undefined || !(isUndecided(fence) || isKnownOff(board, host, now))) {
    // A lock outlives the attempt that could not prove it.
    const keptBy =
      fence?.step.at === 'kept' ? fence.keptBy : op === 'fence' ? undefined : from.name;
    const what = op === 'fence' ? 'it is to be fenced' : 'its power goes off';
    const wish = {
      by: { kind: 'order' as const, name: from.name, cmdId },
      orders: [cmdId],
      incarnation,
      ...(keptBy === undefined ? {} : { keptBy }),
      ...ack,
      evidence: [],
      text: `${what} by order of ${from.name}`,
    };
    return beginFence(board, host, wish, now);
  }
  // Whoever waited for power to come back waits in vain now.
  const off = { outcome: 'failed', proof: 'none', detail: 'off again' } as const;
  const on = op === 'fence' ? [] : answerOn(board, host, off);
  const joined = [
    ...on,
    ...runFence(board, host, { kind: 'joined', cmdId, op, keptBy: from.name, ...ack }, now),
    { kind: 'save' } as const,
  ];
  return joined;
}

function ackOf({ op, from, args }: Order): { ack?: Ack } {
  if (op !== 'ack') return {};
  const { reason = '', override = false } = args;
  return { ack: { by: from.name, why: reason, override } };
}

export function on(board: Board, host: Host, order: Order, now: Instant): Effect[] {
  board.alarms.delete(`${host.settings.host}:off-lost`);
  if (host.fence !== undefined) {
    return [...runFence(board, host, { kind: 'released' }, now), { kind: 'save' }];
  }
  const open = host.power.contacts.some((contact) => contact.value !== 'closed');
  const readable = host.settings.outlets.some((outlet) => outlet.readable);
  if (!open && readable) {
    return settle(board, order.cmdId, { outcome: 'done', proof: 'none', detail: 'was on' });
  }
  const overtaken = runPulse(board, host, { kind: 'overtaken' }, now);
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
  return [
    { kind: 'save' },
    ...overtaken,
    ...runFence(board, host, { kind: 'tick', drained: false }, now),
  ];
}

/** Off by proof, and still read so: nobody has told it to close yet. */
export function isKnownOff(board: Board, host: Host, now: Instant): boolean {
  const { fence, settings, power } = host;
  if (fence === undefined || fence.step.at === 'closing') return false;
  if (fence.proof !== 'verified' && fence.proof !== 'by-hold') return false;
  const { judgeTickMs } = board.derived;
  const bench = { now, settings, power, judgeTickMs, stalledMs: board.clock.stalledMs };
  return readsOff(fence.dark ?? [], fence.proof, bench, Number.NEGATIVE_INFINITY);
}
