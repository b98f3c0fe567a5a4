/**
 * Plugs on the network as switches, and their meters as senses, over MQTT.
 *
 * The broker is that of the beats, the connection is not: whatever a plug, or a hundred, do to it, the
 * beats are heard. Nothing that was kept or asked for before counts as an answer (plug-styles.ts).
 * Commands are never kept, are acknowledged by the broker, and expire with whoever gave them where
 * MQTT 5 is spoken: an `off` that comes an hour late would cut a healthy host.
 */
import { randomInt } from 'node:crypto';
import { attemptSync } from '../../protocol/attempt.ts';
import type { MqttEvents, MqttLink, MqttSetup } from '../../protocol/link/mqtt.ts';
import { type Failure, failure, ok, type Result } from '../../protocol/result.ts';
import { clientId } from '../../protocol/wire/topics.ts';
import type { MqttMeterDevice, MqttPlugDevice } from '../config/devices/device.ts';
import type { Asked, Contact, Driver, PowerSwitch, Reading, Sense } from '../ports/power.ts';
import { type Call, type DeviceQueue, deviceQueue, type Use } from './device-queue.ts';
import { type Body, type Question, type Said, type Style, styleOf } from './plug-styles.ts';
import { type DriverLog, type Trouble, troubleOf } from './trouble.ts';

export interface PlugTools {
  log: DriverLog;
  /** Its name. */
  agent: string;
  /** What a relay, and the radio on the way to it, may take to obey: 5 s by default. */
  turnMs?: number;
  /** Connects to the broker of the agent, and keeps connected. */
  connect(
    setup: Pick<MqttSetup, 'clientId' | 'subscriptions' | 'packetBytesMax' | 'backlogBytesMax'>,
    events: MqttEvents,
  ): MqttLink;
}

const TURN_MS = 5_000;
/** Plugs put all that they know into one message. */
const PACKET_BYTES_MAX = 16_384;

/** What a message means as an answer; undefined where it is none. */
type Meaning<T> = (said: Said) => Result<T> | undefined;

/** A question that somebody waits for. */
interface Waiting {
  mark: number;
  style: Style;
  isMarked: boolean;
  take(said: Said): void;
  fail(why: string): void;
}

interface Broker {
  ask<T>(style: Style, question: Question, call: Call<T>, meaningOf: Meaning<T>): Promise<void>;
  close(): Promise<void>;
}

/** Connects at the first question, when all plugs are known. */
export function mqttPlugDriver(tools: PlugTools): Driver<MqttPlugDevice, MqttMeterDevice> {
  const topics = new Set<string>();
  const queues = new Map<string, DeviceQueue>();
  let broker: Broker | undefined;
  let closed = false;
  const asked = (device: MqttPlugDevice, name: string, host: string): Plug => {
    const style = styleOf(device, `fencepost/${tools.agent}/plugs`);
    for (const topic of style.listens) topics.add(topic);
    const key = `${device.style} ${device.topic}`;
    const queue = queues.get(key) ?? deviceQueue();
    queues.set(key, queue);
    if (closed) queue.close();
    return {
      queue,
      turnMs: tools.turnMs ?? TURN_MS,
      trouble: troubleOf(tools.log, `${name} (${device.topic})`, host),
      ask: (question, meaningOf) => (call) => {
        broker ??= openBroker(tools, [...topics]);
        return broker.ask(style, question, call, meaningOf);
      },
    };
  };
  return {
    open: async ({ host, outlets, senses }) => ({
      outlets: outlets.map((outlet) => switchOf(outlet, asked(outlet.device, outlet.name, host))),
      senses: senses.map((sense) => senseOf(sense, asked(sense.device, sense.name, host))),
      pulses: [],
    }),
    close: async () => {
      closed = true;
      for (const queue of queues.values()) queue.close();
      await broker?.close();
    },
  };
}

interface Plug {
  queue: DeviceQueue;
  turnMs: number;
  trouble: Trouble;
  ask<T>(question: Question, meaningOf: Meaning<T>): Use<T>;
}

