/**
 * Frames on a serial line: bytes arrive cut, doubled, at the wrong speed, or not at all, and the
 * receiver must find the next good frame at once without trusting a length that noise may forge.
 *
 * So a frame stands between zero bytes and holds none itself (COBS), and ends with a CRC-16. The
 * CRC is for diagnosis: a bad one is noise or a wrong baud rate, a good one with a bad MAC is a
 * wrong key or an attacker. It is CRC-16/IBM-3740 (polynomial 0x1021, start 0xFFFF, no reflection,
 * no final XOR), high byte first, over the frame.
 */
import type { Instant } from './instant.ts';

/** The frame and its CRC, before stuffing. The longest message that goes over serial has 81 B. */
export const SERIAL_BUFFER_BYTES = 96;
const CRC_BYTES = 2;
/** The longest frame that `frameEncode` takes. */
export const SERIAL_FRAME_MAX_BYTES: number = SERIAL_BUFFER_BYTES - CRC_BYTES;
/** A pause this long inside a frame means that its rest is lost. */
export const IDLE_GAP_MS = 50;

export interface FramingCounters {
  /** Whole frames handed on. */
  frames: number;
  /** CRC or stuffing wrong. */
  noise: number;
  oversize: number;
  /** Between two zero bytes, but too short to hold a frame. */
  short: number;
  /** Frames broken off by a pause. */
  idle: number;
}

export interface Deframer {
  /**
   * Takes bytes as they came off the line at `now`. Hands each whole frame, without CRC, to
   * `onFrame`, as a copy that belongs to the callee.
   */
  push(bytes: Uint8Array, now: Instant, onFrame: (frame: Uint8Array) => void): void;
  readonly counters: FramingCounters;
}

/** The bytes that go on the line. Throws on a frame that is empty or over the cap. */
export function frameEncode(payload: Uint8Array): Uint8Array {
  if (payload.length === 0 || payload.length > SERIAL_FRAME_MAX_BYTES) {
    throw new Error(`a serial frame has 1 to ${SERIAL_FRAME_MAX_BYTES} bytes`);
  }
  // Below 254 bytes COBS always adds exactly one, so the size is known beforehand.
  const line = new Uint8Array(payload.length + CRC_BYTES + 3);
  const crc = crc16(payload, payload.length);
  let codeAt = 1;
  let at = 2;
  const stuff = (byte: number): void => {
    if (byte !== 0) {
      line[at] = byte;
    } else {
      line[codeAt] = at - codeAt;
      codeAt = at;
    }
    at += 1;
  };
  for (const byte of payload) stuff(byte);
  stuff(crc >> 8);
  stuff(crc & 0xff);
  line[codeAt] = at - codeAt;
  return line;
}

/** Makes a receiver with a buffer of its own; one per line. */
export function deframer(): Deframer {
  const buffer = new Uint8Array(SERIAL_BUFFER_BYTES);
  const counters: FramingCounters = { frames: 0, noise: 0, oversize: 0, short: 0, idle: 0 };
  let length = 0;
  /** Bytes still to come of the present COBS block; 0 before the next code byte. */
  let left = 0;
  /** True between two zero bytes, once the first byte was seen. */
  let inside = false;
  /** True after a fault: nothing is taken until the next zero byte. */
  let skipping = false;
  let lastAt: Instant = Number.NEGATIVE_INFINITY;

  const startAfresh = (): void => {
    length = 0;
    left = 0;
    inside = false;
    skipping = false;
  };

  const finish = (onFrame: (frame: Uint8Array) => void): void => {
    if (left !== 0) {
      counters.noise += 1;
    } else if (length <= CRC_BYTES) {
      counters.short += 1;
    } else {
      const end = length - CRC_BYTES;
      const sent = ((buffer[end] as number) << 8) | (buffer[end + 1] as number);
      if (crc16(buffer, end) !== sent) {
        counters.noise += 1;
      } else {
        counters.frames += 1;
        onFrame(buffer.slice(0, end));
      }
    }
  };

  const take = (byte: number): void => {
    if (length === SERIAL_BUFFER_BYTES) {
      counters.oversize += 1;
      skipping = true;
      return;
    }
    buffer[length] = byte;
    length += 1;
  };

  const within = (byte: number): void => {
    if (left > 0) {
      take(byte);
      left -= 1;
      return;
    }
    // A code byte. Each but the first stands for the zero that ended the block before it.
    if (inside) take(0);
    inside = true;
    left = byte - 1;
  };

  return {
    counters,
    push(bytes, now, onFrame) {
      if (inside && !skipping && now - lastAt > IDLE_GAP_MS) {
        counters.idle += 1;
        skipping = true;
      }
      lastAt = now;
      for (const byte of bytes) {
        if (byte === 0) {
          const whole = inside && !skipping;
          if (whole) finish(onFrame);
          startAfresh();
        } else if (!skipping) {
          within(byte);
        }
      }
    },
  };
}

/**
 * CRC-16/IBM-3740 of the first `length` bytes. Eight steps of the division are folded into three
 * shifts, as the polynomial has three terms; filling a table for it would be the first hot loop of
 * the program, and the optimizing compiler that it calls in takes 5 MiB.
 */
export function crc16(bytes: Uint8Array, length: number): number {
  let crc = 0xffff;
  for (let at = 0; at < length; at += 1) {
    const top = (crc >> 8) ^ (bytes[at] as number);
    const folded = top ^ (top >> 4);
    crc = ((crc << 8) ^ (folded << 12) ^ (folded << 5) ^ folded) & 0xffff;
  }
  return crc;
}
