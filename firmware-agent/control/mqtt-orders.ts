/**
 * Orders that come through a broker, and the answers that go back.
 *
 * Anybody who can publish on the order topic can send anything, so nothing is believed before its
 * MAC is; what fails is counted by kind, dropped without an answer, and told at most once in a
 * while, because an alarm at line rate is a second attack. A wrong role is counted as a wrong MAC:
 * the sender learns nothing. A frame that arrives retained is dropped however good it is, because
 * the broker would hand it out again at every restart. An authentic orderer has a rate of its own.
 *
 * Nothing is decided here. A QUERY is answered from the desk, cut to what that orderer may see; an
 * ORDER goes to the desk as it was opened, which judges its life, tick, ttl, incarnation and
 * repetition. Results go to the orderer's own topic, or to the response topic that came with the
 * order where that lies in or below it; any other would let an orderer write into foreign topics.
 */
import type { MessageAbout, PublishOptions } from '../../protocol/link/mqtt.ts';
import type { Crypto } from '../../protocol/wire/crypto.ts';
import type { Instant } from '../../protocol/wire/instant.ts';
import type { KeyRing } from '../../protocol/wire/keys.ts';
import type { MessageOf } from '../../protocol/wire/messages.ts';
import type { Refusal } from '../../protocol/wire/session/agent.ts';
import { type Bucket, fullBucket, take } from '../../protocol/wire/session/bucket.ts';
import { sameNonce } from '../../protocol/wire/session/derive.ts';
import { openOrderer, sealAnswer, sendingKid } from '../../protocol/wire/session/orderer.ts';
import { result as resultTopic } from '../../protocol/wire/topics.ts';
import type { OrdererSettings } from '../core/settings.ts';
import { ALARM_GAP_MS, ANSWER_EXPIRY_S, ORDER_FRAME_BYTES_MAX, ORDERER_RATE } from './limits.ts';
import { pathKey, type ReplyPath, remember, replyPath } from './reply-paths.ts';
import { type StateSource, stateFor } from './state-answer.ts';

export interface OrderDesk extends StateSource {
  /** Judges and carries out; the answers come back through `sendResult`. */
  acceptOrder(order: MessageOf<'order'>, orderer: number): void;
  /** Offers a message to the broker; false when it was dropped. */
  publish(topic: string, payload: Uint8Array, options: PublishOptions): boolean;
  /** A retained order, or refused frames: one sentence, seldom. */
  alarm(code: 'retained-order' | 'refused-orders', sentence: string): void;
}

export interface MqttOrdersSetup {
  crypto: Crypto;
  ring: KeyRing;
  agent: number;
  agentName: string;
  orderers: readonly OrdererSettings[];
}

export type OrderRefusal = Refusal | 'retained';

export interface MqttOrders {
  /** Takes one message of the order topic. */
  message(payload: Uint8Array, about: MessageAbout, now: Instant): void;
  /** Sends a result to who ordered it; `kid` of the message is ignored. False when it was dropped. */
  sendResult(result: MessageOf<'result'>): boolean;
  /** What was dropped since the start, by kind. */
  refusals(): Partial<Record<OrderRefusal, number>>;
}

