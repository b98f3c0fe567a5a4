/**
 * What the wire needs of cryptography, as types only, so that sessions and codec stay pure and a
 * simulator may put a cheaper MAC in place of the real one. `mac.ts` is the one that ships.
 */

declare const OPAQUE: unique symbol;

/** A secret that only its Crypto can use; printing it in any way shows no byte of it. */
export interface Key {
  readonly [OPAQUE]: never;
}

export interface Crypto {
  /** Takes a secret of 32 bytes; the caller may overwrite the bytes afterwards. */
  key(bytes: Uint8Array): Key;
  /** Derives a key that says nothing about its root or about keys of another `info`. */
  derive(root: Key, info: Uint8Array): Key;
  /**
   * The first `tagBytes` of the MAC over `head` and `body`; `head` is version, channel and
   * direction (see `macHead`).
   */
  mac(key: Key, head: Uint8Array, body: Uint8Array, tagBytes: 8 | 16): Uint8Array;
  /** Compares in a time that does not depend on where the two differ. */
  equal(a: Uint8Array, b: Uint8Array): boolean;
}
