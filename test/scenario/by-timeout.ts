/**
 * Hosts that no switch can reach: fenced by what they do to themselves, and not a moment too soon.
 *
 * Agent and shims are the real ones; watchdog and restart are stand-ins whose deeds are on record. A
 * stand-in does not bite, so what a real watchdog does to a frozen host is played by the bench: it
 * boots while the board still waits, and must come to no harm by that.
 */
import assert from 'node:assert/strict';
import { monotonicMs } from '../../protocol/link/timers.ts';
import type { AgentLine, Rack } from '../lib/rack.ts';
import { pause } from '../lib/until.ts';
import { asSelfFencer, untilDone } from './lib/deeds.ts';
import { allBeat } from './lib/hearing.ts';
import { onBothPaths } from './lib/racks.ts';
import type { Scenario } from './lib/scenario.ts';
import { SHORT_MS, TOLERANCE_MS } from './lib/timing.ts';

const { keepaliveMs } = SHORT_MS;
/** Above the board's watchdog, its boot, a session and a deadtime. */
const LEASE_MS = 22_000;
const WATCHDOG_MS = 5_000;
const WAIT_MS = (LEASE_MS + 2 * WATCHDOG_MS) * 1.002 + 2 * keepaliveMs;
const LOOK_MS = 500;

const SHIM_LINES = [
  '[watchdog]',
  'device = "/dev/watchdog0"',
  `timeout = "${WATCHDOG_MS}ms"`,
  '[self_fence]',
  `timeout = "${LEASE_MS}ms"`,
  'by_timeout = true',
];
const HOST_LINES = [
  'proof = "by-timeout"',
  `self_fence = "${LEASE_MS}ms"`,
  'self_fence_shared_fate = true',
];
const AGENT_LINES = ['[watchdog]', 'device = "/dev/no-watchdog"', 'timeout = "15s"', 'boot = "1s"'];

function untilSaid(rack: Rack, host: string, code: string, sinceMs: number): Promise<AgentLine> {
  const is = (line: AgentLine): boolean =>
    line.host === host && line.code === code && line.atMs >= sinceMs;
  return rack.agent.waitFor(`${code} of ${host}`, is, 2 * WAIT_MS);
}

/** Its last word was received at most a keepalive and a round trip before. */
function assertWaited(atMs: number, silentMs: number): void {
  const afterMs = atMs - silentMs;
  assert.ok(afterMs >= WAIT_MS - keepaliveMs - TOLERANCE_MS, `fenced after ${afterMs} ms`);
  assert.ok(afterMs <= WAIT_MS + TOLERANCE_MS, `fenced after ${afterMs} ms only`);
}

/** It hangs, its watchdog resets it, and its next life beats while the board waits for the last. */
async function frozen(rack: Rack, host: string): Promise<void> {
  const silentMs = monotonicMs();
  await rack.bench.host(host, 'hang');
  await untilSaid(rack, host, 'waiting', silentMs);
  await pause(2 * WATCHDOG_MS);
  await rack.bench.host(host, 'reboot');
  await untilSaid(rack, host, 'reborn', silentMs);
  const { atMs } = await untilSaid(rack, host, 'fenced', silentMs);
  assertWaited(atMs, silentMs);
  await pause(4 * keepaliveMs);
  const harm = rack.said().filter((line) => line.host === host && line.code === 'integrity');
  assert.deepEqual(harm, [], 'its next life is nobody to be frozen for');
  await allBeat(rack, [host]);
}

/** A healthy one never hears of the board again, and restarts itself before it is reported. */
async function healthy(rack: Rack, host: string): Promise<void> {
  const sinceMs = monotonicMs();
  const fence = rack.fencepost(['fence', host, '--yes', '--json'], 'socket');
  const { atMs: expelledMs } = await untilSaid(rack, host, 'waiting', sinceMs);
  const { atMs: restartMs } = await untilDone(rack, host, 'restart', sinceMs, 2 * LEASE_MS);
  assert.ok(restartMs - expelledMs <= LEASE_MS + LOOK_MS + TOLERANCE_MS, 'its lease was renewed');
  const { atMs } = await untilSaid(rack, host, 'fenced', sinceMs);
  assert.ok(restartMs < atMs, 'it was reported while it ran');
  const { code, stdout, stderr } = await fence;
  assert.equal(code, 0, `fencepost fence ended with ${code}: ${stdout}${stderr}`);
  assert.equal(JSON.parse(stdout).proof, 'by-timeout');
  await rack.bench.host(host, 'reboot');
}

/** Its watchdog could be stopped, so nothing is known of its end. */
async function unpledged(rack: Rack, host: string): Promise<void> {
  const sinceMs = monotonicMs();
  const { code, stdout } = await rack.fencepost(['fence', host, '--yes', '--json'], 'socket');
  assert.equal(code, 1, stdout);
  assert.match((await untilSaid(rack, host, 'failed', sinceMs)).text, /no-nowayout/);
  await allBeat(rack, [host]);
}

export const byTimeout: Scenario = {
  name: 'by-timeout',
  aboutS: 100,
  run: async (stage) => {
    const rack = await stage.rack({
      ...onBothPaths(2, await stage.broker()),
      bare: true,
      hostLines: HOST_LINES,
      agentLines: AGENT_LINES,
      shimLines: () => SHIM_LINES,
      program: (host, shim) => ({
        command: asSelfFencer(shim, ...(host === 'deimos' ? ['--nowayout'] : [])),
      }),
    });
    const { hosts } = rack.setup;
    const [sure = '', unsure = ''] = hosts;
    await stage.promise('both beat, and pledge what their devices say', async () => {
      await allBeat(rack, hosts);
      for (const host of hosts) await untilDone(rack, host, 'fed', 0);
      await pause(4 * keepaliveMs);
    });
    await stage.promise('one whose watchdog can be stopped is not proven dead, and beats on', () =>
      unpledged(rack, unsure),
    );
    await stage.promise(
      'a frozen host is reported when its time is over, its next life lives',
      () => frozen(rack, sure),
    );
    await stage.promise('a healthy host restarts itself, and only then it is reported', () =>
      healthy(rack, sure),
    );
  },
};
