/**
 * The board's ends of all paths: serial lines, the broker, and the sessions that speak over them.
 *
 * Frames come in here, are opened by the sessions, and go on as messages; rounds and answers go
 * out. Nothing here decides.
 */
import { randomBytes } from 'node:crypto';
import { type LineShare, lineShare } from '../protocol/link/line-share.ts';
import { type MqttLink, mqttLink } from '../protocol/link/mqtt.ts';
import { type SerialLink, serialLink } from '../protocol/link/serial.ts';
import { inSlices, monotonicMs } from '../protocol/link/timers.ts';
import type { MqttAccess } from '../protocol/mqtt-secrets.ts';
import type { Instant } from '../protocol/wire/instant.ts';
import type { Channel } from '../protocol/wire/messages.ts';
import {
  type AgentSessions,
  alive,
  beacons,
  type Opened,
  type OpenedWord,
  type Refusal,
  receive,
  type Said,
  saidFrame,
  seen,
} from '../protocol/wire/session/agent.ts';
import { isOrderTraffic } from '../protocol/wire/session/orderer.ts';
import type { TickLog } from '../protocol/wire/ticks.ts';
import { clientId, hostDown, parseUp, topicsOf } from '../protocol/wire/topics.ts';
import type { AgentConfig } from './config/config.ts';
import type { OrderFrom } from './control/sealed-orders.ts';
import type { BeatChannel } from './core/hearing.ts';

export interface PathEvents {
  opened(opened: Opened): void;
  refused(host: number, channel: BeatChannel, why: Refusal): void;
  /** A session that stood was ended by us. */
  ended(host: number, channel: BeatChannel, why: 'expired'): void;
  listening(at: { channel: 'mqtt' } | { channel: 'serial'; host: number }, on: boolean): void;
  /** Our own echo came back with the nonce sent last. */
  echoed(): void;
  /** One message of the order topic, or one frame with the look of an order from a line. */
  order(frame: Uint8Array, from: OrderFrom): void;
  say(sentence: string): void;
}

export interface Paths {
  serial: ReadonlyMap<number, SerialLink>;
  mqtt: MqttLink | undefined;
  /** When our own echo came back last. */
  echoAt(): Instant | undefined;
  round(tick: number): void;
  acknowledge(opened: OpenedWord, tick: number): void;
  /** Tells a host on every channel that the agent stops on purpose. */
  away(host: number, tick: number, returnByS: number): void;
  /** Offers the line of a host an answer for an orderer; it waits while the sessions need the line. */
  answer(host: number, frame: Uint8Array, orderer: number): boolean;
  /** Tells a host where its timer stands, or what becomes of its word about a group. */
  say(host: number, channel: Channel, said: Said): void;
  close(): Promise<void>;
}

export interface PathsSetup {
  config: AgentConfig;
  /** Absent where the configuration has no broker. */
  access: MqttAccess | undefined;
  sessions: AgentSessions;
  ticks: TickLog;
}

/** Told to MQTT 5 brokers; no message to the board is longer. */
const PACKET_BYTES_MAX = 1_024;
/** A round for 5,000 hosts is about 300 KB; more means that the broker takes nothing. */
const BACKLOG_BYTES_MAX = 1 << 20;

/** Opens all links; they keep themselves open until `close`. */
export function openPaths(setup: PathsSetup, events: PathEvents): Paths {
  const { config, sessions, ticks } = setup;
  const names = new Map(config.board.hosts.map(({ host, name }) => [host, name]));

  const send = (host: number, channel: BeatChannel, frame: Uint8Array): void => {
    if (channel === 'serial') serial.get(host)?.send(frame);
    else
      broker?.link.publish(hostDown(config.board.name, names.get(host) ?? ''), frame, { qos: 0 });
  };
  const hear = (host: number, channel: BeatChannel, frame: Uint8Array): void => {
    const { opened, replies, refused, expired } = receive(
      sessions,
      { channel, host },
      frame,
      ticks,
      monotonicMs(),
    );
    for (const reply of replies) send(host, channel, reply);
    if (expired) events.ended(host, channel, 'expired');
    if (refused !== undefined) events.refused(host, channel, refused);
    if (opened !== undefined) events.opened(opened);
  };

  const serial = openSerialLines(config, hear, events);
  const shares = lineShares(config, serial);
  let echoAt: Instant | undefined;
  const echoed = (): void => {
    echoAt = monotonicMs();
    events.echoed();
  };
  const broker = setup.access && openBroker(config, setup.access, hear, { ...events, echoed });

  // Who was told that we are away hears no more of a round: an ALIVE would end its waiting.
  let isAway = false;
  const sendRound = (host: number, channel: BeatChannel, tick: number): void => {
    if (isAway) return;
    for (const call of beacons(sessions, host, channel, tick)) send(host, channel, call);
    const contact = alive(sessions, host, channel, tick);
    if (contact !== undefined) send(host, channel, contact);
  };

  const words = wordsTo(sessions, send);
  return {
    serial,
    mqtt: broker?.link,
    echoAt: () => echoAt,
    round: (tick) => {
      broker?.echo();
      inSlices(config.board.hosts, ({ host, serial: port, mqtt: onMqtt }) => {
        if (port !== undefined) sendRound(host, 'serial', tick);
        if (onMqtt && broker?.isUp() === true) sendRound(host, 'mqtt', tick);
      });
    },
    ...words,
    away: (...about) => {
      isAway = true;
      words.away(...about);
    },
    answer: (host, frame, orderer) => shares(host)?.offer(frame, orderer) ?? false,
    close: async () => {
      await Promise.all([
        broker?.link.close(),
        ...[...serial.values()].map((link) => link.close()),
      ]);
    },
  };
}

