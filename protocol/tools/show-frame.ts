/**
 * Says in words what a captured frame is, for whoever stands before a silent line with a logic
 * analyser or `mosquitto_sub`, or writes a shim in another language and wonders why it is refused.
 *
 * It never needs a key: the content is not secret, and the shape is checked before anything is
 * decoded. With a keys file it also says whose key made the MAC and for which path. The keys of
 * a session exist in the memory of its two ends only, so MACs of beats stay unjudged.
 */
import { openBody, type Peeked, peek, type ShapeRefusal, verify } from '../wire/codec.ts';
import type { Crypto } from '../wire/crypto.ts';
import { deframer } from '../wire/framing.ts';
import { GROUP_ANSWER } from '../wire/groups.ts';
import { type KeyEntry, type KeyRing, keyRing, type Role } from '../wire/keys.ts';
import { nodeCrypto } from '../wire/mac.ts';
import {
  CHANNEL_BYTE,
  type Channel,
  DETAIL_UNTESTED,
  FLAG_SICK,
  FLAG_STAYS,
  FLAG_SUSPENDED,
  FLAG_TWO_AGENTS,
  KICK_COUNT_MASK,
  LEAVE_REASON,
  MESSAGES,
  type MessageKind,
  nameOf,
  OPERATION,
  OUTCOME,
  PHASE,
  PLEDGE,
  PROOF,
  READING,
  VIEW,
} from '../wire/messages.ts';
import { decodeTimer, TIMER_STATE } from '../wire/timer.ts';

export interface ShowOptions {
  /** To say whose key made the MAC; none of it is ever shown. */
  keys?: readonly KeyEntry[];
}

/** One frame in words; `mac` and `fields` are absent where it is none of ours. */
export interface FrameReport {
  bytes: number;
  hex: string;
  /** Why it is no frame of ours. */
  refused?: ShapeRefusal;
  kind?: string;
  type?: number;
  direction?: string;
  /** As they stand in the frame, byte strings in hex; with a note in words where there is one. */
  fields?: { name: string; value: number | string; note?: string }[];
  tag?: string;
  mac?: string;
}

/** The frame as lines of text, without a line end at the last. */
export function printFrame(frame: Uint8Array, options: ShowOptions = {}): string {
  return printReport(describeFrame(frame, options));
}

/** The frame as data. */
export function describeFrame(frame: Uint8Array, options: ShowOptions = {}): FrameReport {
  const report: FrameReport = { bytes: frame.length, hex: hexOf(frame) };
  const peeked = peek(frame);
  if ('refused' in peeked) return { ...report, refused: peeked.refused };
  const { kind } = peeked;
  const { type, direction, fields } = MESSAGES[kind];
  const message = openBody(frame, kind);
  if ('refused' in message) return { ...report, refused: 'shape', kind, type };
  const values: Record<string, unknown> = { ...message };
  return {
    ...report,
    kind,
    type,
    direction: direction === 'up' ? 'to the board' : 'from the board',
    fields: fields.map(([name]) => describeField(kind, name, values[name])),
    tag: hexOf(peeked.tag),
    mac: judgeMac(peeked, options.keys),
  };
}

/** All frames in the bytes of a serial line, and what else was on it. */
export function describeLine(
  line: Uint8Array,
  options: ShowOptions = {},
): { reports: FrameReport[]; rest: string } {
  const reports: FrameReport[] = [];
  const receiver = deframer();
  receiver.push(line, 0, (frame) => reports.push(describeFrame(frame, options)));
  const { frames, noise, oversize, short } = receiver.counters;
  const rest =
    `${frames} with a right CRC, ${noise} with a wrong one (noise or a wrong baud rate), ` +
    `${oversize} too long, ${short} too short`;
  return { reports, rest };
}

const REFUSED: Record<ShapeRefusal, string> = {
  short: 'It is shorter than its kind of message can be: cut off, or not one of ours.',
  oversize: 'It is longer than its kind of message can be.',
  shape:
    'It is not a CBOR array of our shape, with every number in its shortest form; if it comes ' +
    'from a serial line, give it with its zero bytes and --framed.',
};

/** A report as lines of text. */
export function printReport(report: FrameReport): string {
  const { kind, direction, bytes, fields, refused } = report;
  if (refused !== undefined) {
    const what = kind === undefined ? '' : `, though it begins like ${kind}`;
    return `no frame of ours (${refused})${what}, ${bytes} bytes\n  ${REFUSED[refused]}\n  ${report.hex}`;
  }
  const rows = (fields ?? []).map(({ name, value, note }) =>
    row(name, note === undefined ? String(value) : `${value}  (${note})`),
  );
  const title = `${kind} ${direction}, type ${report.type}, ${bytes} bytes`;
  return [title, ...rows, row('tag', report.tag ?? ''), row('MAC', report.mac ?? '')].join('\n');
}

function row(name: string, value: string): string {
  return `  ${name.padEnd(12)}${value}`;
}

const NAMES: Record<string, Record<string, number>> = {
  reason: LEAVE_REASON,
  view: VIEW,
  reading: READING,
  phase: PHASE,
  op: OPERATION,
  outcome: OUTCOME,
  proof: PROOF,
  timer: TIMER_STATE,
  answer: GROUP_ANSWER,
};

