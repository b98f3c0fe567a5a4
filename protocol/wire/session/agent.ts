/**
 * The board's side of sessions: who is speaking, in which life, and is it new?
 *
 * A host proves itself in three steps. Our BEACON invites; its HELLO names the beacon, a nonce and
 * its boot id; our WELCOME adds a nonce, and from all of them come the keys of one session on one
 * channel. Until its first beat the new session only waits in a slot while the old one serves on,
 * so no rekey and no lost frame ever looks like silence.
 *
 * A host may have several keys while one is replaced by another. It is called under each of them,
 * and knocks under one that we called with; so whichever end is told of the new key first, and
 * whichever begins to send with it first, there is always one that both have. A session ends with
 * the key that it was made from (revoke.ts), so the new one must stand before the old key goes.
 *
 * `receive` answers handshakes by itself and hands beats on as opened messages. How fresh a beat is
 * the core judges, with one exception: a beat that would begin a new life of the host must have an
 * echo within F, or one held up in a broker would end the life that replaced its own.
 *
 * | frame | refused as | else |
 * |---|---|---|
 * | any | short, oversize, shape, kid, mac, wrong-host | |
 * | SOLICIT | rate | BEACON |
 * | HELLO | life, old-tick, rate; a retired id is opened and gets no answer | WELCOME |
 * | BEAT, KICK, CLAIM, RELEASE, PLEDGE, LEAVING, LEFT | unknown-session, replay, rate, old-tick (new life only) | opened |
 */
import { openBody, type Peeked, peek, sealFrame, verify } from '../codec.ts';
import type { Crypto } from '../crypto.ts';
import { decodeHeld } from '../groups.ts';
import type { Instant } from '../instant.ts';
import type { RingKey } from '../keys.ts';
import { type Channel, LEAVE_REASON, type MessageOf, nameOf, OPERATION } from '../messages.ts';
import { ageOf, type TickLog } from '../ticks.ts';
import { take } from './bucket.ts';
import { SESSION_PERIODS_MAX } from './derive.ts';
import { onHello } from './handshake.ts';
import {
  type AgentSessions,
  type AgentSetup,
  type Arrival,
  type From,
  type OpenedMember,
  type OpenedOnSession,
  type OpenedWord,
  type Received,
  tableOf,
} from './opened.ts';
import {
  beatRate,
  beginLife,
  clearPath,
  destroyKeys,
  HALF_OPEN_MS,
  type HostTable,
  type Path,
  pathOf,
  type Refusal,
  retireLife,
  type Session,
  SOLICIT_RATE,
  stand,
} from './table.ts';

export type {
  AgentSessions,
  AgentSetup,
  From,
  Opened,
  OpenedBeat,
  OpenedClaim,
  OpenedHello,
  OpenedKick,
  OpenedLeaving,
  OpenedLeft,
  OpenedMember,
  OpenedPledge,
  OpenedRelease,
  OpenedSolicit,
  OpenedWord,
  Received,
} from './opened.ts';
export type { Refusal } from './table.ts';

/** What the board says to a host under the keys of a session, besides that it is heard. */
export type Said = { [K in 'timer' | 'grant' | 'away']: Omit<MessageOf<K>, 'kid'> }[
  | 'timer'
  | 'grant'
  | 'away'];

/** Throws where a host has no key: the configuration should have been refused. */
export function agentSessions(setup: AgentSetup): AgentSessions {
  const table: (HostTable | undefined)[] = [];
  for (const { host, name, freshnessMs, keepaliveMs } of setup.hosts) {
    if (setup.ring.sending('host', name) === undefined) {
      throw new Error(`host ${name} has no key in the keys file`);
    }
    table[host] = {
      host,
      name,
      freshnessMs,
      keepaliveMs,
      beatRate: beatRate(keepaliveMs),
      live: undefined,
      retired: [],
      paths: {},
    };
  }
  return { setup, table, lastId: 0 };
}

/** Opens one frame. Throws only where `from.host` is no host of ours. */
export function receive(
  sessions: AgentSessions,
  from: From,
  frame: Uint8Array,
  ticks: TickLog,
  now: Instant,
): Received {
  const counts = pathOf(tableOf(sessions, from.host), from.channel).counts;
  const outcome = open({ sessions, from, frame, ticks, now });
  if (typeof outcome === 'string') {
    counts[outcome] += 1;
    return { replies: [], refused: outcome };
  }
  if (outcome.refused !== undefined) counts[outcome.refused] += 1;
  if (outcome.opened?.kind === 'hello' && outcome.opened.retired) counts.retired += 1;
  return outcome;
}

/**
 * Invitations, one under the handshake key of each kid of the host; due every T on every open
 * channel. The one that we send with comes first, so that a host which has it knocks with it.
 */
