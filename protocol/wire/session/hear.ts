/**
 * The frames that a host hears from the board's side: each is opened, weighed, and turned into a
 * change of the channel's sessions and into news. Nothing is sent from here.
 */
import { openBody, type Peeked, peek, verify } from '../codec.ts';
import { GROUP_ANSWER } from '../groups.ts';
import type { Instant } from '../instant.ts';
import { nameOf } from '../messages.ts';
import { decodeTimer, TIMER_STATE, TIMER_UNIT_MS } from '../timer.ts';
import { sameNonce, sessionKeys } from './derive.ts';
import { feedAlive, feedBeacon, feedWelcome, takeAway } from './echo.ts';
import {
  AWAY_AGE_MS,
  type HostNews,
  type HostRefusal,
  type HostSession,
  MISSING_PERIODS,
  RESTING,
} from './host-state.ts';
import { answered, heard } from './lives.ts';
import { newStanding, type Standing, sentAtOf } from './standing.ts';

/** Takes one frame; what cannot be taken is counted in `session.refusals`. */
export function onFrame(
  session: HostSession,
  frame: Uint8Array,
  now: Instant,
  news: HostNews[],
): void {
  const peeked = peek(frame);
  const refused = 'refused' in peeked ? 'shape' : onPeeked(session, frame, peeked, now, news);
  if (refused !== undefined) session.refusals[refused] += 1;
}

function onPeeked(
  session: HostSession,
  frame: Uint8Array,
  peeked: Peeked,
  now: Instant,
  news: HostNews[],
): HostRefusal | undefined {
  switch (peeked.kind) {
    case 'beacon':
      return onBeacon(session, frame, peeked, now, news);
    case 'welcome':
      return onWelcome(session, frame, peeked, now, news);
    case 'alive':
      return onAlive(session, frame, peeked, now, news);
    case 'leavingSeen':
    case 'leftSeen':
      return onSeen(session, frame, peeked, peeked.kind, news);
    case 'timer':
      return onTimer(session, frame, peeked, news);
    case 'grant':
      return onGrant(session, frame, peeked, news);
    case 'pledgeSeen':
      return onPledgeSeen(session, frame, peeked, news);
    case 'away':
      return onAway(session, frame, peeked, now, news);
    default:
      // Our own echo on a line that returns what it gets.
      return 'shape';
  }
}

function onBeacon(
  session: HostSession,
  frame: Uint8Array,
  peeked: Peeked,
  now: Instant,
  news: HostNews[],
): HostRefusal | undefined {
  const refused = checkHandshake(session, peeked);
  if (refused !== undefined) return refused;
  const beacon = openBody(frame, 'beacon');
  if ('refused' in beacon) return 'shape';
  if (beacon.agent !== session.setup.agent) return 'other-agent';
  const { aNonce, tick, kid } = beacon;
  const isServed = (nonce: Uint8Array): boolean =>
    session.standing.some((own) => sameNonce(own.aNonce, nonce));
  if (heard(session.lives, { aNonce, tick, kid }, isServed, now) === undefined) return 'replay';
  session.solicitAt = undefined;
  feedBeacon(session.setup.echo, aNonce, tick, now);
  news.push({ kind: 'beacon', aNonce, tick });
  return undefined;
}

function onWelcome(
  session: HostSession,
  frame: Uint8Array,
  peeked: Peeked,
  now: Instant,
  news: HostNews[],
): HostRefusal | undefined {
  const { crypto, ring, host, hostName, agent, channel, incarnation, echo } = session.setup;
  const refused = checkHandshake(session, peeked);
  if (refused !== undefined) return refused;
  const welcome = openBody(frame, 'welcome');
  if ('refused' in welcome || welcome.host !== host) return 'shape';
  const root = ring.find('host', hostName, welcome.kid)?.session();
  if (root === undefined) return 'kid';
  const life = answered(session.lives, welcome);
  if (life === undefined) return 'replay';
  const { aNonce } = life;
  const { hNonce, wNonce, kid, tick } = welcome;
  const name = { host, agent, channel, incarnation, aNonce, hNonce, wNonce };
  const made = newStanding({ aNonce, kid, ...sessionKeys(crypto, root, name) }, now);
  const former = session.standing.find((own) => !sameNonce(own.aNonce, aNonce));
  session.standing = former === undefined ? [made] : [made, former];
  if (former !== undefined) former.nextBeatAt = RESTING;
  feedWelcome(echo, aNonce, tick, now);
  news.push({ kind: 'session', aNonce, tick });
  return undefined;
}

function onAlive(
  session: HostSession,
  frame: Uint8Array,
  peeked: Peeked,
  now: Instant,
  news: HostNews[],
): HostRefusal | undefined {
  const { keepaliveMs, echo } = session.setup;
  const own = ownerOf(session, peeked);
  if (typeof own === 'string') return own;
  const alive = openBody(frame, 'alive');
  if ('refused' in alive) return 'shape';
  const { tick, heard: seq } = alive;
  if (tick <= own.aliveTick || seq > own.lastSeq) return 'replay';
  own.aliveTick = tick;
  own.aliveAt = now;
  own.isMissing = false;
  const [newest] = session.standing;
  const isStillThere = newest !== undefined && now - newest.since > session.setup.beaconMs / 2;
  if (own.nextBeatAt === RESTING && isStillThere) own.nextBeatAt = now;
  const sentAt = sentAtOf(own, seq);
  const recentMs = MISSING_PERIODS * Math.max(keepaliveMs, 1_000);
  const isSecond = feedAlive(echo, own.aNonce, { tick, sentAt }, recentMs, now);
  news.push({ kind: 'contact', tick, heard: seq, sentAt });
  if (isSecond) news.push({ kind: 'two-agents' });
  return undefined;
}

