/**
 * A MAC that anybody could forge and that costs next to nothing: what is tried here lies behind a
 * right MAC, so the time goes to the code that reads what an owner of the key may say.
 */
import type { Crypto, Key } from '../../../protocol/wire/crypto.ts';

const OFFSET = 0x811c9dc5;
const PRIME = 0x01000193;

export function toyCrypto(): Crypto {
  const numbers = new WeakMap<Key, number>();
  const keyOf = (number: number): Key => {
    const key = Object.freeze({}) as Key;
    numbers.set(key, number);
    return key;
  };
  return {
    key: (bytes) => keyOf(mixed(OFFSET, bytes)),
    derive: (root, info) => keyOf(mixed(numbers.get(root) ?? 0, info)),
    mac: (key, head, body, tagBytes) => {
      const start = mixed(mixed(numbers.get(key) ?? 0, head), body);
      const tag = new Uint8Array(tagBytes);
      for (let at = 0, word = start; at < tagBytes; at += 1) {
        word = Math.imul(word ^ (word >>> 15), PRIME) + at;
        tag[at] = word >>> 8;
      }
      return tag;
    },
    equal: (a, b) => a.length === b.length && a.every((byte, at) => byte === b[at]),
  };
}

function mixed(start: number, bytes: Uint8Array): number {
  let word = start;
  for (const byte of bytes) word = Math.imul(word ^ byte, PRIME);
  return Math.imul(word ^ (word >>> 13), PRIME);
}
