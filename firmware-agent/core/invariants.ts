/**
 * What is true of every board between two events. Asserted for the host that an event touched, for
 * all hosts once a second, and after every event of a simulation; a broken one ends the process
 * before any effect of that step is carried out.
 */
import type { Operation } from '../../protocol/wire/messages.ts';
import { assert } from './assert.ts';
import type { Board, Host } from './board.ts';
import { isUndecided } from './fence-state.ts';

export function assertHost(host: Host): void {
  const { fence, frozen, life } = host;
  assert(frozen === undefined || fence === undefined, 'a frozen host has no fence that could move');
  if (life.at !== 'absent') {
    const isOver = host.ended.some((ended) => ended.incarnation === life.incarnation);
    assert(!isOver, 'a life that is over is never a member again');
  }
  assert(fence === undefined || host.pulse === undefined, 'a host is fenced or pulsed, never both');
  if (fence === undefined) return;
  const { at } = fence.step;
  if (fence.proof !== 'none') {
    assert(!isUndecided(fence), 'nothing is proven before it was cut, or its time was over');
    assert(fence.darkTick !== undefined, 'what is proven off has a tick that would disprove it');
  }
  if (at === 'kept') assert(fence.keptBy !== undefined, 'somebody keeps a host off');
  if (at === 'closing')
    assert(fence.keptBy === undefined, 'no host is given power while somebody keeps it off');
  const { proof } = host.settings;
  if (at === 'waiting' || fence.proof === 'by-timeout')
    assert(proof === 'by-timeout', 'only who may be proven dead by timeout is waited for');
  if (at === 'proving') {
    assert(fence.step.outlets.length > 0, 'a cut has outlets');
    const mentioned = fence.step.outlets.every((outlet) => outlet in host.settings.outlets);
    assert(mentioned, 'a cut touches only outlets of its own host (S11)');
  }
}

/** Orders that end with a fence or a pulse; the others are answered at once, or by the disk. */
const WAITING: readonly Operation[] = ['fence', 'off', 'ack', 'reset', 'diag'];

export function assertBoard(board: Board): void {
  for (const host of board.hosts.values()) assertHost(host);
  for (const { order, final } of board.orders.values()) {
    if (final !== undefined || !WAITING.includes(order.op)) continue;
    const { fence, pulse } = board.hosts.get(order.host) ?? {};
    const waits = [...(fence?.orders ?? []), ...(pulse?.orders ?? [])];
    assert(waits.includes(order.cmdId), 'an open order has a fence or a pulse that answers it');
  }
}
