/**
 * The host's side of sessions on one channel: be heard by whichever life of the agent listens now,
 * and never fall silent because of a handshake.
 *
 * A beacon of a life that has no session with us, or whose ALIVEs are missing, gets a HELLO; its
 * WELCOME makes a session, which beats at once. The session of another life before it rests, and
 * goes on only if its ALIVEs still come: then two agents guard one host, and neither may hear
 * silence while both learn of each other (`echo.ts`). After a mere restart none comes any more.
 *
 * The key to knock with is the one that this host sends with, if that life of the board has it:
 * it calls under every key that it has. If not, one that both have, so no order in which the two
 * ends learn of a new key leaves them without a session. A session under another key than the one
 * to send with gets a successor as an old one does; it serves until that stands, even where its own
 * key is gone from our file: a host never falls silent for a change of its keys.
 *
 * | event | does |
 * |---|---|
 * | up | SOLICIT unless in contact, repeated after 1, 2, 4, 8 s until a beacon is heard |
 * | BEACON | HELLO, one a second and life |
 * | WELCOME | session stands, first beat; the echo is fed |
 * | ALIVE | contact; the echo is fed |
 * | AWAY | the agent stops on purpose: news, unless something later was heard |
 * | due | beat every K; LEAVING, LEFT, KICK of the timer and PLEDGE every T until answered; HELLO, SOLICIT |
 * | kick | KICK on each session at once; every beat carries the count |
 * | claim, release | the same on each session at once; whoever said it repeats it |
 * | lost | nothing is sent until up; sessions stay |
 */
import { sealFrame } from '../codec.ts';
import type { Key } from '../crypto.ts';
import { encodeHeld } from '../groups.ts';
import type { Instant } from '../instant.ts';
import type { RingKey } from '../keys.ts';
import {
  FLAG_STAYS,
  FLAG_TWO_AGENTS,
  KICK_COUNT_MASK,
  LEAVE_REASON,
  type Message,
  OPERATION,
} from '../messages.ts';
import { sameNonce } from './derive.ts';
import { tickFor } from './echo.ts';
import { onFrame } from './hear.ts';
import {
  type HostEvent,
  type HostNews,
  type HostSession,
  type HostSetup,
  isInContact,
  isMissing,
  type Leave,
  MISSING_PERIODS,
  type Pledge,
  RESTING,
  type TimerWish,
} from './host-state.ts';
import { callsUnder, helloDueAt, type Life, nonceFor } from './lives.ts';
import { isSpent, nextSeq, type Standing, scheduleBeat, wantsRekey } from './standing.ts';

export { type EchoCell, echoCell } from './echo.ts';
export type { HostEvent, HostNews, HostRefusal, HostSession, HostSetup } from './host-state.ts';

export interface HostStep {
  send: Uint8Array[];
  /** When it wants { kind: 'due' } next: finite, later than `now` and within a second of it. */
  dueAt: Instant;
  news: HostNews[];
}

const SOLICIT_FIRST_MS = 1_000;
const SOLICIT_LAST_MS = 8_000;
const DUE_AT_MOST_MS = 1_000;
const DUE_AT_LEAST_MS = 1;
/** Enough for one of them to be heard before its session is old. */
const BEATS_THAT_TELL = 10;

export function hostSession(setup: HostSetup): HostSession {
  return {
    setup,
    refusals: { shape: 0, kid: 0, mac: 0, replay: 0, 'other-agent': 0, 'no-session': 0 },
    isUp: false,
    flags: 0,
    lives: [],
    standing: [],
    solicitAt: undefined,
    solicitGapMs: SOLICIT_FIRST_MS,
    leave: undefined,
    timer: undefined,
    pledge: undefined,
    kicks: 0,
  };
}

