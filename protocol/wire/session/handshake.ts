/**
 * How a session is opened on the board: a HELLO that is for this life and fresh gets a WELCOME and a
 * slot; the same one again gets the same WELCOME, which costs nothing and changes nothing.
 */
import { openBody, type Peeked, sealFrame, verify } from '../codec.ts';
import type { Instant } from '../instant.ts';
import type { RingKey } from '../keys.ts';
import type { Channel } from '../messages.ts';
import { ageOf } from '../ticks.ts';
import { take } from './bucket.ts';
import { sameNonce, sessionKeys } from './derive.ts';
import type { AgentSessions, Arrival, OpenedHello, Received } from './opened.ts';
import {
  HELLO_RATE,
  type HostTable,
  openSlot,
  pathOf,
  REPEAT_RATE,
  type Refusal,
  type Session,
} from './table.ts';

/** Judges a HELLO for the host `table`, whose key of its kid is `key`. */
export function onHello(
  { sessions, from, frame, ticks, now }: Arrival,
  peeked: Peeked,
  table: HostTable,
  key: RingKey,
): Received | Refusal {
  const { crypto, aNonce } = sessions.setup;
  if (!verify(crypto, key.handshake(), from.channel, peeked)) return 'mac';
  const hello = openBody(frame, 'hello');
  if ('refused' in hello) return 'shape';
  if (table.host !== from.host) return 'wrong-host';
  if (!sameNonce(hello.aNonce, aNonce)) return 'life';
  const ageMs = ageOf(ticks, hello.tick, now);
  if (ageMs === undefined || ageMs > table.freshnessMs) return 'old-tick';
  const retired = table.retired.includes(hello.incarnation);
  const opened: OpenedHello = {
    kind: 'hello',
    host: table.host,
    channel: from.channel,
    incarnation: hello.incarnation,
    tick: hello.tick,
    retired,
  };
  if (retired) return { opened, replies: [] };
  key.usedAt = now;
  const path = pathOf(table, from.channel);
  const known = [path.standing, ...path.halfOpen].find(
    (session) =>
      session !== undefined &&
      !session.left &&
      session.kid === hello.kid &&
      session.incarnation === hello.incarnation &&
      sameNonce(session.hNonce, hello.hNonce),
  );
  if (known !== undefined) {
    return take(path.buckets.repeat, REPEAT_RATE, now)
      ? { opened, replies: [known.welcome] }
      : 'rate';
  }
  if (!take(path.buckets.hello, HELLO_RATE, now)) return 'rate';
  const { kid, incarnation, hNonce } = hello;
  const session = openSession(sessions, table, key, from.channel, {
    kid,
    incarnation,
    hNonce,
    tick: ticks.latest,
    now,
  });
  openSlot(path, session);
  return { opened, replies: [session.welcome] };
}

/** Draws our nonce, derives the keys and writes the WELCOME that is kept for repetition. */
function openSession(
  sessions: AgentSessions,
  table: HostTable,
  key: RingKey,
  channel: Channel,
  hello: { kid: number; incarnation: number; hNonce: Uint8Array; tick: number; now: Instant },
): Session {
  const { crypto, agent, aNonce, draw } = sessions.setup;
  const { kid, incarnation, hNonce, tick, now } = hello;
  const { host } = table;
  const wNonce = draw();
  const keys = sessionKeys(crypto, key.session(), {
    host,
    agent,
    channel,
    incarnation,
    aNonce,
    hNonce,
    wNonce,
  });
  const welcome = sealFrame(crypto, key.handshake(), channel, {
    kind: 'welcome',
    kid,
    host,
    hNonce,
    wNonce,
    tick,
  });
  sessions.lastId += 1;
  const id = sessions.lastId;
  const fresh = { since: now, lastSeq: 0, left: false };
  return { id, kid, key, incarnation, hNonce, welcome, ...keys, ...fresh };
}
