/**
 * Between messages and frames. Whatever arrives may have been made to hurt: a CBOR library took
 * nine seconds over one large number and built objects that nobody asked for.
 *
 * So bytes earn trust step by step. `peek` reads the few leading integers that say whose key to
 * try, with bounds that depend on the message's kind alone. After the MAC `openBody` checks the
 * closed shape of the table, then lets cbor-x decode what can only be small integers and byte
 * strings by then, then demands that encoding the result again gives the same bytes: two readers
 * that must agree.
 */
import { Decoder } from 'cbor-x';
import { type Cursor, MAJOR_ARRAY, MAJOR_BYTES, MAJOR_UINT, readHead, writer } from './cbor.ts';
import type { Crypto, Key } from './crypto.ts';
import { SERIAL_FRAME_MAX_BYTES } from './framing.ts';
import {
  CHANNEL_BYTE,
  type Channel,
  DIRECTION_BYTE,
  type Direction,
  type FieldType,
  MESSAGES,
  type Message,
  type MessageKind,
  type MessageOf,
  WIRE_VERSION,
} from './messages.ts';

/** Longest frame per path. STATE alone may be longer, `FRAME_MAX_STATE_BYTES`, never on serial. */
export const FRAME_MAX_BYTES: Record<Channel, number> = {
  serial: SERIAL_FRAME_MAX_BYTES,
  mqtt: 1024,
  socket: 1024,
};
export const FRAME_MAX_STATE_BYTES: number = 64 * 1024;

/** Why bytes are no frame of ours; nothing was allocated for them and no key was tried. */
export type ShapeRefusal = 'short' | 'oversize' | 'shape';

export interface Peeked {
  kind: MessageKind;
  kid: number;
  /** Number of the host or orderer whose key it is; undefined where only the path says so. */
  owner: number | undefined;
  /** What the MAC covers besides its head: a view into the frame. */
  body: Uint8Array;
  tag: Uint8Array;
}

export type Refused<R extends string> = { refused: R };

interface Shape {
  kind: MessageKind;
  type: number;
  direction: Direction;
  tagBytes: 8 | 16;
  fields: readonly (readonly [name: string, type: FieldType])[];
  hasOwner: boolean;
  minBytes: number;
  maxBytes: number;
}

interface Limit {
  major: number;
  /** Of an integer: its value. Of a string: its length. */
  min: number;
  max: number;
}

const LIMITS: Record<FieldType, Limit> = {
  u8: { major: MAJOR_UINT, min: 0, max: 0xff },
  u16: { major: MAJOR_UINT, min: 0, max: 0xffff },
  u32: { major: MAJOR_UINT, min: 0, max: 0xffff_ffff },
  nonce: { major: MAJOR_BYTES, min: 8, max: 8 },
  id: { major: MAJOR_BYTES, min: 16, max: 16 },
  bytes8: { major: MAJOR_BYTES, min: 0, max: 8 },
  bytes16: { major: MAJOR_BYTES, min: 0, max: 16 },
  bytes32: { major: MAJOR_BYTES, min: 0, max: 32 },
  body: { major: MAJOR_BYTES, min: 0, max: 61_440 },
};

const SHAPES: Record<MessageKind, Shape> = Object.fromEntries(
  (Object.keys(MESSAGES) as MessageKind[]).map((kind) => [kind, shapeOf(kind)]),
) as Record<MessageKind, Shape>;
const BY_TYPE: readonly (Shape | undefined)[] = Array.from({ length: 24 }, (_, type) =>
  Object.values(SHAPES).find((shape) => shape.type === type),
);
const FRAME_MIN_BYTES: number = Math.min(...Object.values(SHAPES).map((shape) => shape.minBytes));

const scratch = writer(1024);
const decoder = new Decoder({ useRecords: false, mapsAsObjects: false, copyBuffers: true });

/** Everything of a message before its tag. Throws when a field is out of its range. */
export function encodeBody(message: Message): Uint8Array {
  const shape = SHAPES[message.kind];
  const values = message as unknown as Record<string, unknown>;
  scratch.reset();
  scratch.head(MAJOR_ARRAY, shape.fields.length + 2);
  scratch.head(MAJOR_UINT, shape.type);
  for (const [name, type] of shape.fields) {
    if (!put(values[name], LIMITS[type])) {
      throw new Error(`${message.kind}.${name} is not a ${type}`);
    }
  }
  return scratch.take();
}

/** Writes one field; false where it is out of its limits. */
function put(value: unknown, limit: Limit): boolean {
  if (!fits(value, limit)) return false;
  if (value instanceof Uint8Array) {
    scratch.head(MAJOR_BYTES, value.length);
    scratch.raw(value);
  } else {
    scratch.head(MAJOR_UINT, value as number);
  }
  return true;
}

/** A whole frame: body and tag. */
export function sealFrame(
  crypto: Crypto,
  key: Key,
  channel: Channel,
  message: Message,
): Uint8Array {
  const { direction, tagBytes } = SHAPES[message.kind];
  const body = encodeBody(message);
  const frame = new Uint8Array(body.length + 1 + tagBytes);
  frame.set(body);
  frame[body.length] = (MAJOR_BYTES << 5) | tagBytes;
  frame.set(crypto.mac(key, macHead(channel, direction), body, tagBytes), body.length + 1);
  return frame;
}

/** Whether the frame was made by a holder of `key` for this very path. */
export function verify(crypto: Crypto, key: Key, channel: Channel, peeked: Peeked): boolean {
  const { direction, tagBytes } = SHAPES[peeked.kind];
  const head = macHead(channel, direction);
  return crypto.equal(crypto.mac(key, head, peeked.body, tagBytes), peeked.tag);
}

