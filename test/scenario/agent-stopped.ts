/**
 * The agent stands still while its hosts live on: a swapping board, a debugger, a suspended guest.
 *
 * When it goes on, every host has been silent for many deadtimes by the clock, and all that was
 * sent meanwhile still waits in buffers. Silence counts only while somebody listened, so nobody may
 * be found dead; and a host that died meanwhile must still be found, later.
 */
import assert from 'node:assert/strict';
import { monotonicMs } from '../../protocol/link/timers.ts';
import type { Rack } from '../lib/rack.ts';
import { pause } from '../lib/until.ts';
import { figure } from './lib/figures.ts';
import { allBeat } from './lib/hearing.ts';
import { assertNothingMoved, assertNoVerdict, commandsOf, movesSince } from './lib/judge.ts';
import { onBothPaths, onSerialAlone } from './lib/racks.ts';
import type { Scenario } from './lib/scenario.ts';
import { SHORT_MS, silenceToCut } from './lib/timing.ts';

const { deadtimeMs, keepaliveMs } = SHORT_MS;

async function standStill(racks: Rack[], ms: number): Promise<void> {
  for (const rack of racks) rack.agent.signal('SIGSTOP');
  await pause(ms);
  for (const rack of racks) rack.agent.signal('SIGCONT');
}

/** Stands still for these shares of a deadtime, with less than three keepalives in between. */
async function stutter(racks: Rack[], shares: number[]): Promise<void> {
  for (const share of shares) {
    await standStill(racks, share * deadtimeMs);
    await pause(keepaliveMs * 0.8);
  }
}

export const agentStopped: Scenario = {
  name: 'agent-stopped',
  aboutS: 65,
  run: async (stage) => {
    const both = await stage.rack(onBothPaths(8, await stage.broker()));
    const serial = await stage.rack(onSerialAlone(4));
    const racks = [both, serial];
    const everybodyBeats = async (limitMs: number): Promise<void> => {
      await allBeat(both, both.setup.hosts, ['serial', 'mqtt'], limitMs);
      await allBeat(serial, serial.setup.hosts, ['serial'], limitMs);
    };
    const nothingHappened = (): void => {
      for (const rack of racks) {
        assertNothingMoved(rack.bench);
        assertNoVerdict(rack);
      }
    };
    await stage.promise('eight hosts beat on two paths, four on one', () => everybodyBeats(12_000));
    await stage.promise('stopped for four deadtimes: no verdict, no relay edge', async () => {
      await standStill(racks, 4 * deadtimeMs);
      await pause(2 * deadtimeMs);
      nothingHappened();
    });
    await stage.promise('all beat again', () => everybodyBeats(2_000));
    await stage.promise('stopped again and again, hardly time to listen: the same', async () => {
      await stutter(racks, [0.4, 1.1, 0.2, 0.5]);
      await pause(deadtimeMs);
      nothingHappened();
      await everybodyBeats(5_000);
    });
    await stage.promise(
      'stopped so often that it ends itself, started anew: the same',
      async () => {
        await stutter(racks, [0.9, 0.9, 0.9, 0.9, 0.9, 0.9]);
        const codes = Promise.all(racks.map(({ agent }) => agent.ended));
        assert.deepEqual(await Promise.race([codes, pause(deadtimeMs)]), [1, 1], 'it ends');
        for (const rack of racks) await rack.startAgent();
        await everybodyBeats(5_000);
        await pause(deadtimeMs);
        nothingHappened();
      },
    );
    await stage.promise('a host that hung meanwhile is found, and nobody else', () =>
      hungMeanwhile(both),
    );
  },
};

async function hungMeanwhile(rack: Rack): Promise<void> {
  const [victim = ''] = rack.setup.hosts;
  rack.agent.signal('SIGSTOP');
  await rack.bench.host(victim, 'hang');
  await pause(2 * deadtimeMs);
  const continuedAt = monotonicMs();
  rack.agent.signal('SIGCONT');
  await rack.bench.waitFor(
    'the cut of the hung host',
    (entry) => entry.kind === 'command' && entry.host === victim,
    20_000,
  );
  const [cutAt = 0] = commandsOf(rack.bench, victim, 'open');
  const { mostMs } = silenceToCut(SHORT_MS, 500);
  // A gap in the proof is made up for: as much proven silence again as there was gap, initdead at most.
  const bounds = {
    leastMs: deadtimeMs - keepaliveMs,
    mostMs: mostMs + deadtimeMs + 3 * keepaliveMs,
  };
  figure('agent continued to cut of a host that hung meanwhile', cutAt - continuedAt, bounds);
  await rack.agent.waitFor('fenced', (line) => line.code === 'fenced' && line.host === victim);
  const others = movesSince(rack.bench, 0).filter((edge) => edge.host !== victim);
  assert.deepEqual(others, [], 'nobody else is touched');
}