function switchOf(
  { name, periodMs, device: { same: outlet } }: Asked<MqttPlugDevice>,
  { queue, turnMs, trouble, ask }: Plug,
): PowerSwitch {
  const contact: Meaning<Contact> = ({ isOn }) =>
    isOn === undefined ? undefined : ok(isOn ? 'closed' : 'open');
  return {
    name,
    periodMs,
    turn: async (to) => {
      const word = to === 'open' ? 'off' : 'on';
      const done: Meaning<void> = (said) =>
        said.done === true || said.isOn === (word === 'on') ? ok(undefined) : undefined;
      return trouble(await queue.command({ outlet, word }, turnMs, ask(word, done)));
    },
    read: async () => {
      const read = trouble(await queue.ask(periodMs, ask('state', contact)));
      return read.ok ? read.value : 'unknown';
    },
  };
}

/** Between the thresholds it keeps the side it came from, as long as it is read. */
function senseOf(
  { name, periodMs, device: { onAboveW, offBelowW } }: Asked<MqttMeterDevice>,
  { queue, trouble, ask }: Plug,
): Sense {
  const power: Meaning<number> = ({ watts }) => (watts === undefined ? undefined : ok(watts));
  let side: Reading = 'unknown';
  return {
    name,
    periodMs,
    read: async () => {
      const read = trouble(await queue.ask(periodMs, ask('power', power)));
      if (!read.ok) side = 'unknown';
      else if (read.value > onAboveW) side = 'on';
      else if (read.value < offBelowW) side = 'off';
      return side;
    },
  };
}

function openBroker({ agent, connect }: PlugTools, topics: string[]): Broker {
  const waiting = new Set<Waiting>();
  // A broker that is on its way is no trouble yet.
  let why: Failure | undefined = failure('waiting', 'the broker has not been reached yet');
  // Not those of the life before, whose answers may still be on their way.
  let lastMark = randomInt(2 ** 30);
  const failAll = (reason: string): void => {
    why = failure('disconnected', reason);
    for (const one of [...waiting]) one.fail(reason);
  };
  const setup = {
    // No host has such a name, so no shim is such a client.
    clientId: `${clientId(agent)}+plugs`,
    subscriptions: topics.map((topic) => ({ topic, qos: 1 as const })),
    packetBytesMax: PACKET_BYTES_MAX,
    backlogBytesMax: PACKET_BYTES_MAX,
  };
  const link = connect(setup, {
    up: () => {
      why = undefined;
    },
    lost: (reason) => failAll(`the broker is lost: ${reason}`),
    message: (topic, payload, { retain }) => {
      for (const one of [...waiting].filter(({ style }) => style.listens.includes(topic))) {
        if (retain) continue;
        const body = parsed(payload);
        const said = body === undefined ? {} : one.style.hears(topic, body, one.mark);
        one.isMarked ||= said.mark === true;
        if (one.isMarked) one.take(said);
      }
    },
  });
  return {
    ask: (style, what, call, meaningOf) => {
      if (why !== undefined) {
        call.answer(why);
        return Promise.resolve();
      }
      lastMark += 1;
      const mark = lastMark;
      return new Promise((over) => {
        const end = (outcome: Parameters<typeof call.answer>[0]): void => {
          call.answer(outcome);
          waiting.delete(one);
          over();
        };
        const one: Waiting = {
          mark,
          style,
          isMarked: false,
          take: (said) => {
            if (said.error !== undefined) end(failure('refused', `it refuses: ${said.error}`));
            const meaning = meaningOf(said);
            if (meaning !== undefined) end(meaning);
          },
          fail: (reason) => end(failure('disconnected', reason)),
        };
        call.onGone(() => {
          waiting.delete(one);
          over();
        });
        waiting.add(one);
        const expiryS = Math.max(1, Math.ceil(call.leftMs() / 1_000));
        const sent = style
          .asks(what, mark)
          .every(({ topic, payload }) =>
            link.publish(topic, Buffer.from(payload), { qos: 1, expiryS }),
          );
        if (!sent) one.fail('the broker takes no more');
      });
    },
    close: async () => {
      failAll('the plug was closed');
      await link.close();
    },
  };
}

function parsed(payload: Uint8Array): Body | undefined {
  const json = attemptSync((): unknown => JSON.parse(Buffer.from(payload).toString()));
  const isTable = json.ok && typeof json.value === 'object' && json.value !== null;
  return isTable ? (json.value as Body) : undefined;
}
