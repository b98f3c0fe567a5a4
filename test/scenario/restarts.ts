/**
 * Everything is started anew, over and over: shims, hosts, the agent.
 *
 * Updates, crashes and reboots are ordinary days. None of them may look like a death, and after
 * each of them beats must be back soon: 2T + 3d from the time that a program is ready to speak,
 * while the time that a process needs to start is the machine's and is told apart.
 */
import assert from 'node:assert/strict';
import { monotonicMs } from '../../protocol/link/timers.ts';
import type { BenchEntry } from '../lib/bench/client.ts';
import type { Rack, RackSetup } from '../lib/rack.ts';
import { pause } from '../lib/until.ts';
import { figure } from './lib/figures.ts';
import { allBeat, allClear, type Channel, sessionAt, shimLines } from './lib/hearing.ts';
import { assertNothingMoved, assertNoVerdict } from './lib/judge.ts';
import { onBothPaths } from './lib/racks.ts';
import type { Scenario, Stage } from './lib/scenario.ts';
import { backWithin, MQTT_MS, SERIAL_MS, SHORT_MS } from './lib/timing.ts';

const { deadtimeMs } = SHORT_MS;
const SLOWEST_MS: Record<Channel, number> = { serial: SERIAL_MS, mqtt: MQTT_MS };
const SESSION_MS_MAX = 8_000;

function nothingHappened(rack: Rack): void {
  assertNothingMoved(rack.bench);
  assertNoVerdict(rack);
}

/** Waits until the host has a session on both paths and notes how long after `readyAt` it stood. */
async function noteBack(rack: Rack, host: string, what: string, readyAt: number): Promise<void> {
  for (const channel of ['serial', 'mqtt'] as const) {
    const deadline = monotonicMs() + SESSION_MS_MAX;
    let at = sessionAt(rack, host, channel, readyAt);
    while (at === undefined && monotonicMs() < deadline) {
      await pause(50);
      at = sessionAt(rack, host, channel, readyAt);
    }
    assert.ok(at !== undefined, `${host} has no session on ${channel} after ${what}`);
    figure(`L5 ${what}, ${channel}`, at - readyAt, backWithin(SHORT_MS, SLOWEST_MS[channel]));
  }
}

/** Waits until the shim's process was started after `sinceMs` and said its first words. */
async function readyAt(rack: Rack, host: string, sinceMs: number): Promise<number> {
  const isStart = (entry: BenchEntry): boolean =>
    entry.kind === 'process' && entry.host === host && entry.what === 'start';
  const start = await rack.bench.waitFor(
    `${host} starts`,
    (entry) => isStart(entry) && entry.atMs > sinceMs,
  );
  for (let tries = 0; tries < 100; tries += 1) {
    const first = shimLines(rack, host).find(
      ({ atMs, text }) => atMs > start.atMs - 2 && text.startsWith('This is'),
    );
    if (first !== undefined) {
      figure('process start, shim: exec to ready', first.atMs - start.atMs);
      return first.atMs;
    }
    await pause(50);
  }
  throw new Error(`the shim of ${host} did not start`);
}

async function shimsKilled(rack: Rack): Promise<void> {
  for (let round = 0; round < 5; round += 1) {
    for (const host of rack.setup.hosts) {
      const sinceMs = monotonicMs();
      await rack.bench.host(host, 'restart');
      if (round === 0)
        await noteBack(rack, host, 'shim killed', await readyAt(rack, host, sinceMs));
    }
    await allBeat(rack, rack.setup.hosts);
  }
  nothingHappened(rack);
}

async function shimsStopped(rack: Rack): Promise<void> {
  for (const host of rack.setup.hosts) {
    const sinceMs = monotonicMs();
    await rack.bench.host(host, 'terminate');
    await rack.bench.waitFor(
      `${host} leaves`,
      (entry) => entry.kind === 'process' && entry.what === 'exit' && entry.atMs > sinceMs,
    );
    await rack.bench.host(host, 'restart');
    await noteBack(rack, host, 'shim stopped in order', await readyAt(rack, host, sinceMs));
  }
  await allBeat(rack, rack.setup.hosts);
  nothingHappened(rack);
}

async function hostsRebooted(rack: Rack): Promise<void> {
  for (let round = 0; round < 3; round += 1) {
    const sinceMs = monotonicMs();
    for (const host of rack.setup.hosts) await rack.bench.host(host, 'reboot');
    await Promise.all(
      rack.setup.hosts.map(async (host) =>
        noteBack(rack, host, 'host rebooted', await readyAt(rack, host, sinceMs)),
      ),
    );
    await allBeat(rack, rack.setup.hosts);
  }
  nothingHappened(rack);
}

async function agentRestarted(rack: Rack, by: 'SIGTERM' | 'SIGKILL', times: number): Promise<void> {
  for (let round = 0; round < times; round += 1) {
    rack.agent.signal(by);
    await rack.agent.ended;
    const execAt = monotonicMs();
    const agent = await rack.startAgent();
    const ready = await agent.waitFor('listening', (line) => line.text.startsWith('listening'));
    figure('process start, agent: exec to listening', ready.atMs - execAt);
    await Promise.all(
      rack.setup.hosts.map((host) => noteBack(rack, host, `agent ${by}`, ready.atMs)),
    );
    await allBeat(rack, rack.setup.hosts);
  }
  nothingHappened(rack);
}

/** A host that is silent when the agent starts was never heard in its new life: absent, not dead. */
async function startedToSilence(rack: Rack): Promise<void> {
  const [host = ''] = rack.setup.hosts;
  await rack.bench.host(host, 'hang');
  await pause(deadtimeMs / 2);
  rack.agent.signal('SIGKILL');
  await rack.agent.ended;
  const agent = await rack.startAgent();
  await agent.waitFor('absent', (line) => line.code === 'absent' && line.host === host);
  await pause(deadtimeMs);
  nothingHappened(rack);
  await rack.bench.host(host, 'resume');
  await allBeat(rack, rack.setup.hosts);
  await allClear(rack, ['restarting']);
  nothingHappened(rack);
}

async function overAndOver(stage: Stage, setup: RackSetup): Promise<void> {
  const rack = await stage.rack(setup);
  await stage.promise('four hosts beat', () => allBeat(rack, rack.setup.hosts));
  await stage.promise('shims killed and started, five rounds: nothing moves', () =>
    shimsKilled(rack),
  );
  await stage.promise('shims stopped in order and started: nothing moves', () =>
    shimsStopped(rack),
  );
  await stage.promise('hosts rebooted all at once, three rounds: nothing moves', () =>
    hostsRebooted(rack),
  );
  await stage.promise('agent stopped in order and started, six times: nothing moves', () =>
    agentRestarted(rack, 'SIGTERM', 6),
  );
  await stage.promise('agent killed and started, six times: nothing moves', () =>
    agentRestarted(rack, 'SIGKILL', 6),
  );
  await stage.promise('agent started while a host is silent: absent, never cut', () =>
    startedToSilence(rack),
  );
}

export const restarts: Scenario = {
  name: 'restarts-latching',
  aboutS: 80,
  run: async (stage) => {
    await overAndOver(stage, { ...onBothPaths(4, await stage.broker()), line: 'latching' });
  },
};

export const restartsNonLatching: Scenario = {
  name: 'restarts-non-latching',
  aboutS: 80,
  run: async (stage) => {
    await overAndOver(stage, { ...onBothPaths(4, await stage.broker()), line: 'non-latching' });
  },
};
