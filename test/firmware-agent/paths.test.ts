/** The board's ends of its paths, before a real broker: what goes out, and what does not any more. */
import { randomBytes } from 'node:crypto';
import type { AgentConfig } from '../../firmware-agent/config/config.ts';
import { openPaths } from '../../firmware-agent/paths.ts';
import { mqttLink } from '../../protocol/link/mqtt.ts';
import { keyRing, parseKeys } from '../../protocol/wire/keys.ts';
import { nodeCrypto } from '../../protocol/wire/mac.ts';
import { agentSessions } from '../../protocol/wire/session/agent.ts';
import { newTicks } from '../../protocol/wire/ticks.ts';
import { embeddedBroker } from '../lib/brokers/embedded.ts';
import { assert, suite } from '../lib/suite.ts';
import { pause, until } from '../lib/until.ts';
import { boardOf, overBroker } from './core/world/settings.ts';

const test = suite('paths of the agent');
const HOSTS = 200;

/** Tells a round to many hosts, and after the first of them farewell to all; who was told of the round? */
async function toldOf(farewell: boolean): Promise<number> {
  const broker = await embeddedBroker();
  const hosts = Array.from({ length: HOSTS }, (_, i) => overBroker(i + 1, `host${i + 1}`));
  const line = ({ name }: { name: string }): string =>
    `host ${name} 1 ${randomBytes(32).toString('base64')}\n`;
  const keys = parseKeys(hosts.map(line).join(''));
  if (!keys.ok) throw new Error('the keys of the test are wrong');
  const crypto = nodeCrypto();
  const sessions = agentSessions({
    ...{ crypto, ring: keyRing(crypto, keys.keys), agent: 1, aNonce: randomBytes(8) },
    hosts: hosts.map(({ host, name }) => ({ host, name, freshnessMs: 3_000, keepaliveMs: 1_000 })),
    draw: () => randomBytes(8),
  });
  const topics: string[] = [];
  const calls = (): number => topics.filter((topic) => topic !== 'mark').length;
  const link = {
    url: broker.url,
    protocol: 4,
    packetBytesMax: 1_024,
    backlogBytesMax: 1 << 20,
  } as const;
  const ends: string[] = [];
  const tap = mqttLink(
    { ...link, clientId: 'tap', subscriptions: [{ topic: '#', qos: 0 }] },
    {
      up: () => ends.push('tap'),
      lost: () => undefined,
      message: (topic) => topics.push(topic),
    },
  );
  const nothing = (): void => undefined;
  const paths = openPaths(
    {
      config: { board: boardOf(hosts), devices: [] } as unknown as AgentConfig,
      access: { url: broker.url, protocol: 4 },
      ...{ sessions, ticks: newTicks() },
    },
    {
      ...{ opened: nothing, refused: nothing, ended: nothing, echoed: nothing, order: nothing },
      ...{ say: nothing, listening: () => ends.push('agent') },
    },
  );
  await until('both are connected', () => ends.length === 2);
  paths.round(1);
  if (farewell) for (const { host } of hosts) paths.away(host, 1, 600);
  if (!farewell) await until('all are told', () => calls() > HOSTS);
  // Long after the last of them had its turn; what was sent before arrives before it.
  await pause(100);
  tap.publish('mark', new Uint8Array(1), { qos: 0 });
  await until('the mark is back', () => topics.includes('mark'));
  await Promise.all([paths.close(), tap.close()]);
  await broker.close();
  // Our own echo is one of them.
  return calls() - 1;
}

test('a round reaches everybody', async () => {
  assert.is(await toldOf(false), HOSTS);
});

test('once a farewell is said, nobody hears the rest of a round', async () => {
  const told = await toldOf(true);
  assert.ok(told > 0 && told < HOSTS / 2, `${told} of ${HOSTS}`);
});

test.run();
