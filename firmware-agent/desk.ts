/**
 * Carries questions and orders from the two counters, local and sealed, to the core, and answers
 * back to whoever asked. It knows names where the core knows numbers; it decides nothing.
 */
import { monotonicMs } from '../protocol/link/timers.ts';
import type { Logger } from '../protocol/log.ts';
import type { Crypto } from '../protocol/wire/crypto.ts';
import type { Instant } from '../protocol/wire/instant.ts';
import type { KeyRing } from '../protocol/wire/keys.ts';
import {
  DETAIL_UNTESTED,
  type MessageOf,
  nameOf,
  OPERATION,
  OUTCOME,
  PROOF,
} from '../protocol/wire/messages.ts';
import { decodeArgs } from '../protocol/wire/order-args.ts';
import type { KeysView, LocalOrder, OrderAnswer } from '../protocol/wire/view.ts';
import type { AgentConfig } from './config/config.ts';
import type { Desk } from './control/desk.ts';
import { type SealedOrders, sealedOrders } from './control/sealed-orders.ts';
import type { Board } from './core/board.ts';
import type { Answer, Event, Order } from './core/events.ts';
import type { BeatChannel } from './core/hearing.ts';
import { viewBoard } from './core/view.ts';
import type { FenceRecords } from './drivers/records.ts';
import type { Paths } from './paths.ts';

export interface AgentDesk extends Desk {
  orders: SealedOrders;
  /** Gives an answer of the core to whoever waits for it. */
  answer(answer: Answer): void;
}

export interface DeskSetup {
  config: AgentConfig;
  crypto: Crypto;
  ring: KeyRing;
  log: Logger;
  board: Board;
  records: FenceRecords;
  take: (event: Event) => void;
  paths: () => Paths | undefined;
  /** Counts now; the answer tells what was dropped on one path of a host, by reason. */
  refused: () => (host: number, channel: BeatChannel) => Record<string, number>;
  reload: Desk['reload'];
  doctor: Desk['doctor'];
}

export function openDesk(setup: DeskSetup): AgentDesk {
  const { config, board, records, log } = setup;
  const waiting = new Map<string, ((answer: OrderAnswer) => void)[]>();
  const view: Desk['view'] = () => {
    const refusedOn = setup.refused();
    const shown = viewBoard(board, monotonicMs());
    const hosts = shown.hosts.map((host) => ({
      ...host,
      channels: host.channels.map((one) => ({
        ...one,
        refused: { ...one.refused, ...refusedOn(host.host, one.channel) },
      })),
    }));
    return { ...shown, hosts, refusedOrders: { ...orders.refusals() } };
  };
  const listRecords: Desk['records'] = (host) =>
    records.list().filter((record) => host === undefined || record.host === host);
  const orders = sealedOrders(
    {
      crypto: setup.crypto,
      ring: setup.ring,
      agent: config.board.agent,
      agentName: config.board.name,
      orderers: config.board.orderers,
      hosts: config.board.hosts,
    },
    {
      life: () => ({ aNonce: Buffer.from(board.life, 'hex'), tick: board.ticks.latest }),
      view,
      records: listRecords,
      acceptOrder: (message, orderer) => {
        const order = orderOf(message, orderer, config);
        if (order !== undefined) return setup.take({ kind: 'order', order });
        orders.sendResult(notUnderstood(message, board.ticks.latest));
      },
      publish: (topic, payload, options) =>
        setup.paths()?.mqtt?.publish(topic, payload, options) ?? false,
      sendOnLine: (host, frame, orderer) => setup.paths()?.answer(host, frame, orderer) ?? false,
      alarm: (code, sentence) => log.error(sentence, { code }),
    },
  );
  return {
    orders,
    view,
    keys: () => keysView(setup),
    records: listRecords,
    reload: setup.reload,
    doctor: setup.doctor,
    order: (order, by, answer) => {
      const named = config.board.hosts.find(({ name }) => name === order.host)?.host;
      const host = order.host === '' ? 0 : named;
      if (host === undefined) return answer(turnedDown(order, 'refused', 'no such host'));
      const ttlMs = ttlLeftMs(order, monotonicMs());
      if (ttlMs <= 0) return answer(turnedDown(order, 'expired', 'over its ttl'));
      waiting.set(order.cmdId, [...(waiting.get(order.cmdId) ?? []), answer]);
      const { cmdId, op, incarnation, args = {} } = order;
      const { life, ticks } = board;
      const from = { name: by };
      setup.take({
        kind: 'order',
        order: { from, cmdId, life, tick: ticks.latest, host, incarnation, op, args, ttlMs },
      });
    },
    answer: (answer) => {
      const { orderer } = answer.from;
      if (orderer !== undefined) orders.sendResult(resultOf(answer, orderer, config));
      const callbacks = waiting.get(answer.cmdId) ?? [];
      if (answer.outcome !== 'accepted') waiting.delete(answer.cmdId);
      for (const callback of callbacks) callback(localAnswer(answer, config));
    },
  };
}

