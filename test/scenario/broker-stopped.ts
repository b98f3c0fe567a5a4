/**
 * The broker hangs, dies or cannot be reached: every host falls silent on it at once, and when it
 * is back it may deliver what it kept for minutes. None of this says anything about a host.
 */
import { monotonicMs } from '../../protocol/link/timers.ts';
import type { Mosquitto } from '../lib/brokers/mosquitto.ts';
import type { Rack } from '../lib/rack.ts';
import { pause } from '../lib/until.ts';
import { figure } from './lib/figures.ts';
import { allBeat, allClear } from './lib/hearing.ts';
import { assertNothingMoved, assertNoVerdict } from './lib/judge.ts';
import { farFromBroker, onBothPaths } from './lib/racks.ts';
import type { Scenario, Stage } from './lib/scenario.ts';
import { SHORT_MS } from './lib/timing.ts';

const { deadtimeMs } = SHORT_MS;

/** Back-off of both ends, and sessions anew. */
const BACK_MS = 12_000;

function nothingHappened(rack: Rack): void {
  assertNothingMoved(rack.bench);
  assertNoVerdict(rack);
}

async function pullAll(rack: Rack, pulled: boolean): Promise<void> {
  for (const host of rack.setup.hosts) await rack.bench.cable(host, { pulled });
}

async function backAgain(rack: Rack, since: string): Promise<void> {
  const startedAt = monotonicMs();
  await allBeat(rack, rack.setup.hosts, ['serial', 'mqtt'], BACK_MS);
  figure(`all heard on both paths again after ${since}`, monotonicMs() - startedAt);
  await allClear(rack);
}

/** A broker that hangs keeps its connections, and everything that was sent into them. */
export const brokerStopped: Scenario = {
  name: 'broker-stopped',
  aboutS: 95,
  run: async (stage) => {
    const brokers = [await stage.broker(), await stage.broker(), await stage.broker()] as const;
    const [one, two, three] = brokers;
    const racks = [
      await stage.rack(onBothPaths(4, one)),
      await stage.rack(farFromBroker(onBothPaths(1, two))),
      await stage.rack({ ...onBothPaths(3, three), hostLines: ['silence = "act"'] }),
    ];
    await stage.promise('all hosts beat on both paths', async () => {
      for (const one of racks) await allBeat(one, one.setup.hosts);
    });
    await hangs(stage, brokers, racks);
    await stage.promise('broker killed and started anew: nothing moves', async () => {
      for (const broker of brokers) await broker.restart();
      await pause(deadtimeMs);
      racks.forEach(nothingHappened);
      for (const one of racks) await backAgain(one, 'a restart of the broker');
    });
    await stage.promise('broker stopped and all cables pulled: nobody is fenced', async () => {
      for (const broker of brokers) broker.stop();
      for (const one of racks) await pullAll(one, true);
      await pause(4 * deadtimeMs);
      racks.forEach(nothingHappened);
    });
    await stage.promise(
      'cables plugged in, then the broker continued: all beat again',
      async () => {
        for (const one of racks) await pullAll(one, false);
        for (const one of racks) await allBeat(one, one.setup.hosts, ['serial'], BACK_MS);
        for (const broker of brokers) broker.continue();
        for (const one of racks) await backAgain(one, 'broker and cables');
        racks.forEach(nothingHappened);
      },
    );
  },
};

async function hangs(stage: Stage, brokers: readonly Mosquitto[], racks: Rack[]): Promise<void> {
  await stage.promise(
    'broker stopped for four deadtimes and continued: nothing moves',
    async () => {
      for (const broker of brokers) broker.stop();
      await pause(4 * deadtimeMs);
      racks.forEach(nothingHappened);
      for (const broker of brokers) broker.continue();
      await pause(deadtimeMs);
      racks.forEach(nothingHappened);
    },
  );
  await stage.promise('all beat on both paths again, and the alarms are over', async () => {
    for (const one of racks) await backAgain(one, 'a hanging broker');
  });
  await stage.promise('broker stopped for a second, eight times: nothing moves', async () => {
    for (let i = 0; i < 8; i += 1) {
      for (const broker of brokers) broker.stop();
      await pause(1_000);
      for (const broker of brokers) broker.continue();
      await pause(300);
    }
    await pause(deadtimeMs);
    racks.forEach(nothingHappened);
  });
}

/** A path that swallows bytes tells neither end that it is broken. */
export const brokerBroken: Scenario = {
  name: 'broker-path-broken',
  aboutS: 80,
  run: async (stage) => {
    const broker = await stage.broker();
    const forAgent = await stage.path(broker.port);
    const forShims = await stage.path(broker.port);
    const rack = await stage.rack({
      ...farFromBroker(onBothPaths(4, forAgent)),
      shimBroker: () => forShims.url,
    });
    await stage.promise('all hosts beat on both paths', () => allBeat(rack, rack.setup.hosts));
    await stage.promise('the way of all clients broken for 16 s: nothing moves', async () => {
      forAgent.blackhole();
      forShims.blackhole();
      await pause(16_000);
      nothingHappened(rack);
    });
    await stage.promise('healed: all beat on both paths again', async () => {
      forAgent.heal();
      forShims.heal();
      await backAgain(rack, 'a broken path');
      nothingHappened(rack);
    });
    await stage.promise('only the way of the hosts broken: nothing moves', async () => {
      forShims.blackhole();
      await pause(2 * deadtimeMs);
      forShims.heal();
      await backAgain(rack, 'a path of the hosts');
      nothingHappened(rack);
    });
    await stage.promise('only the way of the agent broken: nothing moves', async () => {
      forAgent.blackhole();
      await pause(2 * deadtimeMs);
      forAgent.heal();
      await backAgain(rack, 'a path of the agent');
      nothingHappened(rack);
    });
    await stage.promise('only one direction broken, then the other: nothing moves', async () => {
      for (const direction of ['toClient', 'toBroker'] as const) {
        forShims.blackhole(direction);
        await pause(2 * deadtimeMs);
        forShims.heal();
        await backAgain(rack, 'one direction of a path');
      }
      nothingHappened(rack);
    });
  },
};
