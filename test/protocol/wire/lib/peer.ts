/**
 * One board's sessions and hosts made by hand, step by step: the host's side of the code has no part
 * in it, so the two ends do not test themselves.
 */
import { openBody, sealFrame } from '../../../../protocol/wire/codec.ts';
import type { Key } from '../../../../protocol/wire/crypto.ts';
import type { KeyRing, RingKey } from '../../../../protocol/wire/keys.ts';
import type { Channel, Message } from '../../../../protocol/wire/messages.ts';
import {
  type AgentSessions,
  agentSessions,
  type Received,
  receive,
} from '../../../../protocol/wire/session/agent.ts';
import { sessionKeys } from '../../../../protocol/wire/session/derive.ts';
import { issue, newTicks, type TickLog } from '../../../../protocol/wire/ticks.ts';
import { crypto, ring } from './keys.ts';
import { prng } from './prng.ts';
import { SAMPLES } from './samples.ts';

export const F_MS = 5_000;
export const A_NONCE: Uint8Array = new Uint8Array(8).fill(0xa1);

export interface Rig {
  sessions: AgentSessions;
  ticks: TickLog;
  now: number;
}

export function rig(keys: KeyRing = ring): Rig {
  const chance = prng(3);
  const hosts = ['alpha', 'beta'].map((name, n) => ({
    host: n + 1,
    name,
    freshnessMs: F_MS,
    keepaliveMs: 1_000,
  }));
  const draw = (): Uint8Array => chance.bytes(8);
  const sessions = agentSessions({ crypto, agent: 7, aNonce: A_NONCE, hosts, ring: keys, draw });
  const ticks = newTicks();
  issue(ticks, 0);
  return { sessions, ticks, now: 0 };
}

/** What a host would keep of one handshake; made by hand, so the two ends do not test themselves. */
export interface Peer {
  channel: Channel;
  host: number;
  name: string;
  incarnation: number;
  up: Key;
  down: Key;
  welcome: Uint8Array;
}

export const nonce = (value: number): Uint8Array => new Uint8Array(8).fill(value);
export const keyOf = (name: string): RingKey => {
  const key = ring.sending('host', name);
  if (key === undefined) throw new Error(name);
  return key;
};

export function give(r: Rig, frame: Uint8Array, channel: Channel = 'serial', host = 1): Received {
  return receive(r.sessions, { channel, host }, frame, r.ticks, r.now);
}

export function helloFrame(
  fields: Partial<Extract<Message, { kind: 'hello' }>> = {},
  channel: Channel = 'serial',
  name = 'alpha',
): Uint8Array {
  const hello = { ...SAMPLES.hello, aNonce: A_NONCE, tick: 1, ...fields };
  return sealFrame(crypto, keyOf(name).handshake(), channel, hello);
}

export function handshake(
  r: Rig,
  hNonce: number,
  incarnation = 100,
  channel: Channel = 'serial',
  name = 'alpha',
): Peer {
  const host = name === 'alpha' ? 1 : 2;
  const frame = helloFrame(
    { hNonce: nonce(hNonce), incarnation, tick: r.ticks.latest, host },
    channel,
    name,
  );
  const [welcome] = give(r, frame, channel, host).replies;
  if (welcome === undefined) throw new Error('no WELCOME');
  const opened = openBody(welcome, 'welcome');
  if ('refused' in opened) throw new Error('bad WELCOME');
  const { wNonce } = opened;
  const keys = sessionKeys(crypto, keyOf(name).session(), {
    ...{ host, agent: 7, channel, incarnation },
    ...{ aNonce: A_NONCE, hNonce: nonce(hNonce), wNonce },
  });
  return { channel, host, name, incarnation, ...keys, welcome };
}

export function beatFrame(peer: Peer, seq: number, echo = 1, flags = 0): Uint8Array {
  const { host } = peer;
  return sealFrame(crypto, peer.up, peer.channel, { kind: 'beat', kid: 1, host, seq, echo, flags });
}

export function beat(r: Rig, peer: Peer, seq: number, echo = 1): string {
  const got = give(r, beatFrame(peer, seq, echo), peer.channel, peer.host);
  return got.refused ?? got.opened?.kind ?? 'nothing';
}