/** Takes one event at `now`; `draw` gives 8 fresh random bytes. */
export function stepHostSession(
  session: HostSession,
  event: HostEvent,
  now: Instant,
  draw: () => Uint8Array,
): HostStep {
  const news: HostNews[] = [];
  switch (event.kind) {
    case 'frame':
      onFrame(session, event.bytes, now, news);
      break;
    case 'up':
      session.isUp = true;
      if (!isInContact(session, now)) session.solicitAt = now;
      session.solicitGapMs = SOLICIT_FIRST_MS;
      break;
    case 'lost':
      session.isUp = false;
      break;
    case 'flags':
      if ((event.flags & ~session.flags) !== 0) beatNow(session, now);
      session.flags = event.flags;
      break;
    case 'pledge': {
      const { kind: _, ...terms } = event;
      wishPledge(session, { ...terms, nextAt: now });
      break;
    }
    case 'kick':
      session.kicks = event.count;
      break;
    case 'timer':
      wishTimer(session, { op: event.op, args: event.args, nextAt: now });
      break;
    case 'leave':
      beginLeave(session, { ...event, kind: 'leaving', nextAt: now });
      break;
    case 'leftNow':
      beginLeave(session, { reason: event.reason, returnByS: 0, kind: 'left', nextAt: now });
      break;
    case 'claim':
    case 'release':
    case 'due':
      break;
    default:
      return event satisfies never;
  }
  dropOld(session, now, news);
  const send = session.isUp ? whatIsDue(session, now, draw) : [];
  if (session.isUp) send.push(...atOnce(session, event, now));
  return { send, dueAt: nextDue(session, now), news };
}

function beginLeave(session: HostSession, leave: Leave): void {
  session.leave = leave;
  session.setup.echo.leaves = true;
  for (const own of session.standing) {
    own.leaveSeq = 0;
    own.leaveAnswered = false;
  }
}

function wishTimer(session: HostSession, wish: TimerWish): void {
  session.timer = wish;
  for (const own of session.standing) {
    own.timerSeq = 0;
    own.timerAnswered = false;
  }
}

function wishPledge(session: HostSession, pledge: Pledge): void {
  session.pledge = pledge;
  for (const own of session.standing) {
    own.pledgeSeq = 0;
    own.pledgeAnswered = false;
  }
}

/** The next beat comes at once, those after it when they would have come. */
function beatNow({ standing }: HostSession, now: Instant): void {
  for (const own of standing) if (own.nextBeatAt !== RESTING) own.nextBeatAt = now;
}

/** A kick or a word about a group, on each session that speaks; LEFT is the last word. */
function atOnce(session: HostSession, event: HostEvent, now: Instant): Uint8Array[] {
  const { kind } = event;
  if (kind !== 'kick' && kind !== 'claim' && kind !== 'release') return [];
  if (session.leave?.kind === 'left') return [];
  const speaking = session.standing.filter((own) => own.nextBeatAt !== RESTING);
  return speaking.map((own) => {
    if (kind === 'kick')
      return sealKick(session, own, { op: 'timer-reset', args: new Uint8Array() }, now);
    const { turn, group } = event;
    const said = { ...stampOf(session, own, now), turn, group };
    const message: Message =
      kind === 'release' ? { kind, ...said } : { kind, ...said, held: encodeHeld(event.held) };
    return sealUp(session, own.up, message);
  });
}

function sealKick(
  session: HostSession,
  own: Standing,
  { op, args }: { op: 'timer-reset' | TimerWish['op']; args: Uint8Array },
  now: Instant,
): Uint8Array {
  const words = { op: OPERATION[op], count: session.kicks & 0xff, args };
  return sealUp(session, own.up, { kind: 'kick', ...stampOf(session, own, now), ...words });
}

/** What every word under a session's key begins with. */
function stampOf(
  session: HostSession,
  own: Standing,
  now: Instant,
): { kid: number; host: number; seq: number; echo: number } {
  const { host, keepaliveMs, echo } = session.setup;
  const seq = nextSeq(own, keepaliveMs, now);
  return { kid: own.kid, host, seq, echo: tickFor(echo, own.aNonce) };
}