/** Serves the order topic of one agent; a reload makes a new one. */
export function mqttOrders(setup: MqttOrdersSetup, desk: OrderDesk): MqttOrders {
  const { crypto, ring, agent, agentName } = setup;
  const known = new Map(setup.orderers.map((one) => [one.orderer, one]));
  const names = new Map(setup.orderers.map(({ orderer, name }) => [orderer, name]));
  // Questions and orders apart: a dashboard gone wild must not keep its owner from ordering.
  const buckets = new Map(setup.orderers.map(({ orderer }) => [orderer, fullBuckets()]));
  const paths = new Map<string, ReplyPath>();
  const refused = refusalBook(desk.alarm);

  const send = (answer: Answer, path: ReplyPath, orderer: OrdererSettings): boolean => {
    // An order outlives its key: where that is gone, its end is told under the present one.
    const present = sendingKid(ring, orderer.name) ?? path.kid;
    const frame =
      sealAnswer(crypto, ring, orderer.name, 'mqtt', { ...answer, kid: path.kid }) ??
      sealAnswer(crypto, ring, orderer.name, 'mqtt', { ...answer, kid: present });
    if (frame === undefined) return false;
    const { topic, correlationData } = path;
    const options: PublishOptions = { qos: 1, retain: false, expiryS: ANSWER_EXPIRY_S };
    return desk.publish(topic, frame, correlationData ? { ...options, correlationData } : options);
  };

  /** The refusal of a message, or undefined where it was taken. */
  const receive = (
    payload: Uint8Array,
    about: MessageAbout,
    now: Instant,
  ): OrderRefusal | undefined => {
    if (about.retain) return 'retained';
    if (payload.length > ORDER_FRAME_BYTES_MAX) return 'oversize';
    const opened = openOrderer(crypto, ring, names, 'mqtt', payload);
    if ('refused' in opened) return opened.refused;
    const { message } = opened;
    const orderer = known.get(message.orderer);
    const bucket = buckets.get(message.orderer)?.[message.kind];
    // An order for another board tells its sender as little as a forgery.
    if (!orderer || !bucket || message.agent !== agent) return 'mac';
    if (!take(bucket, ORDERER_RATE, now)) return 'rate';
    // A QUERY can be replayed by anybody; that only makes its key look used.
    const key = ring.find(opened.role, orderer.name, message.kid);
    const isOfThisLife = message.kind === 'query' || sameNonce(message.aNonce, desk.life().aNonce);
    if (key !== undefined && isOfThisLife) key.usedAt = now;
    const path = replyPath(resultTopic(agentName, orderer.name), message.kid, about);
    if (message.kind === 'query') {
      send(stateFor(message, orderer, desk, agent), path, orderer);
    } else {
      remember(paths, pathKey(orderer.orderer, message.cmdId), path);
      desk.acceptOrder(message, orderer.orderer);
    }
    return undefined;
  };

  return {
    message(payload, about, now) {
      const kind = receive(payload, about, now);
      if (kind !== undefined) refused.note(kind, now);
    },
    sendResult(result) {
      const orderer = known.get(result.orderer);
      if (orderer === undefined) return false;
      const kid = sendingKid(ring, orderer.name) ?? 0;
      const own = { topic: resultTopic(agentName, orderer.name), kid };
      return send(result, paths.get(pathKey(orderer.orderer, result.cmdId)) ?? own, orderer);
    },
    refusals: () => ({ ...refused.counts }),
  };
}

function fullBuckets(): Record<'query' | 'order', Bucket> {
  return { query: fullBucket(ORDERER_RATE), order: fullBucket(ORDERER_RATE) };
}

type Answer = MessageOf<'state'> | MessageOf<'result'>;

interface RefusalBook {
  counts: Partial<Record<OrderRefusal, number>>;
  note(kind: OrderRefusal, now: Instant): void;
}

/** Counts every refusal and tells of them seldom. */
function refusalBook(alarm: OrderDesk['alarm']): RefusalBook {
  const counts: RefusalBook['counts'] = {};
  const quietUntil = new Map<string, Instant>();
  return {
    counts,
    note(kind, now) {
      counts[kind] = (counts[kind] ?? 0) + 1;
      const code = kind === 'retained' ? 'retained-order' : 'refused-orders';
      if (now < (quietUntil.get(code) ?? Number.NEGATIVE_INFINITY)) return;
      quietUntil.set(code, now + ALARM_GAP_MS);
      alarm(code, refusalSentence(kind, counts));
    },
  };
}

function refusalSentence(
  kind: OrderRefusal,
  counts: Partial<Record<OrderRefusal, number>>,
): string {
  if (kind === 'retained') {
    return 'An order arrived retained and was dropped; whoever publishes orders must not set retain.';
  }
  const all = Object.entries(counts)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ');
  return `Frames on the order topic were refused (${all}); look for a wrong key or a hostile client.`;
}
