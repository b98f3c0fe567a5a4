/**
 * A host hangs for good: what everything is for, measured with the bench's clock.
 *
 * The bench stops the process that stands for the host and notes the time, the command that
 * reaches the relay, and when power is really gone. Autonomous fences of different hosts are half
 * a minute apart; so that many can be seen, the agent is started anew between two of them, which
 * it must bear anyway. One pair is left to wait for the gap.
 */
import assert from 'node:assert/strict';
import type { Rack } from '../lib/rack.ts';
import { pause } from '../lib/until.ts';
import { hangAndFollow, noteFence } from './lib/fence-times.ts';
import { figure } from './lib/figures.ts';
import { allBeat, type Channel } from './lib/hearing.ts';
import { movesSince } from './lib/judge.ts';
import { onBothPaths, onSerialAlone } from './lib/racks.ts';
import type { Scenario, Stage } from './lib/scenario.ts';
import { type Millis, MQTT_MS, SERIAL_MS, SHORT_MS, silenceToCut } from './lib/timing.ts';

interface Kind {
  words: string;
  millis: Millis;
  channels: Channel[];
  slowestMs: number;
}

const SLOWER_MS: Millis = { keepaliveMs: 1_000, deadtimeMs: 4_000, holdMs: 2_000, drainMs: 1_000 };

/** Hangs every host of the rack in turn, with a new life of the agent between two of them. */
async function hangEach(stage: Stage, rack: Rack, kind: Kind): Promise<void> {
  const { hosts } = rack.setup;
  for (const [i, host] of hosts.entries()) {
    await stage.promise(`${kind.words}: ${host} hangs, is cut, proven off, restored`, async () => {
      await allBeat(rack, hosts, kind.channels);
      // Not always at the same distance from a beat.
      await pause((i * kind.millis.keepaliveMs) / hosts.length);
      const times = await hangAndFollow(rack, host);
      noteFence(kind.words, times, kind.millis, kind.slowestMs);
      const others = movesSince(rack.bench, times.hungAt).filter((edge) => edge.host !== host);
      assert.deepEqual(others, [], 'nobody else is touched');
    });
    await stage.promise(`${kind.words}: ${host} beats again in a new life`, async () => {
      await allBeat(rack, hosts, kind.channels);
      rack.agent.signal('SIGTERM');
      await rack.agent.ended;
      await rack.startAgent();
    });
  }
}

export const hostFrozen: Scenario = {
  name: 'host-frozen',
  aboutS: 100,
  run: async (stage) => {
    const both = await stage.rack(onBothPaths(4, await stage.broker()));
    const serial = await stage.rack(onSerialAlone(4));
    const slower = await stage.rack(onBothPaths(3, await stage.broker(), SLOWER_MS));
    const onBoth: Channel[] = ['serial', 'mqtt'];
    await Promise.all([
      hangEach(stage, both, {
        words: 'D 3 s, serial and broker',
        millis: SHORT_MS,
        channels: onBoth,
        slowestMs: MQTT_MS,
      }),
      hangEach(stage, serial, {
        words: 'D 3 s, serial alone',
        millis: SHORT_MS,
        channels: ['serial'],
        slowestMs: SERIAL_MS,
      }),
      hangEach(stage, slower, {
        words: 'D 4 s, serial and broker',
        millis: SLOWER_MS,
        channels: onBoth,
        slowestMs: MQTT_MS,
      }),
    ]);
  },
};

const GAP_MS = 30_000;

export const hostsFrozenApart: Scenario = {
  name: 'hosts-frozen-apart',
  aboutS: 60,
  run: async (stage) => {
    const rack = await stage.rack(onBothPaths(3, await stage.broker()));
    const [first = '', second = ''] = rack.setup.hosts;
    await stage.promise('three hosts beat', () => allBeat(rack, rack.setup.hosts));
    await stage.promise('a second host hangs: its fence waits for the gap, no longer', async () => {
      const one = await hangAndFollow(rack, first);
      await allBeat(rack, rack.setup.hosts);
      const other = await hangAndFollow(rack, second);
      const { mostMs } = silenceToCut(SHORT_MS, MQTT_MS);
      // The gap runs from the first verdict, which came at most a journal's wait before its cut.
      const bounds = { leastMs: GAP_MS - 500, mostMs: GAP_MS + mostMs - SHORT_MS.deadtimeMs };
      figure('cut to cut of two hosts that hang', other.cutAt - one.cutAt, bounds);
    });
  },
};
