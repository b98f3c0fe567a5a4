import { Encoder } from 'cbor-x';
import {
  encodeBody,
  FRAME_MAX_BYTES,
  macHead,
  openBody,
  peek,
  sealFrame,
  verify,
} from '../../../protocol/wire/codec.ts';
import {
  type Channel,
  MESSAGES,
  type Message,
  type MessageKind,
} from '../../../protocol/wire/messages.ts';
import { assert, suite } from '../../lib/suite.ts';
import { crypto, ring } from './lib/keys.ts';
import { prng } from './lib/prng.ts';
import { SAMPLES } from './lib/samples.ts';

const test = suite('codec');
const KINDS = Object.keys(MESSAGES) as MessageKind[];
const key = crypto.key(new Uint8Array(32).fill(9));
const seal = (message: Message, channel: Channel = 'serial'): Uint8Array =>
  sealFrame(crypto, key, channel, message);

function refusalOf(result: object): string | undefined {
  return 'refused' in result ? String(result.refused) : undefined;
}

/** What a receiver that has the key makes of bytes: as on every real path. */
function throughPath(frame: Uint8Array): Message | string {
  const peeked = peek(frame);
  if ('refused' in peeked) return peeked.refused;
  if (!verify(crypto, key, 'mqtt', peeked)) return 'mac';
  const message = openBody(frame, peeked.kind);
  return 'refused' in message ? message.refused : message;
}

test('every message comes back as it was sent, and its own array of plain bytes', () => {
  for (const kind of KINDS) {
    const frame = seal(SAMPLES[kind]);
    const peeked = peek(frame);
    if ('refused' in peeked) return assert.unreachable(`${kind}: ${peeked.refused}`);
    assert.is(peeked.kind, kind);
    assert.ok(verify(crypto, key, 'serial', peeked), kind);
    const opened = openBody(frame, kind);
    assert.equal(opened, SAMPLES[kind]);
    frame.fill(0);
    assert.equal(opened, SAMPLES[kind], `${kind} shares memory with its frame`);
  }
});

test('a frame may be a Buffer in the middle of a larger one', () => {
  const frame = seal(SAMPLES.hello);
  const packet = Buffer.concat([Buffer.alloc(5), frame, Buffer.alloc(3)]).subarray(5, -3);
  const peeked = peek(packet);
  if ('refused' in peeked) return assert.unreachable();
  assert.ok(verify(crypto, key, 'serial', peeked));
  const opened = openBody(packet, 'hello');
  assert.equal(opened, SAMPLES.hello);
  if (!('refused' in opened)) assert.is(opened.hNonce.constructor, Uint8Array);
});

test('every message with random fields comes back, the extremes of each range included', () => {
  const chance = prng(11);
  const edges = [0, 1, 23, 24, 255, 256, 65_535, 65_536, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff];
  for (let round = 0; round < 300; round += 1) {
    for (const kind of KINDS) {
      const message: Record<string, unknown> = { kind };
      for (const [name, type] of MESSAGES[kind].fields) {
        const sizes = {
          nonce: 8,
          id: 16,
          bytes8: chance.int(9),
          bytes16: chance.int(17),
          bytes32: chance.int(33),
        };
        const max = { u8: 0xff, u16: 0xffff, u32: 0xffff_ffff };
        if (type === 'u8' || type === 'u16' || type === 'u32') {
          const allowed = edges.filter((edge) => edge <= max[type]);
          message[name] = allowed[chance.int(allowed.length)];
        } else {
          message[name] = chance.bytes(type === 'body' ? chance.int(700) : sizes[type]);
        }
      }
      assert.equal(throughPath(seal(message as Message, 'mqtt')), message);
    }
  }
});

test('the plain encoder of cbor-x writes the same bytes', () => {
  const encoder = new Encoder({ useRecords: false, tagUint8Array: false });
  for (const kind of KINDS) {
    const { type, fields, tagBytes } = MESSAGES[kind];
    const values = fields.map(([name]) => (SAMPLES[kind] as Record<string, unknown>)[name]);
    const whole = encoder.encode([type, ...values, new Uint8Array(tagBytes)]);
    const body = encodeBody(SAMPLES[kind]);
    assert.equal([...whole.subarray(0, body.length)], [...body], kind);
    assert.is(whole.length, body.length + 1 + tagBytes);
  }
});

