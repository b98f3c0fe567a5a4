/**
 * What a simulated world is made of, shared by the files that move it. Everything here is the truth;
 * the programs under test see of it only frames, readings and their own clocks.
 */

import type { SealedOrders } from '../../../firmware-agent/control/sealed-orders.ts';
import type { Board } from '../../../firmware-agent/core/board.ts';
import type { Event as BoardEvent } from '../../../firmware-agent/core/events.ts';
import type { Contact } from '../../../firmware-agent/core/power.ts';
import type { BoardSettings } from '../../../firmware-agent/core/settings.ts';
import type { Remembered } from '../../../host-shim/core/groups.ts';
import type { Shim } from '../../../host-shim/core/shim.ts';
import type { MessageAbout } from '../../../protocol/link/mqtt.ts';
import type { OrderNames, OrderRun } from '../../../protocol/order-step.ts';
import type { Crypto } from '../../../protocol/wire/crypto.ts';
import type { Deframer } from '../../../protocol/wire/framing.ts';
import type { KeyEntry, KeyRing } from '../../../protocol/wire/keys.ts';
import type { Reading } from '../../../protocol/wire/messages.ts';
import type { AgentSessions } from '../../../protocol/wire/session/agent.ts';
import type { TickLog } from '../../../protocol/wire/ticks.ts';
import type { Entry, HostPlan, Plan } from '../plan.ts';
import type { Stream } from '../streams.ts';
import type { Truth, Witness } from '../witness.ts';
import { type Agenda, plan as planDeed } from './agenda.ts';
import type { LocalClock } from './local-clock.ts';
import type { SelfFence } from './self-fence.ts';

/** Kinds of deeds on the agenda; `a` is the index of a host unless it says otherwise. */
export const DEED = {
  /** An entry of the schedule begins (`a` its index), or ends. */
  begin: 1,
  end: 2,
  calm: 3,
  /** The board's timers; `a` is the life of the process. */
  judge: 4,
  round: 5,
  /** The board's look at one device; `a` its probe, `b` the probe's turn. */
  probe: 6,
  start: 7,
  /** The agent's process begins. */
  agent: 8,
  wake: 9,
  /** Something reaches the disk; `what` is a Write. */
  disk: 10,
  /** A shim's own alarm; `b` counts alarms. */
  shimDue: 11,
  /** Frames that arrive; `what` is an Envelope. */
  upSerial: 12,
  upMqtt: 13,
  downSerial: 14,
  downMqtt: 15,
  echo: 16,
  /** Orders to the board, and answers to an orderer (`a`). */
  order: 17,
  answer: 18,
  orderDue: 19,
  /** Whether a client is connected to the broker is looked at; `a` is the party. */
  link: 20,
  /** A command reaches the relays; `b` is 1 for open, `what` the outlets. */
  relay: 21,
  unfed: 22,
  booted: 23,
  thaw: 24,
  kick: 25,
  pulse: 26,
  /** The next of what a fault does again and again; `a` is the entry's index. */
  again: 27,
  ghost: 28,
  fed: 29,
  /** A serial port of the board (`a` its host) opens, or is gone (`b` 0). */
  port: 30,
  /** A shim looks at its lease; the watchdog of a machine acts. */
  look: 31,
  bite: 32,
} as const;

export type Channel = 'serial' | 'mqtt';

/** One frame on its way. */
export interface Envelope {
  bytes: Uint8Array;
  /** When its maker really sent it. */
  sentAt: number;
  about?: MessageAbout;
}

/** Something that a fault does to all that passes one leg. */
export interface Bend {
  kind: string;
  entry: Entry;
  chance: Stream;
  /** Of a channel with memory: whether it is in its bad state. */
  bad: boolean;
  held: { deed: number; a: number; envelope: Envelope }[];
}

/** One way of one cable. */
export interface Leg {
  bends: Bend[];
}

export interface Relay {
  really: 'open' | 'closed';
  faults: Entry[];
}

export interface SenseTruth {
  faults: Entry[];
}

export interface Machine {
  index: number;
  host: number;
  plan: HostPlan;
  clock: LocalClock;
  relays: Relay[];
  senses: SenseTruth[];
  at: 'off' | 'booting' | 'up' | 'hung';
  /** Counts starts and ends, so that what was planned for an earlier one does nothing. */
  start: number;
  incarnation: number;
  lives: number;
  powered: boolean;
  /** Since when its supplies are not fed and bridge the gap. */
  unfedAt: number | undefined;
  /** Since when they are fed again. */
  fedAt: number | undefined;
  /** Somebody pressed its button, or it went off by itself. */
  switchedOff: boolean;
  /** Its feed has failed, relays or not. */
  mainsOff: number;
  /** Faults under which its program stands still. */
  frozen: number;
  shim: Shim | undefined;
  /** Only where its plan says that it ends itself. */
  selfFence: SelfFence | undefined;
  ring: KeyRing;
  dueAt: number;
  alarmAt: number;
  alarms: number;
  /** What its shim will do when it is gone. */
  leaving: 'reboot' | 'off' | 'stop' | undefined;
  kicking: boolean;
  sick: number;
  linesDead: number;
  slowMs: number;
  honest: boolean;
  /** What lies on its disk of the groups that it holds. */
  record: Remembered;
  /** That was lost, and its shim does not know yet what it holds. */
  isUnsure: boolean;
  /** The life of the agent, in hex, that answered last what its shim said of groups. */
  answeredBy: string;
  /** Groups whose services really run on it. */
  runs: Set<number>;
  /** What came in while it stood still. */
  input: { channel: Channel; bytes: Uint8Array }[];
  lineIn: Deframer;
  draw: Stream;
}

