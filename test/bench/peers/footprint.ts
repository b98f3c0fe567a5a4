/**
 * What each takes of memory and of a processor while all is well: ours on the board and on a server,
 * beside what stands on every server of a Pacemaker cluster, sbd, and Node-RED as what people put on
 * such a board.
 *
 * All of them idle side by side in the same minute. A page that several processes of one program share
 * counts once (`once`), and what it shares with other programs counts in full: PSS would divide Node's or
 * a daemon's own pages by all who happen to run here. RSS beside it counts every page in each process.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { mosquittoBroker } from '../../lib/brokers/mosquitto.ts';
import { startRack } from '../../lib/rack.ts';
import { pause, until } from '../../lib/until.ts';
import { allBeat } from '../../scenario/lib/hearing.ts';
import { timing } from '../../scenario/lib/timing.ts';
import { startChild } from '../child.ts';
import { cpuSecondsOf, memoryOf } from '../proc.ts';
import type { Verdict } from '../report.ts';
import { most } from '../section.ts';
import { BUNDLES, openSite } from '../site.ts';
import { PACEMAKER_NEEDS, startRing } from './corosync.ts';
import { type Outcome, outcomeOf, type Part, rowsOf } from './outcome.ts';
import { startPeer } from './peer-node.ts';

const SETTLE_MS = 15_000;
const SECONDS_MIN = 10;
const KEEPALIVE_MS = 1_000;
const UP_MS_MAX = 60_000;
const NODE_RED = join(BUNDLES, '..', 'peers', 'node-red', 'node_modules', 'node-red', 'red.js');

interface Footprint {
  processes: number;
  onceMib: number;
  rssMib: number;
  /** Share of one processor. */
  cpuPercent: number;
  seconds: number;
}

/** Something that runs and idles. */
interface Running {
  pids(): number[];
  close(): Promise<void>;
}

const OURS = { board: 'fencepost-agent, two hosts', server: 'fencepost-shim' };
const PEERS = { cluster: 'Pacemaker and corosync, one node of two', flows: 'Node-RED, no flow' };

const IDLERS: readonly { of: string; needs?: readonly string[]; start: () => Promise<Running> }[] =
  [
    { of: OURS.board, start: startBoard },
    { of: OURS.server, start: startServer },
    { of: PEERS.cluster, needs: PACEMAKER_NEEDS, start: startCluster },
    { of: 'sbd, one disk', needs: ['/usr/sbin/sbd'], start: startSbd },
    { of: PEERS.flows, needs: [NODE_RED], start: startNodeRed },
  ];

/** Takes about so long in all. */
export async function measureFootprint(ms: number, tell: (what: string) => void): Promise<Part> {
  const seconds = Math.max(SECONDS_MIN, Math.round((ms - 2 * SETTLE_MS) / 1_000));
  tell('starting all that is to idle');
  const started: Outcome<Running>[] = [];
  for (const { start, ...about } of IDLERS) started.push(await outcomeOf(about, start));
  const outcomes: Outcome<Footprint>[] = [];
  await pause(SETTLE_MS);
  tell(`memory and processor for ${seconds} s`);
  const all = started.map((one) => {
    if (one.is !== 'measured') return Promise.resolve(one);
    return outcomeOf({ of: one.of }, () => footprintOf(one.value, seconds));
  });
  outcomes.push(...(await Promise.all(all)));
  for (const one of started) if (one.is === 'measured') await one.value.close();
  return {
    section: {
      name: 'footprint',
      title: `what each takes while all is well, MiB and % of one processor, for the same ${seconds} s`,
      head: ['once', 'RSS', 'processor', 'processes'],
      rows: outcomes.flatMap((one) => rowsOf(one, (value) => [[one.of, ...cells(value)]])),
      verdicts: [
        ...lessThan(outcomes, OURS.board, PEERS.flows),
        ...lessThan(outcomes, OURS.server, PEERS.cluster),
      ],
      figures: outcomes,
    },
    outcomes,
  };
}

function cells({ onceMib, rssMib, cpuPercent, processes }: Footprint): string[] {
  return [onceMib.toFixed(1), rssMib.toFixed(1), `${cpuPercent.toFixed(2)} %`, String(processes)];
}

function lessThan(outcomes: readonly Outcome<Footprint>[], one: string, other: string): Verdict[] {
  const [mine, theirs] = [one, other].map((name) => outcomes.find(({ of }) => of === name));
  if (mine?.is !== 'measured' || theirs?.is !== 'measured') return [];
  return [most(`MiB of ${one}, beside ${other}`, mine.value.onceMib, theirs.value.onceMib)];
}

