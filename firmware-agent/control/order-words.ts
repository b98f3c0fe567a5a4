/**
 * Orders and their ends in the words of the wire, and in those of the core. Nothing is decided here.
 */
import {
  DETAIL_UNTESTED,
  type MessageOf,
  nameOf,
  OPERATION,
  OUTCOME,
  PROOF,
} from '../../protocol/wire/messages.ts';
import { decodeArgs } from '../../protocol/wire/order-args.ts';
import type { Answer, Order } from '../core/events.ts';
import type { BoardSettings } from '../core/settings.ts';

/** Undefined where this version of the agent does not know the operation, or its arguments. */
export function orderOf(
  order: MessageOf<'order'>,
  orderer: number,
  board: BoardSettings,
): Order | undefined {
  const op = nameOf(OPERATION, order.op);
  const args = op === undefined ? undefined : decodeArgs(op, order.args);
  if (op === undefined || args === undefined) return undefined;
  const key = board.orderers.find((one) => one.orderer === orderer);
  return {
    from: {
      name: key?.name ?? String(orderer),
      orderer,
      ...(key?.boundTo === undefined ? {} : { boundTo: key.boundTo }),
    },
    cmdId: Buffer.from(order.cmdId).toString('hex'),
    life: Buffer.from(order.aNonce).toString('hex'),
    tick: order.tick,
    host: order.host,
    incarnation: order.incarnation,
    op,
    args,
    ttlMs: order.ttlMs,
  };
}

/** The answer to an operation, or to arguments, that this version of the agent does not know. */
export function notUnderstood(
  { orderer, cmdId, agent, host, incarnation }: MessageOf<'order'>,
  tick: number,
): MessageOf<'result'> {
  const detail = detailOf('not supported', false);
  const ending = { outcome: OUTCOME.refused, proof: PROOF.none, tick, detail };
  return { kind: 'result', kid: 0, orderer, cmdId, agent, host, incarnation, ...ending };
}

/** The RESULT that tells `orderer`, by number, how his order ended, or that it was accepted. */
export function resultOf(
  answer: Answer,
  orderer: number,
  board: BoardSettings,
): MessageOf<'result'> {
  return {
    kind: 'result',
    kid: 0,
    orderer,
    cmdId: Buffer.from(answer.cmdId, 'hex'),
    agent: board.agent,
    host: answer.host,
    incarnation: answer.incarnation,
    outcome: OUTCOME[answer.outcome],
    proof: PROOF[answer.proof],
    tick: answer.tick,
    detail: detailOf(answer.detail, answer.untested),
  };
}

/** Flags, then as many letters as the wire takes. */
function detailOf(words: string, untested: boolean): Uint8Array {
  const letters = Buffer.from(words, 'ascii').subarray(0, 15);
  return Buffer.concat([Buffer.of(untested ? DETAIL_UNTESTED : 0), letters]);
}