function describeField(
  kind: MessageKind,
  name: string,
  value: unknown,
): { name: string; value: number | string; note?: string } {
  if (value instanceof Uint8Array) {
    const note =
      name === 'args'
        ? timerOf(value)
        : name === 'body' || name === 'detail'
          ? textOf(name, value)
          : undefined;
    const hex = hexOf(value);
    return note === undefined ? { name, value: hex } : { name, value: hex, note };
  }
  const number = Number(value);
  const isPledge = kind === 'pledge' && name === 'flags';
  const note = isPledge ? pledgeOf(number) : noteOf(name, number);
  return note === undefined ? { name, value: number } : { name, value: number, note };
}

function noteOf(name: string, value: number): string | undefined {
  const names = NAMES[name];
  if (names !== undefined) return nameOf(names, value) ?? 'no name is known for it';
  if (name === 'flags') return flagsOf(value);
  if (name === 'timeout' || name === 'watchdog') return `${value / 10} s`;
  if (name === 'remaining') return `${value / 10} s`;
  if (name === 'incarnation') {
    return value === 0 ? 'whatever has power now' : `boot ${value.toString(16).padStart(8, '0')}`;
  }
  return undefined;
}

function flagsOf(flags: number): string {
  const words = [`kick count ${flags & KICK_COUNT_MASK}`];
  if ((flags & FLAG_SICK) !== 0) words.push('a check of the host failed');
  if ((flags & FLAG_TWO_AGENTS) !== 0) words.push('it hears two agents');
  if ((flags & FLAG_SUSPENDED) !== 0) words.push('it waits for its agent, which is away');
  if ((flags & FLAG_STAYS) !== 0) words.push('its shim has not begun to leave');
  const known = KICK_COUNT_MASK | FLAG_SICK | FLAG_TWO_AGENTS | FLAG_SUSPENDED | FLAG_STAYS;
  const unknown = flags & ~known;
  if (unknown !== 0) words.push(`unknown bits ${unknown.toString(16)}`);
  return words.join(', ');
}

function pledgeOf(flags: number): string {
  const words = [
    (flags & PLEDGE.hardware) === 0 ? 'no hardware watchdog' : 'a hardware watchdog',
    (flags & PLEDGE.nowayout) === 0 ? 'it can be stopped' : 'nowayout',
    (flags & PLEDGE.boardAlone) === 0 ? 'other contact counts' : 'renewed by the board alone',
  ];
  return words.join(', ');
}

/** Arguments of that length are the settings of a timer. */
function timerOf(bytes: Uint8Array): string | undefined {
  const timer = decodeTimer(bytes);
  if (timer === undefined) return undefined;
  const { use, mode, nowayout, action, preAction, timeoutMs, pretimeoutMs } = timer;
  const pre = preAction === 'none' ? '' : `, ${preAction} ${pretimeoutMs / 1_000} s before`;
  const way = nowayout ? ', nowayout' : '';
  return `timer for ${use}, mode ${mode}: ${action} after ${timeoutMs / 1_000} s${pre}${way}`;
}

/** Text in a frame is for people, and may be anybody's: only plain characters are shown. */
function textOf(name: string, bytes: Uint8Array): string | undefined {
  if (bytes.length === 0) return undefined;
  const start = name === 'detail' ? 1 : 0;
  const text = [...bytes.subarray(start)]
    .map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.'))
    .join('');
  if (name === 'body') return text;
  const untested = ((bytes[0] ?? 0) & DETAIL_UNTESTED) !== 0 ? 'untested' : 'tested';
  return text === '' ? untested : `${untested}: ${text}`;
}

function judgeMac(peeked: Peeked, keys: readonly KeyEntry[] | undefined): string {
  const use = MESSAGES[peeked.kind].key;
  if (use === 'session-up' || use === 'session-down') {
    return 'not checked: it is made with a key of its session, which no file holds';
  }
  if (keys === undefined) return 'not checked: give the keys file with --keys to have it checked';
  const roles: Role[] = use === 'handshake' ? ['host'] : ['order', 'admin'];
  const crypto = nodeCrypto();
  const tried = keys.filter(({ role, kid }) => roles.includes(role) && kid === peeked.kid);
  const found = find(crypto, keyRing(crypto, tried), tried, peeked);
  if (found !== undefined) return found;
  return tried.length === 0
    ? `not checked: the file has no ${roles.join(' or ')} key of number ${peeked.kid}`
    : `wrong: made with none of the file's ${tried.length} keys of number ${peeked.kid}, or altered`;
}

function find(
  crypto: Crypto,
  ring: KeyRing,
  tried: readonly KeyEntry[],
  peeked: Peeked,
): string | undefined {
  for (const { role, owner, kid } of tried) {
    const key = ring.find(role, owner, kid);
    for (const channel of Object.keys(CHANNEL_BYTE) as Channel[]) {
      const made = role === 'host' ? key?.handshake() : key?.order();
      if (made !== undefined && verify(crypto, made, channel, peeked)) {
        return `right: key ${kid} of ${role} ${owner}, for ${channel}`;
      }
    }
  }
  return undefined;
}

function hexOf(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
