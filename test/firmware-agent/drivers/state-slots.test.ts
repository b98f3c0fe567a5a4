/** Fault table, row 34: every torn image of the two slots gives the newest whole state, or none. */
import { decodeSlot, encodeSlot, newestOf } from '../../../firmware-agent/drivers/state-slots.ts';
import { assert, suite } from '../../lib/suite.ts';

const test = suite('state slots');
const SECTOR_BYTES = 512;

/** Deterministic noise, so that a failure can be played again. */
function noise(seed: number, bytes: number): Buffer {
  let state = seed >>> 0 || 1;
  const noisy = Buffer.alloc(bytes);
  for (let at = 0; at < bytes; at += 1) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    noisy[at] = state & 0xff;
  }
  return noisy;
}

function payload(counter: number, bytes: number): Uint8Array {
  return noise(counter, bytes);
}

function image(counter: number, bytes: number): Buffer {
  return encodeSlot({ counter, payload: payload(counter, bytes) });
}

/** What a start would find: the counter of the slot that counts, or undefined. */
function found(slots: Buffer[]): number | undefined {
  const decoded = slots.map((slot) => decodeSlot(slot));
  const newest = newestOf(decoded);
  return newest === undefined ? undefined : decoded[newest]?.counter;
}

/** `before` with the first bytes, or the sectors of `mask`, of `after` written over it. */
function torn(before: Buffer, after: Buffer, mask: number): Buffer {
  const mixed = Buffer.alloc(Math.max(before.length, after.length));
  before.copy(mixed);
  for (let sector = 0; sector * SECTOR_BYTES < after.length; sector += 1) {
    const at = sector * SECTOR_BYTES;
    if ((mask >> sector) & 1) after.copy(mixed, at, at, at + SECTOR_BYTES);
  }
  return mixed;
}

/** Sizes of what was there, what is written, in bytes of payload; the image adds 18. */
const SIZES: [was: number, is: number][] = [
  [0, 0],
  [0, 3_000],
  [3_000, 0],
  [700, 800],
  [2_000, 2_000],
  [494, 494],
];

test('a slot that was written whole is read as it was written', () => {
  for (const bytes of [0, 1, 511, 512, 513, 70_000]) {
    const slot = decodeSlot(image(7, bytes));
    assert.is(slot?.counter, 7);
    assert.ok(Buffer.from(slot?.payload ?? []).equals(payload(7, bytes)));
  }
});

test('every prefix of a write, over every old content, leaves the newest whole state', () => {
  let images = 0;
  for (const [wasBytes, isBytes] of SIZES) {
    for (const old of [Buffer.alloc(0), image(5, wasBytes), noise(1, wasBytes + 18)]) {
      const safe = image(6, wasBytes);
      const next = image(7, isBytes);
      for (let length = 0; length <= next.length; length += 1) {
        const rest = old.subarray(Math.min(length, old.length));
        for (const slot of [
          next.subarray(0, length),
          Buffer.concat([next.subarray(0, length), rest]),
        ]) {
          const wanted = length === next.length ? 7 : 6;
          // The last bytes may happen to be the same as those that were there.
          const whole = slot.subarray(0, next.length).equals(next);
          assert.is(found([slot, safe]), whole ? 7 : wanted);
          assert.is(found([safe, slot]), whole ? 7 : wanted);
          images += 2;
        }
      }
    }
  }
  assert.ok(images > 40_000, `${images} images`);
});

test('every subset of the sectors of a write leaves the newest whole state', () => {
  let images = 0;
  for (const [wasBytes, isBytes] of SIZES) {
    const safe = image(6, 1_000);
    const next = image(7, isBytes);
    const sectors = Math.ceil(next.length / SECTOR_BYTES);
    for (const old of [image(5, wasBytes), Buffer.alloc(wasBytes), noise(2, 4_000)]) {
      for (let mask = 0; mask < 2 ** sectors; mask += 1) {
        const slot = torn(old, next, mask);
        const whole = mask === 2 ** sectors - 1;
        assert.is(found([slot, safe]), whole ? 7 : 6, `${wasBytes} ${isBytes} ${mask}`);
        assert.is(found([safe, slot]), whole ? 7 : 6);
        // Alone it is new, or old where the write has not reached it, or nothing.
        const untouched = slot.subarray(0, old.length).equals(old);
        const alone = whole ? 7 : untouched ? found([old]) : undefined;
        assert.is(found([slot, Buffer.alloc(0)]), alone);
        images += 3;
      }
    }
  }
  assert.ok(images > 400, `${images} images`);
});

test('both slots torn at once give none, and never an exception', () => {
  const a = image(6, 900);
  const b = image(7, 900);
  for (let cut = 0; cut < a.length; cut += 1) {
    assert.is(found([a.subarray(0, cut), b.subarray(0, b.length - 1 - cut)]), undefined);
  }
});

test('one flipped bit anywhere makes a slot worthless', () => {
  const good = image(7, 300);
  for (let bit = 0; bit < good.length * 8; bit += 1) {
    const bad = Buffer.from(good);
    bad.writeUInt8(bad.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
    assert.is(decodeSlot(bad), undefined, `bit ${bit}`);
  }
});

test('random bytes are no slot, whatever length they claim', () => {
  for (let seed = 1; seed <= 20_000; seed += 1) {
    const bytes = noise(seed, seed % 200);
    if (seed % 2 === 0) Buffer.from('FPS1').copy(bytes);
    assert.is(decodeSlot(bytes), undefined, `seed ${seed}`);
  }
});

test.run();
