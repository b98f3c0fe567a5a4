/**
 * Switches on a serial port, each as its row of a table says (config/devices/serial-models.ts).
 *
 * A line has no questions and answers, only bytes: an answer may come late, in halves, behind other
 * words, or be that to another plug. So one exchange runs at a time on a port; an answer is all that comes
 * until the line is quiet, and must fit as a whole; and after one that failed the line is left alone
 * for as long as an answer may take, so that what comes late is nobody's answer. A port that is lost is
 * opened again and again, and its plugs read `unknown` until it is.
 */
import type { openSerialPort } from '../../protocol/link/serial-port.ts';
import { failure, ok } from '../../protocol/result.ts';
import type { SerialSwitchDevice } from '../config/devices/device.ts';
import { SERIAL_WORDS, type SerialWords } from '../config/devices/serial-models.ts';
import type { Asked, Contact, Driver, PowerSwitch } from '../ports/power.ts';
import type { Use } from './device-queue.ts';
import { openLine, rest, type SerialLine } from './serial-line.ts';
import { type DriverLog, troubleOf } from './trouble.ts';

export interface SerialTools {
  log: DriverLog;
  openPort: typeof openSerialPort;
}

/** How often a command looks whether the port is there. */
const LOOK_MS = 20;

/** Opens each port once, with the first of its plugs. */
export function serialSwitchDriver(tools: SerialTools): Driver<SerialSwitchDevice> {
  const lines = new Map<string, SerialLine>();
  const lineOf = (device: SerialSwitchDevice): SerialLine => {
    const { path } = device;
    const line = lines.get(path) ?? openLine(tools.openPort, device, wordsOf(device));
    lines.set(path, line);
    return line;
  };
  return {
    open: async ({ host, outlets }) => ({
      outlets: outlets.map((outlet) => switchOf(tools.log, host, outlet, lineOf(outlet.device))),
      senses: [],
      pulses: [],
    }),
    close: async () => {
      await Promise.all([...lines.values()].map((line) => line.close()));
    },
  };
}

function switchOf(
  log: DriverLog,
  host: string,
  { name, periodMs, device }: Asked<SerialSwitchDevice>,
  line: SerialLine,
): PowerSwitch {
  const { path, plug, contact, answerMs, same } = device;
  const model = wordsOf(device);
  const { readyMs = 0 } = model;
  const trouble = troubleOf(log, `${name} (plug ${plug} at ${path})`, host);
  const whole = (pattern = ''): RegExp => new RegExp(`^(?:${filled(pattern, plug)})$`);
  const [isOn, isOff, done] = [whole(model.isOn), whole(model.isOff), whole(model.done)];
  const either = whole(`(?:${model.isOn})|(?:${model.isOff})`);
  const read: Use<Contact> = async ({ leftMs, answer }) => {
    const why = line.notReady();
    if (why !== undefined) return answer(why);
    // An answer that is cut short would look like a bad one.
    if (leftMs() < answerMs) return answer(failure('waiting', 'it is busy'));
    const said = await line.exchange(filled(model.ask ?? '', plug), either, answerMs);
    if (!said.ok) {
      answer(said);
      return rest(answerMs);
    }
    const [on, off] = [isOn.test(said.value), isOff.test(said.value)];
    if (on === off) return answer(failure('unclear', 'it says on and off at once'));
    answer(ok(on === (contact === 'normally-closed') ? 'open' : 'closed'));
  };
  const turn =
    (to: 'on' | 'off'): Use<void> =>
    async ({ leftMs, answer }) => {
      while (line.notReady() !== undefined && leftMs() > answerMs) await rest(LOOK_MS);
      const why = line.notReady();
      if (why !== undefined) return answer(why);
      if (leftMs() < answerMs) return answer(failure('waiting', 'it is busy'));
      const isAnswered = model.done !== undefined;
      const said = await line.exchange(filled(model[to], plug), done, isAnswered ? answerMs : 0);
      answer(said.ok || (said.kind === 'timeout' && !isAnswered) ? ok(undefined) : said);
      if (!said.ok) await rest(answerMs);
    };
  // Another exchange and its pause may be under way, and the port on its way back.
  const turnMs = 4 * answerMs + readyMs;
  return {
    name,
    periodMs,
    turn: async (to) => {
      const deed = (to === 'open') === (contact === 'normally-closed') ? 'on' : 'off';
      return trouble(await line.queue.command({ outlet: same, word: deed }, turnMs, turn(deed)));
    },
    read: async () => {
      if (model.ask === undefined || model.isOff === undefined) return 'unknown';
      const outcome = trouble(await line.queue.ask(periodMs, read));
      return outcome.ok ? outcome.value : 'unknown';
    },
  };
}

function wordsOf({ model }: SerialSwitchDevice): SerialWords {
  return typeof model === 'string' ? (SERIAL_WORDS[model] as SerialWords) : model;
}

/** The bytes, or the pattern, for one plug; each character is a byte. */
function filled(template: string, plug: string): string {
  let bytes = '';
  for (const part of template.split(/(<plug>|<byte>|<sum>)/)) {
    if (part === '<plug>') bytes += plug;
    else if (part === '<byte>') bytes += String.fromCharCode(Number(plug) & 0xff);
    else if (part === '<sum>') bytes += String.fromCharCode(sumOf(bytes) & 0xff);
    else bytes += part;
  }
  return bytes;
}

function sumOf(bytes: string): number {
  return [...bytes].reduce((sum, byte) => sum + byte.charCodeAt(0), 0);
}