function onSeen(
  session: HostSession,
  frame: Uint8Array,
  peeked: Peeked,
  kind: 'leavingSeen' | 'leftSeen',
  news: HostNews[],
): HostRefusal | undefined {
  const own = ownerOf(session, peeked);
  if (typeof own === 'string') return own;
  const seen = openBody(frame, kind);
  if ('refused' in seen) return 'shape';
  const isAnswer = own.leaveSeq > 0 && seen.heard >= own.leaveSeq && seen.heard <= own.lastSeq;
  const isExpected = session.leave?.kind === (kind === 'leftSeen' ? 'left' : 'leaving');
  if (!isAnswer || !isExpected || own.leaveAnswered) return 'replay';
  own.leaveAnswered = true;
  news.push({ kind: kind === 'leftSeen' ? 'left-acknowledged' : 'leaving-acknowledged' });
  return undefined;
}

/** An answer, or with `heard` 0 a warning by itself; within one tick only a later answer is new. */
function onTimer(
  session: HostSession,
  frame: Uint8Array,
  peeked: Peeked,
  news: HostNews[],
): HostRefusal | undefined {
  const own = ownerOf(session, peeked);
  if (typeof own === 'string') return own;
  const said = openBody(frame, 'timer');
  if ('refused' in said) return 'shape';
  const state = nameOf(TIMER_STATE, said.timer);
  if (state === undefined) return 'shape';
  const { tick, heard, remaining } = said;
  const isNew = tick > own.timerTick || (tick === own.timerTick && heard > own.timerHeard);
  if (!isNew || heard > own.lastSeq) return 'replay';
  own.timerTick = tick;
  own.timerHeard = heard;
  if (own.timerSeq > 0 && heard >= own.timerSeq) own.timerAnswered = true;
  const settings = decodeTimer(said.args);
  const remainingMs = remaining * TIMER_UNIT_MS;
  news.push({ kind: 'timer', warning: heard === 0, state, remainingMs, settings });
  return undefined;
}

/** The board answers each turn once on a channel, and none after a later one. */
function onGrant(
  session: HostSession,
  frame: Uint8Array,
  peeked: Peeked,
  news: HostNews[],
): HostRefusal | undefined {
  const own = ownerOf(session, peeked);
  if (typeof own === 'string') return own;
  const said = openBody(frame, 'grant');
  if ('refused' in said) return 'shape';
  const answer = nameOf(GROUP_ANSWER, said.answer);
  if (answer === undefined) return 'shape';
  const { turn, group, holder } = said;
  if (turn <= own.grantTurn) return 'replay';
  own.grantTurn = turn;
  news.push({ kind: 'grant', aNonce: own.aNonce, turn, group, answer, holder });
  return undefined;
}

function onPledgeSeen(
  session: HostSession,
  frame: Uint8Array,
  peeked: Peeked,
  news: HostNews[],
): HostRefusal | undefined {
  const own = ownerOf(session, peeked);
  if (typeof own === 'string') return own;
  const seen = openBody(frame, 'pledgeSeen');
  if ('refused' in seen) return 'shape';
  const isAnswer = own.pledgeSeq > 0 && seen.heard >= own.pledgeSeq && seen.heard <= own.lastSeq;
  if (!isAnswer || own.pledgeAnswered) return 'replay';
  own.pledgeAnswered = true;
  news.push({ kind: 'pledge-acknowledged' });
  return undefined;
}

/** A copy that comes late, or after a sign that the agent is there, must not make anybody wait. */
function onAway(
  session: HostSession,
  frame: Uint8Array,
  peeked: Peeked,
  now: Instant,
  news: HostNews[],
): HostRefusal | undefined {
  const own = ownerOf(session, peeked);
  if (typeof own === 'string') return own;
  const away = openBody(frame, 'away');
  if ('refused' in away) return 'shape';
  const isLate = now - own.aliveAt > AWAY_AGE_MS;
  if (isLate || !takeAway(session.setup.echo, own.aNonce, away.tick)) return 'replay';
  news.push({ kind: 'away', returnByS: away.returnByS });
  return undefined;
}

function checkHandshake(session: HostSession, peeked: Peeked): HostRefusal | undefined {
  const { crypto, ring, hostName, channel } = session.setup;
  const key = ring.find('host', hostName, peeked.kid);
  if (key === undefined) return 'kid';
  return verify(crypto, key.handshake(), channel, peeked) ? undefined : 'mac';
}

/** The session whose down key made the frame. */
function ownerOf(session: HostSession, peeked: Peeked): Standing | HostRefusal {
  const { crypto, channel } = session.setup;
  if (session.standing.length === 0) return 'no-session';
  return session.standing.find((own) => verify(crypto, own.down, channel, peeked)) ?? 'mac';
}
