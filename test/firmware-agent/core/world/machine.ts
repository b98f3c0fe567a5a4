/**
 * One guarded machine as it really is: its relays, whether its supply has power, whether it runs
 * and in which life. The core never sees this; it is what the core is judged by.
 */
import type { Contact } from '../../../../firmware-agent/core/power.ts';
import type { HostSettings } from '../../../../firmware-agent/core/settings.ts';
import type { Reading } from '../../../../protocol/wire/messages.ts';

export interface Relay {
  really: 'open' | 'closed';
  /** `welded` never opens, `stuck-open` never closes. */
  fault?: 'welded' | 'stuck-open';
  /** What reading it answers, where that is not the truth; `mute` answers nothing at all. */
  reads?: Contact | 'mute';
}

export interface SenseTruth {
  /** What it answers, where that is not the truth; `mute` answers nothing at all. */
  reads?: Reading | 'mute';
}

export interface Machine {
  settings: HostSettings;
  relays: Relay[];
  senses: SenseTruth[];
  /** Each supply with the outlets that stand in series before it; one fed supply is power. */
  feeds: number[][];
  /** How long a supply goes on without being fed. */
  holdUpMs: number;
  bootMs: number;
  at: 'off' | 'booting' | 'up' | 'hung';
  /** Counts starts, so that what was planned for an earlier one does nothing. */
  start: number;
  incarnation: number;
  /** How often its programs have kicked the timer in this life; every beat says it. */
  kicks: number;
  /** What a pulse on a line does: restarts it, or nothing. */
  lines: 'wired' | 'dead';
  /** The largest tick that this life accepted, and the life of the board that issued it. */
  echo: number;
  echoLife: string;
  /** Changes of power at the machine, oldest first. */
  power: { at: number; on: boolean }[];
  unfedAt?: number;
  /** What it pledges of its own end in each session, in units of the wire. */
  pledge?: { timeout: number; watchdog: number; flags: number };
  /** A check on it fails, and its beats say so. */
  sick?: boolean;
  /** Another agent claims it, and its beats say so. */
  twoAgents?: boolean;
  /** Its shim was started anew after another one had begun to leave, and its beats say so. */
  stays?: boolean;
  /** What its modem line shows, once a test has said so. */
  modem?: 'asserted' | 'dropped' | 'unknown';
}

export function newMachine(
  settings: HostSettings,
  feeds: number[][],
  incarnation: number,
): Machine {
  return {
    settings,
    relays: settings.outlets.map(() => ({ really: 'closed' })),
    senses: settings.senses.map(() => ({})),
    feeds,
    holdUpMs: 30,
    bootMs: 20_000,
    at: 'up',
    start: 0,
    incarnation,
    kicks: 0,
    lines: 'wired',
    echo: 0,
    echoLife: '',
    power: [{ at: Number.NEGATIVE_INFINITY, on: true }],
  };
}

export function isFed(machine: Machine): boolean {
  return machine.feeds.some((feed) =>
    feed.every((outlet) => machine.relays[outlet]?.really === 'closed'),
  );
}

export function hasPower(machine: Machine): boolean {
  return machine.power.at(-1)?.on === true;
}

/** Since when it has been without power; undefined while it has some. */
export function darkSince(machine: Machine): number | undefined {
  const last = machine.power.at(-1);
  return last === undefined || last.on ? undefined : last.at;
}

export function readContact(relay: Relay): Contact | 'mute' {
  return relay.reads ?? relay.really;
}

/** A sense of some outlets sees the supplies behind them; one of the host sees any power. */
export function readSense(machine: Machine, index: number): Reading | 'mute' {
  const truth = machine.senses[index];
  const covers = machine.settings.senses[index]?.covers ?? 'host';
  if (truth?.reads !== undefined) return truth.reads;
  if (covers === 'host' || !hasPower(machine)) return hasPower(machine) ? 'on' : 'off';
  const fed = machine.feeds.some(
    (feed) =>
      feed.some((outlet) => covers.includes(outlet)) &&
      feed.every((outlet) => machine.relays[outlet]?.really === 'closed'),
  );
  const inHoldUp = machine.unfedAt !== undefined;
  return fed || inHoldUp ? 'on' : 'off';
}
