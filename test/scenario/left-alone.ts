/**
 * Hosts that nobody has a reason to cut: one that boots, one that beats slowly, one that was meant
 * by an order whose time is over.
 *
 * A fence that fails gives power back to a host which then boots, and a booting host is as silent
 * as a dead one. A shim and a board whose files name different keepalives look the same. And an
 * order that waited in the socket of a board that stood still is nobody's wish any more.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { controlClient } from '../../protocol/control/client.ts';
import { monotonicMs } from '../../protocol/link/timers.ts';
import type { BenchEntry } from '../lib/bench/client.ts';
import type { Rack } from '../lib/rack.ts';
import { pause } from '../lib/until.ts';
import { powerEdge } from './lib/edges.ts';
import { allBeat } from './lib/hearing.ts';
import { assertNothingMoved, assertNoVerdict, commandsOf, linesOf } from './lib/judge.ts';
import { farFromBroker, onBothPaths } from './lib/racks.ts';
import type { Scenario, Stage } from './lib/scenario.ts';
import { SHORT_MS } from './lib/timing.ts';

const { deadtimeMs, keepaliveMs, holdMs } = SHORT_MS;

/** Longer than a deadtime, within initdead. */
const BOOT_MS = 5_000;
/** A verdict, a fence of it and another boot would fit into this. */
const BEATS_MS_MAX = 20_000;
const SLOW_KEEPALIVE_MS = 4_000;
const TTL_MS = 1_000;

/** It was cut once, for the order, has power since then, and comes up to beat. */
async function bootsInPeace(rack: Rack, host: string, onAt: number): Promise<void> {
  const started = (entry: BenchEntry): boolean =>
    entry.kind === 'process' && entry.host === host && entry.what === 'start' && entry.atMs > onAt;
  await rack.bench.waitFor(`${host} has booted`, started, BEATS_MS_MAX);
  await allBeat(rack, [host], ['serial', 'mqtt'], BEATS_MS_MAX);
  const cuts = commandsOf(rack.bench, host, 'open').filter((atMs) => atMs > onAt);
  const words = cuts.map((atMs) => `${(atMs - onAt).toFixed(0)} ms after its power came back`);
  assert.deepEqual(words, [], 'it was cut again while it booted');
  const dead = linesOf(rack, 'dead').filter((line) => line.host === host);
  assert.deepEqual(dead, [], 'nobody found it dead');
}

/** The sense says on throughout, though power really goes. */
async function fenceFails(rack: Rack, host: string): Promise<void> {
  await rack.bench.senseFault(host, 'rail', 'on');
  const fence = await rack.fencepost(['fence', host, '--yes']);
  assert.notEqual(fence.code, 0, fence.stdout);
  const { atMs: offAt } = await powerEdge(rack, host, 'off');
  const { atMs: onAt } = await powerEdge(rack, host, 'on', offAt);
  await bootsInPeace(rack, host, onAt);
}

async function offFails(rack: Rack, host: string): Promise<void> {
  await rack.bench.senseFault(host, 'rail', 'on');
  const off = await rack.fencepost(['off', host, '--yes']);
  assert.notEqual(off.code, 0, off.stdout);
  await pause(deadtimeMs + 2 * keepaliveMs);
  await rack.bench.senseFault(host, 'rail', 'none');
  const sinceMs = monotonicMs();
  const on = await rack.fencepost(['on', host, '--yes']);
  assert.equal(on.code, 0, on.stdout + on.stderr);
  const { atMs: onAt } = await powerEdge(rack, host, 'on', sinceMs);
  await bootsInPeace(rack, host, onAt);
}

/** Relay and sense fall silent in the hold, and answer again when the fence has failed for it. */
async function devicesLost(rack: Rack, host: string): Promise<void> {
  const ending = rack.fencepost(['fence', host, '--yes']);
  const { atMs: offAt } = await powerEdge(rack, host, 'off');
  await pause(holdMs / 2);
  await rack.bench.relayFault(host, 'psu', { mute: true });
  await rack.bench.senseFault(host, 'rail', 'mute');
  const fence = await ending;
  assert.notEqual(fence.code, 0, fence.stdout);
  await rack.bench.relayFault(host, 'psu', {});
  await rack.bench.senseFault(host, 'rail', 'none');
  const { atMs: onAt } = await powerEdge(rack, host, 'on', offAt);
  await bootsInPeace(rack, host, onAt);
}