const MAC_HEADS: readonly Uint8Array[] = Array.from(
  { length: 8 },
  (_, n) => new Uint8Array([WIRE_VERSION, n >> 1, (n & 1) + 1]),
);

/** Version, channel and direction: the first three bytes of every MAC input. */
export function macHead(channel: Channel, direction: Direction): Uint8Array {
  return MAC_HEADS[CHANNEL_BYTE[channel] * 2 + DIRECTION_BYTE[direction] - 1] as Uint8Array;
}

/** Reads what is needed to find the key. Looks at a handful of bytes, however long the frame. */
export function peek(frame: Uint8Array): Peeked | Refused<ShapeRefusal> {
  if (frame.length < FRAME_MIN_BYTES) return { refused: 'short' };
  if (frame.length > FRAME_MAX_STATE_BYTES) return { refused: 'oversize' };
  const cursor: Cursor = { at: 0, value: 0 };
  if (!readHead(frame, cursor, MAJOR_ARRAY)) return { refused: 'shape' };
  const items = cursor.value;
  if (!readHead(frame, cursor, MAJOR_UINT)) return { refused: 'shape' };
  const shape = BY_TYPE[cursor.value];
  if (shape === undefined || items !== shape.fields.length + 2) return { refused: 'shape' };
  if (frame.length < shape.minBytes) return { refused: 'short' };
  if (frame.length > shape.maxBytes) return { refused: 'oversize' };
  if (!readHead(frame, cursor, MAJOR_UINT) || cursor.value > 0xffff) return { refused: 'shape' };
  const kid = cursor.value;
  if (shape.hasOwner) {
    if (!readHead(frame, cursor, MAJOR_UINT) || cursor.value > 0xffff) return { refused: 'shape' };
  }
  const end = frame.length - shape.tagBytes - 1;
  if (frame[end] !== ((MAJOR_BYTES << 5) | shape.tagBytes)) return { refused: 'shape' };
  return {
    kind: shape.kind,
    kid,
    owner: shape.hasOwner ? cursor.value : undefined,
    body: plainView(frame, 0, end),
    tag: plainView(frame, end + 1, shape.tagBytes),
  };
}

/** Decodes a frame whose MAC was found right. What it returns shares no memory with the frame. */
export function openBody<K extends MessageKind>(
  frame: Uint8Array,
  kind: K,
): MessageOf<K> | Refused<'shape'> {
  const shape = SHAPES[kind];
  if (!hasShape(frame, shape)) return { refused: 'shape' };
  // Cannot throw: what throws in there (tags, floats, nesting, cut items) has not that shape.
  const items: unknown[] = decoder.decode(plain(frame));
  scratch.reset();
  scratch.head(MAJOR_ARRAY, items.length);
  scratch.head(MAJOR_UINT, shape.type);
  const message: Record<string, unknown> = { kind };
  for (let n = 0; n < shape.fields.length; n += 1) {
    const [name, type] = shape.fields[n] as Shape['fields'][number];
    const value = items[n + 1];
    if (!put(value, LIMITS[type])) return { refused: 'shape' };
    message[name] = value;
  }
  return scratch.startsLike(frame) ? (message as MessageOf<K>) : { refused: 'shape' };
}

/** Walks the frame by the table: the right items, in the shortest form, and nothing after them. */
function hasShape(frame: Uint8Array, shape: Shape): boolean {
  const cursor: Cursor = { at: 0, value: 0 };
  if (frame.length > shape.maxBytes) return false;
  if (!readHead(frame, cursor, MAJOR_ARRAY) || cursor.value !== shape.fields.length + 2)
    return false;
  if (!readHead(frame, cursor, MAJOR_UINT) || cursor.value !== shape.type) return false;
  for (const [, type] of shape.fields) {
    const limit = LIMITS[type];
    if (!readHead(frame, cursor, limit.major)) return false;
    if (cursor.value < limit.min || cursor.value > limit.max) return false;
    if (limit.major === MAJOR_BYTES) cursor.at += cursor.value;
  }
  if (!readHead(frame, cursor, MAJOR_BYTES) || cursor.value !== shape.tagBytes) return false;
  return cursor.at + shape.tagBytes === frame.length;
}

function fits(value: unknown, limit: Limit): boolean {
  if (limit.major === MAJOR_BYTES) {
    return value instanceof Uint8Array && value.length >= limit.min && value.length <= limit.max;
  }
  return (
    typeof value === 'number' && Number.isInteger(value) && value >= limit.min && value <= limit.max
  );
}

/** The frame itself where it is no Buffer, whose parts would be Buffers, too. */
function plain(frame: Uint8Array): Uint8Array {
  return frame.constructor === Uint8Array ? frame : plainView(frame, 0, frame.length);
}

/** A Uint8Array even where the frame is a Buffer, so that what is cut from it is one too. */
function plainView(frame: Uint8Array, from: number, length: number): Uint8Array {
  return new Uint8Array(frame.buffer, frame.byteOffset + from, length);
}

function shapeOf(kind: MessageKind): Shape {
  const { type, direction, tagBytes, fields } = MESSAGES[kind];
  const sizes = fields.map(([, name]) => LIMITS[name]);
  const envelope = 2 + 1 + tagBytes;
  return {
    kind,
    type,
    direction,
    tagBytes,
    fields,
    hasOwner: fields[1][0] === 'host' || fields[1][0] === 'orderer',
    minBytes: envelope + sum(sizes.map((limit) => sizeOf(limit, limit.min))),
    maxBytes: envelope + sum(sizes.map((limit) => sizeOf(limit, limit.max))),
  };
}

function sizeOf(limit: Limit, value: number): number {
  const head = value < 24 ? 1 : value <= 0xff ? 2 : value <= 0xffff ? 3 : 5;
  return limit.major === MAJOR_BYTES ? head + value : head;
}

function sum(numbers: number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
