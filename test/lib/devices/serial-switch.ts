/**
 * Serial switches without hardware: one small machine for each model, on a pseudo-terminal.
 *
 * They are written from what the devices are known to do (the sources stand in the driver's table), and not
 * from the table, so that the two can disagree.
 */
import { rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { after, type Timer } from '../../../protocol/link/timers.ts';
import { openPty, type Pty } from '../pty.ts';

export type Model = 'lcus' | 'numato' | 'wti-rps10';
export type LineFault = 'well' | 'mute' | 'late' | 'garbled' | 'stuck' | 'gone' | 'half' | 'twice';

export interface SimulatedSwitch {
  path: string;
  /** Whether the relay or the plug of that name is on. */
  isOn(plug: string): boolean;
  set(plug: string, on: boolean): void;
  spoil(fault: LineFault): void;
  /** Sends something that nobody asked for. */
  say(text: string): void;
  /** All commands that were obeyed, such as `on 1`. */
  deeds: string[];
  close(): void;
}

interface Deed {
  plug: string;
  /** Absent where the plug is only asked for. */
  on?: boolean;
}

interface Kind {
  plugs: string[];
  /** Cuts the first whole command off what came in. */
  parse(bytes: string): { deed: Deed | undefined; rest: string } | undefined;
  answer(deed: Deed, isOn: (plug: string) => boolean): string;
  /** What it says when its port is opened, and after how long. */
  greeting?: { text: string; afterMs: number };
}

const lcus: Kind = {
  plugs: ['1', '2', '3', '4'],
  parse: (bytes) => {
    if (bytes[0] === '\xff') return { deed: { plug: '' }, rest: bytes.slice(1) };
    if (bytes.length < 4) return undefined;
    const [start, relay, on, sum] = [...bytes].map((byte) => byte.charCodeAt(0)) as number[];
    const right = start === 0xa0 && sum === (0xa0 + (relay ?? 0) + (on ?? 0)) % 256;
    const deed = right ? { plug: String(relay), on: on === 1 } : undefined;
    return { deed, rest: bytes.slice(right ? 4 : 1) };
  },
  answer: ({ on }, isOn) =>
    on === undefined
      ? lcus.plugs.map((plug) => `CH${plug}: ${isOn(plug) ? 'ON' : 'OFF'}\r\n`).join('')
      : '',
};

const numato: Kind = {
  plugs: ['0', '1', 'A'],
  parse: (bytes) => {
    const end = bytes.indexOf('\r');
    if (end < 0) return undefined;
    const [, verb, plug] = /^relay (on|off|read) ([0-9A-V])$/.exec(bytes.slice(0, end)) ?? [];
    const asked = verb === 'read' ? {} : { on: verb === 'on' };
    const deed = plug === undefined ? { plug: '' } : { plug, ...asked };
    return { deed, rest: bytes.slice(end + 1) };
  },
  answer: ({ plug, on }, isOn) => {
    if (plug === '') return '\n\r>';
    if (on !== undefined) return `relay ${on ? 'on' : 'off'} ${plug}\n\r>`;
    return `relay read ${plug}\n\r${isOn(plug) ? 'on' : 'off'}\n\r>`;
  },
};

const rps10: Kind = {
  plugs: ['0', '1', '2'],
  parse: (bytes) => {
    const end = bytes.indexOf('\r');
    if (end < 0) return undefined;
    const command = bytes.slice(0, end);
    const known = command.startsWith('\x02\x18\x18\x02\x18\x18') && command.length === 8;
    const [plug = '', verb] = known ? [...command.slice(6)] : [];
    const deed = known ? { plug, ...(verb === '?' ? {} : { on: verb === '1' }) } : undefined;
    return { deed, rest: bytes.slice(end + 1) };
  },
  answer: ({ plug }, isOn) => `\r\nPlug ${plug} ${isOn(plug) ? 'On' : 'Off'}\r\nComplete\r\n`,
  greeting: { text: '\r\nRPS-10 Ready\r\n', afterMs: 150 },
};

const KINDS: Record<Model, Kind> = { lcus, numato, 'wti-rps10': rps10 };
/** No device answers at once. */
const ANSWER_MS = 5;

/** Starts one below `dir`, everything on. */
export function simulateSwitch(dir: string, model: Model, lateMs: number): SimulatedSwitch {
  const kind = KINDS[model];
  const path = join(dir, `tty-${model}`);
  const on = new Map(kind.plugs.map((plug) => [plug, true]));
  const deeds: string[] = [];
  const timers = new Set<Timer>();
  let fault: LineFault = 'well';
  let pty: Pty | undefined;
  let input = '';

  const later = (ms: number, fn: () => void): void => {
    const timer = after(ms, () => {
      timers.delete(timer);
      fn();
    });
    timers.add(timer);
  };
  const say = (text: string): void => void pty?.write(Buffer.from(text, 'latin1'));
  const answer = (text: string): void => {
    if (text === '' || fault === 'mute') return;
    const said = {
      garbled: text.replace(/[a-z0-9]/gi, '#'),
      half: text.slice(0, -3),
    };
    const spoilt = fault in said ? said[fault as keyof typeof said] : text;
    later(fault === 'late' ? lateMs : ANSWER_MS, () => say(spoilt));
    if (fault === 'twice') later(3 * ANSWER_MS, () => say(text));
  };
  const take = (bytes: Uint8Array): void => {
    input += Buffer.from(bytes).toString('latin1');
    for (let one = kind.parse(input); one !== undefined; one = kind.parse(input)) {
      input = one.rest;
      const { deed } = one;
      if (deed === undefined || (deed.plug !== '' && !on.has(deed.plug))) continue;
      if (deed.on !== undefined && fault !== 'mute') {
        if (fault !== 'stuck') on.set(deed.plug, deed.on);
        deeds.push(`${deed.on ? 'on' : 'off'} ${deed.plug}`);
      }
      // What takes commands as if all were well says so, whatever its relay does.
      const claimed = fault === 'stuck' && deed.on !== undefined ? deed.on : undefined;
      answer(kind.answer(deed, (plug) => claimed ?? on.get(plug) === true));
    }
  };
  const plugIn = (): void => {
    input = '';
    pty = openPty(take);
    symlinkSync(pty.slavePath, path);
    const { greeting } = kind;
    if (greeting !== undefined) later(greeting.afterMs, () => say(greeting.text));
  };
  const pullOut = (): void => {
    rmSync(path, { force: true });
    pty?.close();
    pty = undefined;
  };
  plugIn();
  return {
    path,
    deeds,
    say,
    isOn: (plug) => on.get(plug) === true,
    set: (plug, to) => void on.set(plug, to),
    spoil: (next) => {
      if (next === 'gone') pullOut();
      else if (pty === undefined) plugIn();
      fault = next;
    },
    close: () => {
      for (const timer of timers) timer.cancel();
      pullOut();
    },
  };
}
