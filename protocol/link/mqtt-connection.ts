/**
 * One connection to a broker, from the first packet to the first sign that it is over.
 *
 * The vendor's client throws, stores, retries and waits by its own lights. Here it gets one
 * connection, no store that outlives it, a stream that bounds what it reads (mqtt-stream.ts), and
 * timers that let waiting input in first: after a stall of ours the broker's answer to a ping lies
 * in the socket, and a time-out must not overtake it. What it throws ends this connection and
 * nothing else; our own callbacks run outside of it, so that a mistake of ours is never taken for
 * a mistake of the client.
 */
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { type IClientOptions, type IClientPublishOptions, MqttClient } from 'mqtt';
import { assert } from '../assert.ts';
import { attemptSync } from '../attempt.ts';
import type { Failure } from '../result.ts';
import type { Instant } from '../wire/instant.ts';
import { singleLookup } from './lookup.ts';
import type { MessageAbout, MqttSetup, PublishOptions } from './mqtt.ts';
import { mqttStream } from './mqtt-stream.ts';
import { after, every, monotonicMs, nextTurn, soon, type Timer } from './timers.ts';

export interface MqttConnection {
  /** False when it was dropped: not up, or the backlog is full. */
  publish(topic: string, payload: Uint8Array, options: PublishOptions): boolean;
  /** Says goodbye and closes for good; no event follows. */
  close(): Promise<void>;
}

export interface MqttConnectionEvents {
  up(): void;
  /** It cannot be used any more and was cut; `reason` is one line for people. Once. */
  over(reason: string): void;
  message(topic: string, payload: Uint8Array, about: MessageAbout): void;
  answered(askedAt: Instant, isHere: boolean): void;
  /** A message was dropped for its length. */
  oversize(): void;
}

const CONNECT_MS_MAX = 2_000;
/** How long a goodbye may take. */
const CLOSE_MS_MAX = 500;
const KEEPALIVE_S = 2;
/** Messages that may come before the subscriptions stand: as many as one turn can hand over. */
const EARLY_MESSAGES_MAX = 8_192;
/** A packet longer than this ends the connection, because it cannot even be skipped in peace. */
const PACKET_BYTES_HARD_MAX = 262_144;
/** What a PUBLISH adds to its topic and payload, about; it keeps the backlog honest. */
const PACKET_OVERHEAD_BYTES = 16;

/** Connects at once. Events come from later turns, never from a call. */
export function mqttConnection(setup: MqttSetup, events: MqttConnectionEvents): MqttConnection {
  let done = false;
  let isUp = false;
  let unacknowledgedBytes = 0;
  const arrived: (() => void)[] = [];

  const fail = (reason: string): void => {
    if (done) return;
    done = true;
    limit.cancel();
    stream.destroy();
    nextTurn(() => events.over(reason));
  };
  const contain = (call: () => unknown): void => {
    const called = attemptSync(call);
    if (!called.ok) fail(clientFailed(called));
    tell();
  };
  /** Never inside `attemptSync`: what the callee throws is ours. */
  const tell = (): void => {
    // A broker may send what it kept before it grants the subscription; `up` comes first.
    if (!isUp && arrived.length > EARLY_MESSAGES_MAX) fail('it sends before it subscribes us');
    if (!isUp) return;
    for (let next = arrived.shift(); next !== undefined && !done; next = arrived.shift()) next();
  };
  const sockets = openSocket(setup);
  const stream = mqttStream(sockets, {
    packetBytesMax: Math.max(PACKET_BYTES_HARD_MAX, setup.packetBytesMax),
    contain,
    over: fail,
  });
  const client = new MqttClient(() => stream, clientOptions(setup, contain));
  const limitMs = setup.connectMsMax ?? CONNECT_MS_MAX;
  const limit = after(limitMs, () => fail(`no answer from ${setup.url} within ${limitMs} ms`));
  listenTo(client, setup, {
    fail,
    granted: () => {
      limit.cancel();
      isUp = true;
      arrived.unshift(events.up);
      nextTurn(tell);
    },
    arrived: (topic, payload, about) => {
      const fits = topic.length + payload.length <= setup.packetBytesMax;
      arrived.push(() => (fits ? events.message(topic, payload, about) : events.oversize()));
    },
    answered: (askedAt) => arrived.push(() => events.answered(askedAt, isHere(sockets.raw))),
  });

  return {
    publish: (topic, payload, options) => {
      const bytes = topic.length + payload.length + PACKET_OVERHEAD_BYTES;
      const backlogBytes = stream.writableLength + unacknowledgedBytes;
      if (done || !isUp || backlogBytes + bytes > setup.backlogBytesMax) return false;
      const countedBytes = options.qos > 0 ? bytes : 0;
      unacknowledgedBytes += countedBytes;
      const called = attemptSync(() =>
        send(client, setup, { topic, payload, options }, () => {
          unacknowledgedBytes -= countedBytes;
        }),
      );
      if (!called.ok) fail(clientFailed(called));
      return called.ok;
    },
    close: async () => {
      if (done) return;
      done = true;
      limit.cancel();
      if (isUp) await sayGoodbye(client);
      stream.destroy();
    },
  };
}

