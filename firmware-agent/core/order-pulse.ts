/** The orders `reset` and `diag`: one pulse each, answered by a new life of the host or by its absence. */
import type { Instant } from '../../protocol/wire/instant.ts';
import type { Board, Host } from './board.ts';
import type { Effect, Order } from './events.ts';
import type { PulseKind } from './pulse.ts';
import { beginPulse } from './pulse-run.ts';

export function isPulseOperation(op: string): op is PulseKind {
  return op === 'reset' || op === 'diag';
}

/** Why this host gets no such pulse now; undefined where it does. */
export function refusePulse(
  host: Host,
  kind: PulseKind,
): { outcome: 'refused' | 'busy'; detail: string } | undefined {
  if (!host.settings.pulses.some((line) => line.kind === kind)) {
    return { outcome: 'refused', detail: `no ${kind} line` };
  }
  if (host.fence !== undefined) return { outcome: 'busy', detail: 'a fence runs' };
  return host.pulse === undefined ? undefined : { outcome: 'busy', detail: 'a pulse runs' };
}

export function orderPulse(
  board: Board,
  host: Host,
  order: Order & { op: PulseKind },
  now: Instant,
): Effect[] {
  const { op: kind, from, cmdId } = order;
  return beginPulse(board, host, { kind, by: from.name, orders: [cmdId], isConfirmed: true }, now);
}
