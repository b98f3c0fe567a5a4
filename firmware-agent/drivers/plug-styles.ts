/**
 * How plugs of each make are spoken to over MQTT, and what their messages say.
 *
 * A broker delivers late, keeps messages, and tells no answer from a report. So every question
 * carries a mark of its own that the device sends back, and nothing counts that came before it:
 *
 * - Shelly (Gen2 and later) answers a call by its id, on the topic that the call names.
 *   shelly-api-docs.shelly.cloud/gen2/General/RPCChannels, .../ComponentsAndServices/Switch
 * - Tasmota has no ids, but does one command after the other and answers each on one topic: a variable
 *   that was set to the mark is answered before the state asked for after it. It needs a build with
 *   rules (the usual ones), Var16 for us, and its own topics (SetOption4 0, FullTopic %prefix%/%topic%/).
 *   tasmota.github.io/docs/MQTT, .../Commands
 * - Zigbee2MQTT answers the mark by itself and the state when the plug has said it. A report of the plug
 *   in between holds the state that it last told, which is the weaker proof: give such a host a sense.
 *   www.zigbee2mqtt.io/guide/usage/mqtt_topics_and_messages.html
 */
import type { MqttPlugDevice } from '../config/devices/device.ts';

export interface Message {
  topic: string;
  payload: string;
}

/** What one message means to whoever asked with a mark. */
export interface Said {
  /** The device has seen the mark: what comes from now on was asked for. */
  mark?: true;
  isOn?: boolean;
  watts?: number;
  /** A command was taken. */
  done?: true;
  /** It was refused, and why. */
  error?: string;
}

export type Question = 'state' | 'power' | 'on' | 'off';

export interface Style {
  /** The topics that it answers on. */
  listens: string[];
  /** What is published, in this order. */
  asks(question: Question, mark: number): Message[];
  hears(topic: string, body: Body, mark: number): Said;
}

export type Body = Record<string, unknown>;

/** `source` is a topic of ours, for answers that go where we say. */
export function styleOf(device: MqttPlugDevice, source: string): Style {
  return STYLES[device.style](device, source);
}

type Make = (device: MqttPlugDevice, source: string) => Style;

const shelly: Make = ({ topic, plug }, source) => ({
  listens: [`${source}/rpc`],
  asks: (question, id) => {
    const on = question === 'on' || question === 'off' ? { on: question === 'on' } : undefined;
    const call = {
      id,
      src: source,
      method: on === undefined ? 'Switch.GetStatus' : 'Switch.Set',
      params: { id: Number(plug), ...on },
    };
    return [{ topic: `${topic}/rpc`, payload: JSON.stringify(call) }];
  },
  hears: (_topic, { id, result, error }, mark) => {
    if (id !== mark) return {};
    if (error !== undefined) return { mark: true, error: JSON.stringify(error).slice(0, 100) };
    const { output, apower, was_on: wasOn } = tableOf(result);
    return {
      mark: true,
      ...(typeof output === 'boolean' && { isOn: output }),
      ...(typeof apower === 'number' && { watts: apower }),
      ...(typeof wasOn === 'boolean' && { done: true }),
    };
  },
});

const tasmota: Make = ({ topic, plug }) => {
  const answers = `stat/${topic}/RESULT`;
  const measures = `stat/${topic}/STATUS8`;
  return {
    listens: [answers, measures],
    asks: (question, mark) => [
      { topic: `cmnd/${topic}/Var16`, payload: String(mark) },
      question === 'power'
        ? { topic: `cmnd/${topic}/Status`, payload: '8' }
        : {
            topic: `cmnd/${topic}/Power${plug}`,
            payload: question === 'state' ? '' : question.toUpperCase(),
          },
    ],
    hears: (on, body, mark) => {
      if (on === measures) {
        const { Power: power } = tableOf(tableOf(body['StatusSNS'])['ENERGY']);
        const watts: unknown = Array.isArray(power) ? power[Number(plug) - 1] : power;
        return typeof watts === 'number' ? { watts } : {};
      }
      // The only relay of a device may have no number.
      const state = body[`POWER${plug}`] ?? (plug === '1' ? body['POWER'] : undefined);
      return {
        ...(body['Var16'] === String(mark) && { mark: true }),
        ...stateOf(state),
      };
    },
  };
};

const zigbee2mqtt: Make = ({ topic, plug }) => {
  const base = topic.split('/', 1)[0] ?? '';
  const health = `${base}/bridge/response/health_check`;
  const key = (name: string): string => (plug === '' ? name : `${name}_${plug}`);
  return {
    listens: [topic, health],
    asks: (question, mark) => {
      const isQuestion = question === 'state' || question === 'power';
      const body = isQuestion
        ? { [key(question)]: '' }
        : { [key('state')]: question.toUpperCase() };
      return [
        {
          topic: `${base}/bridge/request/health_check`,
          payload: JSON.stringify({ transaction: String(mark) }),
        },
        { topic: `${topic}/${isQuestion ? 'get' : 'set'}`, payload: JSON.stringify(body) },
      ];
    },
    hears: (on, body, mark) => {
      if (on === health) return body['transaction'] === String(mark) ? { mark: true } : {};
      const watts = body[key('power')];
      return { ...stateOf(body[key('state')]), ...(typeof watts === 'number' && { watts }) };
    },
  };
};

const STYLES: Record<MqttPlugDevice['style'], Make> = { tasmota, shelly, zigbee2mqtt };

function stateOf(word: unknown): Said {
  return word === 'ON' || word === 'OFF' ? { isOn: word === 'ON' } : {};
}

function tableOf(value: unknown): Body {
  return typeof value === 'object' && value !== null ? (value as Body) : {};
}
