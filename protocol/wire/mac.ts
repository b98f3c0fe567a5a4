/**
 * HMAC-SHA-256 and HKDF-SHA-256 from node:crypto: the only file of the wire that touches a key.
 *
 * Secrets live in a map beside the handles that callers hold, so no log, error, JSON or inspector
 * can show them. Node keeps one KeyObject per key, which is five times faster than passing bytes.
 */

import type { KeyObject } from 'node:crypto';
import { createHash, createHmac, createSecretKey, hkdfSync, timingSafeEqual } from 'node:crypto';
import type { Crypto, Key } from './crypto.ts';

const KEY_BYTES = 32;
const NO_SALT = new Uint8Array(0);

/** The cryptography that ships. */
export function nodeCrypto(): Crypto {
  const secrets = new WeakMap<Key, KeyObject>();

  const keep = (bytes: Uint8Array): Key => {
    const key = Object.freeze({}) as Key;
    secrets.set(key, createSecretKey(bytes));
    return key;
  };
  const secretOf = (key: Key): KeyObject => {
    const secret = secrets.get(key);
    if (secret === undefined) throw new Error('this key was made by another Crypto');
    return secret;
  };

  return {
    key(bytes) {
      if (bytes.length !== KEY_BYTES) throw new Error(`a key has ${KEY_BYTES} bytes`);
      return keep(bytes);
    },
    derive(root, info) {
      const bytes = new Uint8Array(hkdfSync('sha256', secretOf(root), NO_SALT, info, KEY_BYTES));
      const key = keep(bytes);
      bytes.fill(0);
      return key;
    },
    mac(key, head, body, tagBytes) {
      const full = createHmac('sha256', secretOf(key)).update(head).update(body).digest();
      return new Uint8Array(full.buffer, full.byteOffset, tagBytes);
    },
    equal(a, b) {
      return a.length === b.length && timingSafeEqual(a, b);
    },
  };
}

/** SHA-256, for the incarnation of a boot id. */
export function sha256(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha256').update(bytes).digest());
}