/** What is told to one host outside the rounds. */
function wordsTo(
  sessions: AgentSessions,
  send: (host: number, channel: BeatChannel, frame: Uint8Array) => void,
): Pick<Paths, 'acknowledge' | 'away' | 'say'> {
  const offer = (host: number, channel: Channel, frame: Uint8Array | undefined): void => {
    if (frame !== undefined) send(host, channel as BeatChannel, frame);
  };
  return {
    acknowledge: (opened, tick) => offer(opened.host, opened.channel, seen(sessions, opened, tick)),
    away: (host, tick, returnByS) => {
      const said = { kind: 'away', tick, returnByS } as const;
      for (const channel of ['serial', 'mqtt'] as const)
        offer(host, channel, saidFrame(sessions, host, channel, said));
    },
    say: (host, channel, said) => offer(host, channel, saidFrame(sessions, host, channel, said)),
  };
}

function openSerialLines(
  config: AgentConfig,
  hear: (host: number, channel: 'serial', frame: Uint8Array) => void,
  events: PathEvents,
): Map<number, SerialLink> {
  const lines = new Map<number, SerialLink>();
  for (const { host, name, serial: port } of config.devices) {
    if (port === undefined) continue;
    const link = serialLink(
      { path: port.path, baud: port.baud },
      {
        up: () => events.listening({ channel: 'serial', host }, true),
        lost: (reason) => {
          events.say(`The serial line of ${name} is not open: ${reason}.`);
          events.listening({ channel: 'serial', host }, false);
        },
        frame: (bytes) => {
          if (isOrderTraffic(bytes, 'up')) events.order(bytes, { channel: 'serial', host });
          else hear(host, 'serial', bytes);
        },
      },
    );
    lines.set(host, link);
  }
  return lines;
}

/** The share of each line that answers may have, made when the first of them comes. */
function lineShares(
  { devices }: AgentConfig,
  links: ReadonlyMap<number, SerialLink>,
): (host: number) => LineShare | undefined {
  const shares = new Map<number, LineShare>();
  return (host) => {
    const baud = devices.find((one) => one.host === host)?.serial?.baud;
    if (baud === undefined) return undefined;
    const share = shares.get(host) ?? lineShare({ baud, send: (it) => links.get(host)?.send(it) });
    shares.set(host, share);
    return share;
  };
}

interface Broker {
  link: MqttLink;
  isUp(): boolean;
  /** Sends our own echo: what comes back proves our side of the broker. */
  echo(): void;
}

function openBroker(
  config: AgentConfig,
  access: MqttAccess,
  hear: (host: number, channel: 'mqtt', frame: Uint8Array) => void,
  events: PathEvents,
): Broker {
  const topics = topicsOf(config.board.name);
  const numbers = new Map(config.board.hosts.map(({ host, name }) => [name, host]));
  const echo = ownEcho();
  let isUp = false;
  const link = mqttLink(mqttSetup(config, access), {
    up: () => {
      isUp = true;
      events.listening({ channel: 'mqtt' }, true);
    },
    lost: (reason) => {
      isUp = false;
      events.say(`The broker is not heard: ${reason}.`);
      events.listening({ channel: 'mqtt' }, false);
    },
    message: (topic, payload, about) => {
      if (topic === topics.order) return events.order(payload, { channel: 'mqtt', about });
      // What a broker kept is a replay, whoever made it.
      if (about.retain) return;
      if (topic === topics.echo) {
        if (echo.isLatest(payload)) events.echoed();
        return;
      }
      const host = numbers.get(parseUp(topic) ?? '');
      if (host !== undefined) hear(host, 'mqtt', payload);
    },
  });
  return {
    link,
    isUp: () => isUp,
    echo: () => {
      if (isUp) link.publish(topics.echo, echo.next(), { qos: 0 });
    },
  };
}

function mqttSetup(config: AgentConfig, access: MqttAccess): Parameters<typeof mqttLink>[0] {
  const { name } = config.board;
  const topics = topicsOf(name);
  return {
    ...access,
    clientId: clientId(name),
    will: {
      topic: topics.status,
      payload: Buffer.from(JSON.stringify({ agent: name, status: 'offline' })),
      retain: true,
      qos: 1,
    },
    subscriptions: [
      { topic: topics.upFilter, qos: 0 },
      { topic: topics.order, qos: 1 },
    ],
    packetBytesMax: PACKET_BYTES_MAX,
    backlogBytesMax: BACKLOG_BYTES_MAX,
  };
}

/** A fresh nonce each round: an echo of an earlier one proves nothing about now. */
function ownEcho(): { next: () => Uint8Array; isLatest: (payload: Uint8Array) => boolean } {
  let latest: Buffer | undefined;
  return {
    next: () => {
      latest = randomBytes(8);
      return latest;
    },
    isLatest: (payload) => {
      const same = latest?.equals(payload) === true;
      if (same) latest = undefined;
      return same;
    },
  };
}
