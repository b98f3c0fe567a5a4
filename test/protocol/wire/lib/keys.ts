/** Keys that nobody should ever use: every byte of each is known. */

import type { Crypto } from '../../../../protocol/wire/crypto.ts';
import { type KeyRing, keyRing, parseKeys } from '../../../../protocol/wire/keys.ts';
import { nodeCrypto } from '../../../../protocol/wire/mac.ts';

export const crypto: Crypto = nodeCrypto();

/** 32 bytes, all of the same value, as the keys file writes them. */
export function base64Of(value: number): string {
  return Buffer.alloc(32, value).toString('base64');
}

/** A ring from the text of a keys file that must be good. */
export function ringOf(text: string): KeyRing {
  const parsed = parseKeys(text);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.errors));
  return keyRing(crypto, parsed.keys);
}

export const KEYS_TEXT: string = [
  `host alpha 1 ${base64Of(1)}`,
  `host beta 1 ${base64Of(2)}`,
  `order alpha-pcmk 1 ${base64Of(3)}`,
  `order beta-pcmk 1 ${base64Of(4)}`,
  `admin anna 1 ${base64Of(5)}`,
].join('\n');

export const ring: KeyRing = ringOf(KEYS_TEXT);
