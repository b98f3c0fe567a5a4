/**
 * The little of CBOR (RFC 8949) that the wire is made of: unsigned integers up to 32 bits, byte and
 * text strings and one array, each in the shortest form. One way to write each message means that
 * whatever reads differently from how we would have written it can be refused.
 */

export const MAJOR_UINT = 0;
export const MAJOR_BYTES = 2;
export const MAJOR_TEXT = 3;
export const MAJOR_ARRAY = 4;

/** Writes into one growing buffer; `take` gives a copy of what was written since `reset`. */
export interface Writer {
  head(major: number, value: number): void;
  raw(bytes: Uint8Array): void;
  take(): Uint8Array;
  /** Whether `bytes` begin with what was written since `reset`. */
  startsLike(bytes: Uint8Array): boolean;
  reset(): void;
}

export function writer(capacityBytes: number): Writer {
  let buffer = new Uint8Array(capacityBytes);
  let at = 0;
  const reserve = (more: number): void => {
    if (at + more <= buffer.length) return;
    const larger = new Uint8Array((at + more) * 2);
    larger.set(buffer);
    buffer = larger;
  };
  return {
    head(major, value) {
      reserve(5);
      at = putHead(buffer, at, major, value);
    },
    raw(bytes) {
      reserve(bytes.length);
      buffer.set(bytes, at);
      at += bytes.length;
    },
    take: () => buffer.slice(0, at),
    startsLike(bytes) {
      for (let n = 0; n < at; n += 1) if (bytes[n] !== buffer[n]) return false;
      return true;
    },
    reset() {
      at = 0;
    },
  };
}

/** Writes the head of an item in its shortest form; returns the place after it. */
function putHead(buffer: Uint8Array, from: number, major: number, value: number): number {
  if (!Number.isInteger(value) || value < 0 || value > 0xffff_ffff) {
    throw new Error(`${value} does not fit into 32 bits`);
  }
  const top = major << 5;
  let at = from;
  if (value < 24) {
    buffer[at++] = top | value;
    return at;
  }
  const width = value <= 0xff ? 1 : value <= 0xffff ? 2 : 4;
  buffer[at++] = top | (width === 1 ? 24 : width === 2 ? 25 : 26);
  for (let shift = (width - 1) * 8; shift >= 0; shift -= 8) buffer[at++] = (value >>> shift) & 0xff;
  return at;
}

/** A place in a frame; `value` is what the head read last carried. */
export interface Cursor {
  at: number;
  value: number;
}

/**
 * Reads the head of an item of `major`, moves the cursor behind it and returns true; false, with
 * the cursor anywhere, for another kind of item, a longer form than needed, more than 32 bits, an
 * indefinite length, or a frame that ends too early.
 */
export function readHead(frame: Uint8Array, cursor: Cursor, major: number): boolean {
  const first = frame[cursor.at];
  if (first === undefined || first >> 5 !== major) return false;
  cursor.at += 1;
  const small = first & 0x1f;
  if (small < 24) {
    cursor.value = small;
    return true;
  }
  if (small > 26) return false;
  const width = 1 << (small - 24);
  if (cursor.at + width > frame.length) return false;
  let value = 0;
  for (let n = 0; n < width; n += 1) value = value * 256 + (frame[cursor.at + n] as number);
  cursor.at += width;
  cursor.value = value;
  return value >= (width === 1 ? 24 : width === 2 ? 0x100 : 0x1_0000);
}

/**
 * The `info` of a key derivation: a CBOR array, because a plain concatenation would give two
 * different lists of names and numbers the same bytes.
 */
export function encodeInfo(parts: readonly (string | number | Uint8Array)[]): Uint8Array {
  const out = writer(128);
  out.head(MAJOR_ARRAY, parts.length);
  for (const part of parts) {
    if (typeof part === 'number') {
      out.head(MAJOR_UINT, part);
    } else {
      const bytes = typeof part === 'string' ? new TextEncoder().encode(part) : part;
      out.head(typeof part === 'string' ? MAJOR_TEXT : MAJOR_BYTES, bytes.length);
      out.raw(bytes);
    }
  }
  return out.take();
}
