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
import type { MqttEvents, MqttLink } from '../../protocol/link/mqtt.ts';
import { after } from '../../protocol/link/timers.ts';
import { failure, ok, type Result } from '../../protocol/result.ts';
import type { MqttMeterDevice, MqttPlugDevice } from '../config/devices/device.ts';
import type { Asked, Driver, PowerSwitch, Reading, Sense } from '../ports/power.ts';
import { type DeviceQueue, deviceQueue } from './device-queue.ts';
import { type Body, type Question, type Said, type Style, styleOf } from './plug-styles.ts';
import { type DriverLog, type Trouble, troubleOf } from './trouble.ts';

export interface PlugTools {
  log: DriverLog;
  /** A topic of ours that plugs may answer on. */
  source: string;
  /** What a relay, and the radio on the way to it, may take to obey. */
  turnMs: number;
  /** Connects with these subscriptions, and keeps connected. */
  connect(topics: string[], events: MqttEvents): MqttLink;
}

/** An answer that is heard as long as somebody waits for it. */
interface Waiting {
  mark: number;
  style: Style;
  isMarked: boolean;
  /** Whether this is the answer. */
  take(said: Said): void;
  fail(why: string): void;
}

interface Broker {
  ask(style: Style, question: Question, limitMs: number, fits: Fits): Promise<Result<Said>>;
  close(): Promise<void>;
}

type Fits = (said: Said) => boolean;

/** Connects at the first question, when all plugs are known. */
export function mqttPlugDriver(tools: PlugTools): Driver<MqttPlugDevice, MqttMeterDevice> {
  const topics = new Set<string>();
  const queues = new Map<string, DeviceQueue>();
  let broker: Broker | undefined;
  let closed = false;
  const asked = (device: MqttPlugDevice, name: string, host: string): Plug => {
    const style = styleOf(device, tools.source);
    for (const topic of style.listens) topics.add(topic);
    const key = `${device.style} ${device.topic}`;
    const queue = queues.get(key) ?? deviceQueue();
    queues.set(key, queue);
    if (closed) queue.close();
    return {
      queue,
      turnMs: tools.turnMs,
      trouble: troubleOf(tools.log, `${name} (${device.topic})`, host),
      ask: (question, limitMs, fits) => {
        broker ??= openBroker(tools, [...topics]);
        return broker.ask(style, question, limitMs, fits);
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
  ask(question: Question, limitMs: number, fits: Fits): Promise<Result<Said>>;
}

function switchOf(
  { name, periodMs, device: { same } }: Asked<MqttPlugDevice>,
  plug: Plug,
): PowerSwitch {
  return {
    name,
    periodMs,
    turn: async (to) => {
      const word = to === 'open' ? 'off' : 'on';
      const isDone: Fits = ({ done, isOn }) => done === true || isOn === (word === 'on');
      const outcome = await plug.queue.command(same, plug.turnMs, async (leftMs, answer) => {
        const said = await plug.ask(word, leftMs(), isDone);
        answer(said.ok ? ok(undefined) : said);
      });
      return plug.trouble(outcome);
    },
    read: async () => {
      const said = plug.trouble(await question(plug, 'state', periodMs, hasState));
      if (!said.ok) return 'unknown';
      return said.value.isOn ? 'closed' : 'open';
    },
  };
}

/** Between the thresholds it keeps the side it came from, as long as it is read. */
function senseOf(
  { name, periodMs, device: { onAboveW, offBelowW } }: Asked<MqttMeterDevice>,
  plug: Plug,
): Sense {
  let side: Reading = 'unknown';
  return {
    name,
    periodMs,
    read: async () => {
      const said = plug.trouble(await question(plug, 'power', periodMs, hasWatts));
      if (!said.ok) side = 'unknown';
      else if ((said.value.watts ?? 0) > onAboveW) side = 'on';
      else if ((said.value.watts ?? 0) < offBelowW) side = 'off';
      return side;
    },
  };
}

const hasState: Fits = ({ isOn }) => isOn !== undefined;
const hasWatts: Fits = ({ watts }) => watts !== undefined;

function question(
  { queue, ask }: Plug,
  what: Question,
  limitMs: number,
  fits: Fits,
): Promise<Result<Said>> {
  return queue.ask(limitMs, async (leftMs, answer) => answer(await ask(what, leftMs(), fits)));
}

function openBroker({ connect }: PlugTools, topics: string[]): Broker {
  const waiting = new Set<Waiting>();
  let why: string | undefined = 'the broker has not been reached yet';
  // Not those of the life before, whose answers may still be on their way.
  let lastMark = randomInt(2 ** 30);
  const failAll = (reason: string): void => {
    why = reason;
    for (const one of [...waiting]) one.fail(reason);
  };
  const link = connect(topics, {
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
    ask: (style, what, limitMs, fits) => {
      if (why !== undefined) return Promise.resolve(failure('disconnected', why));
      lastMark += 1;
      const mark = lastMark;
      return new Promise((resolve) => {
        const end = (outcome: Result<Said>): void => {
          limit.cancel();
          waiting.delete(one);
          resolve(outcome);
        };
        const limit = after(limitMs, () => end(failure('timeout', 'it does not answer')));
        const one: Waiting = {
          mark,
          style,
          isMarked: false,
          take: (said) => {
            if (said.error !== undefined) end(failure('refused', `it refuses: ${said.error}`));
            else if (fits(said)) end(ok(said));
          },
          fail: (reason) => end(failure('disconnected', reason)),
        };
        waiting.add(one);
        const expiryS = Math.max(1, Math.ceil(limitMs / 1_000));
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
