/** Keys of a simulated world: made from the seed, so that whoever needs one makes it again. */
import type { Crypto } from '../../../protocol/wire/crypto.ts';
import { type KeyEntry, type KeyRing, keyRing, type Role } from '../../../protocol/wire/keys.ts';
import type { Plan } from '../plan.ts';
import { stream } from '../streams.ts';

export function keyFor(
  seed: number,
  role: Role,
  owner: string,
  kid: number,
  sending: boolean,
): KeyEntry {
  const secret = (): Uint8Array => stream(seed, `key ${role} ${owner} ${kid}`).bytes(32);
  return { role, owner, kid, sending, secret };
}

/** What stands in the board's file at first. */
export function boardKeys({ seed, hosts, orderers }: Plan): KeyEntry[] {
  return [
    ...hosts.map(({ settings }) => keyFor(seed, 'host', settings.name, 1, true)),
    ...orderers.map(({ name, boundTo }) =>
      keyFor(seed, boundTo === undefined ? 'admin' : 'order', name, 1, true),
    ),
  ];
}

export function ringOf(crypto: Crypto, keys: readonly KeyEntry[]): KeyRing {
  return keyRing(crypto, keys);
}
