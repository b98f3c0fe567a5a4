/**
 * Orders that come sealed, through a broker or over a host's serial line, and the answers that go back.
 *
 * Anybody who can publish on the order topic can send anything, so nothing is believed before its
 * MAC is; what fails is counted by kind, dropped without an answer, and told at most once in a
 * while, because an alarm at line rate is a second attack. A wrong role is counted as a wrong MAC:
 * the sender learns nothing. A frame that arrives retained is dropped however good it is, because
 * the broker would hand it out again at every restart. An authentic orderer has a rate of its own
 * on each path, so that whoever repeats his frames on one cannot silence him on another.
 *
 * A key that is bound to a host is heard on no line but that host's: it is the voice of that host,
 * whose orders are judged by how the host itself fares, and on another line it can only be a copy.
 * An operator goes to whatever server still answers, so his key is heard on every line.
 *
 * Nothing is decided here. A QUERY is answered from the desk, cut to what that orderer may see, and
 * over a line without a body; an ORDER goes to the desk as it was opened, which judges its life,
 * tick, ttl, incarnation and repetition. Results go back on every path that the order came by
 * (`reply-paths.ts`).
 */
import type { MessageAbout, PublishOptions } from '../../protocol/link/mqtt.ts';
import type { Crypto } from '../../protocol/wire/crypto.ts';
import type { Instant } from '../../protocol/wire/instant.ts';
import type { KeyRing } from '../../protocol/wire/keys.ts';
import { type MessageOf, VIEW } from '../../protocol/wire/messages.ts';
import type { Refusal } from '../../protocol/wire/session/agent.ts';
import { type Bucket, fullBucket, take } from '../../protocol/wire/session/bucket.ts';
import { sameNonce } from '../../protocol/wire/session/derive.ts';
import {
  type OpenedOrder,
  openOrderer,
  sealAnswer,
  sendingKid,
} from '../../protocol/wire/session/orderer.ts';
import { result as resultTopic } from '../../protocol/wire/topics.ts';
import type { OrdererSettings } from '../core/settings.ts';
import { ALARM_GAP_MS, ANSWER_EXPIRY_S, ORDER_FRAME_BYTES_MAX, ORDERER_RATE } from './limits.ts';
import {
  type AskedOrders,
  mqttPath,
  pathsOf,
  type ReplyPath,
  rememberPath,
} from './reply-paths.ts';
import { type StateSource, stateFor } from './state-answer.ts';

/** How a frame came: by the order topic, or on the serial line of a host. */
export type OrderFrom =
  | { channel: 'mqtt'; about: MessageAbout }
  | { channel: 'serial'; host: number };

export interface OrderDesk extends StateSource {
  /** Judges and carries out; the answers come back through `sendResult`. */
  acceptOrder(order: MessageOf<'order'>, orderer: number): void;
  /** Offers a message to the broker; false when it was dropped. */
  publish(topic: string, payload: Uint8Array, options: PublishOptions): boolean;
  /** Offers a frame for this orderer to the serial line of a host; false when it was dropped. */
  sendOnLine(host: number, frame: Uint8Array, orderer: number): boolean;
  /** A retained order, or refused frames: one sentence, seldom. */
  alarm(code: 'retained-order' | 'refused-orders', sentence: string): void;
}

export interface SealedOrdersSetup {
  crypto: Crypto;
  ring: KeyRing;
  agent: number;
  agentName: string;
  orderers: readonly OrdererSettings[];
  hosts: readonly { host: number; name: string }[];
}

export type OrderRefusal = Refusal | 'retained';

export interface SealedOrders {
  /** Takes one message of the order topic, or one frame of an orderer from a line. */
  message(frame: Uint8Array, from: OrderFrom, now: Instant): void;
  /** Sends a result to who ordered it; `kid` of the message is ignored. False when all was dropped. */
  sendResult(result: MessageOf<'result'>): boolean;
  /** What was dropped since the start, by kind. */
  refusals(): Partial<Record<OrderRefusal, number>>;
}

