/**
 * One session that stands, seen from the host: its keys, its beats, and what was heard of them.
 */
import type { Key } from '../crypto.ts';
import type { Instant } from '../instant.ts';
import { SESSION_PERIODS_MAX } from './derive.ts';

/** Sending times that are remembered; an ALIVE names a beat of the last few periods. */
const SENT_MAX = 64;

/** Half of what 16 bits hold: time enough for many tries before the session ends. */
const REKEY_SEQ = 2 ** 15;
const REKEY_GAP_MS = 60_000;

export interface Standing {
  aNonce: Uint8Array;
  kid: number;
  up: Key;
  down: Key;
  since: Instant;
  lastSeq: number;
  nextBeatAt: Instant;
  /** The last ALIVE, or the start of the session. */
  aliveAt: Instant;
  aliveTick: number;
  /** True once `no-contact` was told for this silence. */
  isMissing: boolean;
  rekeyAt: Instant;
  sentAt: Float64Array;
  /** The first seq of the LEAVING or LEFT that waits for its answer; 0 for none. */
  leaveSeq: number;
  leaveAnswered: boolean;
  /** The first seq of the wish for the timer that waits for its answer; 0 for none. */
  timerSeq: number;
  timerAnswered: boolean;
  /** The first seq of the pledge that waits for its answer; 0 for none. */
  pledgeSeq: number;
  pledgeAnswered: boolean;
  /** Of the last word about the timer: its tick, and what it answered. */
  timerTick: number;
  timerHeard: number;
  /** The turn of the last GRANT. */
  grantTurn: number;
}

export function newStanding(
  made: { aNonce: Uint8Array; kid: number; up: Key; down: Key },
  now: Instant,
): Standing {
  return {
    ...made,
    since: now,
    lastSeq: 0,
    nextBeatAt: now,
    aliveAt: now,
    aliveTick: 0,
    isMissing: false,
    rekeyAt: Number.NEGATIVE_INFINITY,
    sentAt: new Float64Array(SENT_MAX).fill(Number.NaN),
    leaveSeq: 0,
    leaveAnswered: false,
    timerSeq: 0,
    timerAnswered: false,
    pledgeSeq: 0,
    pledgeAnswered: false,
    timerTick: 0,
    timerHeard: 0,
    grantTurn: 0,
  };
}

/** Counts periods, sent or not, so the board can tell a hoard of old beats from a slow path. */
export function nextSeq(session: Standing, keepaliveMs: number, now: Instant): number {
  const elapsed = Math.floor((now - session.since) / keepaliveMs);
  const seq = Math.max(session.lastSeq + 1, elapsed);
  session.lastSeq = seq;
  session.sentAt[seq % SENT_MAX] = now;
  return seq;
}

/** When the beat `seq` left us; undefined if that is too long ago, or it never did. */
export function sentAtOf(session: Standing, seq: number): Instant | undefined {
  if (seq < 1 || seq > session.lastSeq || session.lastSeq - seq >= SENT_MAX) return undefined;
  const at = session.sentAt[seq % SENT_MAX];
  return at === undefined || Number.isNaN(at) ? undefined : at;
}

/** Moves to the next point of the grid, so that a late beat does not shift those after it. */
export function scheduleBeat(session: Standing, keepaliveMs: number, now: Instant): void {
  const periods = Math.floor((now - session.since) / keepaliveMs) + 1;
  session.nextBeatAt = session.since + periods * keepaliveMs;
}

export function isSpent(session: Standing, keepaliveMs: number, now: Instant): boolean {
  const limit = SESSION_PERIODS_MAX;
  return session.lastSeq >= limit || now - session.since > limit * keepaliveMs;
}

/**
 * Whether it is time to open a successor, by age or under the key of another `kid`; the caller
 * notes the try in `rekeyAt`.
 */
export function wantsRekey(session: Standing, kid: number, now: Instant): boolean {
  const isDue = session.lastSeq >= REKEY_SEQ || session.kid !== kid;
  return isDue && now - session.rekeyAt >= REKEY_GAP_MS;
}