test('all that goes over a serial line or MQTT is within the caps, STATE aside', () => {
  const largest: Record<string, number> = { u8: 0xff, u16: 0xffff, u32: 0xffff_ffff };
  const bytes: Record<string, number> = {
    nonce: 8,
    id: 16,
    bytes8: 8,
    bytes16: 16,
    bytes32: 32,
    body: 0,
  };
  for (const kind of KINDS) {
    const message = Object.fromEntries(
      MESSAGES[kind].fields.map(([name, type]) => [
        name,
        largest[type] ?? new Uint8Array(bytes[type] ?? 0),
      ]),
    );
    const frame = seal({ kind, ...message } as unknown as Message);
    assert.ok(frame.length <= FRAME_MAX_BYTES.serial, `${kind} has ${frame.length} bytes`);
  }
});

test('a field out of its range is our own mistake and throws', () => {
  for (const bad of [-1, 1.5, 65_536, Number.NaN, '1', undefined, 5n]) {
    assert.throws(() => encodeBody({ ...SAMPLES.beat, seq: bad } as Message), 'beat.seq');
  }
  for (const bad of [new Uint8Array(7), new Uint8Array(9), 8, 'abcdefgh']) {
    assert.throws(() => encodeBody({ ...SAMPLES.solicit, sNonce: bad } as Message), 'sNonce');
  }
});

test('version, channel and direction are under the MAC', () => {
  assert.equal([...macHead('serial', 'up')], [1, 1, 1]);
  assert.equal([...macHead('mqtt', 'down')], [1, 2, 2]);
  assert.equal([...macHead('socket', 'up')], [1, 3, 1]);
  const peeked = peek(seal(SAMPLES.beat, 'mqtt'));
  if ('refused' in peeked) return assert.unreachable();
  assert.ok(verify(crypto, key, 'mqtt', peeked));
  for (const channel of ['serial', 'socket'] as const) {
    assert.not(verify(crypto, key, channel, peeked), channel);
  }
  // LEAVING's answer and ALIVE differ in type alone; a beat read as its own answer must not pass.
  const asAnswer = { ...peeked, kind: 'alive' as const };
  assert.not(verify(crypto, key, 'mqtt', asAnswer));
});

test('the owner is read before the MAC where the message names one', () => {
  const owners = Object.fromEntries(
    KINDS.map((kind) => {
      const peeked = peek(seal(SAMPLES[kind]));
      return [kind, 'refused' in peeked ? 'refused' : peeked.owner];
    }),
  );
  assert.equal(owners, {
    ...{ beacon: undefined, solicit: 1, hello: 1, welcome: 1, beat: 1, alive: undefined },
    ...{ leaving: 1, leavingSeen: undefined, left: 1, leftSeen: undefined },
    ...{ query: 11, state: 11, order: 11, result: 11, kick: 1, timer: undefined },
    ...{ claim: 1, grant: undefined, release: 1 },
    ...{ pledge: 1, pledgeSeen: undefined, away: undefined },
  });
});

test('a type that nobody knows is refused as a wrong shape', () => {
  for (const type of [0, 23, 24]) {
    const frame = new Uint8Array(40);
    frame.set([0x84, type]);
    assert.is(refusalOf(peek(frame)), 'shape', String(type));
  }
});

test('a frame cut at any place is refused, and so is one with a byte more', () => {
  for (const kind of KINDS) {
    const frame = seal(SAMPLES[kind], 'mqtt');
    for (let length = 0; length < frame.length; length += 1) {
      assert.type(throughPath(frame.slice(0, length)), 'string', `${kind} cut to ${length}`);
    }
    assert.type(throughPath(Uint8Array.from([...frame, 0])), 'string', kind);
    assert.type(throughPath(Uint8Array.from([0, ...frame])), 'string', kind);
  }
});

