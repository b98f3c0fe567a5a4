/**
 * Copies plain data and says it in bytes, whatever its shape: for a world whose states are few
 * enough not to be said field by field.
 *
 * Sessions are changed in place and hold handles (keys, the ring, their setup) that are the same in
 * every state. Those are shared by copies: whatever lies in `shared`, or under a name of `leftOut`.
 */
import { type Pen, put } from './codec.ts';

export interface PlainRules {
  /** Handles with the number that tells them apart. */
  shared: WeakMap<object, number>;
  /** Names of fields that are the same everywhere, or that no step reads. */
  leftOut: ReadonlySet<string>;
}

/** A copy that shares only handles. */
export function copyPlain<T>(value: T, rules: PlainRules): T {
  return copy(value, rules) as T;
}

function copy(value: unknown, rules: PlainRules): unknown {
  if (typeof value !== 'object' || value === null || rules.shared.has(value)) return value;
  if (Array.isArray(value)) return value.map((item) => copy(item, rules));
  // Bytes of frames and nonces are never changed in place; lists of times are.
  if (value instanceof Uint8Array) return value;
  if (value instanceof Float64Array) return value.slice();
  const made: Record<string, unknown> = {};
  for (const name of Object.keys(value)) {
    const field = (value as Record<string, unknown>)[name];
    made[name] = rules.leftOut.has(name) ? field : copy(field, rules);
  }
  return made;
}

/** Writes all of it but what is left out. */
export function writePlain(value: unknown, to: Pen, rules: PlainRules): void {
  if (value === undefined) put(to, 0);
  else if (value === null) put(to, 1);
  else if (typeof value === 'boolean') put(to, value ? 2 : 3);
  else if (typeof value === 'number') writeNumber(value, to);
  else if (typeof value === 'string') writeBytes(new TextEncoder().encode(value), to);
  else if (typeof value === 'object') writeObject(value, to, rules);
}

function writeNumber(value: number, to: Pen): void {
  put(to, 4);
  numbers.setFloat64(0, value);
  for (let i = 0; i < 8; i += 1) put(to, numbers.getUint8(i));
}

const numbers = new DataView(new ArrayBuffer(8));

function writeBytes(bytes: Uint8Array, to: Pen): void {
  put(to, 5);
  put(to, bytes.length);
  for (const byte of bytes) put(to, byte);
}

function writeObject(value: object, to: Pen, rules: PlainRules): void {
  const handle = rules.shared.get(value);
  if (handle !== undefined) return writeNumber(handle, to);
  if (value instanceof Uint8Array) return writeBytes(value, to);
  if (Array.isArray(value) || value instanceof Float64Array) {
    put(to, 6);
    put(to, value.length);
    for (const item of value) writePlain(item, to, rules);
    return;
  }
  put(to, 7);
  for (const [name, field] of Object.entries(value)) {
    if (!rules.leftOut.has(name)) writePlain(field, to, rules);
  }
}
