/**
 * The board's side of live sessions, as whoever owns a key may speak to it: right MACs over any
 * words, in any order, on any path, with time going on. What is refused must change nothing.
 */
import { encodeBody, macHead, openBody } from '../../../protocol/wire/codec.ts';
import type { Key } from '../../../protocol/wire/crypto.ts';
import type { RingKey } from '../../../protocol/wire/keys.ts';
import { type Channel, MESSAGES, type MessageKind } from '../../../protocol/wire/messages.ts';
import {
  type AgentSessions,
  agentSessions,
  receive,
} from '../../../protocol/wire/session/agent.ts';
import { sessionKeys } from '../../../protocol/wire/session/derive.ts';
import type { Received } from '../../../protocol/wire/session/opened.ts';
import { HALF_OPEN_MAX, RETIRED_MAX } from '../../../protocol/wire/session/table.ts';
import { issue, newTicks, type TickLog } from '../../../protocol/wire/ticks.ts';
import { type Reader, readerOf } from '../lib/reader.ts';
import { must, type Target } from '../lib/target.ts';
import { crypto, ring } from '../lib/toy-keys.ts';

const NAMES = ['-', 'alpha', 'beta'];
const A_NONCE = new Uint8Array(8).fill(0xa1);
const WORDS = ['kick', 'claim', 'release', 'leaving', 'left'] as const;
const KINDS = ['beat', 'beat', 'beat', ...WORDS, 'solicit', 'hello'] as const;
const CHANNELS = ['serial', 'mqtt', 'socket'] as const;
const STEPS_MAX = 24;

/** One for all boards, for it is large, and what lies beyond `latest` is never looked at. */
const ticks = newTicks();

interface Board {
  sessions: AgentSessions;
  ticks: TickLog;
  now: number;
  keys: { key: Key; kid: number }[];
}

