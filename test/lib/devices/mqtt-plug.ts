/**
 * A plug on the network without one: an MQTT client that does what the documentation of its make says.
 *
 * It is written from that documentation, and not from the driver, so that the two can disagree.
 */
import { mqttLink } from '../../../protocol/link/mqtt.ts';
import { after, type Timer } from '../../../protocol/link/timers.ts';
import { until } from '../until.ts';

export type PlugStyle = 'tasmota' | 'shelly' | 'zigbee2mqtt';
export type PlugFault = 'well' | 'mute' | 'late' | 'garbled' | 'stuck' | 'gone';

export interface SimulatedPlug {
  topic: string;
  isOn(): boolean;
  set(on: boolean): void;
  /** What it measures while it is on. */
  draws(watts: number): void;
  spoil(fault: PlugFault): Promise<void>;
  /** Publishes something by itself, kept by the broker or not. */
  say(topic: string, body: object, retain?: boolean): void;
  /** What came in. */
  questions(): number;
  /** What came in that was published to be kept. */
  keptCommands(): number;
  close(): Promise<void>;
}

export interface PlugSetup {
  url: string;
  protocol: 4 | 5;
  style: PlugStyle;
  lateMs: number;
}

interface Plug {
  on: boolean;
  watts: number;
  /** True where it says that it obeys, and does not. */
  isStuck: boolean;
}

type Answers = { topic: string; body: object }[];
interface Make {
  topic: string;
  listens: string[];
  take(topic: string, text: string, plug: Plug): Answers;
}

let lastPlug = 0;

/** Connects one, switched on and drawing 60 W. */
export async function simulatePlug(setup: PlugSetup): Promise<SimulatedPlug> {
  lastPlug += 1;
  const make = MAKES[setup.style](`psu${lastPlug}`);
  const plug: Plug = { on: true, watts: 60, isStuck: false };
  const timers = new Set<Timer>();
  let fault: PlugFault = 'well';
  let asked = 0;
  let kept = 0;
  const publish = ({ topic, body }: Answers[number], retain = false): void => {
    const text = JSON.stringify(body);
    const spoilt = fault === 'garbled' ? text.replace(/[a-z]/gi, '#') : text;
    link?.publish(topic, Buffer.from(spoilt), { qos: 0, retain });
  };
  const later = (answers: Answers): void => {
    const timer = after(setup.lateMs, () => {
      timers.delete(timer);
      for (const answer of answers) publish(answer);
    });
    timers.add(timer);
  };
  const connect = async () => {
    const client = mqttLink(
      {
        url: setup.url,
        protocol: setup.protocol,
        clientId: `plug${lastPlug}-${Math.random()}`,
        subscriptions: make.listens.map((topic) => ({ topic, qos: 1 })),
        packetBytesMax: 10_000,
        backlogBytesMax: 100_000,
      },
      {
        up: () => undefined,
        lost: () => undefined,
        message: (topic, payload, { retain }) => {
          asked += 1;
          if (retain) kept += 1;
          if (fault === 'mute') return;
          plug.isStuck = fault === 'stuck';
          const answers = make.take(topic, Buffer.from(payload).toString(), plug);
          if (fault === 'late') later(answers);
          else for (const answer of answers) publish(answer);
        },
      },
    );
    await until('the plug is connected', () => client.counters().opened === 1);
    return client;
  };
  let link: Awaited<ReturnType<typeof connect>> | undefined = await connect();
  return {
    topic: make.topic,
    isOn: () => plug.on,
    set: (on) => {
      plug.on = on;
    },
    draws: (watts) => {
      plug.watts = watts;
    },
    spoil: async (next) => {
      if (next === 'gone') {
        await link?.close();
        link = undefined;
      }
      fault = next;
      if (next !== 'gone') link ??= await connect();
    },
    say: (topic, body, retain) => publish({ topic, body }, retain),
    questions: () => asked,
    keptCommands: () => kept,
    close: async () => {
      for (const timer of timers) timer.cancel();
      await link?.close();
    },
  };
}

/** What the device claims after a command. */
function obey(plug: Plug, on: boolean): boolean {
  if (!plug.isStuck) plug.on = on;
  return on;
}

const wattsOf = (plug: Plug): number => (plug.on ? plug.watts : 0);
const word = (on: boolean): string => (on ? 'ON' : 'OFF');

const tasmota = (name: string): Make => ({
  topic: name,
  listens: [`cmnd/${name}/+`],
  take: (topic, text, plug) => {
    const command = topic.split('/').at(-1)?.toUpperCase() ?? '';
    const result = (body: object): Answers => [{ topic: `stat/${name}/RESULT`, body }];
    if (/^VAR\d+$/.test(command)) return result({ [`Var${command.slice(3)}`]: text });
    if (command === 'POWER' || command === 'POWER1') {
      const wanted = text.toUpperCase();
      const on = wanted === '' ? plug.on : obey(plug, wanted === 'ON');
      return result({ POWER: word(on) });
    }
    if (command === 'STATUS' && text === '8') {
      const energy = { Total: 1.5, Power: wattsOf(plug), Voltage: 230 };
      return [
        { topic: `stat/${name}/STATUS8`, body: { StatusSNS: { Time: 'x', ENERGY: energy } } },
      ];
    }
    return result({ Command: 'Unknown' });
  },
});

const shelly = (name: string): Make => ({
  topic: name,
  listens: [`${name}/rpc`],
  take: (_topic, text, plug) => {
    const { id, src, method, params } = JSON.parse(text);
    const answer = (outcome: object): Answers => [
      { topic: `${src}/rpc`, body: { id, src: name, dst: src, ...outcome } },
    ];
    if (params.id !== 0) return answer({ error: { code: -105, message: 'no such component' } });
    if (method === 'Switch.Set') {
      const wasOn = plug.on;
      obey(plug, params.on);
      return answer({ result: { was_on: wasOn } });
    }
    const status = {
      id: 0,
      source: 'MQTT',
      output: plug.on,
      apower: wattsOf(plug),
      voltage: 230.1,
    };
    return answer({ result: status });
  },
});

const zigbee2mqtt = (name: string): Make => {
  const topic = `zigbee2mqtt/${name}`;
  return {
    topic,
    listens: [`${topic}/get`, `${topic}/set`, 'zigbee2mqtt/bridge/request/health_check'],
    take: (on, text, plug) => {
      const body = JSON.parse(text);
      if (on.endsWith('health_check')) {
        const answer = { data: { healthy: true }, status: 'ok', transaction: body.transaction };
        return [{ topic: 'zigbee2mqtt/bridge/response/health_check', body: answer }];
      }
      const state = on.endsWith('/set') ? obey(plug, body.state === 'ON') : plug.on;
      return [
        {
          topic,
          body: { linkquality: 90, power: wattsOf(plug), state: word(state), voltage: 230 },
        },
      ];
    },
  };
};

const MAKES: Record<PlugStyle, (name: string) => Make> = { tasmota, shelly, zigbee2mqtt };
