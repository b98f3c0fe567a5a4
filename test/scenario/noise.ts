/**
 * One serial line carries nothing but rubbish, at line rate: a wrong baud rate, a broken cable, an
 * attacker. Its host is heard on the other path, its neighbours on theirs, and all is well after it.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { every, monotonicMs } from '../../protocol/link/timers.ts';
import type { Rack } from '../lib/rack.ts';
import { pause } from '../lib/until.ts';
import { figure } from './lib/figures.ts';
import { allBeat, allClear, viewOf } from './lib/hearing.ts';
import { assertNothingMoved, assertNoVerdict } from './lib/judge.ts';
import { onBothPaths, onSerialAlone } from './lib/racks.ts';
import type { Scenario, Stage } from './lib/scenario.ts';
import { SHORT_MS } from './lib/timing.ts';

const { deadtimeMs, keepaliveMs } = SHORT_MS;

/** 115,200 baud, ten bits a byte. */
const LINE_BYTES_PER_MS = 11.52;
const PIECE_MS = 20;

type Rubbish = (length: number) => Uint8Array;

const KINDS: [words: string, rubbish: Rubbish][] = [
  ['random bytes', (length) => randomBytes(length)],
  ['nothing but frame ends', (length) => Buffer.alloc(length)],
  ['bytes without a frame end', (length) => Buffer.alloc(length, 0x55)],
];

/** Floods the line of one host in both directions for so long; tells how quiet the others were. */
async function flood(
  rack: Rack,
  host: string,
  { rubbish, forMs, times }: { rubbish: Rubbish; forMs: number; times: number },
): Promise<void> {
  const bytes = Math.round(LINE_BYTES_PER_MS * PIECE_MS * times);
  const flooding = every(PIECE_MS, () => {
    void rack.bench.inject(host, 'b', rubbish(bytes)).catch(() => undefined);
    void rack.bench.inject(host, 'a', rubbish(bytes)).catch(() => undefined);
  });
  const endAt = monotonicMs() + forMs;
  while (monotonicMs() < endAt) {
    await pause(200);
    for (const { name, channels } of (await viewOf(rack))?.hosts ?? []) {
      if (name === host) continue;
      for (const { quietMs } of channels) {
        figure('quiet of the neighbours of a flooded line', quietMs ?? 0, {
          leastMs: 0,
          mostMs: 2 * keepaliveMs,
        });
      }
    }
  }
  flooding.cancel();
}

async function showFlood(stage: Stage, rack: Rack, channels: ('serial' | 'mqtt')[]): Promise<void> {
  const { hosts } = rack.setup;
  const [host = ''] = hosts;
  const paths = channels.join(' and ');
  for (const [words, rubbish] of KINDS) {
    for (const times of [1, 4]) {
      await stage.promise(
        `${words}, ${times} times line rate, ${paths}: nothing moves`,
        async () => {
          await flood(rack, host, { rubbish, forMs: 1.5 * deadtimeMs, times });
          const endedAt = monotonicMs();
          await allBeat(rack, hosts, channels, 4_000);
          figure('flood over to beating again', monotonicMs() - endedAt);
          assertNothingMoved(rack.bench);
          assertNoVerdict(rack);
        },
      );
    }
  }
}

export const noise: Scenario = {
  name: 'noise',
  aboutS: 50,
  run: async (stage) => {
    const both = await stage.rack(onBothPaths(4, await stage.broker()));
    const serial = await stage.rack(onSerialAlone(4));
    await stage.promise('all hosts beat', async () => {
      await allBeat(both, both.setup.hosts);
      await allBeat(serial, serial.setup.hosts, ['serial']);
    });
    await showFlood(stage, both, ['serial', 'mqtt']);
    await stage.promise('a flood does not stand as an alarm', () => allClear(both));
    await stage.promise('a flood of the only line: its neighbours beat on', async () => {
      const [host = ''] = serial.setup.hosts;
      const rubbish: Rubbish = (length) => randomBytes(length);
      await flood(serial, host, { rubbish, forMs: deadtimeMs, times: 1 });
      await allBeat(serial, serial.setup.hosts, ['serial'], 4_000);
      assert.ok(serial.bench.hadPower(host, monotonicMs()));
    });
  },
};