/** What somebody does who edits one of two files. */
function slowDown(dir: string, host: string): void {
  const path = join(dir, `${host}.toml`);
  const text = readFileSync(path, 'utf8');
  const slow = text.replace(/^keepalive = .*$/m, `keepalive = "${SLOW_KEEPALIVE_MS}ms"`);
  assert.notEqual(slow, text, 'the file names its keepalive');
  writeFileSync(path, slow, { mode: 0o600 });
}

async function beatsSlowly(rack: Rack, host: string): Promise<void> {
  await pause(3.5 * SLOW_KEEPALIVE_MS);
  assertNothingMoved(rack.bench);
  assertNoVerdict(rack);
  const told = linesOf(rack, 'keepalive').filter((line) => line.host === host);
  assert.ok(told.length > 0, 'an alarm says that the two files differ');
}

/** Gives an order as the command does, and hangs up `waitMs` later, whatever has become of it. */
async function orderAndHangUp(rack: Rack, host: string, waitMs: number): Promise<void> {
  const client = await controlClient(join(rack.dir, 'agent.sock'));
  assert.ok(client.ok, 'the kernel takes the call, also for a board that stands still');
  const order = {
    op: 'fence' as const,
    host,
    incarnation: 0,
    cmdId: randomBytes(16).toString('hex'),
    askedAtMs: Math.floor(monotonicMs()),
    ttlMs: TTL_MS,
  };
  await client.value.order({ ask: 'order', order }, waitMs, () => undefined);
  client.value.close();
}

async function orderFromBefore(rack: Rack, host: string): Promise<void> {
  rack.agent.signal('SIGSTOP');
  await orderAndHangUp(rack, host, TTL_MS / 2);
  await pause(2 * TTL_MS);
  rack.agent.signal('SIGCONT');
  await pause(deadtimeMs);
  assertNothingMoved(rack.bench);
  await allBeat(rack, [host]);
}

async function orderOfNow(rack: Rack, host: string): Promise<void> {
  const sinceMs = monotonicMs();
  await orderAndHangUp(rack, host, TTL_MS / 2);
  const { atMs: offAt } = await powerEdge(rack, host, 'off', sinceMs);
  await powerEdge(rack, host, 'on', offAt);
}

interface Boot {
  words: string;
  fence: (rack: Rack, host: string) => Promise<void>;
}

const BOOTS: Boot[] = [
  { words: 'its fence fails at a sense that says on', fence: fenceFails },
  { words: 'off fails, the sense is mended, then on', fence: offFails },
  { words: 'its fence fails, for its devices are lost', fence: devicesLost },
];

/** On a board of its own: a verdict in one story would put off that of another. */
async function showBoot(stage: Stage, { words, fence }: Boot): Promise<void> {
  const setup = farFromBroker(onBothPaths(2, await stage.broker()));
  const rack = await stage.rack({ ...setup, bootMs: BOOT_MS });
  const { hosts } = rack.setup;
  await stage.promise(`${words}: it boots in peace`, async () => {
    await allBeat(rack, hosts);
    await fence(rack, hosts[0] ?? '');
  });
}

export const leftAlone: Scenario = {
  name: 'left-alone',
  aboutS: 20,
  run: async (stage) => {
    await Promise.all(BOOTS.map((boot) => showBoot(stage, boot)));
  },
};

export const leftAloneMisled: Scenario = {
  name: 'left-alone-misled',
  aboutS: 20,
  run: async (stage) => {
    const slow = onBothPaths(2, await stage.broker());
    const [host = ''] = slow.hosts;
    const prepare = (dir: string): void => slowDown(dir, host);
    const uneven = await stage.rack({ ...farFromBroker(slow), prepare });
    const stopped = await stage.rack(onBothPaths(2, await stage.broker()));
    await Promise.all([
      stage.promise('its shim beats slower than the deadtime: no verdict, and an alarm', () =>
        beatsSlowly(uneven, host),
      ),
      (async () => {
        await stage.promise('two hosts beat', () => allBeat(stopped, stopped.setup.hosts));
        await stage.promise('the board stood still until an order was over: nothing moves', () =>
          orderFromBefore(stopped, host),
        );
        await stage.promise('the same order in its time: it is cut', () =>
          orderOfNow(stopped, host),
        );
      })(),
    ]);
  },
};
