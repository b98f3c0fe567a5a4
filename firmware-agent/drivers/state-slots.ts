/**
 * The image of one slot of the state file, and which of two slots counts.
 *
 * Power may go while a slot is written: then it holds a mixture of old and new sectors, or half of
 * the new ones, or whatever the flash made of it. A slot says how long it is, how young it is, and
 * carries a checksum over all of that; the younger of those that are whole counts, and the other
 * one is written next. So a torn write costs the newest state and never the one before.
 *
 * Layout: `FPS1`, payload length (4 bytes), counter (6 bytes), payload, CRC-32 of all before it.
 */
import { crc32 } from 'node:zlib';
import { STATE_BYTES_MAX } from '../core/limits.ts';

const MAGIC = Buffer.from('FPS1');
const LENGTH_AT = 4;
const COUNTER_AT = 8;
const PAYLOAD_AT = 14;
const CRC_BYTES = 4;

/** No slot is longer; what is, is not ours. */
export const SLOT_BYTES_MAX: number = PAYLOAD_AT + STATE_BYTES_MAX + CRC_BYTES;

export interface Slot {
  counter: number;
  payload: Uint8Array;
}

/** The bytes of a slot; the payload must not be longer than `STATE_BYTES_MAX`. */
export function encodeSlot({ counter, payload }: Slot): Buffer {
  const image = Buffer.alloc(PAYLOAD_AT + payload.length + CRC_BYTES);
  MAGIC.copy(image);
  image.writeUInt32BE(payload.length, LENGTH_AT);
  image.writeUIntBE(counter, COUNTER_AT, 6);
  image.set(payload, PAYLOAD_AT);
  const crcAt = PAYLOAD_AT + payload.length;
  image.writeUInt32BE(crc32(image.subarray(0, crcAt)), crcAt);
  return image;
}

/** The slot in `image`, or undefined where it is torn or never was one; what follows is ignored. */
export function decodeSlot(image: Buffer): Slot | undefined {
  if (image.length < PAYLOAD_AT + CRC_BYTES) return undefined;
  if (!image.subarray(0, MAGIC.length).equals(MAGIC)) return undefined;
  const crcAt = PAYLOAD_AT + image.readUInt32BE(LENGTH_AT);
  if (crcAt + CRC_BYTES > image.length) return undefined;
  if (crc32(image.subarray(0, crcAt)) !== image.readUInt32BE(crcAt)) return undefined;
  const payload = new Uint8Array(image.subarray(PAYLOAD_AT, crcAt));
  return { counter: image.readUIntBE(COUNTER_AT, 6), payload };
}

/** The index of the slot that counts: the youngest whole one. */
export function newestOf(slots: readonly (Slot | undefined)[]): number | undefined {
  let newest: number | undefined;
  for (const [index, slot] of slots.entries()) {
    const best = newest === undefined ? undefined : slots[newest];
    if (slot !== undefined && (best === undefined || slot.counter > best.counter)) newest = index;
  }
  return newest;
}
