/**
 * A board with many hosts on one machine: everything that the agent touches is another process, so
 * that what is measured of it is all its own.
 *
 * The bench plays contacts and senses, mosquitto is the broker, and the load generator (load.ts)
 * is all hosts. The agent is the shipped bundle under the flags of its unit file; the Node under
 * which it runs may be another one than ours.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startBench } from '../lib/bench/client.ts';
import { mosquittoBroker } from '../lib/brokers/mosquitto.ts';
import { built } from '../lib/built.ts';
import { type Child, startChild } from './child.ts';
import type { LoadConfig, LoadCounts } from './load.ts';
import type { SampleSetup, Samples } from './sample.ts';

export interface Site {
  readonly config: string;
  /** Where the broker is, and a folder that goes with the site. */
  readonly url: string;
  readonly dir: string;
  /** Starts an agent, which remembers nothing unless asked to; `flags` go to Node before the program. */
  startAgent(flags?: readonly string[], memory?: 'remembers'): Child;
  load(word: 'begin' | 'mark' | 'count' | `noise ${number}`): Promise<LoadCounts>;
  sample(setup: SampleSetup): Promise<Samples>;
  /** The processes that play hosts and broker. */
  readonly pids: readonly number[];
  /** Contacts that moved so far, by the log of the bench: nobody is to be fenced here. */
  moved(): number;
  close(): Promise<void>;
}

export interface SiteSetup {
  hostCount: number;
  keepaliveMs: number;
  /** The Node under which the agent runs. */
  node: string;
  /** Hosts over the broker alone, which are found dead by silence alone. */
  mqttOnly?: boolean;
  /** Of the hosts the last so many are a process of their own, whose clock no crowd keeps busy. */
  sampled?: number;
  /** Hosts over their serial lines alone, which are found dead by silence alone. */
  serialOnly?: boolean;
  /** The first host beats so often, whatever was agreed. */
  runawayKeepaliveMs?: number;
  /** How often outlets and senses are read; by default as often as the bench bears. */
  devicePeriodMs?: number;
  /** More lines of `[timing]`. */
  timing?: readonly string[];
}

const NODE_FLAGS = ['--disallow-code-generation-from-strings', '--disable-proto=delete'];
/** As usual for adapters with many serial ports. */
const HUB_PORTS = 16;
const AGENT = { name: 'board', id: 1 };

/** The folder of the shipped bundles. */
export const BUNDLES: string = join(import.meta.dirname, '..', 'bundle');

/** Starts everything but the agent; nothing speaks yet. */
export async function openSite(setup: SiteSetup): Promise<Site> {
  const { hostCount, keepaliveMs, node } = setup;
  const dir = mkdtempSync(join(tmpdir(), 'fencepost-bench-'));
  const lines = join(dir, 'lines');
  mkdirSync(lines);
  const hosts = Array.from({ length: hostCount }, (_, i) => ({ name: `host${i + 1}`, id: i + 1 }));
  const broker = await mosquittoBroker();
  const bench = await startBench(built('test/lib/bench/main.ts'), {
    socket: join(dir, 'bench.sock'),
    log: join(dir, 'bench.log'),
    dir,
    hosts: hosts.map(({ name }) => ({
      name,
      outlets: [{ name: 'psu' }],
      senses: [{ name: 'rail', covers: 'host' }],
    })),
  });
  const keys = hosts.map(({ name }) => `host ${name} 1 ${randomBytes(32).toString('base64')}\n`);
  writeFileSync(join(dir, 'keys'), keys.join(''), { mode: 0o600 });
  const load: LoadConfig = {
    ...{ dir: lines, hosts, agent: AGENT, keys: join(dir, 'keys') },
    ...{ url: broker.url, keepaliveMs },
    channels: (['serial', 'mqtt'] as const).filter(
      (channel) => !(channel === 'serial' ? setup.mqttOnly : setup.serialOnly),
    ),
    ...(setup.runawayKeepaliveMs && { runawayKeepaliveMs: setup.runawayKeepaliveMs }),
  };
  const config = join(dir, 'agent.toml');
  writeFileSync(config, agentToml(dir, load, setup));
  const players = await startPlayers(dir, load, setup.sampled ?? hostCount);
  return {
    ...{ config, dir, url: broker.url },
    pids: [...players.map(({ pid }) => pid), broker.pid],
    startAgent: (flags = [], memory) => {
      if (memory === undefined) rmSync(join(dir, 'state'), { recursive: true, force: true });
      const program = join(BUNDLES, 'fencepost-agent.cjs');
      return startChild(node, [...NODE_FLAGS, ...flags, program, 'run', config], 'stderr');
    },
    load: async (word) =>
      merged(await Promise.all(players.map(async (one) => JSON.parse(await one.ask(word))))),
    sample: async ({ code, thresholdMs, count, everyMs }) => {
      const words = `sample ${code} ${thresholdMs} ${count} ${everyMs}`;
      return JSON.parse((await players.at(-1)?.ask(words, thresholdMs + count * everyMs)) ?? '');
    },
    moved: () => bench.contacts().length,
    close: async () => {
      await Promise.all(players.map((player) => player.end()));
      await bench.close();
      await broker.close();
      rmSync(dir, { recursive: true });
    },
  };
}

