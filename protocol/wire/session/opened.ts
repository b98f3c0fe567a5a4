/**
 * What the board's side of sessions takes and gives: its state, a frame on its way in, and the
 * opened messages that the core decides by. No key is in any of what it gives.
 */
import type { Crypto } from '../crypto.ts';
import type { Instant } from '../instant.ts';
import type { KeyRing } from '../keys.ts';
import type { Channel, LeaveReason, Operation } from '../messages.ts';
import type { TickLog } from '../ticks.ts';
import type { HostTable, Refusal } from './table.ts';

export interface AgentSetup {
  crypto: Crypto;
  agent: number;
  /** This life's nonce, 8 random bytes. */
  aNonce: Uint8Array;
  hosts: { host: number; name: string; freshnessMs: number; keepaliveMs: number }[];
  ring: KeyRing;
  /** 8 fresh random bytes. */
  draw: () => Uint8Array;
}

/** Sessions of all hosts. Changed in place, and by the functions of this file only. */
export interface AgentSessions {
  readonly setup: AgentSetup;
  /** Indexed by host number. */
  readonly table: (HostTable | undefined)[];
  lastId: number;
}

export interface OpenedOnSession {
  host: number;
  channel: Channel;
  /** Unique in this agent life. */
  session: number;
  incarnation: number;
  /** Strictly growing within a session; never wraps. */
  seq: number;
  /** The largest tick that the host had accepted when it sent this. */
  echo: number;
}

export interface OpenedBeat extends OpenedOnSession {
  kind: 'beat';
  flags: number;
  /** The frame, for records. */
  bytes: Uint8Array;
}

export interface OpenedLeaving extends OpenedOnSession {
  kind: 'leaving';
  reason: LeaveReason;
  returnByS: number;
}

export interface OpenedLeft extends OpenedOnSession {
  kind: 'left';
  reason: LeaveReason;
}

/** `timer-set`, `timer-reset` (a kick) or `timer-off`, from the host itself. */
export interface OpenedKick extends OpenedOnSession {
  kind: 'kick';
  op: Operation;
  /** The kick count, of which beats carry the low four bits. */
  count: number;
  args: Uint8Array;
}

/** Asks for `group`, or with 0 only reports; in any case `held` is all that the host holds. */
export interface OpenedClaim extends OpenedOnSession {
  kind: 'claim';
  /** Grows with every word about groups in one life of the host. */
  turn: number;
  group: number;
  held: number[];
}

/** Everything of `group` was stopped. */
export interface OpenedRelease extends OpenedOnSession {
  kind: 'release';
  turn: number;
  group: number;
}

/** What ends this life of the host without contact; times in units of the wire (timer.ts). */
export interface OpenedPledge extends OpenedOnSession {
  kind: 'pledge';
  timeout: number;
  watchdog: number;
  /** Of `PLEDGE`. */
  flags: number;
}

export interface OpenedHello {
  kind: 'hello';
  host: number;
  channel: Channel;
  incarnation: number;
  /** Of the beacon that it answers; within F. */
  tick: number;
  /** True for a life that is over: it got no WELCOME. */
  retired: boolean;
}

/** Already answered with a BEACON. */
export interface OpenedSolicit {
  kind: 'solicit';
  host: number;
  channel: Channel;
}

export type OpenedMember =
  | (OpenedBeat | OpenedKick | OpenedLeaving | OpenedLeft)
  | (OpenedClaim | OpenedRelease | OpenedPledge);

/** What is answered with no more than that it was heard. */
export type OpenedWord = OpenedLeaving | OpenedLeft | OpenedPledge;

export type Opened = OpenedMember | OpenedHello | OpenedSolicit;

export interface Received {
  opened?: Opened;
  /** Unframed, to be sent back on the same channel. */
  replies: Uint8Array[];
  refused?: Refusal;
  /** The session that stood on this channel grew too old and has ended: our doing, not silence. */
  expired?: true;
}

/** Where a frame came from; `host` is the path's: of the serial port or of the topic. */
export interface From {
  channel: Channel;
  host: number;
}

/** One frame with all that it is judged by. */
export interface Arrival {
  sessions: AgentSessions;
  from: From;
  frame: Uint8Array;
  ticks: TickLog;
  now: Instant;
}

/** Throws for a number that is none of our hosts'. */
export function tableOf(sessions: AgentSessions, host: number): HostTable {
  const table = sessions.table[host];
  if (table === undefined) throw new Error(`${host} is no host of this board`);
  return table;
}
