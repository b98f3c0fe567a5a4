/**
 * A broker as a link that says honestly whether anything can be heard.
 *
 * An MQTT client wants to be helpful: it stores what it cannot send and delivers it minutes later,
 * it keeps a session so that old messages wait for us, it believes in a connection that has been
 * dead for a minute. For heartbeats and orders each of these is harm. So every connection here is
 * a new client with a clean session, one at a time; nothing is queued while lost; `up` is said
 * when the broker has granted every subscription, and `lost` within 1.5 keepalives of silence.
 * One connection lives in mqtt-connection.ts; this file makes the next one.
 *
 * state      | event                        | next
 * connecting | all subscriptions granted    | up, `up`
 * connecting | failed, refused or too slow  | waiting, `lost` if it is the first since `up`
 * up         | the connection is over       | waiting, `lost`
 * waiting    | back-off over                | connecting
 * any        | close()                      | closed, nothing more is said
 */
import { randomInt } from 'node:crypto';
import type { Instant } from '../wire/instant.ts';
import { backoffMs } from './backoff.ts';
import { type MqttConnection, mqttConnection } from './mqtt-connection.ts';
import { after, monotonicMs, type Timer } from './timers.ts';

export interface MqttSetup {
  /** `mqtt://host:port` or `mqtts://host:port`. */
  url: string;
  /** 5, or 4 for MQTT 3.1.1; there is no fall-back from one to the other. */
  protocol: 5 | 4;
  clientId: string;
  user?: string;
  password?: string;
  /** PEM texts, for `mqtts` only. */
  ca?: string;
  cert?: string;
  key?: string;
  will?: { topic: string; payload: Uint8Array; retain: boolean; qos: 0 | 1 };
  subscriptions: { topic: string; qos: 0 | 1 }[];
  /** Longer packets are not taken: MQTT 5 brokers are told, and what comes anyway is dropped. */
  packetBytesMax: number;
  /** What may wait for a socket that takes no more, unacknowledged QoS 1 messages included. */
  backlogBytesMax: number;
  /** Seconds between pings, 2 by default: a dead path is `lost` after at most 1.5 of these. */
  keepaliveS?: number;
  /** What TCP, TLS, CONNACK and SUBACK may take together; 2,000 ms by default. */
  connectMsMax?: number;
}

export interface MqttEvents {
  /** Every subscription is granted. Also after each reconnection. */
  up(): void;
  /** Nothing is heard from now on; `reason` is one line for people. Once per loss. */
  lost(reason: string): void;
  /** One message, at most `packetBytesMax` long; the bytes belong to the callee. */
  message(topic: string, payload: Uint8Array, about: MessageAbout): void;
  /**
   * The broker answered a ping that was sent at `askedAt`; while all is well every keepalive.
   * `isHere` where it runs on this very machine, whose own reach such an answer does not show.
   */
  answered?(askedAt: Instant, isHere: boolean): void;
}

export interface MessageAbout {
  /** True for one that the broker had kept; MQTT 5 also shows what was published to be kept. */
  retain: boolean;
  responseTopic?: string;
  correlationData?: Uint8Array;
}

export interface PublishOptions {
  qos: 0 | 1;
  retain?: boolean;
  /** These three travel with MQTT 5 only and are left out with 3.1.1. */
  expiryS?: number;
  responseTopic?: string;
  correlationData?: Uint8Array;
}

export interface MqttCounters {
  messagesIn: number;
  messagesOut: number;
  /** Messages that were not sent because the link was lost or its backlog full. */
  dropped: number;
  /** Messages that came and were longer than allowed. */
  oversize: number;
  /** Times that all subscriptions stood. */
  opened: number;
  /** Why the last attempt or connection ended; empty when none did. */
  reason: string;
}

export interface MqttLink {
  /** Offers one message; false when it was dropped. True is no promise that it arrives. */
  publish(topic: string, payload: Uint8Array, options: PublishOptions): boolean;
  /** Says goodbye, so that the will is not sent, and closes for good within 0.5 s; no event follows. */
  close(): Promise<void>;
  counters(): MqttCounters;
}

/** 250 ms suits a broker that restarts; 4 s is what a missing one may cost. */
const RECONNECT = { firstMs: 250, capMs: 4_000 };
const CHANCE_STEPS = 1_024;

/** Connects and keeps connected until `close`. Events come from later turns, never from a call. */
export function mqttLink(setup: MqttSetup, events: MqttEvents): MqttLink {
  const counters: MqttCounters = {
    messagesIn: 0,
    messagesOut: 0,
    dropped: 0,
    oversize: 0,
    opened: 0,
    reason: '',
  };
  let failures = 0;
  let upAt: number | undefined;
  let lossTold = false;
  let waiting: Timer | undefined;

  const up = (): void => {
    upAt = monotonicMs();
    counters.opened += 1;
    lossTold = false;
    events.up();
  };
  const lose = (reason: string): void => {
    const upMs = upAt === undefined ? 0 : monotonicMs() - upAt;
    // A broker that takes us in and throws us out does not win a fresh start each time.
    failures = upMs > RECONNECT.capMs ? 1 : failures + 1;
    upAt = undefined;
    counters.reason = reason;
    waiting = after(backoffMs(failures, RECONNECT, randomInt(CHANCE_STEPS) / CHANCE_STEPS), () => {
      connection = connect();
    });
    if (lossTold) return;
    lossTold = true;
    events.lost(reason);
  };
  const connect = (): MqttConnection =>
    mqttConnection(setup, {
      up,
      over: lose,
      oversize: () => {
        counters.oversize += 1;
      },
      message: (topic, payload, about) => {
        counters.messagesIn += 1;
        events.message(topic, payload, about);
      },
      answered: (askedAt, isHere) => events.answered?.(askedAt, isHere),
    });
  let connection = connect();

  return {
    publish: (topic, payload, options) => {
      const sent = connection.publish(topic, payload, options);
      counters[sent ? 'messagesOut' : 'dropped'] += 1;
      return sent;
    },
    counters: () => ({ ...counters }),
    close: async () => {
      waiting?.cancel();
      upAt = undefined;
      await connection.close();
    },
  };
}
