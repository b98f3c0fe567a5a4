/**
 * The measurements themselves: how long an agent takes to listen, and what it takes while it
 * guards. Numbers come from the kernel and from this process's clock, never from the agent's word.
 */
import { pause, until } from '../lib/until.ts';
import { type Child, startChild } from './child.ts';
import type { LoadCounts } from './load.ts';
import { cpuSecondsOf, type Memory, memoryOf, waitedMsOf } from './proc.ts';
import type { Site } from './site.ts';
import { type Spread, spreadOf } from './spread.ts';

export interface Guarding {
  hosts: number;
  seconds: number;
  /** What it had in memory at each second of the time, MiB. */
  rss: Spread;
  /** At the end of the time. */
  memory: Memory;
  cpuSeconds: number;
  /** What the hosts saw in that time. */
  heard: LoadCounts;
  /** Judge ticks so late that the board distrusted itself, and all that was told above `info`. */
  stalls: number;
  complaints: string[];
  contactsMoved: number;
}

const CONTACT_MS_MAX = 30_000;
const SAMPLE_MS = 1_000;
/** A Node with nothing of ours. */
const WAITS = 'process.stdout.write("waits\\n"); setInterval(() => {}, 1000)';

/**
 * Milliseconds from just before exec to the line "listening". `own` is without the time in which it
 * wanted to run and other processes had the processors, so it is nearly the same on a busy machine.
 */
export interface StartTimes {
  hosts: number;
  wall: Spread;
  own: Spread;
  /** `own` less that of a bare Node started just before: what is ours to shorten. */
  beyondNode: Spread;
}

export interface OneStart {
  wallMs: number;
  ownMs: number;
}

/** Starts the agent of a site so many times, each after a bare Node. */
export async function startTimes(
  site: Site,
  { hosts, count }: { hosts: number; count: number },
  bareOnce: () => Promise<OneStart>,
): Promise<StartTimes> {
  const wall: number[] = [];
  const own: number[] = [];
  const beyondNode: number[] = [];
  for (let n = 0; n < count; n += 1) {
    const bare = await bareOnce();
    const agent = site.startAgent();
    const took = await startOf(agent, '"listening: ');
    wall.push(took.wallMs);
    own.push(took.ownMs);
    beyondNode.push(took.ownMs - bare.ownMs);
    await agent.line('"started"');
    await agent.end();
  }
  return {
    hosts,
    ...{ wall: spreadOf(wall), own: spreadOf(own), beyondNode: spreadOf(beyondNode) },
  };
}

/** The same for a Node that does nothing but say a line. */
export async function bareStart(node: string): Promise<OneStart> {
  const child = startChild(node, ['-e', WAITS]);
  const took = await startOf(child, 'waits');
  await child.end();
  return took;
}

async function startOf(child: Child, words: string): Promise<OneStart> {
  const { atMs } = await child.line(words);
  const wallMs = atMs - child.spawnedAtMs;
  return { wallMs, ownMs: wallMs - waitedMsOf(child.pid) };
}

/** What a Node has in memory that only waits. */
export async function bareMemory(node: string): Promise<Memory> {
  const child = startChild(node, ['-e', WAITS]);
  await child.line('waits');
  await pause(SAMPLE_MS);
  const memory = memoryOf(child.pid);
  await child.end();
  return memory;
}

/** Lets all hosts of a site beat, and looks at the agent from when all of them are heard. */
export async function guard(
  site: Site,
  { hosts, seconds, flags }: { hosts: number; seconds: number; flags: readonly string[] },
): Promise<Guarding> {
  const agent = site.startAgent(flags);
  await agent.line('"started"');
  await site.load('begin');
  await until(
    'all hosts are heard on both paths',
    async () => (await site.load('count')).inContact === 2 * hosts,
    CONTACT_MS_MAX,
  );
  const cpuBefore = cpuSecondsOf(agent.pid);
  const linesBefore = agent.lines.length;
  await site.load('mark');
  const rss: number[] = [];
  for (let n = 0; n < seconds; n += 1) {
    await pause(SAMPLE_MS);
    rss.push(memoryOf(agent.pid).rss);
  }
  const memory = memoryOf(agent.pid);
  const cpuSeconds = cpuSecondsOf(agent.pid) - cpuBefore;
  const heard = await site.load('count');
  const said = saidSince(agent, linesBefore);
  await agent.end();
  return {
    ...{ hosts, seconds, rss: spreadOf(rss), memory, cpuSeconds, heard },
    stalls: said.filter(({ code }) => code === 'stalled').length,
    complaints: said.filter(({ level }) => level !== 'info').map(({ text }) => text),
    contactsMoved: site.moved(),
  };
}

interface Said {
  level: string;
  text: string;
  code?: string;
}

function saidSince(agent: Child, from: number): Said[] {
  return agent.lines
    .slice(from)
    .map(({ text }) => (text.startsWith('{') ? JSON.parse(text) : { level: 'error', text }));
}