/** A frame as an attacker with the right key would make it: any body, with a MAC that fits. */
function forge(kind: MessageKind, body: Uint8Array): Uint8Array {
  const { direction, tagBytes } = MESSAGES[kind];
  const tag = crypto.mac(key, macHead('mqtt', direction), body, tagBytes);
  return Uint8Array.from([...body, 0x40 | tagBytes, ...tag]);
}

const hex = (text: string): Uint8Array =>
  Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));

test('a frame longer than its kind can be is refused before any MAC is computed', () => {
  const long = Uint8Array.from([...seal(SAMPLES.beat).slice(0, -9), ...new Uint8Array(20)]);
  long[long.length - 9] = 0x48;
  assert.is(refusalOf(peek(long)), 'oversize');
  assert.is(refusalOf(peek(new Uint8Array(65_537))), 'oversize');
  const longer = hex('87 05 1801 01 1903e8 1a000186a1 05 48 0011223344556677');
  assert.is(refusalOf(peek(longer)), 'shape', 'a kid in a longer form');
});

test('where the head of the tag is not where its kind has it no key is tried', () => {
  for (const kind of KINDS) {
    const frame = seal(SAMPLES[kind]);
    const at = frame.length - MESSAGES[kind].tagBytes - 1;
    for (const bits of [0x01, 0x18, 0x20, 0x80]) {
      const other = frame.slice();
      other[at] = (other[at] ?? 0) ^ bits;
      assert.is(refusalOf(peek(other)), 'shape', `${kind} ${bits}`);
    }
  }
});

test('what is not in the shortest form, not a small integer or not closed is refused', () => {
  const good = '87 05 01 01 1903e8 1a000186a1 05';
  assert.type(throughPath(forge('beat', hex(good))), 'object');
  const bad: Record<string, string> = {
    'kid in a longer form': '87 05 1801 01 1903e8 1a000186a1 05',
    'type in a longer form': '87 1805 01 01 1903e8 1a000186a1 05',
    'seq as 32 bits': '87 05 01 01 1a000003e8 1a000186a1 05',
    'echo as 64 bits': '87 05 01 01 1903e8 1b00000000000186a1 05',
    'seq as a bignum': '87 05 01 01 c2420010 1a000186a1 05',
    'seq as a float': '87 05 01 01 f97c00 1a000186a1 05',
    'seq NaN': '87 05 01 01 f97e00 1a000186a1 05',
    'seq negative': '87 05 01 01 20 1a000186a1 05',
    'seq a string of bytes': '87 05 01 01 4103 1a000186a1 05',
    'seq a text': '87 05 01 01 6133 1a000186a1 05',
    'seq a map': '87 05 01 01 a10101 1a000186a1 05',
    'seq an array': '87 05 01 01 8105 1a000186a1 05',
    'seq under a tag': '87 05 01 01 c105 1a000186a1 05',
    'seq undefined': '87 05 01 01 f7 1a000186a1 05',
    'seq true': '87 05 01 01 f5 1a000186a1 05',
    'flags above a byte': '87 05 01 01 1903e8 1a000186a1 190100',
    'an item more': '88 05 01 01 1903e8 1a000186a1 05 05',
    'an item less': '86 05 01 01 1903e8 1a000186a1',
    'the array in a longer form': '9807 05 01 01 1903e8 1a000186a1 05',
    'the array of indefinite length': '9f 05 01 01 1903e8 1a000186a1 05',
    'a map instead of an array': 'a7 05 01 01 1903e8 1a000186a1 05',
    'self-described CBOR': 'd9d9f7 87 05 01 01 1903e8 1a000186a1 05',
  };
  for (const [name, text] of Object.entries(bad)) {
    assert.type(throughPath(forge('beat', hex(text))), 'string', name);
  }
});