export const boardTarget: Target = {
  name: 'board',
  promise: 'seq grows, what is refused changes nothing, and memory is bounded, whatever a key says',
  covers:
    /^protocol\/wire\/session\/(agent\.ts#(receive|open|on|sessionOf|is)|(handshake|table|bucket)\.ts#)/,
  bytesMax: 192,
  limitMs: 10,
  seeds: [
    Uint8Array.of(0, 1, 1, 1, 0, 2, 0, 1, 5, 1, 0),
    Uint8Array.of(0, 1, 1, 1, 0, 2, 0, 1, 5, 1, 0, 0, 2, 2, 2, 0, 2, 0, 1, 1, 1, 0),
    Uint8Array.of(0, 0, 0, 9, 2, 3, 1, 1, 1, 1, 9, 3, 200, 1, 2, 5, 1, 1, 1),
  ],
  words: [
    Uint8Array.of(3, 50),
    Uint8Array.of(0, 0, 0, 1),
    Uint8Array.of(2, 0, 1),
    Uint8Array.of(1, 0),
  ],
  run: judgeBoard,
};

function judgeBoard(input: Uint8Array): void {
  const reader = readerOf(input);
  const board = newBoard();
  for (let steps = 0; steps < STEPS_MAX && !reader.ended(); steps += 1) {
    const what = reader.byte() & 3;
    if (what === 0) sayHello(board, reader);
    else if (what === 3) passTime(board, reader.byte());
    else saySomething(board, reader, what === 2);
  }
}

function newBoard(): Board {
  let drawn = 0;
  const draw = (): Uint8Array => {
    drawn += 1;
    return new Uint8Array(8).fill(drawn);
  };
  const hosts = [1, 2].map((host) => ({
    host,
    name: NAMES[host] ?? '',
    freshnessMs: 5_000,
    keepaliveMs: 1_000,
  }));
  const sessions = agentSessions({ crypto, agent: 7, aNonce: A_NONCE, hosts, ring, draw });
  ticks.latest = 0;
  issue(ticks, 0);
  const keys = NAMES.slice(1).map((name) => ({ key: ringKey(name).handshake(), kid: 1 }));
  return { sessions, ticks, now: 0, keys };
}

function ringKey(name: string): RingKey {
  const key = ring.sending('host', name);
  if (key === undefined) throw new Error(name);
  return key;
}

function passTime(board: Board, byte: number): void {
  board.now += byte * byte * 4;
  issue(board.ticks, board.now);
}

/** A whole handshake up to the WELCOME; the session's key is known from then on. */
function sayHello(board: Board, reader: Reader): void {
  const host = 1 + (reader.byte() & 1);
  const channel = reader.pick(CHANNELS);
  const [nonceByte, incarnation] = [reader.byte(), reader.byte()];
  const hNonce = new Uint8Array(8).fill(nonceByte);
  const tick = board.ticks.latest;
  const hello = {
    kind: 'hello',
    kid: 1,
    host,
    aNonce: A_NONCE,
    tick,
    hNonce,
    incarnation,
  } as const;
  const key = ringKey(NAMES[host] ?? '');
  const got = give(
    board,
    { channel, host },
    sealed('hello', encodeBody(hello), key.handshake(), channel),
  );
  const [welcome] = got.replies;
  if (welcome === undefined) return;
  const opened = openBody(welcome, 'welcome');
  if ('refused' in opened) throw new Error('broken: a WELCOME of ours can be read');
  const name = {
    host,
    agent: 7,
    channel,
    incarnation,
    aNonce: A_NONCE,
    hNonce,
    wNonce: opened.wNonce,
  };
  board.keys.push({ key: sessionKeys(crypto, key.session(), name).up, kid: 1 });
}

/** A message with fields as they come, or a body that need not be one. */
function saySomething(board: Board, reader: Reader, isWild: boolean): void {
  const kind = reader.pick(KINDS);
  const { key, kid } = board.keys[board.keys.length - 1 - (reader.byte() % board.keys.length)] ?? {
    key: ringKey('alpha').handshake(),
    kid: 1,
  };
  const channel = reader.pick(CHANNELS);
  const host = 1 + (reader.byte() & 1);
  const said = 1 + (reader.byte() & 1);
  const body = isWild
    ? Uint8Array.of(
        0x80 | (MESSAGES[kind].fields.length + 2),
        MESSAGES[kind].type,
        ...reader.bytes(1 + (reader.byte() & 31)),
      )
    : encodeBody(messageOf(kind, { kid, host: said }, board, reader));
  give(board, { channel, host }, sealed(kind, body, key, channel));
}

function messageOf(
  kind: MessageKind,
  fixed: Record<string, unknown>,
  board: Board,
  reader: Reader,
): never {
  const message: Record<string, unknown> = { kind };
  for (const [name, type] of MESSAGES[kind].fields) {
    if (name in fixed) message[name] = fixed[name];
    else if (name === 'echo' || name === 'tick')
      message[name] = Math.max(0, board.ticks.latest - (reader.byte() & 7));
    else if (name === 'aNonce')
      message[name] = (reader.byte() & 7) === 7 ? reader.bytes(8) : A_NONCE;
    else if (type === 'nonce') message[name] = new Uint8Array(8).fill(reader.byte());
    else if (type === 'bytes8') message[name] = reader.bytes(reader.byte() % 9);
    else if (type === 'bytes32') message[name] = reader.bytes(reader.byte() % 33);
    else message[name] = reader.number() & (type === 'u8' ? 0xff : 0xffff);
  }
  return message as never;
}

export function sealed(
  kind: MessageKind,
  body: Uint8Array,
  key: Key,
  channel: Channel,
): Uint8Array {
  const { direction, tagBytes } = MESSAGES[kind];
  const tag = crypto.mac(key, macHead(channel, direction), body, tagBytes);
  return Uint8Array.of(...body, 0x40 | tagBytes, ...tag);
}

/** Gives one frame to the board and judges what became of it. */
function give(board: Board, from: { channel: Channel; host: number }, frame: Uint8Array): Received {
  const { sessions, ticks, now } = board;
  const before = stateOf(sessions);
  const lastSeqs = seqsOf(sessions);
  const got = receive(sessions, from, frame, ticks, now);
  must((got.opened === undefined) === (got.refused !== undefined), 'a frame is opened or refused');
  const { opened } = got;
  if (opened === undefined) {
    // A session that is too old goes when something is said under it.
    if (got.refused !== 'unknown-session')
      must(stateOf(sessions) === before, 'what is refused changes nothing');
  } else {
    must(
      opened.host === from.host && opened.channel === from.channel,
      'a frame counts on its own path only',
    );
    const table = sessions.table[opened.host];
    if ('seq' in opened) {
      must(opened.seq > (lastSeqs.get(opened.session) ?? 0), 'seq grows within a session');
      must(table?.live === opened.incarnation, 'who speaks is the life that counts');
      must(!table.retired.includes(opened.incarnation), 'a life that is over says nothing');
    }
  }
  for (const table of sessions.table) {
    if (table === undefined) continue;
    must(table.retired.length <= RETIRED_MAX, 'lives that are over are bounded');
    for (const path of Object.values(table.paths))
      must(path.halfOpen.length <= HALF_OPEN_MAX, 'slots are bounded');
  }
  return got;
}

function seqsOf({ table }: AgentSessions): Map<number, number> {
  const all = table.flatMap((host) => Object.values(host?.paths ?? {}));
  const sessions = all.flatMap(({ standing, halfOpen }) => [
    ...(standing ? [standing] : []),
    ...halfOpen,
  ]);
  return new Map(sessions.map(({ id, lastSeq }) => [id, lastSeq]));
}

/** Everything that a refused frame must leave alone: all but counts and buckets. */
function stateOf({ table, lastId }: AgentSessions): string {
  let text = `${lastId}`;
  for (const host of table) {
    if (host === undefined) continue;
    text += `|${host.live} ${host.retired}`;
    for (const { standing, halfOpen, previous, channel } of Object.values(host.paths)) {
      // A path is made when it is first spoken on.
      if (standing === undefined && halfOpen.length === 0 && previous === undefined) continue;
      text += `;${channel}`;
      for (const one of [standing, ...halfOpen]) {
        if (one !== undefined) text += ` ${one.id} ${one.since} ${one.lastSeq} ${one.left},`;
      }
      text += `;${previous?.incarnation}`;
    }
  }
  return text;
}
