/**
 * Carries questions and orders from the two counters, local and sealed, to the core, and answers
 * back to whoever asked. It knows names where the core knows numbers; it decides nothing.
 */
import { monotonicMs } from '../protocol/link/timers.ts';
import type { Logger } from '../protocol/log.ts';
import type { Crypto } from '../protocol/wire/crypto.ts';
import type { Instant } from '../protocol/wire/instant.ts';
import type { KeyRing } from '../protocol/wire/keys.ts';
import type { KeysView, LocalOrder, OrderAnswer } from '../protocol/wire/view.ts';
import type { AgentConfig } from './config/config.ts';
import type { Desk } from './control/desk.ts';
import { notUnderstood, orderOf, resultOf } from './control/order-words.ts';
import { type SealedOrders, sealedOrders } from './control/sealed-orders.ts';
import type { Board } from './core/board.ts';
import type { Answer, Event } from './core/events.ts';
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
        const order = orderOf(message, orderer, config.board);
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
      if (orderer !== undefined) orders.sendResult(resultOf(answer, orderer, config.board));
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
