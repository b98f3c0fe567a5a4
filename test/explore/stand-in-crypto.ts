/**
 * Cryptography that nobody can break and that costs nothing: a key is a number that stands for how
 * it was derived, a MAC is a checksum that begins with that number. Deterministic, so that two
 * scenarios that did the same have the same bytes.
 */
import type { Crypto, Key } from '../../protocol/wire/crypto.ts';

export interface StandIn {
  crypto: Crypto;
  /** The number of each key, for telling keys apart. */
  numbers: WeakMap<object, number>;
}

export function standInCrypto(): StandIn {
  const numbers = new WeakMap<object, number>();
  const keys = new Map<string, Key>();
  const keyOf = (story: string): Key => {
    let key = keys.get(story);
    if (key === undefined) {
      key = Object.freeze({}) as Key;
      keys.set(story, key);
      numbers.set(key, keys.size);
    }
    return key;
  };
  const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
  const crypto: Crypto = {
    key: (bytes) => keyOf(hex(bytes)),
    derive: (root, info) => keyOf(`${numbers.get(root)}:${hex(info)}`),
    mac(key, head, body, tagBytes) {
      const number = numbers.get(key) ?? 0;
      let a = Math.imul(number, 0x9e3779b9);
      let b = number ^ 0x85ebca6b;
      for (const bytes of [head, body]) {
        for (const byte of bytes) {
          a = Math.imul(a ^ byte, 0x01000193);
          b = Math.imul(b + byte, 0xcc9e2d51) ^ (b >>> 15);
        }
      }
      const tag = new DataView(new ArrayBuffer(tagBytes));
      for (let i = 0; i < tagBytes; i += 8) {
        tag.setUint32(i, a);
        tag.setUint32(i + 4, b);
      }
      return new Uint8Array(tag.buffer);
    },
    equal: (x, y) => x.length === y.length && x.every((byte, i) => byte === y[i]),
  };
  return { crypto, numbers };
}
