/** The host's side of sessions, as a board or whoever has its keys may speak to it. */
import { encodeBody, peek } from '../../../protocol/wire/codec.ts';
import type { Key } from '../../../protocol/wire/crypto.ts';
import { MESSAGES, type MessageKind } from '../../../protocol/wire/messages.ts';
import { sessionKeys } from '../../../protocol/wire/session/derive.ts';
import {
  echoCell,
  type HostEvent,
  type HostSession,
  hostSession,
  stepHostSession,
} from '../../../protocol/wire/session/host.ts';
import { type Reader, readerOf } from '../lib/reader.ts';
import { must, type Target } from '../lib/target.ts';
import { crypto, ring } from '../lib/toy-keys.ts';
import { sealed } from './board.ts';

const KINDS = [
  'alive',
  'alive',
  'timer',
  'grant',
  'leavingSeen',
  'leftSeen',
  'beacon',
  'welcome',
  'beat',
] as const;
const STEPS_MAX = 24;
const LIVES_MAX = 4;
const STANDING_MAX = 2;

interface Host {
  session: HostSession;
  now: number;
  drawn: number;
  keys: Key[];
  lastTick: number;
}

export const hostTarget: Target = {
  name: 'host',
  promise: 'a host asks to be woken within a second, sends only frames of its own, and is bounded',
  covers: /^protocol\/wire\/session\/(host|hear|lives|standing|echo|derive)\.ts#/,
  bytesMax: 192,
  limitMs: 10,
  seeds: [
    Uint8Array.of(0, 1, 1, 0, 2, 1, 3, 10, 1, 0, 0, 2, 0, 1),
    Uint8Array.of(
      0,
      1,
      1,
      0,
      3,
      20,
      0,
      2,
      5,
      1,
      3,
      10,
      4,
      1,
      3,
      10,
      4,
      2,
      4,
      3,
      3,
      40,
      1,
      0,
      0,
      9,
      9,
    ),
  ],
  words: [
    Uint8Array.of(3, 20),
    Uint8Array.of(0, 1, 1),
    Uint8Array.of(1, 0, 0),
    Uint8Array.of(4, 1),
  ],
  run: judgeHost,
};

function judgeHost(input: Uint8Array): void {
  const reader = readerOf(input);
  const session = hostSession({
    crypto,
    ring,
    host: 1,
    hostName: 'alpha',
    agent: 7,
    channel: 'serial',
    incarnation: 100,
    keepaliveMs: 1_000,
    beaconMs: 1_000,
    echo: echoCell(),
  });
  const host: Host = { session, now: 0, drawn: 0, keys: [rootOf().handshake()], lastTick: 0 };
  tell(host, { kind: 'up' });
  for (let steps = 0; steps < STEPS_MAX && !reader.ended(); steps += 1) {
    const what = reader.byte() % 5;
    if (what === 0) shakeHands(host, reader);
    else if (what === 3) {
      host.now += reader.byte() * 100;
      tell(host, { kind: 'due' });
    } else if (what === 4) tell(host, eventOf(reader));
    else saySomething(host, reader, what === 2);
  }
}

function rootOf(): NonNullable<ReturnType<typeof ring.sending>> {
  const key = ring.sending('host', 'alpha');
  if (key === undefined) throw new Error('no key of alpha');
  return key;
}

function eventOf(reader: Reader): HostEvent {
  const args = Uint8Array.of(4, 1, 3, 0, 0, 100, 0, 0);
  return reader.pick<HostEvent>([
    { kind: 'up' },
    { kind: 'lost' },
    { kind: 'kick', count: reader.byte() },
    { kind: 'timer', op: 'timer-set', args },
    { kind: 'leave', reason: 'stop', returnByS: 60 },
    { kind: 'leftNow', reason: 'off' },
    { kind: 'flags', flags: 16 },
    { kind: 'claim', turn: reader.byte(), group: 1, held: [2] },
    { kind: 'release', turn: reader.byte(), group: 1 },
  ]);
}

/** A BEACON of one of a few lives, and a WELCOME to the HELLO that it may have brought. */
function shakeHands(host: Host, reader: Reader): void {
  const aNonce = new Uint8Array(8).fill(0xa0 + (reader.byte() & 7));
  const tick = reader.number();
  const root = rootOf();
  hear(host, 'beacon', { kind: 'beacon', kid: 1, agent: 7, aNonce, tick }, root.handshake());
  const life = host.session.lives.find((one) => one.aNonce[0] === aNonce[0]);
  const hNonce = life?.hNonce;
  if (hNonce === undefined) return;
  const wNonce = new Uint8Array(8).fill(reader.byte());
  hear(
    host,
    'welcome',
    { kind: 'welcome', kid: 1, host: 1, hNonce, wNonce, tick },
    root.handshake(),
  );
  const name = {
    host: 1,
    agent: 7,
    channel: 'serial',
    incarnation: 100,
    aNonce,
    hNonce,
    wNonce,
  } as const;
  host.keys.push(sessionKeys(crypto, root.session(), name).down);
}

function saySomething(host: Host, reader: Reader, isWild: boolean): void {
  const kind = reader.pick(KINDS);
  const key =
    host.keys[host.keys.length - 1 - (reader.byte() % host.keys.length)] ?? rootOf().handshake();
  const { fields, type } = MESSAGES[kind];
  if (isWild) {
    const body = Uint8Array.of(
      0x80 | (fields.length + 2),
      type,
      ...reader.bytes(1 + (reader.byte() & 31)),
    );
    return tell(host, { kind: 'frame', bytes: sealed(kind, body, key, 'serial') });
  }
  const message: Record<string, unknown> = { kind };
  for (const [name, form] of fields) {
    if (name === 'kid' || name === 'host') message[name] = 1;
    else if (form === 'nonce') message[name] = new Uint8Array(8).fill(reader.byte());
    else if (form === 'bytes8') message[name] = reader.bytes(reader.byte() % 9);
    else message[name] = reader.number() & (form === 'u8' ? 0xff : 0xffff);
  }
  hear(host, kind, message, key);
}

function hear(host: Host, kind: MessageKind, message: object, key: Key): void {
  tell(host, { kind: 'frame', bytes: sealed(kind, encodeBody(message as never), key, 'serial') });
}

/** Gives one event to the host and judges what it does. */
function tell(host: Host, event: HostEvent): void {
  const { session, now } = host;
  const draw = (): Uint8Array => {
    host.drawn += 1;
    return new Uint8Array(8).fill(host.drawn);
  };
  const { dueAt, send } = stepHostSession(session, event, now, draw);
  must(dueAt > now && dueAt <= now + 1_000, 'a host asks to be woken, and within a second');
  must(send.length <= 32, 'a host sends little at a time');
  for (const frame of send) {
    const peeked = peek(frame);
    must(!('refused' in peeked), 'what a host sends is a frame');
    must(MESSAGES[peeked.kind].direction === 'up', 'what a host sends goes up');
  }
  must(session.lives.length <= LIVES_MAX, 'lives that are answered are bounded');
  must(session.standing.length <= STANDING_MAX, 'sessions are bounded');
}
