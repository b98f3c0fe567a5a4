/**
 * Orders, queries and their answers: no session, but each frame is sealed under the orderer's own
 * key and names life, tick and id, so the core can refuse what is old, foreign or repeated.
 *
 * An orderer's key stands in the file as `order` (a cluster's) or `admin` (a person's). A frame
 * under any other key, a host's included, is refused just as one that nobody's key made: a probe
 * learns nothing.
 */
import { openBody, peek, sealFrame, verify } from '../codec.ts';
import type { Crypto } from '../crypto.ts';
import type { KeyRing, RingKey, Role } from '../keys.ts';
import { type Channel, type Direction, MESSAGES, type MessageOf } from '../messages.ts';
import type { Refusal } from './table.ts';

export interface OpenedOrder {
  message: MessageOf<'query'> | MessageOf<'order'>;
  orderer: string;
  role: Role;
}

/**
 * Whether bytes have the look of order traffic that goes `up` to the board, or `down` to an orderer:
 * it shares a serial line with a host's own session. Nothing is proven by it.
 */
export function isOrderTraffic(frame: Uint8Array, direction: Direction): boolean {
  const peeked = peek(frame);
  if ('refused' in peeked) return false;
  const message = MESSAGES[peeked.kind];
  return message.key === 'order' && message.direction === direction;
}

/** Board side. `names` maps orderer numbers to the names of the configuration. */
export function openOrderer(
  crypto: Crypto,
  ring: KeyRing,
  names: ReadonlyMap<number, string>,
  channel: Channel,
  frame: Uint8Array,
): OpenedOrder | { refused: Refusal } {
  const peeked = peek(frame);
  if ('refused' in peeked) return peeked;
  const { kind, kid, owner } = peeked;
  if ((kind !== 'query' && kind !== 'order') || owner === undefined) return { refused: 'shape' };
  const orderer = names.get(owner);
  const key = orderer === undefined ? undefined : ordererKey(ring, orderer, kid);
  if (orderer === undefined || key === undefined) return { refused: 'mac' };
  if (!verify(crypto, key.order(), channel, peeked)) return { refused: 'mac' };
  const message = openBody(frame, kind);
  return 'refused' in message ? message : { message, orderer, role: key.role };
}

/** Board side. Undefined when the ring has no key of that orderer with the message's kid. */
export function sealAnswer(
  crypto: Crypto,
  ring: KeyRing,
  orderer: string,
  channel: Channel,
  message: MessageOf<'state'> | MessageOf<'result'>,
): Uint8Array | undefined {
  const key = ordererKey(ring, orderer, message.kid);
  return key === undefined ? undefined : sealFrame(crypto, key.order(), channel, message);
}

/** Orderer's side; take `kid` from `sendingKid`. Undefined when the ring has no such key. */
export function sealOrder(
  crypto: Crypto,
  ring: KeyRing,
  orderer: string,
  channel: Channel,
  message: MessageOf<'query'> | MessageOf<'order'>,
): Uint8Array | undefined {
  const key = ordererKey(ring, orderer, message.kid);
  return key === undefined ? undefined : sealFrame(crypto, key.order(), channel, message);
}

/** The kid that `orderer` sends with; undefined where the ring has no key of it. */
export function sendingKid(ring: KeyRing, orderer: string): number | undefined {
  return (ring.sending('order', orderer) ?? ring.sending('admin', orderer))?.kid;
}

/** Orderer's side: opens a STATE or RESULT that is for this orderer. */
export function openAnswer(
  crypto: Crypto,
  ring: KeyRing,
  self: { orderer: number; name: string },
  channel: Channel,
  frame: Uint8Array,
): { message: MessageOf<'state'> | MessageOf<'result'> } | { refused: Refusal } {
  const peeked = peek(frame);
  if ('refused' in peeked) return peeked;
  const { kind, kid, owner } = peeked;
  if (kind !== 'state' && kind !== 'result') return { refused: 'shape' };
  const key = owner === self.orderer ? ordererKey(ring, self.name, kid) : undefined;
  if (key === undefined || !verify(crypto, key.order(), channel, peeked)) return { refused: 'mac' };
  const message = openBody(frame, kind);
  return 'refused' in message ? message : { message };
}

/** The file gives a name one of the two roles only. */
function ordererKey(ring: KeyRing, orderer: string, kid: number): RingKey | undefined {
  return ring.find('order', orderer, kid) ?? ring.find('admin', orderer, kid);
}