/** Serves the orderers of one agent on all paths; a reload makes a new one. */
export function sealedOrders(setup: SealedOrdersSetup, desk: OrderDesk): SealedOrders {
  const { crypto, ring, agent, agentName } = setup;
  const known = new Map(setup.orderers.map((one) => [one.orderer, one]));
  const names = new Map(setup.orderers.map(({ orderer, name }) => [orderer, name]));
  const mayAsk = rates();
  const orders: AskedOrders = new Map();
  const refused = refusalBook(desk.alarm);

  const send = (answer: Answer, path: ReplyPath, { name, orderer }: OrdererSettings): boolean => {
    const channel = 'host' in path ? 'serial' : 'mqtt';
    // An order outlives its key: where that is gone, its end is told under the present one.
    const sealUnder = (kid = path.kid) =>
      sealAnswer(crypto, ring, name, channel, { ...answer, kid });
    const frame = sealUnder() ?? sealUnder(sendingKid(ring, name));
    if (frame === undefined) return false;
    if ('host' in path) return desk.sendOnLine(path.host, frame, orderer);
    const { topic, correlationData } = path;
    const options: PublishOptions = { qos: 1, retain: false, expiryS: ANSWER_EXPIRY_S };
    return desk.publish(topic, frame, correlationData ? { ...options, correlationData } : options);
  };

  /** The refusal of a frame, or undefined where it was taken. */
  const receive = (frame: Uint8Array, from: OrderFrom, now: Instant): OrderRefusal | undefined => {
    const { channel } = from;
    if (channel === 'mqtt' && from.about.retain) return 'retained';
    if (frame.length > ORDER_FRAME_BYTES_MAX) return 'oversize';
    const opened = openOrderer(crypto, ring, names, channel, frame);
    if ('refused' in opened) return opened.refused;
    const { message } = opened;
    const orderer = known.get(message.orderer);
    // What is not for this board, or not for this line, tells its sender as little as a forgery.
    if (!orderer || message.agent !== agent || !isHeardOn(from, orderer)) return 'mac';
    if (!mayAsk(message, from, now)) return 'rate';
    const { kid } = message;
    noteUse(ring, opened, desk.life(), now);
    const path =
      channel === 'serial'
        ? { host: from.host, kid }
        : mqttPath(resultTopic(agentName, orderer.name), kid, from.about);
    if (message.kind === 'query') {
      const query = channel === 'serial' ? { ...message, view: VIEW.none } : message;
      send(stateFor(query, orderer, desk, agent), path, orderer);
      return undefined;
    }
    rememberPath(orders, message, path);
    desk.acceptOrder(message, orderer.orderer);
    return undefined;
  };

  return {
    message(frame, from, now) {
      const kind = receive(frame, from, now);
      if (kind !== undefined) refused.note(kind, placeOf(from, setup), now);
    },
    sendResult(result) {
      const orderer = known.get(result.orderer);
      if (orderer === undefined) return false;
      const own = {
        topic: resultTopic(agentName, orderer.name),
        kid: sendingKid(ring, orderer.name) ?? 0,
      };
      const paths = pathsOf(orders, result) ?? [own];
      return paths.map((path) => send(result, path, orderer)).includes(true);
    },
    refusals: () => ({ ...refused.counts }),
  };
}

type Answer = MessageOf<'state'> | MessageOf<'result'>;

/** A QUERY can be replayed by anybody; that only makes its key look used. */
function noteUse(
  ring: KeyRing,
  { message, role, orderer }: OpenedOrder,
  life: { aNonce: Uint8Array },
  now: Instant,
): void {
  const key = ring.find(role, orderer, message.kid);
  const isOfThisLife = message.kind === 'query' || sameNonce(message.aNonce, life.aNonce);
  if (key !== undefined && isOfThisLife) key.usedAt = now;
}

function isHeardOn(from: OrderFrom, { boundTo }: OrdererSettings): boolean {
  return from.channel === 'mqtt' || boundTo === undefined || boundTo === from.host;
}

/** Whether this orderer may ask for more now, on the path that this message came by. */
function rates(): (
  message: MessageOf<'query'> | MessageOf<'order'>,
  from: OrderFrom,
  now: Instant,
) => boolean {
  const buckets = new Map<string, Bucket>();
  return ({ orderer, kind }, from, now) => {
    // Questions and orders apart: a dashboard gone wild must not keep its owner from ordering.
    const key = `${orderer} ${kind} ${from.channel === 'serial' ? from.host : 'mqtt'}`;
    const bucket = buckets.get(key) ?? fullBucket(ORDERER_RATE);
    buckets.set(key, bucket);
    return take(bucket, ORDERER_RATE, now);
  };
}

interface RefusalBook {
  counts: Partial<Record<OrderRefusal, number>>;
  note(kind: OrderRefusal, place: string, now: Instant): void;
}

/** Counts every refusal and tells of them seldom. */
function refusalBook(alarm: OrderDesk['alarm']): RefusalBook {
  const counts: RefusalBook['counts'] = {};
  const quietUntil = new Map<string, Instant>();
  return {
    counts,
    note(kind, place, now) {
      counts[kind] = (counts[kind] ?? 0) + 1;
      const code = kind === 'retained' ? 'retained-order' : 'refused-orders';
      if (now < (quietUntil.get(code) ?? Number.NEGATIVE_INFINITY)) return;
      quietUntil.set(code, now + ALARM_GAP_MS);
      alarm(code, refusalSentence(kind, counts, place));
    },
  };
}

function refusalSentence(
  kind: OrderRefusal,
  counts: Partial<Record<OrderRefusal, number>>,
  place: string,
): string {
  if (kind === 'retained') {
    return 'An order arrived retained and was dropped; whoever publishes orders must not set retain.';
  }
  const all = Object.entries(counts)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ');
  return `Frames of orders were refused, the last on ${place} (${all}); look for a wrong key or a hostile client.`;
}

function placeOf(from: OrderFrom, { hosts }: SealedOrdersSetup): string {
  if (from.channel === 'mqtt') return 'the order topic';
  return `the serial line of ${hosts.find(({ host }) => host === from.host)?.name}`;
}
