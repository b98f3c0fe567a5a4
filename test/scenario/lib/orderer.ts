/**
 * The orderer's side, and the attacker's: a client with whatever key is wanted, and a tap on the
 * broker that records every message and can publish anything.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { mqttLink, type PublishOptions } from '../../../protocol/link/mqtt.ts';
import { monotonicMs } from '../../../protocol/link/timers.ts';
import { type OrderClient, orderClient } from '../../../protocol/order-client.ts';
import { orderOverMqtt } from '../../../protocol/order-mqtt.ts';
import type { Crypto } from '../../../protocol/wire/crypto.ts';
import { type KeyRing, keyRing, parseKeys } from '../../../protocol/wire/keys.ts';
import { nodeCrypto } from '../../../protocol/wire/mac.ts';
import type { Rack } from '../../lib/rack.ts';

/** Keys work only with the one that made them. */
export const crypto: Crypto = nodeCrypto();

/** The names and numbers that the rack's files use. */
export const AGENT = { name: 'board', id: 1 } as const;
export const OPS = { name: 'ops', id: 10 } as const;

/** A ring whose only key is that of `ops`. */
export function ringOf(keyText: string): KeyRing {
  const parsed = parseKeys(keyText);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.errors));
  return keyRing(crypto, parsed.keys);
}

export function opsKeys(rack: Rack): string {
  return readFileSync(join(rack.dir, 'ops-keys'), 'utf8');
}

/** The key of a host, dressed up as that of the operator. */
export function hostKeyAsOps(rack: Rack, host: string): string {
  const line = readFileSync(join(rack.dir, `${host}-keys`), 'utf8');
  return line.replace(`host ${host}`, `admin ${OPS.name}`);
}

/** A client of the rack's agent, with the operator's key or with another. */
export function ordererOf(rack: Rack, keyText: string = opsKeys(rack)): OrderClient {
  return clientOf(rack, OPS, keyText);
}

/** An orderer of the rack's agent, by name and number. */
export interface Ordering {
  name: string;
  id: number;
}

/** A client of that orderer, with its keys file as it is now. */
export function ordererNamed(rack: Rack, by: Ordering): OrderClient {
  return clientOf(rack, by, readFileSync(join(rack.dir, `${by.name}-keys`), 'utf8'));
}

function clientOf(rack: Rack, by: Ordering, keyText: string): OrderClient {
  const { broker } = rack.setup;
  if (broker === undefined) throw new Error('this rack has no broker');
  const { url, protocol } = broker;
  return orderClient(
    {
      crypto,
      ring: ringOf(keyText),
      agent: AGENT.id,
      orderer: { orderer: by.id, name: by.name },
    },
    [orderOverMqtt({ access: { url, protocol }, agentName: AGENT.name, ordererName: by.name })],
  );
}

/** The wire number of a host of the rack. */
export function numberOf(rack: Rack, host: string): number {
  return rack.setup.hosts.indexOf(host) + 1;
}

export interface Heard {
  atMs: number;
  topic: string;
  payload: Uint8Array;
}

export interface Tap {
  heard(): readonly Heard[];
  publish(topic: string, payload: Uint8Array, options?: Partial<PublishOptions>): void;
  close(): Promise<void>;
}

/** Listens to everything under `fencepost/`; resolves when it does. */
export function tapOf(rack: Rack): Promise<Tap> {
  const { broker } = rack.setup;
  if (broker === undefined) throw new Error('this rack has no broker');
  const heard: Heard[] = [];
  return new Promise((resolve) => {
    const link = mqttLink(
      {
        url: broker.url,
        protocol: broker.protocol,
        clientId: 'tap',
        subscriptions: [{ topic: 'fencepost/#', qos: 1 }],
        packetBytesMax: 65_536,
        backlogBytesMax: 1 << 20,
      },
      {
        up: () => resolve(tap),
        lost: () => undefined,
        message: (topic, payload) => {
          heard.push({ topic, payload, atMs: monotonicMs() });
        },
      },
    );
    const tap: Tap = {
      heard: () => heard,
      publish: (topic, payload, options = {}) => {
        link.publish(topic, payload, { qos: 1, ...options });
      },
      close: () => link.close(),
    };
  });
}