/** The crowd, if there is one, and those that are looked at, each with a line `ready`. */
async function startPlayers(dir: string, load: LoadConfig, sampled: number): Promise<Child[]> {
  const at = Math.max(0, load.hosts.length - sampled);
  const parts =
    at === 0
      ? [load]
      : [load.hosts.slice(0, at), load.hosts.slice(at)].map((hosts) => ({
          ...load,
          hosts,
          isPart: hosts.length === sampled,
        }));
  const players = parts.map((part, i) => {
    const file = join(dir, `load-${i}.json`);
    writeFileSync(file, JSON.stringify(part));
    return startChild(process.execPath, [built('test/bench/load.ts'), file]);
  });
  await Promise.all(players.map((player) => player.line('ready')));
  return players;
}

/** The counts of all players; of gaps, those of whoever saw the longest. */
function merged(counts: readonly LoadCounts[]): LoadCounts {
  const sum = (name: 'inContact' | 'sent' | 'acknowledged' | 'answered'): number =>
    counts.reduce((all, one) => all + one[name], 0);
  return {
    ...{ inContact: sum('inContact'), sent: sum('sent') },
    ...{ acknowledged: sum('acknowledged'), answered: sum('answered') },
    aliveGap: counts
      .map(({ aliveGap }) => aliveGap)
      .reduce((most, one) => ((one?.max ?? 0) > (most?.max ?? 0) ? one : most), null),
  };
}

function agentToml(
  dir: string,
  { hosts, url, keepaliveMs }: LoadConfig,
  { mqttOnly = false, serialOnly = false, timing = [], devicePeriodMs }: SiteSetup,
): string {
  const period = devicePeriodMs === undefined ? '' : `\nperiod = "${devicePeriodMs}ms"`;
  const line = (name: string, id: number): string =>
    `serial = { path = "${join(dir, 'lines', name)}", adapter = "hub${Math.ceil(id / HUB_PORTS)}" }`;
  const socket = join(dir, 'bench.sock');
  return [
    'schema = 1',
    'version = 1',
    '[agent]',
    `name = "${AGENT.name}"`,
    `id = ${AGENT.id}`,
    `keys = "${join(dir, 'keys')}"`,
    `state = "${join(dir, 'state')}"`,
    `socket = "${join(dir, 'agent.sock')}"`,
    '[mqtt]',
    `url = "${url}"`,
    '[timing]',
    `keepalive = "${keepaliveMs}ms"`,
    ...timing,
    ...hosts.flatMap(({ name, id }) => [
      `[hosts.${name}]`,
      `id = ${id}`,
      ...(mqttOnly ? [] : [line(name, id)]),
      ...(serialOnly ? ['mqtt = false'] : []),
      ...(mqttOnly || serialOnly ? ['silence = "act"'] : []),
      `[[hosts.${name}.outlets]]`,
      `driver = "bench"\nname = "psu"\nsocket = "${socket}"\nplug = "${name}-psu"${period}`,
      `[[hosts.${name}.senses]]`,
      `driver = "bench"\nname = "rail"\ncovers = "host"\nsocket = "${socket}"\nplug = "${name}-rail"${period}`,
    ]),
    '',
  ].join('\n');
}
