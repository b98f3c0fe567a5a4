/**
 * The board through sealed frames: over a broker, over this server's own serial line, or both.
 *
 * Names are people's and numbers the wire's. Through a broker the list of hosts tells them; a serial
 * line carries no list, so fencepost.toml names the hosts there. A wrong number would cut
 * the wrong machine: wherever the board's list can be had too, the two are held against each other,
 * and nothing is ordered where they differ. What comes back is under the orderer's key, body
 * included, so a broker can withhold it and cannot forge it.
 */
import { attemptSync } from '../../protocol/attempt.ts';
import type { OrderClient } from '../../protocol/order-client.ts';
import { failure, ok, type Result } from '../../protocol/result.ts';
import type { View } from '../../protocol/wire/messages.ts';
import { encodeArgs, WIRE_REASON_MAX } from '../../protocol/wire/order-args.ts';
import type { BoardView, FenceRecord } from '../../protocol/wire/view.ts';
import type { Board, BoardFailure } from './board.ts';
import { type Glance, glanceIn, glanceOf, hostIn, unknownHost } from './glance.ts';

/** A broker, a reconnect and a busy board: who waited this long wants to hear about it. */
const VIEW_WAIT_MS = 8_000;

/** The list is a second opinion where the numbers are known: an order does not wait for it longer. */
const CHECK_WAIT_MS = 1_000;

const TOO_LONG =
  `in a sealed frame a reason has at most ${WIRE_REASON_MAX} letters, and only "ack" has one: ` +
  'write the number of a ticket, or give the order on the board itself';

/** As many questions as the board answers an orderer at once. */
const HOSTS_ASKED_MAX = 32;

/** No host has this number; as a QUERY's host it means the board. */
const THE_BOARD = 0;

/** The board as `client` reaches it; `declared` are the hosts that fencepost.toml names, if any. */
export function boardOverFrames(
  client: OrderClient,
  declared: ReadonlyMap<string, number> = new Map(),
): Board {
  const numbers = new Map(declared);
  const list = async (waitMs: number): Promise<Result<BoardView, BoardFailure>> => {
    const seen = await bodyOf<BoardView>(client, { host: THE_BOARD, view: 'list', waitMs });
    if (!seen.ok) return seen;
    for (const { name, host } of seen.value.hosts) {
      const own = declared.get(name) ?? host;
      if (own !== host) return failure('wrong-use', differs(name, own, host));
      numbers.set(name, host);
    }
    return seen;
  };
  const view = async (): Promise<Result<BoardView, BoardFailure>> => {
    const seen = await list(VIEW_WAIT_MS);
    // Whoever knows the hosts by name can still ask for the little that goes without a list.
    const isLeft = !seen.ok && seen.kind !== 'wrong-use' && declared.size > 0;
    return isLeft ? failure('listless', seen.detail) : seen;
  };
  const brief = async (name: string): Promise<Result<Glance, BoardFailure>> => {
    const number = declared.get(name);
    if (number === undefined) return unknownHost(name, [...declared.keys()]);
    const state = await client.state(number, 'none', VIEW_WAIT_MS);
    return state.ok ? ok(glanceIn(name, state.value)) : state;
  };
  const glance = async (name: string): Promise<Result<Glance, BoardFailure>> => {
    const seen = await list(declared.size > 0 ? CHECK_WAIT_MS : VIEW_WAIT_MS);
    if (seen.ok) {
      const host = hostIn(seen.value, name);
      return host.ok ? ok(glanceOf(host.value)) : host;
    }
    return seen.kind === 'wrong-use' || declared.size === 0 ? seen : brief(name);
  };
  const numberOf = async (name: string): Promise<Result<number, BoardFailure>> => {
    const seen = numbers.has(name) ? undefined : await glance(name);
    if (seen?.ok === false) return seen;
    const number = numbers.get(name);
    return number === undefined ? unknownHost(name, [...numbers.keys()]) : ok(number);
  };

  return {
    view,
    glance,
    async glances() {
      const all = await Promise.all([...declared.keys()].map(brief));
      const failed = all.find((one) => !one.ok);
      return failed ?? ok(all.flatMap((one) => (one.ok ? [one.value] : [])));
    },
    async records(name) {
      if (name === undefined) return recordsOfAll(client, await view());
      const host = await numberOf(name);
      if (!host.ok) return host;
      return bodyOf<FenceRecord[]>(client, { host: host.value, view: 'why', waitMs: VIEW_WAIT_MS });
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
    facts: async () =>
      failure('wrong-use', 'doctor works on the board itself only; run it there, without --config'),
    reload: async () =>
      failure('wrong-use', 'reload works on the board itself only; run it there, without --config'),
    close: () => client.close(),
  };
}

/** One question a host: a packet holds the last few records of one. */
async function recordsOfAll(
  client: OrderClient,
  view: Result<BoardView, BoardFailure>,
): Promise<Result<FenceRecord[], BoardFailure>> {
  if (!view.ok) return view;
  const { hosts } = view.value;
  if (hosts.length > HOSTS_ASKED_MAX) {
    return failure('wrong-use', `the board has ${hosts.length} hosts; name one of them`);
  }
  const all: FenceRecord[] = [];
  for (const { host } of hosts) {
    const question = { host, view: 'why', waitMs: VIEW_WAIT_MS } as const;
    const records = await bodyOf<FenceRecord[]>(client, question);
    if (!records.ok) return records;
    all.push(...records.value);
  }
  return ok(all.toSorted((a, b) => (a.startedAt ?? '').localeCompare(b.startedAt ?? '')));
}

async function bodyOf<T>(
  client: OrderClient,
  { host, view, waitMs }: { host: number; view: View; waitMs: number },
): Promise<Result<T, BoardFailure>> {
  const state = await client.state(host, view, waitMs);
  if (!state.ok) {
    const remedy = state.kind === 'listless' ? '. Ask on the board itself, or by a broker' : '';
    return failure(state.kind, `${state.detail}${remedy}`);
  }
  const text = new TextDecoder().decode(state.value.body);
  if (text === '') return failure('refused', 'this key may not look: its "may" lacks "status"');
  // Sealed by the agent, which writes it from typed values.
  const body = attemptSync(() => JSON.parse(text) as T);
  return body.ok ? body : failure('refused', `the agent's view cannot be read: ${body.detail}`);
}

function differs(name: string, own: number, host: number): string {
  const remedy = `write ${name} = ${host} under [hosts] in fencepost.toml`;
  return `${name} is host ${own} in fencepost.toml and host ${host} on the board; ${remedy}`;
}
