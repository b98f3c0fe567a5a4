import { encodeBody, peek, sealFrame, verify } from '../../../protocol/wire/codec.ts';
import {
  crc16,
  deframer,
  type FramingCounters,
  frameEncode,
  IDLE_GAP_MS,
  SERIAL_FRAME_MAX_BYTES,
} from '../../../protocol/wire/framing.ts';
import {
  type FieldType,
  MESSAGES,
  type Message,
  type MessageKind,
} from '../../../protocol/wire/messages.ts';
import { assert, suite } from '../../lib/suite.ts';
import { crypto, ring } from './lib/keys.ts';
import { prng } from './lib/prng.ts';
import { SAMPLES } from './lib/samples.ts';

const test = suite('framing');

function receive(line: Uint8Array): { frames: Uint8Array[]; counters: FramingCounters } {
  const frames: Uint8Array[] = [];
  const receiver = deframer();
  receiver.push(line, 0, (frame) => frames.push(frame));
  return { frames, counters: receiver.counters };
}

function join(...parts: Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

test('the CRC is CRC-16/IBM-3740, whose check value for "123456789" is 29B1', () => {
  assert.is(crc16(new TextEncoder().encode('123456789'), 9), 0x29b1);
});

/** A message whose every field is as long as it can be; a STATE as it goes over a line, without a body. */
function longest(kind: MessageKind): Message {
  const most: Record<FieldType, number | Uint8Array> = {
    u8: 0xff,
    u16: 0xffff,
    u32: 0xffff_ffff,
    nonce: new Uint8Array(8),
    id: new Uint8Array(16),
    bytes8: new Uint8Array(8),
    bytes16: new Uint8Array(16),
    bytes32: new Uint8Array(32),
    body: new Uint8Array(),
  };
  const fields = MESSAGES[kind].fields.map(([name, type]) => [name, most[type]]);
  return { kind, ...Object.fromEntries(fields) };
}

test('every message fits a serial line at its longest, orders and their answers with room to spare', () => {
  const sizes = new Map(
    (Object.keys(MESSAGES) as MessageKind[]).map((kind) => [
      kind,
      encodeBody(longest(kind)).length + 1 + MESSAGES[kind].tagBytes,
    ]),
  );
  const orders = ['query', 'state', 'order', 'result'] as const;
  assert.equal(
    orders.map((kind) => sizes.get(kind)),
    [50, 72, 81, 79],
  );
  for (const [kind, bytes] of sizes) {
    // Two bytes of CRC, two frame ends, one of stuffing.
    assert.is(frameEncode(new Uint8Array(bytes)).length, bytes + 5, kind);
    assert.ok(bytes + 2 <= 96, `${kind} has ${bytes} bytes`);
  }
});

test('frames of every length and content come out as they went in, however they are cut', () => {
  const chance = prng(1);
  for (let length = 1; length <= SERIAL_FRAME_MAX_BYTES; length += 1) {
    const zeros = new Uint8Array(length);
    const ones = new Uint8Array(length).fill(1);
    const mixed = chance.bytes(length).map((byte) => (byte < 64 ? 0 : byte));
    for (const payload of [zeros, ones, mixed]) {
      const line = frameEncode(payload);
      assert.is(line.length, length + 5);
      assert.is(line.slice(1, -1).includes(0), false);
      const frames: Uint8Array[] = [];
      const receiver = deframer();
      for (let at = 0; at < line.length; ) {
        const end = at + 1 + chance.int(7);
        receiver.push(line.subarray(at, end), at, (frame) => frames.push(frame));
        at = end;
      }
      assert.equal(frames, [payload]);
    }
  }
});

test('an empty or too long payload is our own mistake and throws', () => {
  assert.throws(() => frameEncode(new Uint8Array(0)));
  assert.throws(() => frameEncode(new Uint8Array(SERIAL_FRAME_MAX_BYTES + 1)));
});

test('a frame handed on belongs to the callee: the next one does not overwrite it', () => {
  const { frames } = receive(
    join(frameEncode(new Uint8Array([1, 2])), frameEncode(new Uint8Array([3, 4]))),
  );
  assert.equal(frames, [new Uint8Array([1, 2]), new Uint8Array([3, 4])]);
});

test('a pause within a frame loses that frame alone, and a shorter one loses nothing', () => {
  const line = frameEncode(new Uint8Array([1, 2, 3]));
  for (const [pauseMs, expected] of [
    [IDLE_GAP_MS, 2],
    [IDLE_GAP_MS + 1, 1],
  ] as const) {
    const frames: Uint8Array[] = [];
    const receiver = deframer();
    receiver.push(line.subarray(0, 4), 0, (frame) => frames.push(frame));
    receiver.push(line.subarray(4), pauseMs, (frame) => frames.push(frame));
    receiver.push(line, pauseMs, (frame) => frames.push(frame));
    assert.is(frames.length, expected);
    assert.is(receiver.counters.idle, 2 - expected);
    assert.is(receiver.counters.noise, 0);
  }
});

test('a pause between frames is no fault', () => {
  const receiver = deframer();
  const line = frameEncode(new Uint8Array([9]));
  for (let at = 0; at < 10; at += 1) receiver.push(line, at * 10_000, () => {});
  assert.equal(receiver.counters, { frames: 10, noise: 0, oversize: 0, short: 0, idle: 0 });
});

test('noise, short and oversize frames are told apart, and the next good frame is taken', () => {
  const good = frameEncode(new Uint8Array([7, 7]));
  const bad = good.slice();
  bad[3] = (bad[3] ?? 0) ^ 0x40;
  const { frames, counters } = receive(
    join(
      bad,
      new Uint8Array([0, 1, 1, 0]),
      new Uint8Array(400).fill(0x55),
      good,
      new Uint8Array([0, 0, 0, 0]),
      new Uint8Array([9, 9, 9]),
      good,
    ),
  );
  assert.equal(counters, { frames: 2, noise: 2, oversize: 1, short: 1, idle: 0 });
  assert.is(frames.length, 2);
});

test('after line noise of any kind the very next frame is taken', () => {
  const good = frameEncode(new Uint8Array([1, 0, 2]));
  for (let seed = 0; seed < 500; seed += 1) {
    const chance = prng(seed);
    const { frames } = receive(join(chance.bytes(1 + chance.int(300)), good));
    assert.equal(frames.at(-1), new Uint8Array([1, 0, 2]), `seed ${seed}`);
  }
});

test('every cut of two frames in two at every place is taken alike', () => {
  const line = join(frameEncode(new Uint8Array([5, 0])), frameEncode(new Uint8Array([0, 6])));
  for (let cut = 0; cut <= line.length; cut += 1) {
    const receiver = deframer();
    receiver.push(line.subarray(0, cut), 0, () => {});
    receiver.push(line.subarray(cut), 1, () => {});
    assert.is(receiver.counters.frames, 2);
  }
});

const key = ring.find('host', 'alpha', 1)?.handshake();

/** How many of the damaged copies of `golden` come through CRC and MAC as another frame. */
function acceptedOf(golden: Uint8Array, damage: (copy: Uint8Array) => void, tally: number[]): void {
  const copy = golden.slice();
  damage(copy);
  for (const frame of receive(copy).frames) {
    tally[0] = (tally[0] ?? 0) + 1;
    const peeked = peek(frame);
    if (key !== undefined && !('refused' in peeked) && verify(crypto, key, 'serial', peeked)) {
      tally[1] = (tally[1] ?? 0) + 1;
    }
  }
}

function flip(bytes: Uint8Array, bit: number): void {
  bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (0x80 >> (bit & 7));
}

function burst(bytes: Uint8Array, from: number, length: number, between: number): void {
  flip(bytes, from);
  flip(bytes, from + length - 1);
  for (let at = 1; at < length - 1; at += 1) {
    if (((between >> (at - 1)) & 1) === 1) flip(bytes, from + at);
  }
}

test('no flip of one or two bits and no burst of up to 16 lets a damaged beat through', () => {
  if (key === undefined) return assert.unreachable();
  // Flags above 23 take a second byte: the 23-byte frame, of which 17,020 flips were counted.
  const frame = sealFrame(crypto, key, 'serial', { ...SAMPLES.beat, flags: 0x1f });
  assert.is(frame.length, 23);
  const golden = frameEncode(frame);
  const bits = golden.length * 8;
  const tally = [0, 0];
  let patterns = 0;
  for (let a = 8; a < bits - 8; a += 1) {
    for (let b = a; b < bits - 8; b += 1) {
      patterns += 1;
      const damage = (copy: Uint8Array): void => {
        flip(copy, a);
        if (b !== a) flip(copy, b);
      };
      acceptedOf(golden, damage, tally);
    }
  }
  const chance = prng(7);
  for (let length = 3; length <= 16; length += 1) {
    for (let from = 8; from + length <= bits - 8; from += 1) {
      // A burst has its first and last bit. What lies between is tried in full up to 8 bits, and
      // drawn 64 times above.
      const inner = 2 ** (length - 2);
      for (let n = 0; n < Math.min(inner, 64); n += 1) {
        const between = inner <= 64 ? n : chance.int(inner);
        patterns += 1;
        acceptedOf(golden, (copy) => burst(copy, from, length, between), tally);
      }
    }
  }
  assert.ok(patterns > 100_000, `${patterns} patterns`);
  assert.is(tally[1], 0, `${tally[1]} of ${patterns} accepted, ${tally[0]} past the CRC`);
});

test('the same damage before framing is all found by the CRC alone', () => {
  const frame = sealFrame(crypto, key as never, 'serial', { ...SAMPLES.beat, flags: 0x1f });
  const crc = crc16(frame, frame.length);
  let found = 0;
  for (let a = 0; a < frame.length * 8; a += 1) {
    for (let b = a; b < frame.length * 8; b += 1) {
      const copy = frame.slice();
      flip(copy, a);
      if (b !== a) flip(copy, b);
      if (crc16(copy, copy.length) !== crc) found += 1;
    }
  }
  assert.is(found, 17_020);
});

test('a steady beat takes at most 28 bytes on the line for host numbers below 24, and 32 at worst', () => {
  if (key === undefined) return assert.unreachable();
  const wire = (host: number, kid: number, flags: number): number => {
    const beat = { ...SAMPLES.beat, host, kid, flags, seq: 60_000, echo: 0xffff_ffff };
    return frameEncode(sealFrame(crypto, key, 'serial', beat)).length;
  };
  assert.is(wire(23, 1, 0x0f), 27);
  assert.is(wire(23, 1, 0x3f), 28);
  assert.is(wire(24, 1, 0x3f), 29);
  assert.is(wire(65_535, 65_535, 0xff), 32);
});

test.run();
