/** What a checker remembers of what the board heard of each host, and when (`ears.ts`). */
import type { Effect, Event } from '../../../firmware-agent/core/events.ts';
import type { Truth } from '../witness.ts';
import type { HostRules } from './rules.ts';

export type Way = 'serial' | 'mqtt';

/** One channel of one host. */
export interface Hearing {
  freshAt: number;
  /** What the board had stalled in all by then. */
  stalledMs: number;
  incarnation: number;
  /** When beats began again after a gap of more than 2K + d. */
  resumedAt: number;
  carried: boolean;
  session: number;
  /** Where its counter stood at the last fresh word, for the rule of doubt. */
  seq: number;
  seqAt: number;
  /** The last beat of the session, and how many came at the agreed pace one after the other. */
  beatAt: number;
  beatSeq: number;
  paced: number;
}

export interface Ear {
  rules: HostRules;
  ways: Record<Way, Hearing>;
  /** The life heard last in this life of the board, and since when; 0 where none was. */
  incarnation: number;
  since: number;
  /** Its power was switched since it was heard last: it may be booting, and nobody judges it. */
  missed: boolean;
  sickSince: number;
  /** The latest flagged beat that is surely no sign of life any more. */
  uselessAt: number;
  doubtUntil: number;
  /** The latest word or order of it that may have raised doubt. */
  doubtfulAt: number;
  twoAgents: boolean;
  /** While it is there, it has asked for leave and not gone. */
  leavingUntil: number;
  /** When it last asked; another shim of the same life that says later that it stays takes that back. */
  askedAt: number;
  left: boolean;
  goesOff: boolean;
  modem: boolean;
}

export interface Listening {
  on: boolean;
  changedAt: number;
  /** The latest outage: its end and its length. */
  gapEndAt: number;
  gapMs: number;
}

/** The latest time in which the board's process stood still. */
export interface Stall {
  since: number | undefined;
  endAt: number;
  lengthMs: number;
  /** All stalls of this life of the board that were surely longer than L. */
  totalMs: number;
}

export interface Ears {
  hosts: Ear[];
  /** By host number; the broker under 0. */
  media: Listening[];
  stall: Stall;
  /** Age of a tick by the world's clock; infinite where it was not issued in this life. */
  ageOf(tick: number, at: number): number;
  truth(at: number, truth: Truth): void;
  step(at: number, event: Event, effects: readonly Effect[]): void;
}
