/**
 * What a host keeps of one channel's sessions, and the words in which it hears and tells of them.
 */
import type { Crypto } from '../crypto.ts';
import type { GroupAnswer } from '../groups.ts';
import type { Instant } from '../instant.ts';
import type { KeyRing } from '../keys.ts';
import type { Channel, LeaveReason } from '../messages.ts';
import type { TimerSettings, TimerState } from '../timer.ts';
import type { EchoCell } from './echo.ts';
import type { Life } from './lives.ts';
import type { Standing } from './standing.ts';

export interface HostSetup {
  crypto: Crypto;
  ring: KeyRing;
  host: number;
  hostName: string;
  agent: number;
  channel: Channel;
  /** From `incarnationOf`. */
  incarnation: number;
  keepaliveMs: number;
  /** T, the period of beacons and ALIVEs: min(K, 1 s). */
  beaconMs: number;
  /** One cell for all channels of the host. */
  echo: EchoCell;
}

/** Why a frame from the board's side was not taken. */
export type HostRefusal = 'shape' | 'kid' | 'mac' | 'replay' | 'other-agent' | 'no-session';

/** One channel's sessions; changed in place by `stepHostSession` only. */
export interface HostSession {
  readonly setup: HostSetup;
  readonly refusals: Record<HostRefusal, number>;
  isUp: boolean;
  flags: number;
  lives: Life[];
  /** Newest first; the second is of another life, and only there while its ALIVEs come. */
  standing: Standing[];
  /** When to ask for a beacon next; undefined while none is wanted. */
  solicitAt: Instant | undefined;
  solicitGapMs: number;
  leave: Leave | undefined;
  timer: TimerWish | undefined;
  pledge: Pledge | undefined;
  /** How often a program of this host has kicked the timer; beats carry the low four bits. */
  kicks: number;
}

/** What the board's timer of this host is to be; said anew in each session until it is answered. */
export interface TimerWish {
  op: 'timer-set' | 'timer-off';
  /** The settings in the bytes of timer.ts; none for `timer-off`. */
  args: Uint8Array;
  nextAt: Instant;
}

/** What ends this life without contact, in units of the wire; said like a wish for the timer. */
export interface Pledge {
  timeout: number;
  watchdog: number;
  flags: number;
  nextAt: Instant;
}

export interface Leave {
  kind: 'leaving' | 'left';
  reason: LeaveReason;
  returnByS: number;
  nextAt: Instant;
}

export type HostEvent =
  | { kind: 'frame'; bytes: Uint8Array }
  | { kind: 'up' }
  | { kind: 'lost' }
  | { kind: 'due' }
  /** Flags that every beat carries from now on, besides the kick count; a new one is said at once. */
  | { kind: 'flags'; flags: number }
  /** A program of this host kicked: told at once, and by every beat. */
  | { kind: 'kick'; count: number }
  | { kind: 'timer'; op: TimerWish['op']; args: Uint8Array }
  /** Asks for a group, or with 0 only reports; said once, on each session that speaks. */
  | { kind: 'claim'; turn: number; group: number; held: readonly number[] }
  | { kind: 'release'; turn: number; group: number }
  | ({ kind: 'pledge' } & Omit<Pledge, 'nextAt'>)
  /** Announces a planned stop; beats go on. */
  | { kind: 'leave'; reason: LeaveReason; returnByS: number }
  /** Everything managed has stopped: the last message; beats end. */
  | { kind: 'leftNow'; reason: LeaveReason };

export type HostNews =
  | { kind: 'session'; aNonce: Uint8Array; tick: number }
  /** An ALIVE; `sentAt` is when the beat `heard` left us, undefined if that is long ago. */
  | { kind: 'contact'; tick: number; heard: number; sentAt: Instant | undefined }
  | { kind: 'beacon'; aNonce: Uint8Array; tick: number }
  /** No session of this channel had an ALIVE for 3T; told once per silence. */
  | { kind: 'no-contact' }
  | { kind: 'two-agents' }
  /** Where the board's timer of this host stands; `warning` is its pre-timeout. */
  | {
      kind: 'timer';
      warning: boolean;
      state: TimerState;
      remainingMs: number;
      settings: TimerSettings | undefined;
    }
  /** What that life of the board says to the claim or release of that turn. */
  | {
      kind: 'grant';
      aNonce: Uint8Array;
      turn: number;
      group: number;
      answer: GroupAnswer;
      holder: number;
    }
  /** The agent stops on purpose, and wants to be back in that time. */
  | { kind: 'away'; returnByS: number }
  | { kind: 'pledge-acknowledged' }
  | { kind: 'left-acknowledged' }
  | { kind: 'leaving-acknowledged' };

/** No beat is due on a session whose life has a successor, until an ALIVE of it comes late. */
export const RESTING: number = Number.POSITIVE_INFINITY;
/** ALIVEs are missing after this many periods T. */
export const MISSING_PERIODS = 3;

/** A farewell is said while the board is heard: one that comes later than this was long on its way. */
export const AWAY_AGE_MS = 5_000;

/** Whether the ALIVEs of this session have been missing for 3T. */
export function isMissing(session: HostSession, own: Standing, now: Instant): boolean {
  return now - own.aliveAt > MISSING_PERIODS * session.setup.beaconMs;
}

/** Whether any session of the channel is answered. */
export function isInContact(session: HostSession, now: Instant): boolean {
  return session.standing.some((own) => !isMissing(session, own, now));
}