export function beacons(
  sessions: AgentSessions,
  host: number,
  channel: Channel,
  tick: number,
): Uint8Array[] {
  const { ring } = sessions.setup;
  const { name } = tableOf(sessions, host);
  const first = ring.sending('host', name);
  if (first === undefined) throw new Error(`host ${name} has no key in the keys file`);
  const others = ring.of('host', name).filter((key) => key !== first);
  return [first, ...others].map((key) => beacon(sessions, key, channel, tick));
}

function beacon(
  { setup }: AgentSessions,
  key: RingKey,
  channel: Channel,
  tick: number,
): Uint8Array {
  const { crypto, agent, aNonce } = setup;
  const message = { kind: 'beacon', kid: key.kid, agent, aNonce, tick } as const;
  return sealFrame(crypto, key.handshake(), channel, message);
}

/** Tells the host that it is heard; undefined where no session stands on that channel. */
export function alive(
  sessions: AgentSessions,
  host: number,
  channel: Channel,
  tick: number,
): Uint8Array | undefined {
  const session = tableOf(sessions, host).paths[channel]?.standing;
  if (session === undefined || session.left) return undefined;
  const message = { kind: 'alive', kid: session.kid, tick, heard: session.lastSeq } as const;
  return sealFrame(sessions.setup.crypto, session.down, channel, message);
}

/** The answer to a LEAVING, LEFT or PLEDGE; undefined where its session has ended since. */
export function seen(
  sessions: AgentSessions,
  opened: OpenedWord,
  tick: number,
): Uint8Array | undefined {
  const session = tableOf(sessions, opened.host).paths[opened.channel]?.standing;
  if (session === undefined || session.id !== opened.session) return undefined;
  const kind = SEEN[opened.kind];
  const message = { kind, kid: session.kid, tick, heard: opened.seq } as const;
  return sealFrame(sessions.setup.crypto, session.down, opened.channel, message);
}

const SEEN = { leaving: 'leavingSeen', left: 'leftSeen', pledge: 'pledgeSeen' } as const;

/**
 * Tells the host where its timer stands, what became of its word about a group, or that this agent stops
 * on purpose; undefined where no session stands on that channel.
 */
export function saidFrame(
  sessions: AgentSessions,
  host: number,
  channel: Channel,
  said: Said,
): Uint8Array | undefined {
  const session = tableOf(sessions, host).paths[channel]?.standing;
  if (session === undefined || session.left) return undefined;
  const message = { kid: session.kid, ...said };
  return sealFrame(sessions.setup.crypto, session.down, channel, message);
}

/** Ends a life of a host for the rest of this agent life, and destroys its session keys. */
export function retire(sessions: AgentSessions, host: number, incarnation: number): void {
  const table = tableOf(sessions, host);
  retireLife(table, incarnation);
  destroyKeys(table, incarnation);
}

/** Drops what stands and waits on one channel; the host notices within 3T and says HELLO. */
export function endSession(sessions: AgentSessions, host: number, channel: Channel): void {
  const path = tableOf(sessions, host).paths[channel];
  if (path !== undefined) clearPath(path);
}

/** Counts of what was refused since the start of this life, per host and channel. */
export function refusals(
  sessions: AgentSessions,
): { host: number; channel: Channel; counts: Record<Refusal, number> }[] {
  return sessions.table.flatMap((table) =>
    table === undefined
      ? []
      : Object.values(table.paths).map(({ channel, counts }) => ({
          host: table.host,
          channel,
          counts: { ...counts },
        })),
  );
}

function open(arrival: Arrival): Received | Refusal {
  const { sessions, frame } = arrival;
  const peeked = peek(frame);
  if ('refused' in peeked) return peeked.refused;
  const { kind, kid } = peeked;
  // Our own echo on a line that returns what it gets ends here, and is nobody's attack.
  if (!isFromHost(kind) || peeked.owner === undefined) return 'shape';
  const table = sessions.table[peeked.owner];
  if (table === undefined) return 'kid';
  const key = sessions.setup.ring.find('host', table.name, kid);
  if (key === undefined) return 'kid';
  if (kind === 'solicit') return onSolicit(arrival, peeked, table, key);
  if (kind === 'hello') return onHello(arrival, peeked, table, key);
  return onSession(arrival, peeked, kind, table);
}

const MEMBER_WORDS = ['beat', 'kick', 'claim', 'release', 'pledge', 'leaving', 'left'] as const;
const FROM_HOSTS = ['solicit', 'hello', ...MEMBER_WORDS] as const;
type MemberWord = (typeof MEMBER_WORDS)[number];

function isFromHost(kind: string): kind is (typeof FROM_HOSTS)[number] {
  return (FROM_HOSTS as readonly string[]).includes(kind);
}

