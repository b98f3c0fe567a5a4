/**
 * Every message of the wire, declared once: number, direction, key, tag length and fields.
 *
 * A message is a CBOR array of fixed length: type first, the fields in the order of the table,
 * tag last. Codec, CDDL check, frame printer and TypeScript types are all drawn from this table,
 * so a field is added or renamed in one place. `fencepost.cddl` says the same for other languages
 * and a test holds the two together.
 */

/** First byte of every MAC input; a change of any shape below changes it. */
export const WIRE_VERSION = 1;

/** The path that a frame takes; inside the MAC, so a frame copied to another path is refused. */
export type Channel = 'serial' | 'mqtt' | 'socket';
export const CHANNEL_BYTE: Record<Channel, number> = { serial: 1, mqtt: 2, socket: 3 };

/** `up` is towards the board. Inside the MAC, so nobody's own echo is ever taken for an answer. */
export type Direction = 'up' | 'down';
export const DIRECTION_BYTE: Record<Direction, number> = { up: 1, down: 2 };

/**
 * - `handshake`: the host's handshake root; opens sessions, never moves anything.
 * - `session-up`, `session-down`: the two keys of one session.
 * - `order`: the orderer's own key.
 */
export type KeyUse = 'handshake' | 'session-up' | 'session-down' | 'order';

/**
 * - `u8`, `u16`, `u32`: unsigned integer, shortest form.
 * - `nonce`: 8 bytes. `id`: 16 bytes. `bytes8`, `bytes16`, `bytes32`, `body`: byte strings of at
 *   most 8, 16, 32 and 61,440 bytes.
 */
export type FieldType =
  | ('u8' | 'u16' | 'u32' | 'nonce' | 'id')
  | ('bytes8' | 'bytes16' | 'bytes32' | 'body');

/** `owner` names the field that says whose key it is; without it the receiver knows from the path. */
export const MESSAGES = {
  beacon: {
    type: 1,
    direction: 'down',
    key: 'handshake',
    tagBytes: 8,
    fields: [
      ['kid', 'u16'],
      ['agent', 'u16'],
      ['aNonce', 'nonce'],
      ['tick', 'u32'],
    ],
  },
  solicit: {
    type: 2,
    direction: 'up',
    key: 'handshake',
    tagBytes: 16,
    fields: [
      ['kid', 'u16'],
      ['host', 'u16'],
      ['sNonce', 'nonce'],
    ],
  },
  hello: {
    type: 3,
    direction: 'up',
    key: 'handshake',
    tagBytes: 16,
    fields: [
      ['kid', 'u16'],
      ['host', 'u16'],
      ['aNonce', 'nonce'],
      ['tick', 'u32'],
      ['hNonce', 'nonce'],
      ['incarnation', 'u32'],
    ],
  },
  welcome: {
    type: 4,
    direction: 'down',
    key: 'handshake',
    tagBytes: 16,
    fields: [
      ['kid', 'u16'],
      ['host', 'u16'],
      ['hNonce', 'nonce'],
      ['wNonce', 'nonce'],
      ['tick', 'u32'],
    ],
  },
  beat: {
    type: 5,
    direction: 'up',
    key: 'session-up',
    tagBytes: 8,
    fields: [
      ['kid', 'u16'],
      ['host', 'u16'],
      ['seq', 'u16'],
      ['echo', 'u32'],
      ['flags', 'u8'],
    ],
  },
  alive: {
    type: 6,
    direction: 'down',
    key: 'session-down',
    tagBytes: 8,
    fields: [
      ['kid', 'u16'],
      ['tick', 'u32'],
      ['heard', 'u16'],
    ],
  },
  leaving: {
    type: 7,
    direction: 'up',
    key: 'session-up',
    tagBytes: 16,
    fields: [
      ['kid', 'u16'],
      ['host', 'u16'],
      ['seq', 'u16'],
      ['echo', 'u32'],
      ['reason', 'u8'],
      ['returnByS', 'u16'],
    ],
  },
  leavingSeen: {
    type: 8,
    direction: 'down',
    key: 'session-down',
    tagBytes: 16,
    fields: [
      ['kid', 'u16'],
      ['tick', 'u32'],
      ['heard', 'u16'],
    ],
  },
  left: {
    type: 9,
    direction: 'up',
    key: 'session-up',
    tagBytes: 16,
    fields: [
      ['kid', 'u16'],
      ['host', 'u16'],
      ['seq', 'u16'],
      ['echo', 'u32'],
      ['reason', 'u8'],
    ],
  },
  leftSeen: {
    type: 10,
    direction: 'down',
    key: 'session-down',
    tagBytes: 16,
    fields: [
      ['kid', 'u16'],
      ['tick', 'u32'],
      ['heard', 'u16'],
    ],
  },
  query: {
    type: 11,
    direction: 'up',
    key: 'order',
    tagBytes: 16,
    fields: [
      ['kid', 'u16'],
      ['orderer', 'u16'],
      ['agent', 'u16'],
      ['queryId', 'id'],
      ['host', 'u16'],
      ['view', 'u8'],
    ],
  },
  state: {
    type: 12,
    direction: 'down',
    key: 'order',
    tagBytes: 16,
    fields: [
      ['kid', 'u16'],
      ['orderer', 'u16'],
      ['agent', 'u16'],
      ['queryId', 'id'],
      ['aNonce', 'nonce'],
      ['tick', 'u32'],
      ['host', 'u16'],
      ['incarnation', 'u32'],
      ['reading', 'u8'],
      ['phase', 'u8'],
      ['body', 'body'],
    ],
  },
  order: {
    type: 13,
    direction: 'up',
    key: 'order',
    tagBytes: 16,
    fields: [
      ['kid', 'u16'],
      ['orderer', 'u16'],
      ['agent', 'u16'],
      ['cmdId', 'id'],
      ['aNonce', 'nonce'],
      ['tick', 'u32'],
      ['host', 'u16'],
      ['incarnation', 'u32'],
      ['op', 'u8'],
      ['args', 'bytes8'],
      ['ttlMs', 'u16'],
    ],
  },
  result: {
    type: 14,
    direction: 'down',
    key: 'order',
    tagBytes: 16,
    fields: [
      ['kid', 'u16'],
      ['orderer', 'u16'],
      ['cmdId', 'id'],
      ['agent', 'u16'],
      ['host', 'u16'],
      ['incarnation', 'u32'],
      ['outcome', 'u8'],
      ['proof', 'u8'],
      ['tick', 'u32'],
      ['detail', 'bytes16'],
    ],
  },
  claim: {
    type: 16,
    direction: 'up',
    key: 'session-up',
    tagBytes: 16,
    fields: [
      ['kid', 'u16'],
      ['host', 'u16'],
      ['seq', 'u16'],
      ['echo', 'u32'],
      ['turn', 'u32'],
      ['group', 'u16'],
      ['held', 'bytes32'],
    ],
  },
  grant: {
    type: 17,
    direction: 'down',
    key: 'session-down',
    tagBytes: 16,
    fields: [
      ['kid', 'u16'],
      ['tick', 'u32'],
      ['turn', 'u32'],
      ['group', 'u16'],
      ['answer', 'u8'],
      ['holder', 'u16'],
    ],
  },
  release: {
    type: 18,
    direction: 'up',
    key: 'session-up',
    tagBytes: 16,
    fields: [
      ['kid', 'u16'],
      ['host', 'u16'],
      ['seq', 'u16'],
      ['echo', 'u32'],
      ['turn', 'u32'],
      ['group', 'u16'],
    ],
  },
  kick: {
    type: 15,
    direction: 'up',
    key: 'session-up',
    tagBytes: 16,
    fields: [
      ['kid', 'u16'],
      ['host', 'u16'],
      ['seq', 'u16'],
      ['echo', 'u32'],
      ['op', 'u8'],
      ['count', 'u8'],
      ['args', 'bytes8'],
    ],
  },
  timer: {
    type: 19,
    direction: 'down',
    key: 'session-down',
    tagBytes: 16,
    fields: [
      ['kid', 'u16'],
      ['tick', 'u32'],
      ['heard', 'u16'],
      ['timer', 'u8'],
      ['remaining', 'u16'],
      ['args', 'bytes8'],
    ],
  },
} as const;

