/** The keys of the tests, in a ring whose MACs cost next to nothing. */
import type { Crypto } from '../../../protocol/wire/crypto.ts';
import { type KeyRing, keyRing, parseKeys } from '../../../protocol/wire/keys.ts';
import { KEYS_TEXT } from '../../protocol/wire/lib/keys.ts';
import { toyCrypto } from './toy-crypto.ts';

export const crypto: Crypto = toyCrypto();

const parsed = parseKeys(KEYS_TEXT);
export const ring: KeyRing = keyRing(crypto, parsed.ok ? parsed.keys : []);
