/**
 * Every message of the wire, declared once: number, direction, key, tag length and fields.
 *
 * A message is a CBOR array of fixed length: type first, the fields in the order of the table,
 * tag last. Codec, CDDL check, frame printer and TypeScript types are all drawn from this table,
 * so a field is added or renamed in one place. `fencepost.cddl` says the same for other languages
 * and a test holds the two together.
 */

export * from './codes.ts';

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
  pledge: {
    type: 20,
    direction: 'up',
    key: 'session-up',
    tagBytes: 16,
    fields: [
      ['kid', 'u16'],
      ['host', 'u16'],
      ['seq', 'u16'],
      ['echo', 'u32'],
      ['timeout', 'u16'],
      ['watchdog', 'u16'],
      ['flags', 'u8'],
    ],
  },
  pledgeSeen: {
    type: 21,
    direction: 'down',
    key: 'session-down',
    tagBytes: 16,
    fields: [
      ['kid', 'u16'],
      ['tick', 'u32'],
      ['heard', 'u16'],
    ],
  },
  away: {
    type: 22,
    direction: 'down',
    key: 'session-down',
    tagBytes: 16,
    fields: [
      ['kid', 'u16'],
      ['tick', 'u32'],
      ['returnByS', 'u16'],
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