/** One client of the broker: the agent is 0, hosts follow, then orderers. */
export interface Party {
  up: Leg;
  down: Leg;
  connected: boolean;
  turn: number;
}

export interface Probe {
  machine: number;
  what: 'contact' | 'sense' | 'modem';
  index: number;
  periodMs: number;
  /** When the answer to the present question comes. */
  answerAt: number;
  turn: number;
  known: boolean;
  /** What a slow device will answer: it was read when it was asked. */
  was: Contact | Reading | 'mute' | undefined;
}

/** The agent's process. */
export interface Process {
  life: number;
  board: Board;
  sessions: AgentSessions;
  orders: SealedOrders;
  ring: KeyRing;
  lineIn: Deframer[];
  /** When each of the last ticks was really issued, by tick. */
  issuedAt: Float64Array;
  issued: number;
  probes: Probe[];
  startsWallMs: number[];
  /** The nonce of its latest own echo. */
  echo: number;
  saving: boolean;
}

export interface BoardTruth {
  clock: LocalClock;
  process: Process | undefined;
  life: number;
  downs: number;
  /** Stalls that go on; while there are any, input waits. */
  stalls: number;
  input: { kind: number; a: number; b: number; what: unknown }[];
  /** Counts the timers of the process, which are set anew after a stall. */
  timers: number;
  /** The agent's own wish to die after so many effects of a fence; 0 for none. */
  dieAfter: number;
  portsOut: number[];
  disk: Disk;
  keys: KeyEntry[];
}

export interface Disk {
  slots: (Buffer | undefined)[];
  /** What a loss of power leaves. */
  platter: (Buffer | undefined)[];
  counter: number;
  faults: Entry[];
}

export interface OrderJob {
  client: number;
  run: OrderRun;
  names: OrderNames;
  entry: Entry;
  cmdId: Uint8Array;
  /** Counts its wishes to be woken: only the latest holds. */
  alarms: number;
  /** The start of its server under which it was given. */
  start: number;
  incarnation: number;
}

export interface World {
  plan: Plan;
  settings: BoardSettings;
  crypto: Crypto;
  now: number;
  /** How far its wall clock is off; the programs must not care. */
  wallOffMs: number;
  agenda: Agenda;
  witnesses: {
    truth: Witness[];
    step: Witness[];
    /** Those of `step` who look at an event of this kind though nothing came of it. */
    idle: Map<BoardEvent['kind'], Witness[]>;
  };
  hash: { a: number; b: number };
  machines: Machine[];
  /** Index of a machine by the number of its host. */
  indexOf: number[];
  board: BoardTruth;
  broker: Leg & { downs: number };
  parties: Party[];
  serial: { up: Leg; down: Leg }[];
  jobs: OrderJob[];
  /** The keys of all orderers, as they have them themselves. */
  orderRing: KeyRing;
  /** Frames that somebody recorded, where the plan replays any. */
  tape: { deed: number; a: number; envelope: Envelope }[] | undefined;
  taped: number;
  ghost: { sessions: AgentSessions; ticks: TickLog } | undefined;
  active: Map<number, Entry>;
  /** What a beliefs of the core was broken by. */
  broken: string[];
  counts: Map<string, number>;
  calm: boolean;
  log: ((line: string) => void) | undefined;
}

export function machineOf(world: World, host: number): Machine {
  const machine = world.machines[world.indexOf[host] ?? -1];
  if (machine === undefined) throw new Error(`there is no host ${host} in this world`);
  return machine;
}

export function tell(world: World, truth: Truth): void {
  for (const witness of world.witnesses.truth) witness.truth?.(world.now, truth);
}

/** Mixes one number into the trace of the run. */
export function trace(world: World, word: number): void {
  const { hash } = world;
  hash.a = Math.imul(hash.a ^ word, 0x9e3779b1);
  hash.b = Math.imul(hash.b + word, 0x85ebca6b) ^ (hash.a >>> 15);
}

export function add(
  world: World,
  at: number,
  kind: number,
  a: number,
  b: number,
  what?: unknown,
): void {
  planDeed(world.agenda, at, kind, a, b, what);
}

export function count(world: World, what: string): void {
  world.counts.set(what, (world.counts.get(what) ?? 0) + 1);
}
