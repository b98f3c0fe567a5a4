/**
 * What the board shows of itself, as JSON: over the local socket, in the body of a STATE and, host
 * by host, in the retained state topics. It is for people and dashboards; only the fields that a
 * STATE repeats under its MAC are evidence.
 */
import type { Role } from './keys.ts';
import type { Operation, Outcome, Phase, Proof, Reading } from './messages.ts';
import type { OrderArgs } from './order-args.ts';
import type { TimerSettings } from './timer.ts';

/** Why the board waits before it acts on a victim; `none` when it does not. */
export type WaitState = 'none' | 'listening' | 'held' | 'proof' | 'off-hold' | 'restore' | 'ack';

export interface BoardView {
  agent: string;
  /** Hex of the life nonce: another life, another agent process. */
  life: string;
  uptimeMs: number;
  waitState: WaitState;
  victimNow: string | null;
  /** Who disabled all fencing, if anyone. */
  disabledBy: string | null;
  hosts: HostView[];
  /** Groups of resources; absent where none is configured. */
  groups?: GroupView[];
  /** Frames on the order topic that were dropped, by reason. */
  refusedOrders: Record<string, number>;
  /** Alarms that stand now, newest last; `host` is null for the board itself. */
  alarms: AlarmView[];
}

/** Who may hold what must run on one host only. */
export interface GroupView {
  name: string;
  group: number;
  /** Hosts that hold it, or may: more than one is an alarm. */
  holders: string[];
  /** Hosts of it of which nobody knows what they hold, since the agent started. */
  unknown: string[];
}

export interface HostView {
  name: string;
  host: number;
  phase: Phase;
  /** Age of the phase. */
  phaseMs: number;
  incarnation: number | null;
  channels: ChannelView[];
  outlets: { name: string; method: number; reading: 'open' | 'closed' | 'unknown' }[];
  senses: { name: string; reading: Reading; believed: boolean }[];
  fence: { id: number; step: string; by: string; ageMs: number } | null;
  /** Who keeps the host off, if anyone. */
  keptOffBy: string | null;
  /** What is left of its maintenance; null where it is in none. */
  maintenanceMs: number | null;
  /** Its watchdog timer; null while it is off. */
  timer: TimerView | null;
  /** Whether a drill has shown its wiring; null where none was tried: its proofs are `untested`. */
  drill: DrillView | null;
  /** A reset or interrupt pulse that runs. */
  pulse: { kind: 'reset' | 'diag'; step: string; by: string } | null;
}

/** What a drill showed: how long its supply bridged the cut, and from power to its first beat. */
export type DrillView =
  | { state: 'running' }
  | { state: 'passed'; ageMs: number; holdUpMs: number; bootMs: number }
  | { state: 'failed'; why: string };

/** `lost`: it was armed before the agent started, and is not any more. */
export type TimerView =
  | { state: 'lost' }
  | ({
      state: 'armed' | 'pretimeout' | 'expired';
      remainingMs: number;
      /** `configuration`, `the host`, or the name of an orderer. */
      setBy: string;
    } & TimerSettings);

export interface ChannelView {
  channel: 'serial' | 'mqtt';
  listening: boolean;
  carried: boolean;
  /** Listening time since the last fresh beat; null where none was heard in this life. */
  quietMs: number | null;
  provenMs: number;
  /** Frames that did not count, by reason (`noise`, `mac`, `replay`, `stale`, ...); none is 0. */
  refused: Record<string, number>;
}

export interface AlarmView {
  host: string | null;
  code: string;
  text: string;
  /** The way out, in the imperative. */
  remedy: string;
  ageMs: number;
}

/** The keys that the agent uses now. */
export interface KeysView {
  /** Age of the ring: of what came before nothing is known. */
  watchedMs: number;
  keys: KeyView[];
}

export interface KeyView {
  role: Role;
  owner: string;
  kid: number;
  sending: boolean;
  /** Since something fresh last came under it; null where nothing did. */
  unusedMs: number | null;
}

/** How a fence may end; on record. */
export const FENCE_OUTCOMES = [
  'fenced',
  'acknowledged',
  'failed',
  'averted',
  'interrupted',
] as const;
export type FenceOutcome = (typeof FENCE_OUTCOMES)[number];

/** Everything that decided one fence, oldest entry first; times are ms since the fence began. */
export interface FenceRecord {
  id: number;
  host: string;
  incarnation: number;
  /** `verdict`, `timer`, `order by NAME` or `restart`. */
  by: string;
  /** Wall clock, ISO 8601, for people only; the shell adds it. */
  startedAt?: string;
  /** Absent while the fence runs. */
  outcome?: FenceOutcome;
  reason?: string;
  proof?: Proof;
  untested?: boolean;
  unlogged?: boolean;
  /** The file on the board that `fencepost-agent replay` plays; the last twenty fences have one. */
  tape?: string;
  evidence: ChannelEvidence[];
  entries: { atMs: number; what: string }[];
}

/** What the board knew of one channel when it found the host dead. */
export interface ChannelEvidence {
  channel: 'serial' | 'mqtt';
  quietMs: number | null;
  provenMs: number;
  proof: 'none' | 'near' | 'far';
  listening: boolean;
}

/** An order given on the board itself: the right to open the socket is the right to order. */
export interface LocalOrder {
  op: Operation;
  /** Empty for the whole board: `disable` and `enable`. */
  host: string;
  /** 0 means whatever has power now. */
  incarnation: number;
  /** 32 hex digits; the same again is answered with the stored outcome. */
  cmdId: string;
  /** When it was given, in ms of CLOCK_MONOTONIC: one clock for all processes of a machine. */
  askedAtMs: number;
  ttlMs: number;
  args?: OrderArgs;
}

export interface OrderAnswer {
  cmdId: string;
  op: Operation;
  host: string;
  incarnation: number;
  outcome: Outcome;
  proof: Proof;
  untested: boolean;
  detail: string;
}
