/**
 * Makes the test vectors by other means than the code they test: the plain encoder of cbor-x, HMAC
 * and HKDF straight from node:crypto, a COBS that splits at zeros and a CRC bit by bit.
 */
import { createHmac, hkdfSync } from 'node:crypto';
import { Encoder } from 'cbor-x';
import {
  CHANNEL_BYTE,
  type Channel,
  DIRECTION_BYTE,
  MESSAGES,
  type MessageKind,
} from '../../../../protocol/wire/messages.ts';
import { SAMPLES, sampleOn } from './samples.ts';

const encoder = new Encoder({ useRecords: false, tagUint8Array: false });
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const bytesOf = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));
const hkdf = (key: Uint8Array, info: Uint8Array): Uint8Array =>
  new Uint8Array(hkdfSync('sha256', key, new Uint8Array(0), info, 32));

export interface MessageVector {
  kind: MessageKind;
  channel: Channel;
  /** Name of the key among `keys`. */
  key: string;
  fields: Record<string, number | string>;
  macInput: string;
  frame: string;
  /** Only where the channel is serial. */
  line?: string;
}

export interface Vectors {
  about: string;
  version: number;
  crc16: { input: string; crc: string };
  framing: { frame: string; line: string }[];
  derivations: { name: string; root: string; info: string; key: string }[];
  keys: Record<string, string>;
  messages: MessageVector[];
  refused: {
    why: string;
    channel: Channel;
    direction: 'up' | 'down';
    key: string;
    frame: string;
  }[];
}

const HOST_KEY = new Uint8Array(32).map((_, n) => n);
const ORDER_KEY = new Uint8Array(32).map((_, n) => 0x80 + n);
const { aNonce, hNonce, incarnation } = SAMPLES.hello;
const { wNonce } = SAMPLES.welcome;

const sessionInfo = (direction: 'up' | 'down'): Uint8Array =>
  encoder.encode([
    ...['fencepost session', 1, 1, 7, CHANNEL_BYTE.serial, DIRECTION_BYTE[direction]],
    ...[incarnation, aNonce, hNonce, wNonce],
  ]);

function derivations(): Vectors['derivations'] {
  const rows: Vectors['derivations'] = [];
  const add = (name: string, root: Uint8Array, info: Uint8Array): Uint8Array => {
    const key = hkdf(root, info);
    rows.push({ name, root: hex(root), info: hex(info), key: hex(key) });
    return key;
  };
  add('handshake', HOST_KEY, encoder.encode(['fencepost handshake']));
  const root = add('session root', HOST_KEY, encoder.encode(['fencepost session root']));
  add('order', ORDER_KEY, encoder.encode(['fencepost order']));
  add('session-up', root, sessionInfo('up'));
  add('session-down', root, sessionInfo('down'));
  return rows;
}

export function crcOf(bytes: Uint8Array): number {
  let crc = 0xffff;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit += 1) {
      crc = (crc & 0x8000) !== 0 ? ((crc << 1) ^ 0x1021) & 0xffff : (crc << 1) & 0xffff;
    }
  }
  return crc;
}

export function lineOf(frame: Uint8Array): Uint8Array {
  const crc = crcOf(frame);
  const blocks: number[][] = [[]];
  for (const byte of [...frame, crc >> 8, crc & 0xff]) {
    if (byte === 0) blocks.push([]);
    else blocks.at(-1)?.push(byte);
  }
  return Uint8Array.from([0, ...blocks.flatMap((block) => [block.length + 1, ...block]), 0]);
}

function macInputOf(body: Uint8Array, channel: Channel, direction: 'up' | 'down'): Uint8Array {
  return Uint8Array.from([1, CHANNEL_BYTE[channel], DIRECTION_BYTE[direction], ...body]);
}

function sealed(
  body: Uint8Array,
  input: Uint8Array,
  key: Uint8Array,
  tagBytes: number,
): Uint8Array {
  const tag = createHmac('sha256', key).update(input).digest().subarray(0, tagBytes);
  return Uint8Array.from([...body, 0x40 | tagBytes, ...tag]);
}