export type MessageKind = keyof typeof MESSAGES;

export type ValueOf<T extends FieldType> = T extends 'u8' | 'u16' | 'u32' ? number : Uint8Array;

/** One message without its tag: `kind` and the fields of its row. */
export type MessageOf<K extends MessageKind> = { kind: K } & {
  [F in (typeof MESSAGES)[K]['fields'][number] as F[0]]: ValueOf<F[1]>;
};

export type Message = { [K in MessageKind]: MessageOf<K> }[MessageKind];

/** Beat flags. Bits 0 to 3 carry the low bits of the kick count, 4 says that a check failed. */
export const KICK_COUNT_MASK = 0x0f;
export const FLAG_SICK = 0x10;
/** The host hears two living agents; both act on orders only while beats say so. */
export const FLAG_TWO_AGENTS = 0x20;

export const OPERATION = {
  fence: 1,
  off: 2,
  on: 3,
  reset: 4,
  diag: 5,
  ack: 6,
  disable: 7,
  enable: 8,
  'timer-set': 9,
  'timer-reset': 10,
  'timer-off': 11,
} as const;
export type Operation = keyof typeof OPERATION;

/** `accepted` alone is not final. */
export const OUTCOME = {
  accepted: 1,
  done: 2,
  already: 3,
  failed: 4,
  refused: 5,
  busy: 6,
  expired: 7,
  stale: 8,
  unknown: 9,
  interrupted: 10,
} as const;
export type Outcome = keyof typeof OUTCOME;

export const PROOF = { none: 0, verified: 1, 'by-hold': 2, 'by-timeout': 3, 'by-hand': 4 } as const;
export type Proof = keyof typeof PROOF;

/** First byte of `detail` in a result; the rest is a short ASCII reason, for people. */
export const DETAIL_UNTESTED = 0x01;

export const READING = { unknown: 0, on: 1, off: 2 } as const;
export type Reading = keyof typeof READING;

/** What a host is to the board, as `ls`, STATE and the retained state topic say it. */
export const PHASE = {
  unknown: 0,
  alive: 1,
  late: 2,
  doubt: 3,
  held: 4,
  silent: 5,
  victim: 6,
  off: 7,
  restoring: 8,
  absent: 9,
  leaving: 10,
  left: 11,
  maintenance: 12,
  frozen: 13,
} as const;
export type Phase = keyof typeof PHASE;

export const LEAVE_REASON = { stop: 1, reboot: 2, off: 3, 'stop-failed': 4 } as const;
export type LeaveReason = keyof typeof LEAVE_REASON;

/** What a QUERY asks to see in the body of its STATE. */
export const VIEW = { none: 0, list: 1, status: 2, why: 3 } as const;
export type View = keyof typeof VIEW;

/** The name that belongs to a number in one of the tables above. */
export function nameOf<T extends Record<string, number>>(
  table: T,
  value: number,
): (keyof T & string) | undefined {
  return Object.keys(table).find((name) => table[name] === value);
}