test('hostile CBOR with a right MAC costs less than a millisecond and opens nothing', () => {
  const { body: _, ...state } = SAMPLES.state;
  const start = encodeBody({ ...state, body: new Uint8Array(0) }).slice(0, -1);
  const withBody = (item: Uint8Array): Uint8Array =>
    forge('state', Uint8Array.from([...start, ...item]));
  const filled = (head: string, byte: number, count: number): Uint8Array =>
    Uint8Array.from([...hex(head), ...new Uint8Array(count).fill(byte)]);
  const hostile: Record<string, Uint8Array> = {
    'a bignum of 60 KB': withBody(filled('c2 59 ea60', 0xff, 60_000)),
    'a bignum of 200 KB': withBody(filled('c2 5a 00030d40', 0xff, 200_000)),
    '60,000 nested arrays': withBody(filled('', 0x81, 60_000)),
    '60,000 nested tags': withBody(filled('', 0xc1, 60_000)),
    'a RegExp': withBody(hex('d81b 82 66 526567457870 82 61 61 60')),
    'an Error': withBody(hex('d81b 82 65 4572726f72 61 78')),
    'a record definition': withBody(hex('d9dfff 83 1901ff 81 61 61 01')),
    'a cycle': withBody(hex('d81c 81 d81d 00')),
    'a map with a key twice': withBody(hex('a2 61 61 01 61 61 02')),
    __proto__: withBody(hex('a1 69 5f5f70726f746f5f5f a0')),
    'a length of 4 GB': withBody(hex('5a ffffffff')),
    'an indefinite string': withBody(hex('5f 41 61 41 62 ff')),
    'bad UTF-8': withBody(hex('62 c328')),
    'a body over its limit': withBody(filled('59 f001', 0, 61_441)),
  };
  for (const item of Object.values(hostile)) throughPath(item);
  for (const [name, item] of Object.entries(hostile)) {
    let bestMs = Number.POSITIVE_INFINITY;
    for (let n = 0; n < 10; n += 1) {
      const startedAt = performance.now();
      assert.type(throughPath(item), 'string', name);
      bestMs = Math.min(bestMs, performance.now() - startedAt);
    }
    assert.ok(bestMs < 1, `${name}: ${bestMs} ms`);
  }
});

test('no short input and no mutated frame crashes the reader or is taken for a message', () => {
  for (let value = 0; value < 2 ** 16; value += 1) {
    assert.type(throughPath(new Uint8Array([value >> 8, value & 0xff])), 'string');
  }
  const chance = prng(23);
  const frames = KINDS.map((kind) => seal(SAMPLES[kind], 'mqtt'));
  for (let n = 0; n < 20_000; n += 1) {
    const frame = (frames[chance.int(frames.length)] ?? new Uint8Array()).slice();
    const places = 1 + chance.int(3);
    for (let place = 0; place < places; place += 1) {
      const at = chance.int(frame.length);
      frame[at] = (frame[at] ?? 0) ^ (1 + chance.int(255));
    }
    const outcome = throughPath(frame);
    if (typeof outcome !== 'string') {
      // Two changes of one byte may cancel out; anything else is a forgery.
      assert.ok(
        frames.some((whole) => Buffer.compare(whole, frame) === 0),
        `${n}`,
      );
    }
  }
});

test('mutated bodies under a right MAC open as exactly what they say, or not at all', () => {
  const chance = prng(29);
  for (let n = 0; n < 20_000; n += 1) {
    const kind = KINDS[chance.int(KINDS.length)] ?? 'beat';
    const body = encodeBody(SAMPLES[kind]);
    body[chance.int(body.length)] = chance.int(256);
    const outcome = throughPath(forge(kind, body));
    if (typeof outcome !== 'string') assert.equal(encodeBody(outcome), body);
  }
});

test('the ring of keys gives each purpose a key of its own', () => {
  const alpha = ring.find('host', 'alpha', 1);
  if (alpha === undefined) return assert.unreachable();
  const tags = [alpha.handshake(), alpha.session(), alpha.order()].map((purpose) =>
    Buffer.from(crypto.mac(purpose, macHead('mqtt', 'up'), new Uint8Array(1), 16)).toString('hex'),
  );
  assert.is(new Set(tags).size, 3);
});

test.run();
