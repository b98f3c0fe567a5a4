/** What the wait of a fence by timeout does to the board, at its begin and at its end. */
import type { Instant } from '../../protocol/wire/instant.ts';
import { settleAll } from './answers.ts';
import { type Board, type Host, incarnationOf } from './board.ts';
import { awake } from './clock.ts';
import { failDrill } from './drill.ts';
import type { Effect } from './events.ts';
import type { Fence } from './fence-state.ts';
import { note, settleRecord } from './record.ts';
import { tell } from './words.ts';

/** Its keys are destroyed: this is to the life what a cut is where there are outlets. */
export function carryOutExpel(board: Board, host: Host, now: Instant): Effect[] {
  const { orders, incarnation, step, unlogged } = host.fence as Fence;
  if (orders.length === 0) host.spent = incarnation;
  if (unlogged) settleRecord(host, { unlogged });
  const untilAwake = step.at === 'waiting' ? step.untilAwake : 0;
  const leftS = Math.max(0, (untilAwake - awake(board.clock, now)) / 1_000).toFixed(1);
  const text = `its keys are destroyed; it must have restarted itself in ${leftS} s`;
  note(host, now, text);
  return [
    { kind: 'retire', host: host.settings.host, incarnation },
    tell(host, 'warning', 'waiting', text),
    ...failDrill(host, 'no outlet proved it off'),
    { kind: 'save' },
  ];
}

/**
 * Orders that this proof does not answer. One for whatever has power means the life that was heard
 * when it was given; if that was silent by then, the life that speaks now may have been there.
 */
export function answerForAnother(board: Board, host: Host): Effect[] {
  const fence = host.fence as Fence;
  const { incarnation, orders, step } = fence;
  const living = incarnationOf(host);
  // Where none is known any more, another was heard meanwhile, and left.
  if (living === incarnation || step.at !== 'waiting') return [];
  const heardAt = step.heardAwake + board.clock.stalledMs;
  const isAnother = (cmdId: string): boolean => {
    const stored = board.orders.get(cmdId);
    if (stored === undefined || stored.order.incarnation === incarnation) return false;
    return heardAt < stored.at - host.freshnessMs;
  };
  const result = { outcome: 'failed', proof: 'none', detail: 'lives anew' } as const;
  return settleAll(board, fence, orders.filter(isAnother), result);
}