/** The ring is as old as this life, and notes by itself when its keys are used. */
function keysView({ ring, board }: DeskSetup): KeysView {
  const now = monotonicMs();
  const keys = ring.all().map((key) => {
    const { role, owner, kid, usedAt } = key;
    const unusedMs = usedAt === undefined ? null : Math.round(now - usedAt);
    return { role, owner, kid, sending: ring.sending(role, owner) === key, unusedMs };
  });
  return { watchedMs: Math.round(now - board.clock.startedAt), keys };
}

function orderOf(
  order: MessageOf<'order'>,
  orderer: number,
  config: AgentConfig,
): Order | undefined {
  const op = nameOf(OPERATION, order.op);
  const args = op === undefined ? undefined : decodeArgs(op, order.args);
  if (op === undefined || args === undefined) return undefined;
  const key = config.board.orderers.find((one) => one.orderer === orderer);
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
function notUnderstood(
  { orderer, cmdId, agent, host, incarnation }: MessageOf<'order'>,
  tick: number,
): MessageOf<'result'> {
  const detail = detailOf('not supported', false);
  const ending = { outcome: OUTCOME.refused, proof: PROOF.none, tick, detail };
  return { kind: 'result', kid: 0, orderer, cmdId, agent, host, incarnation, ...ending };
}

/** Flags, then as many letters as the wire takes. */
function detailOf(words: string, untested: boolean): Uint8Array {
  const letters = Buffer.from(words, 'ascii').subarray(0, 15);
  return Buffer.concat([Buffer.of(untested ? DETAIL_UNTESTED : 0), letters]);
}

function resultOf(answer: Answer, orderer: number, config: AgentConfig): MessageOf<'result'> {
  return {
    kind: 'result',
    kid: 0,
    orderer,
    cmdId: Buffer.from(answer.cmdId, 'hex'),
    agent: config.board.agent,
    host: answer.host,
    incarnation: answer.incarnation,
    outcome: OUTCOME[answer.outcome],
    proof: PROOF[answer.proof],
    tick: answer.tick,
    detail: detailOf(answer.detail, answer.untested),
  };
}

function localAnswer(answer: Answer, config: AgentConfig): OrderAnswer {
  const { cmdId, op, incarnation, outcome, proof, untested, detail } = answer;
  const host = config.board.hosts.find((one) => one.host === answer.host)?.name ?? '';
  return { cmdId, op, host, incarnation, outcome, proof, untested, detail };
}

/**
 * What is left of its ttl. An order may wait in the socket while the board stands still; whoever
 * gave it is gone by then, and must not be obeyed minutes later (S9). One from the future is of
 * another clock and expires too.
 */
export function ttlLeftMs({ askedAtMs, ttlMs }: LocalOrder, now: Instant): number {
  const ageMs = now - askedAtMs;
  return ageMs < 0 ? 0 : Math.floor(ttlMs - ageMs);
}

function turnedDown(
  { cmdId, op, host, incarnation }: LocalOrder,
  outcome: 'refused' | 'expired',
  detail: string,
): OrderAnswer {
  return { cmdId, op, host, incarnation, outcome, proof: 'none', untested: false, detail };
}
