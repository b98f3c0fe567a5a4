/**
 * What the core is told about the board and its hosts. Made by `config/`, checked there against
 * safety limits; durations are milliseconds, names are unique, numbers are those of the wire.
 */
import type { TimerSettings } from '../../protocol/wire/timer.ts';
import type { PulseKind } from './pulse.ts';

export interface BoardSettings {
  agent: number;
  name: string;
  /** True where the broker runs on this board, so that our own echo proves nothing. */
  brokerOnBoard: boolean;
  /** How long the loser of a match gives no orders against the winner, where the user wants it. */
  matchHoldMs?: number;
  hosts: HostSettings[];
  orderers: OrdererSettings[];
  /** Groups of resources, each held by one host at a time; absent where there are none. */
  groups?: GroupSettings[];
}

export interface GroupSettings {
  group: number;
  name: string;
  /** Numbers of the hosts that may hold it. */
  hosts: number[];
}

export interface Timing {
  keepaliveMs: number;
  warntimeMs: number;
  deadtimeMs: number;
  initdeadMs: number;
  /** How long everything must be seen off together. */
  offHoldMs: number;
  /** How long the supply may need to read off after the cut. */
  drainMs: number;
}

export interface HostSettings {
  host: number;
  name: string;
  timing: Timing;
  silence: 'prove' | 'act';
  /** What may prove it off; `by-timeout` comes last, after outlets and senses if it has any. */
  proof: 'verified' | 'by-hold' | 'by-timeout';
  afterFence: 'restore' | 'stay-off';
  /** `adapter` names what serial ports share; ports without one may share anything. */
  serial?: { adapter?: string; modem: boolean };
  mqtt: boolean;
  /** How long a message may honestly take; absent means the defaults of `limits.ts`. */
  delayMs?: { serial: number; mqtt: number };
  /** After how long a host that calls itself sick is judged as silent; absent means never. */
  sick?: { timeMs: number };
  /** Declared feeds and network switches that this host shares with others. */
  fate: string[];
  outlets: OutletSettings[];
  senses: SenseSettings[];
  /** What names its outlets and senses in the real world: a drill holds for this wiring. */
  wiring?: string;
  /** Lines that can be pulsed; the first of a kind is used. */
  pulses: PulseSettings[];
  /** After what time without contact it restarts itself: told to people, never relied on. */
  selfFenceMs?: number;
  /** The watchdog timer that the board arms in each life of the host. */
  timer?: TimerSettings;
}

export interface PulseSettings {
  name: string;
  kind: PulseKind;
}

export interface OutletSettings {
  name: string;
  /** 1 is tried first; outlets of one number are cut together. */
  method: number;
  /** False for a switch that can be commanded and not read. */
  readable: boolean;
  periodMs: number;
}

export interface SenseSettings {
  name: string;
  /** Indexes into `outlets`, or the whole host. */
  covers: number[] | 'host';
  periodMs: number;
  /** True where a broken wire reads `unknown` and not `off`: only then is a fall a witness. */
  showsBreak: boolean;
}

/** What a key may be allowed; `timer` and `disable` stand for the operations of their kind. */
export const RIGHTS = [
  'fence',
  'off',
  'on',
  'ack',
  'disable',
  'reset',
  'diag',
  'timer',
  'status',
] as const;
export type Right = (typeof RIGHTS)[number];

export interface OrdererSettings {
  orderer: number;
  name: string;
  /** The host that this key is bound to; absent for an operator's. */
  boundTo?: number;
  may: Right[];
  /** Hosts that it may order; absent means all. */
  hosts?: number[];
}