function messageVector(kind: MessageKind, channel: Channel, key: Uint8Array): MessageVector {
  const { type, fields, tagBytes, direction, key: use } = MESSAGES[kind];
  const sample = sampleOn(channel, kind) as unknown as Record<string, number | Uint8Array>;
  const values = fields.map(([name]) => sample[name] ?? 0);
  const whole = encoder.encode([type, ...values, new Uint8Array(tagBytes)]);
  const body = whole.subarray(0, whole.length - tagBytes - 1);
  const input = macInputOf(body, channel, direction);
  const frame = sealed(body, input, key, tagBytes);
  const shown = fields.map(([name], n): [string, number | string] => {
    const value = values[n] ?? 0;
    return [name, typeof value === 'number' ? value : hex(value)];
  });
  return {
    kind,
    channel,
    key: use,
    fields: Object.fromEntries(shown),
    macInput: hex(input),
    frame: hex(frame),
    ...(channel === 'serial' ? { line: hex(lineOf(frame)) } : {}),
  };
}

/** Bodies of a beat that no receiver may take although the MAC is right. */
const WRONG_BEATS: Record<string, string> = {
  'seq is not in its shortest form': '870501011a000003e81a000186a105',
  'echo has 64 bits': '870501011903e81b00000000000186a105',
  'seq is a bignum': '87050101c2421000' + '1a000186a105',
  'seq is NaN': '87050101f97e001a000186a105',
  'seq is negative': '87050101201a000186a105',
  'flags are above one byte': '870501011903e81a000186a1190100',
  'one item is missing': '860501011903e81a000186a1',
  'one item is too many': '880501011903e81a000186a10505',
  'the length of the array is in a longer form': '98070501011903e81a000186a105',
  'the array has no definite length': '9f0501011903e81a000186a105',
  'the type has another length': '871001011903e81a000186a105',
  'the type is unknown': '87170101' + '1903e81a000186a105',
};

function refusedVectors(messages: MessageVector[], up: Uint8Array): Vectors['refused'] {
  const rows: Vectors['refused'] = Object.entries(WRONG_BEATS).map(([why, text]) => {
    const body = bytesOf(text);
    const frame = sealed(body, macInputOf(body, 'serial', 'up'), up, 8);
    return { why, channel: 'serial', direction: 'up', key: 'session-up', frame: hex(frame) };
  });
  const beat = messages.find(({ kind }) => kind === 'beat');
  const golden = bytesOf(beat?.frame ?? '');
  const row = (why: string, channel: Channel, frame: Uint8Array): void => {
    rows.push({ why, channel, direction: 'up', key: 'session-up', frame: hex(frame) });
  };
  row('it was recorded on another channel', 'mqtt', golden);
  row(
    'the last byte of the tag is altered',
    'serial',
    golden.map((byte, n) => (n === 21 ? byte ^ 1 : byte)),
  );
  row('it is cut by one byte', 'serial', golden.slice(0, -1));
  row('a byte follows it', 'serial', Uint8Array.from([...golden, 0]));
  const body = golden.slice(0, -9);
  row(
    'it was sent in the other direction',
    'serial',
    sealed(body, macInputOf(body, 'serial', 'down'), up, 8),
  );
  return rows;
}

export function makeVectors(): Vectors {
  const derived = derivations();
  const keys = Object.fromEntries(
    derived.filter(({ name }) => name !== 'session root').map(({ name, key }) => [name, key]),
  );
  const kinds = Object.keys(MESSAGES) as MessageKind[];
  const messages = kinds.flatMap((kind) => {
    const { key } = MESSAGES[kind];
    // Orders and their answers take both ways; for the rest one shows the rule.
    const channels = key === 'order' ? (['mqtt', 'serial'] as const) : (['serial'] as const);
    return channels.map((channel) => messageVector(kind, channel, bytesOf(keys[key] ?? '')));
  });
  const frames = ['01', '00', '0000', '010203', '00010000', 'ff'.repeat(20), '00'.repeat(94)];
  return {
    about:
      'Test vectors of the fencepost wire; all byte strings in hex. See protocol/README.md. ' +
      'The keys are for tests only.',
    version: 1,
    crc16: {
      input: hex(Buffer.from('123456789')),
      crc: crcOf(Buffer.from('123456789')).toString(16),
    },
    framing: frames.map((frame) => ({ frame, line: hex(lineOf(bytesOf(frame))) })),
    derivations: derived,
    keys,
    messages,
    refused: refusedVectors(messages, bytesOf(keys['session-up'] ?? '')),
  };
}
