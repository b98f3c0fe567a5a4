/** The final answers to orders: each is stored, and given once. */
import type { Outcome, Proof } from '../../protocol/wire/messages.ts';
import type { Board, Host } from './board.ts';
import type { Answer, Effect } from './events.ts';
import type { Fence } from './fence-state.ts';

export interface Ending {
  outcome: Outcome;
  proof: Proof;
  detail: string;
}

/** Answers every order that waits for this host's fence. */
export function answerOrders(board: Board, host: Host, result: Ending): Effect[] {
  const { fence } = host;
  return fence === undefined ? [] : settleAll(board, fence, fence.orders, result);
}

/** Answers these orders of one fence, each once. */
export function settleAll(
  board: Board,
  fence: Fence,
  orders: readonly string[],
  result: Ending,
): Effect[] {
  const answers = orders.flatMap((cmdId) => settle(board, cmdId, result, fence.incarnation));
  return answers.length === 0 ? [] : [{ kind: 'save' }, ...answers];
}

/** Answers the orders that wait for the host to have power again. */
export function answerOn(board: Board, host: Host, result: Ending): Effect[] {
  return [...board.orders.values()].flatMap(({ order, final }) => {
    const waits = order.host === host.settings.host && order.op === 'on' && final === undefined;
    return waits ? settle(board, order.cmdId, result) : [];
  });
}

/** Stores the final answer of an order and gives it, once. */
export function settle(
  board: Board,
  cmdId: string,
  result: Ending,
  incarnation?: number,
): Effect[] {
  const stored = board.orders.get(cmdId);
  if (stored === undefined || stored.final !== undefined) return [];
  const { order } = stored;
  const answer: Answer = {
    from: order.from,
    cmdId,
    op: order.op,
    host: order.host,
    incarnation: incarnation ?? order.incarnation,
    ...result,
    untested: result.proof !== 'none' && board.hosts.get(order.host)?.tested === undefined,
    tick: board.ticks.latest,
  };
  board.orders.set(cmdId, { ...stored, final: answer });
  return [{ kind: 'answer', answer }];
}
