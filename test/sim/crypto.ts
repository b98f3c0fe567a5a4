/**
 * MACs for simulated worlds: a stand-in that is as keyed and as wide as the real one and costs a
 * fiftieth, and the real one with a memo, since here sealing and checking happen in one process.
 *
 * The stand-in is no cryptography. It is a mix in which any change of key, head or body changes the
 * tag, so that everything which hangs on a MAC in the wire behaves as with HMAC.
 */
import type { Crypto, Key } from '../../protocol/wire/crypto.ts';

interface Words {
  a: number;
  b: number;
  c: number;
  d: number;
}

/** The stand-in. */
export function quickCrypto(): Crypto {
  const made = (words: Words): Key => words as unknown as Key;
  const state: Words = { a: 0, b: 0, c: 0, d: 0 };
  const NO_HEAD = new Uint8Array(0);
  return {
    key: (bytes) => {
      absorb(state, { a: 1, b: 2, c: 3, d: 4 }, NO_HEAD, bytes);
      return made({ ...state });
    },
    derive: (root, info) => {
      absorb(state, root as unknown as Words, NO_HEAD, info);
      return made({ ...state });
    },
    mac: (key, head, body, tagBytes) => {
      absorb(state, key as unknown as Words, head, body);
      const tag = new Uint8Array(tagBytes);
      put(tag, 0, state.a);
      put(tag, 4, state.b);
      if (tagBytes === 16) {
        put(tag, 8, state.c);
        put(tag, 12, state.d);
      }
      return tag;
    },
    equal: same,
  };
}

function absorb(state: Words, key: Words, head: Uint8Array, body: Uint8Array): void {
  let { a, b, c, d } = key;
  for (let at = 0; at < head.length; at += 1) {
    a = Math.imul(a ^ (head[at] as number), 0x9e3779b1);
    b = Math.imul(b + a, 0x85ebca6b) ^ (a >>> 15);
  }
  const { length } = body;
  for (let at = 0; at < length; at += 1) {
    const byte = body[at] as number;
    a = Math.imul(a ^ byte, 0x9e3779b1);
    a ^= a >>> 15;
    b = Math.imul((b ^ byte) + a, 0x85ebca6b);
    b ^= b >>> 13;
  }
  a ^= length;
  c = Math.imul(c ^ a, 0xc2b2ae35) ^ b;
  d = Math.imul(d ^ b, 0x27d4eb2f) ^ (c >>> 16);
  a = Math.imul(a ^ (d >>> 15), 0x2c1b3c6d);
  b = Math.imul(b ^ (c >>> 13), 0x297a2d39);
  state.a = a ^ (b >>> 16);
  state.b = b ^ (a >>> 15);
  state.c = Math.imul(c ^ state.a, 0x85ebca6b) ^ (d >>> 15);
  state.d = Math.imul(d ^ state.b, 0xc2b2ae35) ^ (state.c >>> 13);
}

function put(tag: Uint8Array, at: number, word: number): void {
  tag[at] = word & 0xff;
  tag[at + 1] = (word >>> 8) & 0xff;
  tag[at + 2] = (word >>> 16) & 0xff;
  tag[at + 3] = word >>> 24;
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let at = 0; at < a.length; at += 1) if (a[at] !== b[at]) return false;
  return true;
}

interface Memo {
  key: Key;
  head: Uint8Array;
  body: Uint8Array;
  full: Uint8Array;
}

/** As many as are on their way at once, and some. */
const MEMO_SLOTS = 1_024;

/** The same MACs as `inner` makes, those of the last moments from memory. */
export function remembering(inner: Crypto): Crypto {
  const slots: (Memo | undefined)[] = new Array(MEMO_SLOTS).fill(undefined);
  return {
    ...inner,
    equal: same,
    mac: (key, head, body, tagBytes) => {
      let hash = head[1] as number;
      for (let at = 0; at < body.length; at += 1) {
        hash = Math.imul(hash ^ (body[at] as number), 0x01000193);
      }
      const slot = (hash ^ (hash >>> 16)) & (MEMO_SLOTS - 1);
      const memo = slots[slot];
      if (memo !== undefined && memo.key === key && memo.head === head && same(memo.body, body)) {
        return memo.full.subarray(0, tagBytes);
      }
      const full = inner.mac(key, head, body, 16);
      slots[slot] = { key, head, body: body.slice(), full };
      return full.subarray(0, tagBytes);
    },
  };
}
