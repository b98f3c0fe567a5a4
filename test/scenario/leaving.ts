/**
 * A host that says goodbye is not missed: it may be off for as long as it likes, and comes back as
 * it pleases. One that only says that it will leave, and then hangs, is judged after its grace.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { monotonicMs } from '../../protocol/link/timers.ts';
import { built } from '../lib/built.ts';
import { type Rack, run } from '../lib/rack.ts';
import { pause, until } from '../lib/until.ts';
import { allBeat, allClear, viewOf } from './lib/hearing.ts';
import { assertNothingMoved, assertNoVerdict } from './lib/judge.ts';
import { onBothPaths } from './lib/racks.ts';
import type { Scenario } from './lib/scenario.ts';
import { SHORT_MS } from './lib/timing.ts';

const { deadtimeMs } = SHORT_MS;

async function phaseOf(rack: Rack, host: string): Promise<string | undefined> {
  return (await viewOf(rack))?.hosts.find(({ name }) => name === host)?.phase;
}

async function untilGone(rack: Rack, host: string, sinceMs: number): Promise<void> {
  await rack.bench.waitFor(
    `the shim of ${host} ends`,
    (entry) =>
      entry.kind === 'process' &&
      entry.host === host &&
      entry.what === 'exit' &&
      entry.atMs > sinceMs,
  );
}

function nothingHappened(rack: Rack): void {
  assertNothingMoved(rack.bench);
  assertNoVerdict(rack);
}

async function terminated(rack: Rack, host: string): Promise<void> {
  const sinceMs = monotonicMs();
  await rack.bench.host(host, 'terminate');
  await untilGone(rack, host, sinceMs);
  assert.equal(await phaseOf(rack, host), 'left');
  await pause(4 * deadtimeMs);
  nothingHappened(rack);
}

async function byCommand(rack: Rack, host: string): Promise<void> {
  const sinceMs = monotonicMs();
  const { code, stdout, stderr } = await run([
    built('host-shim/main.ts'),
    'leave',
    '--config',
    join(rack.dir, `${host}.toml`),
    '--socket',
    join(rack.dir, `${host}.sock`),
    '--reason',
    'reboot',
    '--return-by',
    '60',
  ]);
  assert.equal(code, 0, `${stdout}${stderr}`);
  await untilGone(rack, host, sinceMs);
  await pause(2 * deadtimeMs);
  nothingHappened(rack);
}

export const leaving: Scenario = {
  name: 'leaving',
  aboutS: 50,
  run: async (stage) => {
    const rack = await stage.rack(onBothPaths(3, await stage.broker()));
    const { hosts } = rack.setup;
    const [one = '', two = ''] = hosts;
    await stage.promise('three hosts beat', () => allBeat(rack, hosts));
    await stage.promise('a shim is told to end: it leaves, and is never fenced', () =>
      terminated(rack, one),
    );
    await stage.promise('it comes back in the same boot and beats', async () => {
      await rack.bench.host(one, 'restart');
      await allBeat(rack, hosts);
      await allClear(rack);
      nothingHappened(rack);
    });
    await stage.promise(
      'a host leaves to reboot: silent, never fenced, back in a new life',
      async () => {
        await byCommand(rack, two);
        await rack.bench.host(two, 'reboot');
        await allBeat(rack, hosts);
        await allClear(rack);
        nothingHappened(rack);
      },
    );
    await stage.promise(
      'a host leaves, and the agent is killed: remembered, never fenced',
      async () => {
        await terminated(rack, one);
        await pause(1_500);
        rack.agent.signal('SIGKILL');
        await rack.agent.ended;
        await rack.startAgent();
        await pause(2 * deadtimeMs);
        nothingHappened(rack);
        await rack.bench.host(one, 'restart');
        await allBeat(rack, hosts);
      },
    );
    await stage.promise('all hosts leave at once: nobody is fenced', async () => {
      for (const host of hosts) await rack.bench.host(host, 'terminate');
      const allLeft = async (): Promise<boolean> => {
        const phases = await Promise.all(hosts.map((host) => phaseOf(rack, host)));
        return phases.every((phase) => phase === 'left' || phase === 'absent');
      };
      await until('all have left', allLeft, 10_000);
      await pause(3 * deadtimeMs);
      nothingHappened(rack);
      for (const host of hosts) await rack.bench.host(host, 'restart');
      await allBeat(rack, hosts);
      await allClear(rack);
    });
  },
};
