/** The board through its own socket: for people and scripts on the board itself. */
import { randomBytes } from 'node:crypto';
import {
  type ClientFailure,
  type ControlClient,
  controlClient,
} from '../../protocol/control/client.ts';
import type { ControlAnswer } from '../../protocol/control/messages.ts';
import { monotonicMs } from '../../protocol/link/timers.ts';
import type { OrderEnd } from '../../protocol/order-step.ts';
import { failure, ok, type Result } from '../../protocol/result.ts';
import type { BoardView, OrderAnswer } from '../../protocol/wire/view.ts';
import type { Board, BoardFailure } from './board.ts';
import { glanceOf, hostIn } from './glance.ts';

/** The longest time that an order may be on its way, as the wire limits it. */
const TTL_MS = 30_000;

/** Connects to the socket at `path`; `who` goes into the record of what is ordered. */
export async function boardAtSocket(
  path: string,
  who: string,
): Promise<Result<Board, BoardFailure>> {
  const client = await controlClient(path);
  if (client.ok) return ok(boardOver(client.value, who));
  if (client.kind !== 'absent') return client;
  const remedy =
    'If this is the board, start its agent (fencepost-agent run). If it is another ' +
    'machine, reach the board through the broker: --config /etc/fencepost/fencepost.toml';
  return failure('absent', `${client.detail}. ${remedy}`);
}

function boardOver(client: ControlClient, who: string): Board {
  const view = async (): Promise<Result<BoardView, BoardFailure>> => {
    const answer = await client.ask({ ask: 'view' });
    return answer.ok && answer.value.is === 'view' ? ok(answer.value.view) : unexpected(answer);
  };
  return {
    view,
    async glance(name) {
      const seen = await view();
      const host = seen.ok ? hostIn(seen.value, name) : seen;
      return host.ok ? ok(glanceOf(host.value)) : host;
    },
    async glances() {
      const seen = await view();
      return seen.ok ? ok(seen.value.hosts.map(glanceOf)) : seen;
    },
    async keys() {
      const answer = await client.ask({ ask: 'keys' });
      return answer.ok && answer.value.is === 'keys' ? ok(answer.value.keys) : unexpected(answer);
    },
    async records(host) {
      const answer = await client.ask({ ask: 'records', ...(host !== undefined && { host }) });
      return answer.ok && answer.value.is === 'records'
        ? ok(answer.value.records)
        : unexpected(answer);
    },
    async order({ op, host, incarnation, waitMs, args = {} }, accepted) {
      const cmdId = randomBytes(16).toString('hex');
      const askedAtMs = Math.floor(monotonicMs());
      const order = { op, host, incarnation, cmdId, askedAtMs, ttlMs: TTL_MS, args };
      let taken = false;
      const answer = await client.order({ ask: 'order', order, who }, waitMs, () => {
        taken = true;
        accepted();
      });
      if (answer.ok && answer.value.is === 'order') return ok(endOf(answer.value.answer, taken));
      if (answer.ok || answer.kind !== 'silent') return unexpected(answer);
      return ok({ ...SILENCE, detail: answer.detail, accepted: taken });
    },
    async facts() {
      const answer = await client.ask({ ask: 'doctor' });
      return answer.ok && answer.value.is === 'doctor'
        ? ok(answer.value.facts)
        : unexpected(answer);
    },
    async reload() {
      const answer = await client.ask({ ask: 'reload' });
      if (!answer.ok || answer.value.is !== 'reload') return unexpected(answer);
      const problems = answer.value.problems.map((one) => `\n  ${one}`).join('');
      return answer.value.ok
        ? ok(undefined)
        : failure('refused', `nothing was changed:${problems}`);
    },
    close: async () => client.close(),
  };
}

const SILENCE = { outcome: 'no-answer', proof: 'none', untested: false, incarnation: 0 } as const;

function endOf(answer: OrderAnswer, accepted: boolean): OrderEnd {
  const { outcome, proof, untested, incarnation, detail } = answer;
  // The client hands over final answers only; were it otherwise, nothing would be proven.
  if (outcome === 'accepted') return { ...SILENCE, detail, accepted: true };
  return { outcome, proof, untested, incarnation, detail, accepted };
}

function unexpected(answer: Result<ControlAnswer, ClientFailure>): Result<never, BoardFailure> {
  if (!answer.ok) return answer;
  return failure(
    'refused',
    `the agent answered with "${answer.value.is}", which was not asked for`,
  );
}
