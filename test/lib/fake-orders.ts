/**
 * The board's end of all order paths without a broker or a line: the real `sealedOrders` over a fake
 * desk, with everything that it would send kept, and paths from it to an order client.
 */
import {
  type OrderDesk,
  type OrderFrom,
  type SealedOrders,
  sealedOrders,
} from '../../firmware-agent/control/sealed-orders.ts';
import type { OrdererSettings } from '../../firmware-agent/core/settings.ts';
import type { PublishOptions } from '../../protocol/link/mqtt.ts';
import { monotonicMs, nextTurn } from '../../protocol/link/timers.ts';
import type { OrderClientSetup, OrderRoute } from '../../protocol/order-client.ts';
import type { KeyRing } from '../../protocol/wire/keys.ts';
import {
  DETAIL_UNTESTED,
  type MessageOf,
  OUTCOME,
  type Outcome,
  PROOF,
} from '../../protocol/wire/messages.ts';
import { crypto, ring } from '../protocol/wire/lib/keys.ts';
import { type FakeDesk, fakeDesk } from './fake-desk.ts';

export const AGENT = 7;
/** Sees and orders everything. */
export const ANNA: OrdererSettings = {
  orderer: 10,
  name: 'anna',
  may: ['fence', 'off', 'on', 'status'],
};
/** A cluster's key: only host 2, and no right to look. */
export const PCMK: OrdererSettings = {
  orderer: 11,
  name: 'alpha-pcmk',
  boundTo: 1,
  may: ['fence'],
  hosts: [2],
};

export interface FakeOrders {
  desk: FakeDesk;
  orders: SealedOrders;
  accepted: { order: MessageOf<'order'>; orderer: number }[];
  published: { topic: string; payload: Uint8Array; options: PublishOptions }[];
  /** What went to the serial lines of hosts. */
  onLines: { host: number; frame: Uint8Array }[];
  alarms: string[];
  life: { aNonce: Uint8Array; tick: number };
  /** What every order is answered with, in this order. */
  outcomes: Outcome[];
  /** Told of each message that is published, and of each frame for a line. */
  onPublish: (payload: Uint8Array) => void;
  onLine: (frame: Uint8Array) => void;
}

export function fakeOrders(keys: KeyRing = ring): FakeOrders {
  const fake: Omit<FakeOrders, 'orders'> = {
    desk: fakeDesk(),
    accepted: [],
    published: [],
    onLines: [],
    alarms: [],
    life: { aNonce: new Uint8Array(8).fill(1), tick: 40 },
    outcomes: ['accepted', 'done'],
    onPublish: () => {},
    onLine: () => {},
  };
  const desk: OrderDesk = {
    life: () => fake.life,
    view: () => fake.desk.view(),
    records: (host) => fake.desk.records(host),
    acceptOrder: (order, orderer) => {
      fake.accepted.push({ order, orderer });
      for (const outcome of fake.outcomes) orders.sendResult(resultOf(order, outcome));
    },
    publish: (topic, payload, options) => {
      fake.published.push({ topic, payload, options });
      fake.onPublish(payload);
      return true;
    },
    sendOnLine: (host, frame) => {
      fake.onLines.push({ host, frame });
      fake.onLine(frame);
      return true;
    },
    alarm: (code, sentence) => void fake.alarms.push(`${code}: ${sentence}`),
  };
  const hosts = [
    { host: 1, name: 'deimos' },
    { host: 2, name: 'phobos' },
  ];
  const orderers = [ANNA, PCMK];
  const setup = { crypto, ring: keys, agent: AGENT, agentName: 'board1', orderers, hosts };
  const orders = sealedOrders(setup, desk);
  return Object.assign(fake, { orders });
}

export function resultOf(order: MessageOf<'order'>, outcome: Outcome): MessageOf<'result'> {
  const { kid, orderer, cmdId, agent, host, incarnation } = order;
  const detail = Uint8Array.of(DETAIL_UNTESTED, ...new TextEncoder().encode('off 2.0 s'));
  const proof = PROOF[outcome === 'done' ? 'verified' : 'none'];
  const ids = { kid, orderer, cmdId, agent, host, incarnation };
  return { kind: 'result', ...ids, outcome: OUTCOME[outcome], proof, tick: 41, detail };
}

export function clientSetup({ orderer, name }: OrdererSettings): OrderClientSetup {
  return { crypto, ring, agent: AGENT, orderer: { orderer, name } };
}

/** A way to the fake board; every frame takes a turn of the loop each way. */
export function memoryRoute(
  fake: FakeOrders,
  from: OrderFrom = { channel: 'mqtt', about: { retain: false } },
): OrderRoute {
  const { channel } = from;
  return {
    name: channel === 'mqtt' ? 'the broker' : 'the shim',
    channel,
    connect: (events) => {
      const hear = (frame: Uint8Array): void => void nextTurn(() => events.frame(frame));
      if (channel === 'mqtt') fake.onPublish = hear;
      else fake.onLine = hear;
      nextTurn(events.up);
      return {
        send: (frame) => void nextTurn(() => fake.orders.message(frame, from, monotonicMs())),
        close: async () => {},
      };
    },
  };
}