function clientFailed({ detail }: Failure): string {
  return `the MQTT client failed: ${detail}`;
}

interface Told {
  fail(reason: string): void;
  /** Every subscription stands. */
  granted(): void;
  arrived(topic: string, payload: Uint8Array, about: MessageAbout): void;
  answered(askedAt: Instant): void;
}

/** Turns what the client emits into what we need to know; all of it is called inside the client. */
function listenTo(client: MqttClient, setup: MqttSetup, told: Told): void {
  client.on('error', (error) => told.fail(error.message));
  client.on('close', () => told.fail('the connection was closed'));
  client.on('disconnect', ({ reasonCode }) =>
    told.fail(`the broker disconnects us, reason ${reasonCode}`),
  );
  client.on('connect', () => subscribe(client, setup, told));
  // The client has one ping under way, and gives the connection up before it sends the next.
  let pingedAt = Number.NEGATIVE_INFINITY;
  client.on('packetsend', ({ cmd }) => {
    if (cmd === 'pingreq') pingedAt = monotonicMs();
  });
  client.on('packetreceive', ({ cmd }) => {
    if (cmd === 'pingresp') told.answered(pingedAt);
  });
  client.on('message', (topic, payload, packet) => {
    const { responseTopic, correlationData } = packet.properties ?? {};
    const about: MessageAbout = { retain: packet.retain };
    if (responseTopic !== undefined) about.responseTopic = responseTopic;
    if (correlationData !== undefined) about.correlationData = new Uint8Array(correlationData);
    // A copy, because the client's bytes are a window on a block that is read into again.
    told.arrived(topic, new Uint8Array(payload), about);
  });
}

function subscribe(client: MqttClient, setup: MqttSetup, told: Told): void {
  // The client takes an empty list for a mistake.
  if (setup.subscriptions.length === 0) {
    told.granted();
    return;
  }
  // MQTT 5 can keep the retain flag as published, so a retained order shows at once.
  const more = setup.protocol === 5 ? { rap: true } : {};
  const wanted = setup.subscriptions.map(({ topic, qos }) => [topic, { qos, ...more }] as const);
  client.subscribe(Object.fromEntries(wanted), (error, _granted, suback) => {
    const codes = suback?.granted ?? [];
    const refused = wanted.filter((_topic, i) => Number(codes[i] ?? 128) >= 128);
    if (error === null && refused.length === 0) {
      told.granted();
      return;
    }
    const topics = refused.map(([topic]) => topic).join(', ');
    told.fail(`the broker refuses to subscribe ${topics} (${error?.message ?? 'no reason given'})`);
  });
}

/** Whether the other end is on this machine: one address has both ends, or it is a loopback's. */
function isHere({ localAddress, remoteAddress = '' }: Socket): boolean {
  return localAddress === remoteAddress || /^(::ffff:)?127\./.test(remoteAddress);
}

