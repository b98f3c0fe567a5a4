/**
 * What the board remembers of each host's sessions, and how much of it: everything here is bounded
 * per host and channel, because whoever can reach a line or the broker decides how often it is
 * written to.
 */
import type { Key } from '../crypto.ts';
import type { Instant } from '../instant.ts';
import type { RingKey } from '../keys.ts';
import type { Channel } from '../messages.ts';
import { type Bucket, fullBucket, type Rate } from './bucket.ts';

/** Why a frame was not taken; counted per host and channel. */
export type Refusal =
  /** Fewer bytes than any message, or than its kind has. */
  | 'short'
  | 'oversize'
  /** Not one of our messages, or not one that a host may send. */
  | 'shape'
  /** No key of that number. */
  | 'kid'
  /** A wrong key, or an attacker. */
  | 'mac'
  /** Seq not larger than the last: a duplicate or a replay. */
  | 'replay'
  /** For another life of the agent. */
  | 'life'
  /** Tick older than F: delayed. */
  | 'old-tick'
  /** From a life of the host that is over. */
  | 'retired'
  /** Of a session that does not stand here: the usual case after a restart. */
  | 'unknown-session'
  /** Authentic, on another host's path: crossed cables. */
  | 'wrong-host'
  /** Authentic, and more than the path may carry. */
  | 'rate';

/** Every refusal, in the order in which tables show them. */
export const REFUSALS: readonly Refusal[] = [
  'short',
  'oversize',
  'shape',
  'kid',
  'mac',
  'replay',
  'life',
  'old-tick',
  'retired',
  'unknown-session',
  'wrong-host',
  'rate',
];

/** One for the host's present try, one for its previous: a delayed HELLO then harms neither. */
export const HALF_OPEN_MAX = 2;

/** A host beats at once when it has its WELCOME; an answer a minute late is no answer. */
export const HALF_OPEN_MS = 60_000;

/**
 * Lives of a host that are over. One is added per reboot of a host within a life of the agent; an
 * older one that is forgotten still needs a HELLO with a fresh tick to come back.
 */
export const RETIRED_MAX = 64;

/** Four times what a healthy shim sends; the burst takes what a stopped broker held for a minute. */
export function beatRate(keepaliveMs: number): Rate {
  return { perMs: 4 / keepaliveMs, burst: Math.min(300, 8 + Math.ceil(60_000 / keepaliveMs)) };
}
/** SOLICIT can be replayed by anybody, so its answers are bounded apart from all else. */
export const SOLICIT_RATE: Rate = { perMs: 2 / 1000, burst: 4 };
/** HELLOs that open a new slot; a host sends one a second. */
export const HELLO_RATE: Rate = { perMs: 2 / 1000, burst: 4 };
/** WELCOMEs repeated; these too can be asked for by replay. */
export const REPEAT_RATE: Rate = { perMs: 4 / 1000, burst: 8 };

export interface Session {
  /** Unique in this agent life; a later session has a larger one. */
  id: number;
  kid: number;
  /** What its keys were derived from; it ends when the ring holds this no more. */
  key: RingKey;
  incarnation: number;
  hNonce: Uint8Array;
  /** The whole frame, repeated for a HELLO that was seen before. */
  welcome: Uint8Array;
  up: Key;
  down: Key;
  /** When it was opened, then when its first beat made it stand. */
  since: Instant;
  lastSeq: number;
  /** LEFT was heard: nothing but a repeated LEFT is taken any more. */
  left: boolean;
}

export interface Path {
  channel: Channel;
  standing: Session | undefined;
  /** Oldest first. */
  halfOpen: Session[];
  /** Only to tell a frame of the session before from a forged one. */
  previous: { incarnation: number; up: Key } | undefined;
  buckets: Record<'beat' | 'solicit' | 'hello' | 'repeat', Bucket>;
  counts: Record<Refusal, number>;
}

export interface HostTable {
  host: number;
  name: string;
  freshnessMs: number;
  keepaliveMs: number;
  beatRate: Rate;
  /** The boot id of the last accepted beat that began a life here. */
  live: number | undefined;
  /** Oldest first. */
  retired: number[];
  paths: Partial<Record<Channel, Path>>;
}

/** The path, made at its first use: a host may have any of the channels. */
export function pathOf(table: HostTable, channel: Channel): Path {
  const known = table.paths[channel];
  if (known !== undefined) return known;
  const path: Path = {
    channel,
    standing: undefined,
    halfOpen: [],
    previous: undefined,
    buckets: {
      beat: fullBucket(table.beatRate),
      solicit: fullBucket(SOLICIT_RATE),
      hello: fullBucket(HELLO_RATE),
      repeat: fullBucket(REPEAT_RATE),
    },
    counts: Object.fromEntries(REFUSALS.map((refusal) => [refusal, 0])) as Path['counts'],
  };
  table.paths[channel] = path;
  return path;
}

/** Puts a new half-open session into its slot; the oldest makes room. */
export function openSlot(path: Path, session: Session): void {
  path.halfOpen.push(session);
  if (path.halfOpen.length > HALF_OPEN_MAX) path.halfOpen.shift();
}

/** Make before break: the session stands, and the one that stood before is gone. */
export function stand(path: Path, session: Session, now: Instant): void {
  if (path.standing === session) return;
  if (path.standing !== undefined) {
    path.previous = { incarnation: path.standing.incarnation, up: path.standing.up };
  }
  path.standing = session;
  session.since = now;
  // Older tries of the same host are settled by this one; a later try may still be under way.
  path.halfOpen = path.halfOpen.filter((slot) => slot.id > session.id);
}

/** Forgets every session of the path, keys included. */
export function clearPath(path: Path): void {
  path.standing = undefined;
  path.halfOpen = [];
  path.previous = undefined;
}

/** Ends a life of the host for the rest of ours: its sessions are dropped on all channels. */
export function retireLife(table: HostTable, incarnation: number): void {
  if (!table.retired.includes(incarnation)) {
    table.retired.push(incarnation);
    if (table.retired.length > RETIRED_MAX) table.retired.shift();
  }
  if (table.live === incarnation) table.live = undefined;
  for (const path of Object.values(table.paths)) {
    if (path.standing?.incarnation === incarnation) {
      path.previous = { incarnation, up: path.standing.up };
      path.standing = undefined;
    }
    path.halfOpen = path.halfOpen.filter((slot) => slot.incarnation !== incarnation);
  }
}

/** Forgets even the keys that would tell a late frame of that life from a forged one. */
export function destroyKeys(table: HostTable, incarnation: number): void {
  for (const path of Object.values(table.paths)) {
    if (path.previous?.incarnation === incarnation) path.previous = undefined;
  }
}

/**
 * A beat of `session` began a new life of the host: the life before it, and every life that last
 * knocked before this one did, are over. A slot opened later than this session's stays: where a
 * beat of a dying life was held up, it is the newer life that knocked last.
 */
export function beginLife(table: HostTable, session: Session): void {
  const over = new Set<number>();
  if (table.live !== undefined) over.add(table.live);
  for (const path of Object.values(table.paths)) {
    if (path.standing !== undefined && path.standing.id < session.id) {
      over.add(path.standing.incarnation);
    }
    for (const slot of path.halfOpen) if (slot.id < session.id) over.add(slot.incarnation);
  }
  over.delete(session.incarnation);
  for (const incarnation of over) retireLife(table, incarnation);
  table.live = session.incarnation;
}
