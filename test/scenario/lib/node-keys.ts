/** Keys that are bound to a host each, as the nodes of a cluster have them, with both ways to the board. */
import { randomBytes } from 'node:crypto';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type OrderClient, orderClient } from '../../../protocol/order-client.ts';
import { orderOverShim } from '../../../protocol/order-shim.ts';
import { built } from '../../lib/built.ts';
import { type Rack, type RackSetup, type Ran, run } from '../../lib/rack.ts';
import { AGENT, crypto, ringOf } from './orderer.ts';

const ID_FIRST = 21;

/** The orderer of the host with that place in the rack. */
export function ordererOn(host: string, place: number): { orderer: number; name: string } {
  return { orderer: ID_FIRST + place, name: `${host}-node` };
}

/** The rack with one orderer for each host, called HOST-node and bound to it. */
export function withNodeKeys(setup: RackSetup): RackSetup {
  const { hosts } = setup;
  return {
    ...setup,
    agentLines: hosts.flatMap((host, n) => [
      `[orderers.${host}-node]`,
      `id = ${ID_FIRST + n}`,
      `host = "${host}"`,
      'may = ["fence", "status"]',
      `hosts = ${JSON.stringify(hosts.filter((other) => other !== host))}`,
    ]),
    prepare: (dir) => {
      setup.prepare?.(dir);
      for (const host of hosts) writeNode(dir, setup, host);
    },
  };
}

function writeNode(dir: string, { hosts, broker }: RackSetup, host: string): void {
  const key = `order ${host}-node 1 ${randomBytes(32).toString('base64')}\n`;
  appendFileSync(join(dir, 'keys'), key);
  writeFileSync(keysOf(dir, host), key, { mode: 0o600 });
  const mqtt = broker === undefined ? [] : ['[mqtt]', `url = "${broker.url}"`];
  const lines = [
    'schema = 1',
    `keys = "${keysOf(dir, host)}"`,
    `[agent]\nname = "${AGENT.name}"\nid = ${AGENT.id}`,
    `[orderer]\nname = "${host}-node"\nid = ${ID_FIRST + hosts.indexOf(host)}`,
    ...mqtt,
    `[shim]\nsocket = "${join(dir, `${host}.sock`)}"`,
    '[hosts]',
    ...hosts.map((name, n) => `${name} = ${n + 1}`),
  ];
  writeFileSync(configOf(dir, host), `${lines.join('\n')}\n`);
}

/** Runs `fencepost` on a host, as its node would. */
export function fencepostOn(rack: Rack, host: string, args: string[]): Promise<Ran> {
  return run([built('host-shim/cli/main.ts'), ...args, '--config', configOf(rack.dir, host)]);
}

/** An order client with the key of one host, at the shim of another. */
export function nodeAt(rack: Rack, owner: string, host: string): OrderClient {
  const orderer = ordererOn(owner, rack.setup.hosts.indexOf(owner));
  const ring = ringOf(readFileSync(keysOf(rack.dir, owner), 'utf8'));
  const route = orderOverShim(join(rack.dir, `${host}.sock`));
  return orderClient({ crypto, ring, agent: AGENT.id, orderer }, [route]);
}

/** A keys file with the key of the host's orderer alone. */
export function keysOf(dir: string, host: string): string {
  return join(dir, `${host}-node-keys`);
}

function configOf(dir: string, host: string): string {
  return join(dir, `${host}-fencepost.toml`);
}