function openSocket(setup: MqttSetup): { raw: Socket; data: Socket } {
  const url = new URL(setup.url);
  assert(url.protocol === 'mqtt:' || url.protocol === 'mqtts:', `${setup.url} is no mqtt:// URL`);
  const secure = url.protocol === 'mqtts:';
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const port = url.port === '' ? (secure ? 8883 : 1883) : Number(url.port);
  // Without TCP_NODELAY an acknowledged round trip takes 40 ms more.
  const raw = connectTcp({ host, port, noDelay: true, lookup: singleLookup });
  if (!secure) return { raw, data: raw };
  const { ca, cert, key } = setup;
  // Loaded only here, because it takes 5 MiB that a broker on the board itself does not ask for.
  const data = process.getBuiltinModule('node:tls').connect({
    socket: raw,
    minVersion: 'TLSv1.2',
    ...(isIP(host) === 0 && { servername: host }),
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
  });
  return { raw, data };
}

function clientOptions(
  setup: MqttSetup,
  contain: (call: () => unknown) => void,
): IClientOptions & { writeCache: false } {
  const { user, password, will } = setup;
  return {
    protocolVersion: setup.protocol,
    clientId: setup.clientId,
    clean: true,
    keepalive: setup.keepaliveS ?? KEEPALIVE_S,
    // A path that swallows what we send must not look alive because we send.
    reschedulePings: false,
    reconnectPeriod: 0,
    // Longer than our own limit, which covers the subscriptions too.
    connectTimeout: 2 * (setup.connectMsMax ?? CONNECT_MS_MAX),
    resubscribe: false,
    queueQoSZero: false,
    // The cache would take 20 MiB.
    writeCache: false,
    timerVariant: {
      set: (fn: () => void, ms: number) => everyAfterInput(ms, () => contain(fn)),
      clear: (timer: unknown) => (timer as Timer).cancel(),
    } as unknown as NonNullable<IClientOptions['timerVariant']>,
    ...(user !== undefined && { username: user }),
    ...(password !== undefined && { password }),
    ...(will !== undefined && { will: { ...will, payload: Buffer.from(will.payload) } }),
    ...(setup.protocol === 5 && {
      properties: { sessionExpiryInterval: 0, maximumPacketSize: setup.packetBytesMax },
    }),
  };
}

function send(
  client: MqttClient,
  setup: MqttSetup,
  message: { topic: string; payload: Uint8Array; options: PublishOptions },
  acknowledged: () => void,
): void {
  const { topic, payload, options } = message;
  // With QoS 0 the client would keep a listener for each message that waits in the socket.
  const answered = options.qos > 0 ? acknowledged : undefined;
  client.publish(topic, Buffer.from(payload), publishOptions(setup, options), answered);
}

function publishOptions(setup: MqttSetup, options: PublishOptions): IClientPublishOptions {
  const { qos, retain = false, expiryS, responseTopic, correlationData } = options;
  if (setup.protocol === 4) return { qos, retain };
  return {
    qos,
    retain,
    properties: {
      ...(expiryS !== undefined && { messageExpiryInterval: expiryS }),
      ...(responseTopic !== undefined && { responseTopic }),
      ...(correlationData !== undefined && { correlationData: Buffer.from(correlationData) }),
    },
  };
}

/** Resolves when the broker has our goodbye, or has had time enough to take it. */
function sayGoodbye(client: MqttClient): Promise<void> {
  return new Promise((resolve) => {
    const limit = after(CLOSE_MS_MAX, resolve);
    attemptSync(() =>
      client.end(false, {}, () => {
        limit.cancel();
        resolve();
      }),
    );
  });
}

/** An interval whose calls let input that waits now go first. */
function everyAfterInput(ms: number, fn: () => void): Timer {
  let late: Timer | undefined;
  const timer = every(ms, () => {
    late = soon(fn);
  });
  return {
    cancel: () => {
      timer.cancel();
      late?.cancel();
    },
  };
}
