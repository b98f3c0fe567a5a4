/**
 * The board through a broker: for operators elsewhere.
 *
 * Names are people's and numbers the wire's, so the list of hosts is fetched once before the first
 * order. What comes back is under the orderer's key, body included, so a broker can withhold it
 * and cannot forge it.
 */
import { attemptSync } from '../../protocol/attempt.ts';
import type { OrderClient } from '../../protocol/order-client.ts';
import { failure, ok, type Result } from '../../protocol/result.ts';
import type { View } from '../../protocol/wire/messages.ts';
import { encodeArgs, WIRE_REASON_MAX } from '../../protocol/wire/order-args.ts';
import type { BoardView, FenceRecord } from '../../protocol/wire/view.ts';
import type { Board, BoardFailure } from './board.ts';

/** A broker, a reconnect and a busy board: who waited this long wants to hear about it. */
const VIEW_WAIT_MS = 8_000;

const TOO_LONG =
  `over the broker a reason has at most ${WIRE_REASON_MAX} letters, and only "ack" has one: ` +
  'write the number of a ticket, or give the order on the board itself';

/** No host has this number; as a QUERY's host it means the board. */
const THE_BOARD = 0;

/** The board as `client` reaches it. */
export function boardOverMqtt(client: OrderClient): Board {
  const numbers = new Map<string, number>();

  const view = async (): Promise<Result<BoardView, BoardFailure>> => {
    const seen = await bodyOf<BoardView>(client, THE_BOARD, 'list');
    if (seen.ok) for (const { name, host } of seen.value.hosts) numbers.set(name, host);
    return seen;
  };
  const numberOf = async (name: string): Promise<Result<number, BoardFailure>> => {
    if (!numbers.has(name)) {
      const seen = await view();
      if (!seen.ok) return seen;
    }
    const number = numbers.get(name);
    if (number !== undefined) return ok(number);
    return failure('wrong-use', `no host is called ${name}, or this key may not see it`);
  };

  return {
    view,
    async records(host) {
      const number = await numberOf(host);
      return number.ok ? bodyOf<FenceRecord[]>(client, number.value, 'why') : number;
    },
    async order({ op, host, incarnation, waitMs, args: said = {} }, accepted) {
      const number = host === '' ? ok(THE_BOARD) : await numberOf(host);
      if (!number.ok) return number;
      const args = encodeArgs(op, said);
      if (args === undefined) return failure('wrong-use', TOO_LONG);
      const request = { op, host: number.value, incarnation, waitMs, args };
      return ok(await client.order(request, accepted));
    },
    keys: async () =>
      failure('wrong-use', 'the use of keys is told on the board itself only, without --config'),
    reload: async () =>
      failure('wrong-use', 'reload works on the board itself only; run it there, without --config'),
    close: () => client.close(),
  };
}

async function bodyOf<T>(
  client: OrderClient,
  host: number,
  view: View,
): Promise<Result<T, BoardFailure>> {
  const state = await client.state(host, view, VIEW_WAIT_MS);
  if (!state.ok) return state;
  const text = new TextDecoder().decode(state.value.body);
  if (text === '') return failure('refused', 'this key may not look: its "may" lacks "status"');
  // Sealed by the agent, which writes it from typed values.
  const body = attemptSync(() => JSON.parse(text) as T);
  return body.ok ? body : failure('refused', `the agent's view cannot be read: ${body.detail}`);
}
