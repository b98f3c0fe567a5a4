/**
 * What a host has heard of the board, shared by its channels: a beat on one channel echoes the
 * largest tick that any of them brought, so a dead line never makes a living host look stale.
 *
 * Ticks count within one life of the agent, so the cell keeps them per life. The same record shows
 * two agents that take themselves for the guard of one host: of two lives each has answered a beat
 * that was sent after the other's session stood, so neither is the successor of the other. (A
 * restarted agent never answers what was sent after its death.)
 */
import type { Instant } from '../instant.ts';
import { sameNonce } from './derive.ts';

/** Lives of the agent that are remembered; more than two at once is a fault in itself. */
const LIVES_MAX = 4;

/** The sign of two agents stands this long after it was last seen. */
const TWO_AGENTS_MS = 60_000;

export interface HeardLife {
  aNonce: Uint8Array;
  /** The largest tick accepted; 0 before the first. */
  tick: number;
  /** When a session with this life first stood on any channel. */
  stoodAt: Instant | undefined;
  /** The latest sending time of a beat that this life is known to have heard. */
  heardSentAt: Instant;
  touchedAt: Instant;
  /** The tick with which it said that it goes away. */
  awayTick?: number;
}

/** Made by `echoCell`, one per host; changed by the sessions that share it. */
export interface EchoCell {
  lives: HeardLife[];
  twoAgentsUntil: Instant;
  /** Whether this host has begun to leave. */
  leaves: boolean;
}

export function echoCell(): EchoCell {
  return { lives: [], twoAgentsUntil: Number.NEGATIVE_INFINITY, leaves: false };
}

/** The tick to echo to the life `aNonce`. */
export function tickFor(cell: EchoCell, aNonce: Uint8Array): number {
  return cell.lives.find((life) => sameNonce(life.aNonce, aNonce))?.tick ?? 0;
}

/** A BEACON only invites: once a session stands, only what comes under its key counts. */
export function feedBeacon(cell: EchoCell, aNonce: Uint8Array, tick: number, now: Instant): void {
  const life = lifeOf(cell, aNonce, now);
  if (life.stoodAt === undefined) life.tick = Math.max(life.tick, tick);
}

/** A WELCOME: a session with this life stands from now on. */
export function feedWelcome(cell: EchoCell, aNonce: Uint8Array, tick: number, now: Instant): void {
  const life = lifeOf(cell, aNonce, now);
  life.tick = Math.max(life.tick, tick);
  life.stoodAt ??= now;
}

/** An ALIVE that names a beat sent at `sentAt`; true when it shows a second agent newly. */
export function feedAlive(
  cell: EchoCell,
  aNonce: Uint8Array,
  alive: { tick: number; sentAt: Instant | undefined },
  recentMs: number,
  now: Instant,
): boolean {
  const life = lifeOf(cell, aNonce, now);
  life.tick = Math.max(life.tick, alive.tick);
  if (alive.sentAt !== undefined) life.heardSentAt = Math.max(life.heardSentAt, alive.sentAt);
  const rival = cell.lives.find(
    (other) =>
      other !== life &&
      now - other.heardSentAt <= recentMs &&
      answeredAfter(life, other) &&
      answeredAfter(other, life),
  );
  if (rival === undefined) return false;
  const isNew = now >= cell.twoAgentsUntil;
  cell.twoAgentsUntil = now + TWO_AGENTS_MS;
  return isNew;
}

/**
 * Takes it that this life goes away, once; false where something was heard since that is later, of
 * it or of its successor.
 */
export function takeAway(cell: EchoCell, aNonce: Uint8Array, tick: number): boolean {
  const life = cell.lives.find((one) => sameNonce(one.aNonce, aNonce));
  const stoodAt = life?.stoodAt;
  if (life === undefined || stoodAt === undefined) return false;
  const isOld = tick < life.tick || tick <= (life.awayTick ?? 0);
  if (isOld || cell.lives.some((other) => (other.stoodAt ?? stoodAt) > stoodAt)) return false;
  life.awayTick = tick;
  return true;
}

function answeredAfter(life: HeardLife, other: HeardLife): boolean {
  return other.stoodAt !== undefined && life.heardSentAt > other.stoodAt;
}

function lifeOf(cell: EchoCell, aNonce: Uint8Array, now: Instant): HeardLife {
  const known = cell.lives.find((life) => sameNonce(life.aNonce, aNonce));
  if (known !== undefined) {
    known.touchedAt = now;
    return known;
  }
  const life: HeardLife = {
    aNonce,
    tick: 0,
    stoodAt: undefined,
    heardSentAt: Number.NEGATIVE_INFINITY,
    touchedAt: now,
  };
  if (cell.lives.length === LIVES_MAX) {
    // Old beacons can be replayed, so lives that never answered us make room first.
    const mere = cell.lives.filter((other) => other.stoodAt === undefined);
    const oldest = (mere.length > 0 ? mere : cell.lives).reduce((a, b) =>
      a.touchedAt <= b.touchedAt ? a : b,
    );
    cell.lives.splice(cell.lives.indexOf(oldest), 1);
  }
  cell.lives.push(life);
  return life;
}