function dropOld(session: HostSession, now: Instant, news: HostNews[]): void {
  const { keepaliveMs } = session.setup;
  session.standing = session.standing.filter(
    (own, index) =>
      !isSpent(own, keepaliveMs, now) && (index === 0 || !isMissing(session, own, now)),
  );
  const [own] = session.standing;
  if (own !== undefined && !own.isMissing && isMissing(session, own, now)) {
    own.isMissing = true;
    if (!isInContact(session, now)) news.push({ kind: 'no-contact' });
  }
}

function hasLeft(session: HostSession): boolean {
  return session.leave?.kind === 'left' && session.standing.some((own) => own.leaveAnswered);
}

function whatIsDue(session: HostSession, now: Instant, draw: () => Uint8Array): Uint8Array[] {
  if (hasLeft(session)) return [];
  const frames: Uint8Array[] = [];
  for (const own of session.standing) sendOnSession(session, own, now, frames);
  for (const word of [session.leave, session.timer, session.pledge]) {
    if (word !== undefined && word.nextAt <= now) word.nextAt = now + session.setup.beaconMs;
  }
  for (const life of session.lives) {
    const key = knockKey(session, life, now);
    if (key === undefined || !wantsHello(session, life, now)) continue;
    const own = session.standing.find((other) => sameNonce(other.aNonce, life.aNonce));
    // Once answered, a nonce gets that answer again; where its session is gone, only another helps.
    const anew =
      own === undefined
        ? life.answers.length > 0
        : wantsRekey(own, wantedKid(session, life, own, now), now);
    if (own !== undefined && anew) own.rekeyAt = now;
    const { kid } = key;
    frames.push(hello(session, key, life, nonceFor(life, { kid, anew }, now, draw)));
  }
  if (session.solicitAt !== undefined && session.solicitAt <= now) {
    frames.push(sealHandshake(session, sendingKey(session), { kind: 'solicit', sNonce: draw() }));
    session.solicitAt = now + session.solicitGapMs;
    session.solicitGapMs = Math.min(SOLICIT_LAST_MS, session.solicitGapMs * 2);
  }
  return frames;
}

function sendOnSession(
  session: HostSession,
  own: Standing,
  now: Instant,
  frames: Uint8Array[],
): void {
  const { keepaliveMs, echo } = session.setup;
  const { leave, timer, pledge } = session;
  const stamp = () => stampOf(session, own, now);
  if (own.nextBeatAt <= now && leave?.kind !== 'left') {
    const said = stamp();
    const twoAgents = now < echo.twoAgentsUntil ? FLAG_TWO_AGENTS : 0;
    const stays = said.seq <= BEATS_THAT_TELL && !echo.leaves ? FLAG_STAYS : 0;
    const flags = session.flags | (session.kicks & KICK_COUNT_MASK) | twoAgents | stays;
    frames.push(sealUp(session, own.up, { kind: 'beat', ...said, flags }));
    scheduleBeat(own, keepaliveMs, now);
  }
  if (own.nextBeatAt === RESTING) return;
  if (timer !== undefined && saysTimer(session, own) && timer.nextAt <= now) {
    const frame = sealKick(session, own, timer, now);
    if (own.timerSeq === 0) own.timerSeq = own.lastSeq;
    frames.push(frame);
  }
  if (pledge !== undefined && saysPledge(session, own) && pledge.nextAt <= now) {
    const { nextAt: _, ...terms } = pledge;
    frames.push(sealUp(session, own.up, { kind: 'pledge', ...stamp(), ...terms }));
    if (own.pledgeSeq === 0) own.pledgeSeq = own.lastSeq;
  }
  if (leave === undefined || own.leaveAnswered || leave.nextAt > now) return;
  const { kind, returnByS } = leave;
  const said = { ...stamp(), reason: LEAVE_REASON[leave.reason] };
  if (own.leaveSeq === 0) own.leaveSeq = said.seq;
  frames.push(
    sealUp(session, own.up, kind === 'left' ? { kind, ...said } : { kind, ...said, returnByS }),
  );
}

