/**
 * A machine that is one emulator process: mains on starts it, mains off is SIGKILL, which stops it
 * between two instructions as a real cut does.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { appendFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { monotonicMs } from '../../../protocol/link/timers.ts';
import { until } from '../../lib/until.ts';
import { eachLine, openQmp, type Qmp } from './qemu-sockets.ts';
import type { Timeline } from './timeline.ts';

export interface GuestSetup {
  name: string;
  /** Its sockets lie here; their paths must be short. */
  dir: string;
  /** What its console said is kept here. */
  logs: string;
  program: string;
  /** A machine of its own is not slowed by its neighbours; where we may, this one goes before them. */
  niceness: number;
  args: (socket: (name: string) => string) => string[];
  /** Names of the sockets in `args`, besides `qmp`. */
  sockets: string[];
  timeline: Timeline;
}

/** One line of its console. */
export interface Said {
  atMs: number;
  text: string;
}

export interface Guest {
  readonly name: string;
  readonly said: readonly Said[];
  isOn(): boolean;
  /** Resolves when the emulator runs; the guest boots on. */
  on(): Promise<void>;
  off(): Promise<void>;
  socket(name: string): string;
  qmp(): Qmp;
  /** Types a line at the console, which the guest's init carries out. */
  type(line: string): void;
  /** Calls back at each change of power, when the emulator can be spoken to; `atMs` is when it changed. */
  onPower(listen: Power): void;
  onLine(listen: (line: Said) => void): void;
  /** The first line since then for which `is` holds. */
  waitFor(
    what: string,
    is: (text: string) => boolean,
    since: number,
    limitMs: number,
  ): Promise<Said>;
}

type Power = (isOn: boolean, atMs: number) => void;

/** What of a console goes into the timeline: our programs and the kernel's last words. */
const WORTH_TELLING = /^(init: |\{")|Kernel panic|sysrq: /;

export function guest(setup: GuestSetup): Guest {
  const { name, dir, logs, timeline } = setup;
  const said: Said[] = [];
  const listeners = {
    power: [] as Power[],
    line: [] as ((line: Said) => void)[],
  };
  let process: ChildProcess | undefined;
  let qmp: Qmp | undefined;
  const socket = (what: string): string => join(dir, `${name}.${what}`);
  const hear = (text: string): void => {
    const line = { atMs: monotonicMs(), text };
    said.push(line);
    appendFileSync(join(logs, `${name}.console.log`), `${text}\n`, 'latin1');
    if (WORTH_TELLING.test(text)) timeline.add(name, inShort(text));
    for (const listen of listeners.line) listen(line);
  };
  const powerChanged: Power = (isOn, atMs) => {
    for (const listen of listeners.power) listen(isOn, atMs);
  };
  return {
    name,
    said,
    socket,
    isOn: () => process !== undefined,
    qmp: () => {
      if (qmp === undefined) throw new Error(`${name} is off`);
      return qmp;
    },
    on: async () => {
      for (const what of ['qmp', ...setup.sockets]) rmSync(socket(what), { force: true });
      const command = ['-n', String(setup.niceness), setup.program, ...setup.args(socket)];
      const child = spawn('nice', command, { stdio: ['pipe', 'pipe', 'pipe'] });
      process = child;
      const startedAt = monotonicMs();
      endWithUs(child);
      child.stdin.on('error', () => undefined);
      eachLine(child.stdout, hear);
      eachLine(child.stderr, (text) => timeline.add(name, `emulator: ${text}`));
      child.once('exit', () => {
        if (process !== child) return;
        process = undefined;
        powerChanged(false, monotonicMs());
      });
      qmp = await openQmp(socket('qmp'));
      powerChanged(true, startedAt);
    },
    off: () =>
      new Promise((resolve) => {
        if (process === undefined) return resolve();
        process.once('exit', () => resolve());
        process.kill('SIGKILL');
      }),
    type: (line) => process?.stdin?.write(`${line}\n`),
    onPower: (listen) => listeners.power.push(listen),
    onLine: (listen) => listeners.line.push(listen),
    waitFor: (what, is, since, limitMs) =>
      until(
        `${name}: ${what}`,
        () => said.find((line) => line.atMs >= since && is(line.text)),
        limitMs,
      ),
  };
}

/** Whether a line of a console is one of our programs' logs. */
export function isLog(text: string): boolean {
  return text.startsWith('{"') && text.endsWith('}');
}

/** A line of the agent's log without what a person does not read. */
function inShort(text: string): string {
  if (!isLog(text)) return text;
  const { level, text: words, code, host } = JSON.parse(text) as Record<string, string>;
  return [level, host, code, words].filter((word) => word !== undefined).join(' ');
}

/** Nothing outlives the rig. */
function endWithUs(child: ChildProcess): void {
  const killer = (): void => {
    child.kill('SIGKILL');
  };
  process.on('exit', killer);
  child.once('exit', () => process.off('exit', killer));
}
