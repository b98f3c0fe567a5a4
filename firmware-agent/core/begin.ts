/** How a fence begins: with a verdict, a timer or an order. Nothing moves yet. */

import type { Instant } from '../../protocol/wire/instant.ts';
import type { ChannelEvidence } from '../../protocol/wire/view.ts';
import { answerOn } from './answers.ts';
import { assert } from './assert.ts';
import { type Board, type Host, incarnationOf } from './board.ts';
import type { Effect } from './events.ts';
import type { Ack, Before, By, Fence } from './fence-state.ts';
import { FENCE_BUDGET_WINDOW_MS } from './limits.ts';
import { runPulse } from './pulse-run.ts';
import { newRecord } from './record.ts';
import { tell } from './words.ts';

export interface Wish {
  by: By;
  orders: string[];
  /** The life that an order names; what is heard counts more. */
  incarnation?: number;
  keptBy?: string;
  ack?: Ack;
  evidence: ChannelEvidence[];
  text: string;
}

/** Starts a fence of the life that is there now; the intent goes to disk first. */
export function beginFence(board: Board, host: Host, wish: Wish, now: Instant): Effect[] {
  assert(host.frozen === undefined, 'a frozen host is not fenced');
  // Whoever waited for power to come back waits in vain now.
  const on = answerOn(board, host, { outcome: 'failed', proof: 'none', detail: 'fenced again' });
  const overtaken = runPulse(board, host, { kind: 'overtaken' }, now);
  const fence: Fence = {
    id: board.nextFence,
    incarnation: incarnationOf(host) ?? wish.incarnation ?? 0,
    by: wish.by,
    startedAt: now,
    orders: [...stillOpen(board, host, wish), ...wish.orders],
    ...(wish.keptBy === undefined ? {} : { keptBy: wish.keptBy }),
    ...(wish.ack === undefined ? {} : { ack: wish.ack }),
    ...(host.fence === undefined ? {} : { before: beforeOf(host.fence) }),
    // What an earlier attempt told to open may be open still.
    ...(host.fence?.firstCutAt === undefined ? {} : { firstCutAt: host.fence.firstCutAt }),
    proof: 'none',
    unlogged: false,
    step: { at: 'intent', since: now },
  };
  board.nextFence += 1;
  host.fence = fence;
  host.record = newRecord(host, fence, wish.evidence);
  if (wish.by.kind !== 'order') {
    const recent = (starts: Instant[]): Instant[] =>
      starts.filter((at) => now - at < FENCE_BUDGET_WINDOW_MS);
    board.verdictsAt = [...recent(board.verdictsAt), now];
    host.verdictsAt = [...recent(host.verdictsAt), now];
  }
  const [level, code] = HOW_TOLD[wish.by.kind];
  return [
    ...on,
    ...overtaken,
    { kind: 'journal', host: host.settings.host, fence: fence.id },
    tell(host, level, code, wish.text),
  ];
}

const HOW_TOLD = {
  verdict: ['alarm', 'dead'],
  timer: ['alarm', 'timer'],
  order: ['info', 'order'],
  restart: ['info', 'interrupted'],
} as const;

/** Orders that the fence before was to answer: this one does. */
function stillOpen(board: Board, host: Host, wish: Wish): string[] {
  return (host.fence?.orders ?? []).filter((cmdId) => {
    const stored = board.orders.get(cmdId);
    return stored !== undefined && stored.final === undefined && !wish.orders.includes(cmdId);
  });
}

/** An order may come while an earlier fence is being undone, or is kept without proof. */
function beforeOf({ step, keptBy }: Fence): Before {
  if (step.at !== 'kept') return { at: 'due' };
  return { at: 'kept', ...(keptBy === undefined ? {} : { keptBy }) };
}
