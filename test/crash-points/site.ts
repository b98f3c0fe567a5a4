/**
 * Two guarded hosts with one agent, over and over: each point begins with an agent that remembers nothing and
 * hosts that beat. One site has relays that stay where they are when the agent dies, another has
 * relays that fall back, and both play at the same time.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, readlinkSync, realpathSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { attemptSync } from '../../protocol/attempt.ts';
import { type ControlClient, controlClient } from '../../protocol/control/client.ts';
import { after, monotonicMs } from '../../protocol/link/timers.ts';
import type { Operation } from '../../protocol/wire/messages.ts';
import { type Mosquitto, mosquittoBroker } from '../lib/brokers/mosquitto.ts';
import { type Rack, type RackSetup, startRack } from '../lib/rack.ts';
import { pause, until } from '../lib/until.ts';
import { allBeat } from '../scenario/lib/hearing.ts';
import { type Millis, timing } from '../scenario/lib/timing.ts';
import type { Claim, Deed } from '../scenario/lib/truth.ts';
import type { Kind } from './points.ts';

export type Line = 'latching' | 'non-latching';

/** As short as the rules allow with a broker whose answer may take half a second. */
export const MILLIS: Millis = {
  keepaliveMs: 200,
  deadtimeMs: 1_800,
  holdMs: 1_000,
  drainMs: 1_000,
};

/** The one that is fenced; the other one proves that the channels work. */
export const HOST = 'deimos';
const HOSTS = [HOST, 'phobos'];

export interface Site {
  readonly rack: Rack;
  readonly line: Line;
  /** A connection that was there before the trace began, so that its socket is known. */
  client: ControlClient | undefined;
  /** What may end in a cut, and what was said to whoever ordered it. */
  readonly deeds: Deed[];
  readonly claims: Claim[];
  close(keep?: 'keep'): Promise<void>;
}

const BEAT_MS_MAX = 20_000;
const ORDER_MS_MAX = 15_000;

/** Lays the cables and starts broker, bench, hosts and a first agent. */
export async function openSite(line: Line, more: Partial<RackSetup> = {}): Promise<Site> {
  const broker: Mosquitto = await mosquittoBroker();
  const rack = await startRack({
    hosts: HOSTS,
    timing: timing(MILLIS),
    broker: { url: broker.url, protocol: 5 },
    ...{ line, holdUpMs: 100, bootMs: 100 },
    ...more,
  });
  return {
    ...{ rack, line, client: undefined, deeds: [], claims: [] },
    close: async (keep) => {
      await rack.close(keep);
      await broker.close();
    },
  };
}

export function stateDir({ rack }: Site): string {
  return rack.setup.stateDir ?? join(rack.dir, 'state');
}

export function beat({ rack }: Site): Promise<void> {
  return allBeat(rack, HOSTS, ['serial', 'mqtt'], BEAT_MS_MAX);
}

export async function killAgent({ rack }: Site): Promise<void> {
  rack.agent.signal('SIGKILL');
  await rack.agent.ended;
}

/** A life that remembers nothing, with both hosts heard and its first state on the disk. */
export async function freshLife(site: Site): Promise<void> {
  site.client?.close();
  site.client = undefined;
  await killAgent(site);
  rmSync(stateDir(site), { recursive: true, force: true });
  await site.rack.startAgent();
  await beat(site);
  const slot = join(stateDir(site), 'state-a');
  await until('the first state is stored', () => existsSync(slot) && size(slot) > 0, BEAT_MS_MAX);
  // One that was heard only once may still be booting, and gets more time.
  await pause(2.5 * MILLIS.keepaliveMs);
}

function size(path: string): number {
  const read = attemptSync(() => readFileSync(path).length);
  return read.ok ? read.value : 0;
}

export async function connectClient(site: Site): Promise<void> {
  const client = await controlClient(join(site.rack.dir, 'agent.sock'));
  assert.ok(client.ok, 'the agent answers on its socket');
  site.client = client.value;
  // The answer shows that it was accepted.
  await site.client.ask({ ask: 'keys' });
}

/** Gives an order over the connection that is there; resolves with the word of its end. */
export async function order(site: Site, op: Operation): Promise<string> {
  const { client, deeds, claims } = site;
  assert.ok(client !== undefined);
  const atMs = monotonicMs();
  if (op === 'fence' || op === 'off') deeds.push({ host: HOST, what: op, atMs });
  const given = {
    ...{ op, host: HOST, incarnation: 0, cmdId: randomBytes(16).toString('hex') },
    ...{ askedAtMs: Math.floor(atMs), ttlMs: 10_000 },
  };
  const end = await client.order({ ask: 'order', order: given }, ORDER_MS_MAX, () => undefined);
  if (!end.ok || end.value.is !== 'order') return 'no answer';
  const { outcome } = end.value.answer;
  const isClaim = op !== 'on' && (outcome === 'done' || outcome === 'already');
  if (isClaim) claims.push({ by: 'an answer', host: HOST, atMs: monotonicMs(), sinceMs: atMs });
  return outcome;
}

/** Resolves with true when the agent has ended, with false after `limitMs`. */
export function endedWithin({ rack }: Site, limitMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const limit = after(limitMs, () => resolve(false));
    void rack.agent.ended.then(() => {
      limit.cancel();
      resolve(true);
    });
  });
}

const RECORDS = [1, 2, 3].map((n) => `fence-000000000${n}`);

/** What strace must be told to count only the calls on one kind of thing. */
export function pathsOf(site: Site, isRunning: boolean): Map<Kind, string[]> {
  const paths = new Map<Kind, string[]>();
  const add = (kind: Kind, path: string): void => {
    paths.set(kind, [...(paths.get(kind) ?? []), path]);
  };
  const dir = stateDir(site);
  const files = ['state-a', 'state-b', 'fence.new', 'tape.new'];
  const kept = RECORDS.flatMap((name) => [`${name}.json`, `${name}.tape`]);
  for (const path of [dir, ...[...files, ...kept].map((name) => join(dir, name))]) {
    add('state', path);
  }
  for (const host of HOSTS) {
    const link = join(site.rack.dir, 'cables', `${host}-a`);
    add('line', link);
    add('line', realpathSync(link));
  }
  if (isRunning) for (const { kind, link } of socketsOf(site.rack.agent.pid)) add(kind, link);
  return paths;
}

function socketsOf(pid: number): { kind: Kind; link: string }[] {
  const table = (name: string): string => readFileSync(`/proc/${pid}/net/${name}`, 'utf8');
  const [tcp, unix] = [table('tcp') + table('tcp6'), table('unix')];
  return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    const read = attemptSync(() => readlinkSync(`/proc/${pid}/fd/${fd}`));
    const inode = read.ok ? /^socket:\[(\d+)\]$/.exec(read.value)?.[1] : undefined;
    if (inode === undefined || !read.ok) return [];
    const link = read.value;
    if (fd === '2') return { kind: 'log' as const, link };
    if (new RegExp(` ${inode} `).test(tcp)) return { kind: 'broker' as const, link };
    const line = unix.split('\n').find((one) => one.includes(` ${inode}`)) ?? '';
    return { kind: line.includes('agent.sock') ? ('client' as const) : ('relays' as const), link };
  });
}