/** The wish for the timer is said until it is answered, and not after LEFT. */
function saysTimer(session: HostSession, own: Standing): boolean {
  return session.timer !== undefined && !own.timerAnswered && session.leave?.kind !== 'left';
}

function saysPledge({ pledge, leave }: HostSession, own: Standing): boolean {
  return pledge !== undefined && !own.pledgeAnswered && leave?.kind !== 'left';
}

/** A life with which no session stands, whose ALIVEs are missing, or whose session grows old. */
function wantsHello(session: HostSession, life: Life, now: Instant): boolean {
  const dueAt = helloDueAt(life, now);
  if (dueAt === undefined || dueAt > now) return false;
  const own = session.standing.find((other) => sameNonce(other.aNonce, life.aNonce));
  if (own === undefined || isMissing(session, own, now)) return true;
  return wantsRekey(own, wantedKid(session, life, own, now), now);
}

function sendingKey({ setup }: HostSession): RingKey {
  const key = setup.ring.sending('host', setup.hostName);
  if (key === undefined) throw new Error(`host ${setup.hostName} has no key in the keys file`);
  return key;
}

/** Undefined while that life calls under no key that is in our file. */
function knockKey(session: HostSession, life: Life, now: Instant): RingKey | undefined {
  const { ring, hostName } = session.setup;
  return [sendingKey(session), ...ring.of('host', hostName)].find(({ kid }) =>
    callsUnder(life, kid, now),
  );
}

/** The kid that a session of this life should have: the one we send with, once the life has it. */
function wantedKid(session: HostSession, life: Life, own: Standing, now: Instant): number {
  const { kid } = sendingKey(session);
  return callsUnder(life, kid, now) ? kid : own.kid;
}

function hello(session: HostSession, key: RingKey, life: Life, hNonce: Uint8Array): Uint8Array {
  const { aNonce, tick } = life;
  const { incarnation } = session.setup;
  return sealHandshake(session, key, { kind: 'hello', aNonce, tick, hNonce, incarnation });
}

type Handshake =
  | { kind: 'solicit'; sNonce: Uint8Array }
  | {
      kind: 'hello';
      aNonce: Uint8Array;
      tick: number;
      hNonce: Uint8Array;
      incarnation: number;
    };

function sealHandshake(session: HostSession, key: RingKey, said: Handshake): Uint8Array {
  const { host } = session.setup;
  return sealUp(session, key.handshake(), { ...said, kid: key.kid, host });
}

function sealUp(session: HostSession, key: Key, message: Message): Uint8Array {
  return sealFrame(session.setup.crypto, key, session.setup.channel, message);
}

function nextDue(session: HostSession, now: Instant): Instant {
  const { beaconMs } = session.setup;
  const wanted: Instant[] = [now + DUE_AT_MOST_MS];
  for (const own of session.standing) {
    if (!own.isMissing) wanted.push(own.aliveAt + MISSING_PERIODS * beaconMs + DUE_AT_LEAST_MS);
  }
  // A lost link sends nothing, so what is overdue on it must not wake us again and again.
  if (!session.isUp || hasLeft(session))
    return Math.max(now + DUE_AT_LEAST_MS, Math.min(...wanted));
  for (const own of session.standing) {
    if (session.leave?.kind !== 'left') wanted.push(own.nextBeatAt);
    if (session.leave !== undefined && !own.leaveAnswered) wanted.push(session.leave.nextAt);
    if (own.nextBeatAt === RESTING) continue;
    if (session.timer !== undefined && saysTimer(session, own)) wanted.push(session.timer.nextAt);
    if (session.pledge !== undefined && saysPledge(session, own)) {
      wanted.push(session.pledge.nextAt);
    }
  }
  if (session.solicitAt !== undefined) wanted.push(session.solicitAt);
  for (const life of session.lives) {
    const dueAt = helloDueAt(life, now);
    if (dueAt !== undefined && dueAt > now) wanted.push(dueAt);
  }
  return Math.max(now + DUE_AT_LEAST_MS, Math.min(...wanted));
}
