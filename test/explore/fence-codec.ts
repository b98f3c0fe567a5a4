/** Fences, orders and what the disk remembers of them, in bytes; board-codec.ts says how it is done. */
import type { Durable, DurableFence } from '../../firmware-agent/core/durable.ts';
import type { Answer, Order, Orderer } from '../../firmware-agent/core/events.ts';
import type { Before, By, Fence, FenceStep } from '../../firmware-agent/core/fence-state.ts';
import type { StoredOrder } from '../../firmware-agent/core/orders.ts';
import type { Operation, Outcome, Proof } from '../../protocol/wire/messages.ts';
import {
  absent,
  bool,
  type Codec,
  list,
  maybe,
  NOW,
  type Pen,
  record,
  silentTime,
  small,
  span,
  text,
  tick,
  time,
  UNIT_MS,
  union,
  unread,
  word,
} from './codec.ts';

/** The number of the first host's fence; no two fences of one host are told apart for long. */
export const FENCE_ID = 50;

const proof: Codec<Proof> = word('none', 'verified', 'by-hold', 'by-timeout', 'by-hand');
const op: Codec<Operation> = text as Codec<Operation>;

const by: Codec<By> = union<By, 'kind'>('kind', {
  verdict: record<object>({}),
  timer: absent('a timer') as never,
  order: record<{ name: string; cmdId: string }>({ name: text, cmdId: text }),
  restart: record<object>({}),
});

const slept = span(8);
const since = { since: unread('no step looks how long it lasts', () => NOW) };

const step: Codec<FenceStep> = union<FenceStep, 'at'>('at', {
  intent: record<{ since: number }>({ since: time(3) }),
  proving: record<Omit<Extract<FenceStep, { at: 'proving' }>, 'at'>>({
    method: small,
    outlets: list(small) as Codec<readonly number[]>,
    cutAt: time(8),
    stalledMs: {
      isSure: true,
      write: (value: number, to: Pen) => slept.write(to.now - to.awake - value, to),
      read: (from: Pen) => -slept.read(from),
    },
    lostSince: maybe(time(4)),
  }),
  waiting: absent('a wait') as never,
  kept: record<{ since: number }>(since),
  due: record<{ since: number }>(since),
  closing: record<{ since: number; triedAt: number; tries: number }>({
    since: time(20),
    triedAt: time(40),
    tries: small,
  }),
});

/** The fence of one host, which is always shown under the same number. */
export function fence(id: number): Codec<Fence> {
  return record<Fence>({
    id: unread('fences have fixed numbers here', () => id),
    incarnation: small,
    by,
    startedAt: silentTime,
    orders: list(text) as Codec<readonly string[]>,
    keptBy: maybe(text),
    ack: absent('an acknowledgement'),
    released: maybe(bool as Codec<true>),
    before: maybe(record<Before>({ at: word('kept', 'due'), keptBy: maybe(text) })),
    proof,
    firstCutAt: maybe(silentTime),
    dark: maybe(list(small) as Codec<readonly number[]>),
    confirmFrom: maybe(time(4)),
    darkTick: maybe(tick()),
    isHeard: maybe(bool as Codec<true>),
    unlogged: unread('for people', () => false),
    step,
  });
}

const from: Codec<Orderer> = record<Orderer>({
  name: text,
  orderer: maybe(small),
  boundTo: maybe(small),
});

const words = {
  ...{ from, cmdId: text, life: text, host: small, incarnation: small, op },
  args: unread('no world gives arguments', () => ({})),
  ttlMs: unread('there is one', () => ORDER_TTL_MS),
};

/** Every order of these worlds is old after this time. */
export const ORDER_TTL_MS: number = 4 * UNIT_MS;

const orderOfNow = record<Order>({ ...words, tick: tick() });
const orderOfOld = record<Order>({
  ...words,
  tick: unread(
    'an order of another life, or that was answered, is never judged by its tick',
    () => 0,
  ),
});

/** An order; its tick only where it is one of the board's present life. */
export const order: Codec<Order> = {
  isSure: true,
  write(value, to) {
    bool.write(value.life === to.life, to);
    (value.life === to.life ? orderOfNow : orderOfOld).write(value, to);
  },
  read: (from) => (bool.read(from) ? orderOfNow : orderOfOld).read(from),
};

const answer: Codec<Answer> = record<Answer>({
  from,
  cmdId: text,
  op,
  host: small,
  incarnation: small,
  outcome: text as Codec<Outcome>,
  proof,
  untested: unread('follows from the proof', () => false),
  tick: unread('for whoever gets the answer', () => 0),
  detail: text,
});

const kept = { at: unread('nothing is forgotten within ten minutes', () => NOW) };
const answered = record<StoredOrder>({
  order: orderOfOld,
  ...kept,
  final: answer,
});
const open = record<StoredOrder>({ order, ...kept, final: absent('an answer') });

export const storedOrder: Codec<StoredOrder> = {
  isSure: true,
  write(value, to) {
    bool.write(value.final === undefined, to);
    (value.final === undefined ? open : answered).write(value, to);
  },
  read: (from) => (bool.read(from) ? open : answered).read(from),
};

const durableFence: Codec<DurableFence> = record<DurableFence>({
  host: small,
  incarnation: small,
  orders: list(text),
  keptBy: maybe(text),
  reported: bool,
  outlets: list(small),
  seenOn: list(bool),
  id: unread('for the record', () => undefined),
  by: unread('for the record', () => undefined),
});

const oldOrders = list(
  record<Durable['orders'][number]>({ order: orderOfOld, final: maybe(answer) }),
);

/** In a fixed order: whatever is known of orders is asked for by their number. */
const knownOrders: Codec<Durable['orders']> = {
  isSure: true,
  write: (value, to) =>
    oldOrders.write(
      value.toSorted((a, b) => (a.order.cmdId < b.order.cmdId ? -1 : 1)),
      to,
    ),
  read: oldOrders.read,
};

export const durable: Codec<Durable> = record<Durable>({
  format: unread('there is one', () => 1 as const),
  fences: list(durableFence),
  orders: knownOrders,
  frozen: list(
    record<Durable['frozen'][number]>({ host: small, why: unread('for people', () => '') }),
  ),
  maintenance: unread('no world has it', () => []),
  disabled: absent('an emergency disable'),
  left: unread('nobody leaves', () => []),
  interrupted: list(
    record<Durable['interrupted'][number]>({
      host: small,
      wallMs: list(unread('only their number counts', () => 0)),
    }),
  ),
  startsWallMs: unread('for an alarm', () => []),
  nextFence: unread('fences have fixed numbers here', () => FENCE_ID),
  timers: unread('no world arms one', () => undefined),
  pulses: unread('no world gives one', () => undefined),
  tested: unread('no world drills', () => undefined),
  records: unread('for people', () => []),
});
