/**
 * The two keys of a session. Everything that makes a frame belong to one place and time goes into
 * their derivation, so a frame recorded elsewhere (another session, path, host, direction or life)
 * fails its MAC without any list of what was seen before.
 */
import { encodeInfo } from '../cbor.ts';
import type { Crypto, Key } from '../crypto.ts';
import {
  CHANNEL_BYTE,
  type Channel,
  DIRECTION_BYTE,
  type Direction,
  WIRE_VERSION,
} from '../messages.ts';

export const SESSION_LABEL = 'fencepost session';

/**
 * Both ends drop a session after this many periods of K, before its 16-bit seq could wrap; at 1 s
 * that is 16 hours, and the host begins a new one at half of it.
 */
export const SESSION_PERIODS_MAX = 60_000;

/** What names one session. The nonces are the agent's life, the host's try and the answer to it. */
export interface SessionName {
  host: number;
  agent: number;
  channel: Channel;
  incarnation: number;
  aNonce: Uint8Array;
  hNonce: Uint8Array;
  wNonce: Uint8Array;
}

export interface SessionKeys {
  up: Key;
  down: Key;
}

/** Derives both keys from the session root of the host's key. */
export function sessionKeys(crypto: Crypto, sessionRoot: Key, name: SessionName): SessionKeys {
  return {
    up: crypto.derive(sessionRoot, sessionInfo(name, 'up')),
    down: crypto.derive(sessionRoot, sessionInfo(name, 'down')),
  };
}

/** The `info` of the derivation, as README.md lists it for other languages. */
export function sessionInfo(name: SessionName, direction: Direction): Uint8Array {
  return encodeInfo([
    SESSION_LABEL,
    WIRE_VERSION,
    name.host,
    name.agent,
    CHANNEL_BYTE[name.channel],
    DIRECTION_BYTE[direction],
    name.incarnation,
    name.aNonce,
    name.hNonce,
    name.wNonce,
  ]);
}

/** Public values only: a nonce is no secret, so this may stop at the first difference. */
export function sameNonce(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}
