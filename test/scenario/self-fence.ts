/**
 * Hosts that fence themselves: cut off from everybody they restart, and for nothing less.
 *
 * The shims and the agent are the real ones; only watchdog and restart are stand-ins, whose deeds are
 * on record (lib/self-fencer). The clock of a lease is the time at which acknowledged beats were sent,
 * so the bounds are counted from the instant at which the agent stood still.
 */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { monotonicMs } from '../../protocol/link/timers.ts';
import type { Rack } from '../lib/rack.ts';
import { pause, until } from '../lib/until.ts';
import { asSelfFencer, deedsOf, untilDone, type What } from './lib/deeds.ts';
import { allBeat } from './lib/hearing.ts';
import { onBothPaths } from './lib/racks.ts';
import type { Scenario } from './lib/scenario.ts';
import { SHORT_MS, TOLERANCE_MS } from './lib/timing.ts';

const { keepaliveMs } = SHORT_MS;
const PATIENCE_MS = 5_000;
const LOOK_MS = 500;

const SHIM_LINES = [
  '[watchdog]',
  'device = "/dev/watchdog0"',
  'timeout = "5s"',
  '[self_fence]',
  `timeout = "${PATIENCE_MS}ms"`,
];

/** What was done since then, meals left out. */
function doings(rack: Rack, host: string, sinceMs: number): What[] {
  return deedsOf(rack, host, sinceMs)
    .map(({ what }) => what)
    .filter((what) => what !== 'fed');
}

/** The agent does not move while `during` goes on; the hosts that restarted boot after it. */
async function whileStill(rack: Rack, during: (sinceMs: number) => Promise<void>): Promise<void> {
  const sinceMs = monotonicMs();
  rack.agent.signal('SIGSTOP');
  try {
    await during(sinceMs);
  } finally {
    for (const host of rack.setup.hosts) await rack.bench.host(host, 'reboot');
    rack.agent.signal('SIGCONT');
  }
}

/** Not before the patience is over, counted from the last beat that was acknowledged. */
function assertInTime(atMs: number, sinceMs: number): void {
  const afterMs = atMs - sinceMs;
  // The last beat is at most a keepalive old, and its ALIVE comes within a round more.
  const leastMs = PATIENCE_MS - 2 * keepaliveMs - TOLERANCE_MS;
  const mostMs = PATIENCE_MS + LOOK_MS + TOLERANCE_MS;
  assert.ok(afterMs >= leastMs && afterMs <= mostMs, `restarted after ${afterMs} ms`);
}

async function ended(rack: Rack, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  rack.agent.signal(signal);
  await rack.agent.ended;
}

async function cutOff(rack: Rack): Promise<void> {
  await whileStill(rack, async (sinceMs) => {
    for (const host of rack.setup.hosts) {
      const { atMs } = await untilDone(rack, host, 'restart', sinceMs);
      assertInTime(atMs, sinceMs);
      assert.deepEqual(doings(rack, host, sinceMs), ['restart'], 'the watchdog was not stopped');
      const [lastMeal] = deedsOf(rack, host, sinceMs)
        .filter(({ what }) => what === 'fed')
        .slice(-1);
      assert.ok((lastMeal?.atMs ?? 0) < atMs, 'it starves');
    }
  });
}

/** Neither a restart of the shim nor an end that nobody hears gives a cut-off host new patience. */
async function endedUnheard(rack: Rack, [killed = '', told = '']: string[]): Promise<void> {
  await whileStill(rack, async (sinceMs) => {
    await rack.bench.host(told, 'terminate');
    await rack.bench.host(killed, 'kill');
    await rack.bench.host(killed, 'restart');
    for (const host of [killed, told]) {
      const { atMs } = await untilDone(rack, host, 'restart', sinceMs);
      assertInTime(atMs, sinceMs);
    }
    assert.deepEqual(doings(rack, killed, sinceMs), ['opened', 'restart']);
    assert.deepEqual(doings(rack, told, sinceMs), ['restart'], 'the watchdog was not stopped');
  });
}

export const selfFence: Scenario = {
  name: 'self-fence',
  aboutS: 90,
  run: async (stage) => {
    const rack = await stage.rack({
      ...onBothPaths(2, await stage.broker()),
      shimLines: () => SHIM_LINES,
      program: (_host, shim) => ({ command: asSelfFencer(shim) }),
    });
    const { hosts } = rack.setup;
    const [one = '', two = ''] = hosts;
    const nobody = async (what: string, deed: () => Promise<void>): Promise<void> => {
      const sinceMs = monotonicMs();
      await deed();
      await pause(2 * PATIENCE_MS);
      for (const host of hosts)
        assert.ok(!doings(rack, host, sinceMs).includes('restart'), `${host}: ${what}`);
    };
    await stage.promise('contact arms them: the watchdog is opened and fed', async () => {
      await allBeat(rack, hosts);
      for (const host of hosts) {
        await untilDone(rack, host, 'opened', 0);
        await until(`${host}: meals`, () => deedsOf(rack, host).length >= 4);
      }
    });
    await stage.promise('one channel of two is contact enough', () =>
      nobody('one cable was pulled', () => rack.bench.cable(one, { pulled: true })),
    );
    await rack.bench.cable(one, { pulled: false });
    await stage.promise('an agent that is killed and comes back restarts nobody', () =>
      nobody('the agent was killed', async () => {
        await ended(rack, 'SIGKILL');
        await rack.startAgent();
      }),
    );
    await stage.promise('an agent that is stopped on purpose is waited for', async () => {
      await nobody('the agent was stopped', () => ended(rack, 'SIGTERM'));
      await rack.startAgent();
      await allBeat(rack, hosts);
    });
    await stage.promise('a shim that is killed and comes back goes on', async () => {
      const sinceMs = monotonicMs();
      await nobody('the shim was killed', async () => {
        await rack.bench.host(one, 'kill');
        await rack.bench.host(one, 'restart');
      });
      assert.deepEqual(doings(rack, one, sinceMs), ['opened']);
    });
    await stage.promise('a host that leaves in order stops its watchdog and lives on', async () => {
      const sinceMs = monotonicMs();
      await nobody('it left', () => rack.bench.host(two, 'terminate'));
      assert.deepEqual(doings(rack, two, sinceMs), ['stopped']);
      assert.ok(!existsSync(join(rack.dir, `${two}.lease`)), 'no record is left');
      const backMs = monotonicMs();
      await rack.bench.host(two, 'restart');
      await untilDone(rack, two, 'opened', backMs);
    });
    await stage.promise('all contact lost: both restart, in time, unfed', () => cutOff(rack));
    await stage.promise('they boot, beat, and are armed anew', async () => {
      const sinceMs = monotonicMs();
      await allBeat(rack, hosts, ['serial', 'mqtt'], 20_000);
      for (const host of hosts) await untilDone(rack, host, 'fed', sinceMs);
    });
    await stage.promise('no end of the shim frees a cut-off host, and no restart of it', () =>
      endedUnheard(rack, hosts),
    );
  },
};