async function footprintOf({ pids }: Running, seconds: number): Promise<Footprint> {
  const before = pids();
  if (before.length === 0) throw new Error('none of its processes runs');
  const cpuOf = (): number => before.reduce((sum, pid) => sum + cpuSecondsOf(pid), 0);
  const cpuBefore = cpuOf();
  await pause(1_000 * seconds);
  const cpuSeconds = cpuOf() - cpuBefore;
  return {
    processes: before.length,
    onceMib: onceMibOf(before),
    rssMib: before.reduce((sum, pid) => sum + memoryOf(pid).rss, 0),
    cpuPercent: (100 * cpuSeconds) / seconds,
    seconds,
  };
}

/** Anonymous memory of all, and of each part of a file as much as the one has that has most of it. */
function onceMibOf(pids: readonly number[]): number {
  const parts = new Map<string, number>();
  let anonymousKib = 0;
  for (const pid of pids) {
    anonymousKib += 1_024 * memoryOf(pid).anonymous;
    const mappings = readFileSync(`/proc/${pid}/smaps`, 'utf8').split(/^(?=[0-9a-f]+-)/m);
    for (const text of mappings) {
      const [, offset, inode] = /^\S+ \S+ (\S+) \S+ (\d+)/.exec(text) ?? [];
      if (inode === undefined || inode === '0') continue;
      const fileKib = kibOf(text, 'Rss') - kibOf(text, 'Anonymous');
      const key = `${inode} ${offset}`;
      parts.set(key, Math.max(parts.get(key) ?? 0, fileKib));
    }
  }
  return (anonymousKib + [...parts.values()].reduce((sum, kib) => sum + kib, 0)) / 1_024;
}

function kibOf(mapping: string, name: string): number {
  const found = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(mapping)?.[1];
  if (found === undefined) throw new Error(`the kernel does not show ${name} of a mapping`);
  return Number(found);
}

/** The shipped agent; hosts and broker beside it are played by others, whom nobody counts. */
async function startBoard(): Promise<Running> {
  const site = await openSite({ hostCount: 2, keepaliveMs: KEEPALIVE_MS, node: process.execPath });
  const agent = site.startAgent();
  await agent.line('"started"');
  await site.load('begin');
  const isHeard = async (): Promise<boolean> => (await site.load('count')).inContact === 4;
  await until('both hosts are heard on both paths', isHeard, UP_MS_MAX);
  return {
    pids: () => [agent.pid],
    close: async () => {
      await agent.end();
      await site.close();
    },
  };
}

/** The shipped shim, heard by an agent on a serial line and over MQTT. */
async function startServer(): Promise<Running> {
  const broker = await mosquittoBroker();
  const rack = await startRack({
    hosts: ['deimos', 'phobos'],
    timing: timing({
      keepaliveMs: KEEPALIVE_MS,
      deadtimeMs: 15_000,
      holdMs: 5_000,
      drainMs: 2_000,
    }),
    broker: { url: broker.url, protocol: 5 },
    program: (_host, shim) => ({
      command: shim.map((word) =>
        word.endsWith('.cjs') ? join(BUNDLES, 'fencepost-shim.cjs') : word,
      ),
    }),
  });
  await allBeat(rack, rack.setup.hosts);
  const started = rack.bench.log().find((one) => one.kind === 'process' && one.what === 'start');
  return {
    pids: () => (started?.kind === 'process' ? [started.pid] : []),
    close: async () => {
      await rack.close();
      await broker.close();
    },
  };
}

async function startCluster(): Promise<Running> {
  const ring = await startRing('pacemaker');
  return { pids: () => ring.nodes[0]?.pids() ?? [], close: ring.close };
}

/**
 * With a disk in memory, which is gone with the last who has it open. There is no watchdog here, and no
 * reset: -W twice is none, and -Z twice only writes down what would be done.
 */
const SBD = `export SBD_SYNC_RESOURCE_STARTUP=no
truncate --size=8M /run/disk
loop=$(losetup --find --show /run/disk)
exec 3<>$loop
losetup --detach $loop
sbd -d $loop create
sbd -d $loop allocate $(hostname)
echo sbd watches
exec sbd -d $loop -n $(hostname) -W -W -P -P -S 0 -Z -Z watch
`;

async function startSbd(): Promise<Running> {
  const node = startPeer({ name: 'sbd', files: {}, boot: SBD });
  await node.said('sbd watches', 0, UP_MS_MAX);
  const named = (): number[] => node.pids().filter((pid) => commandOf(pid) === 'sbd');
  await until('sbd has an inquisitor and a servant', () => named().length >= 2, UP_MS_MAX);
  return { pids: named, close: node.cut };
}

function commandOf(pid: number): string {
  return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
}

async function startNodeRed(): Promise<Running> {
  const child = startChild(process.execPath, [NODE_RED, '--userDir', '/run/peers/node-red']);
  // A busy machine takes longer to load it than a line may take elsewhere.
  const isUp = (): boolean => child.lines.some(({ text }) => text.includes('Started flows'));
  await until('Node-RED has started its flows', isUp, 2 * UP_MS_MAX).catch(async (thrown) => {
    await child.end();
    throw thrown;
  });
  return { pids: () => [child.pid], close: child.end };
}