function onSolicit(
  { sessions, from, frame, ticks, now }: Arrival,
  peeked: Peeked,
  table: HostTable,
  key: RingKey,
): Received | Refusal {
  if (!verify(sessions.setup.crypto, key.handshake(), from.channel, peeked)) return 'mac';
  if ('refused' in openBody(frame, 'solicit')) return 'shape';
  if (table.host !== from.host) return 'wrong-host';
  if (!take(pathOf(table, from.channel).buckets.solicit, SOLICIT_RATE, now)) return 'rate';
  const replies = ticks.latest === 0 ? [] : [beacon(sessions, key, from.channel, ticks.latest)];
  return { opened: { kind: 'solicit', host: table.host, channel: from.channel }, replies };
}

function onSession(
  { sessions, from, frame, ticks, now }: Arrival,
  peeked: Peeked,
  kind: MemberWord,
  table: HostTable,
): Received | Refusal {
  const { crypto } = sessions.setup;
  const path = pathOf(table, from.channel);
  const session = sessionOf(crypto, table, path, peeked);
  if (typeof session === 'string') return session;
  if (table.host !== from.host) return 'wrong-host';
  const message = openBody(frame, kind);
  if ('refused' in message) return 'shape';
  if (isOver(session, path, table, message.seq, now)) {
    const stood = path.standing === session;
    if (stood) path.standing = undefined;
    path.halfOpen = path.halfOpen.filter((slot) => slot !== session);
    return { replies: [], refused: 'unknown-session', ...(stood ? { expired: true } : {}) };
  }
  if (session.left && kind !== 'left') return 'unknown-session';
  if (message.seq <= session.lastSeq) return 'replay';
  const opened = openedOf(message, from.channel, session, frame);
  if (opened === undefined) return 'shape';
  const ageMs = ageOf(ticks, message.echo, now);
  const fresh = ageMs !== undefined && ageMs <= table.freshnessMs;
  if (session.incarnation !== table.live && !fresh) return 'old-tick';
  if (!take(path.buckets.beat, table.beatRate, now)) return 'rate';
  if (fresh) session.key.usedAt = now;

  stand(path, session, now);
  if (session.incarnation !== table.live) beginLife(table, session);
  session.lastSeq = message.seq;
  session.left = kind === 'left';
  return { opened, replies: [] };
}

/** The message as the core sees it; undefined where it says a word that nobody knows. */
function openedOf(
  message: MessageOf<MemberWord>,
  channel: Channel,
  session: Session,
  frame: Uint8Array,
): OpenedMember | undefined {
  const { host, seq, echo } = message;
  const { id, incarnation } = session;
  const common: OpenedOnSession = { host, channel, session: id, incarnation, seq, echo };
  if (message.kind === 'beat') {
    return { kind: 'beat', ...common, flags: message.flags, bytes: frame };
  }
  if (message.kind === 'kick') {
    const op = nameOf(OPERATION, message.op);
    const { count, args } = message;
    return op === undefined ? undefined : { kind: 'kick', ...common, op, count, args };
  }
  if (message.kind === 'claim' || message.kind === 'release') {
    const { kind, turn, group } = message;
    if (kind === 'release') return { kind, ...common, turn, group };
    const held = decodeHeld(message.held);
    return held === undefined ? undefined : { kind, ...common, turn, group, held };
  }
  if (message.kind === 'pledge') {
    const { timeout, watchdog, flags } = message;
    return { kind: 'pledge', ...common, timeout, watchdog, flags };
  }
  const reason = nameOf(LEAVE_REASON, message.reason);
  if (reason === undefined) return undefined;
  if (message.kind === 'left') return { kind: 'left', ...common, reason };
  return { kind: 'leaving', ...common, reason, returnByS: message.returnByS };
}

/** The session whose key made the frame: the one that stands first, then those that wait. */
function sessionOf(
  crypto: Crypto,
  table: HostTable,
  path: Path,
  peeked: Peeked,
): Session | Refusal {
  const { standing, halfOpen, previous, channel } = path;
  const made = (session: Session): boolean =>
    session.kid === peeked.kid && verify(crypto, session.up, channel, peeked);
  if (standing !== undefined && made(standing)) return standing;
  const waiting = halfOpen.find(made);
  if (waiting !== undefined) return waiting;
  // With no key to judge by, an attack and the aftermath of our own restart look the same.
  if (standing === undefined && previous === undefined) return 'unknown-session';
  if (previous === undefined || !verify(crypto, previous.up, channel, peeked)) return 'mac';
  return table.retired.includes(previous.incarnation) ? 'retired' : 'unknown-session';
}

function isOver(
  session: Session,
  path: Path,
  table: HostTable,
  seq: number,
  now: Instant,
): boolean {
  if (seq > SESSION_PERIODS_MAX) return true;
  const ageMs = now - session.since;
  return path.standing === session
    ? ageMs > SESSION_PERIODS_MAX * table.keepaliveMs
    : ageMs > HALF_OPEN_MS;
}
