/**
 * A service that must run on one host only: its two hosts ask before they start it, and whatever is
 * killed, hangs or forgets, the second is told yes only when the first has let go, or is off.
 *
 * Granted is what the command said with exit code 0; off is what the bench saw of the power.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { monotonicMs } from '../../protocol/link/timers.ts';
import { built } from '../lib/built.ts';
import { type Rack, type Ran, run } from '../lib/rack.ts';
import { until } from '../lib/until.ts';
import { allBeat, viewOf } from './lib/hearing.ts';
import { assertNothingMoved } from './lib/judge.ts';
import { onBothPaths } from './lib/racks.ts';
import type { Scenario, Stage } from './lib/scenario.ts';
import { SHORT_MS } from './lib/timing.ts';

function shim(rack: Rack, host: string, command: string, ...more: string[]): Promise<Ran> {
  const where = ['--config', join(rack.dir, `${host}.toml`)];
  const socket = ['--socket', join(rack.dir, `${host}.sock`)];
  return run([built('host-shim/main.ts'), command, ...more, ...where, ...socket]);
}

async function granted(rack: Rack, host: string, wait = '10s'): Promise<void> {
  const { code, stdout, stderr } = await shim(rack, host, 'claim', 'db', '--wait', wait);
  assert.equal(code, 0, `${host}: ${stdout}${stderr}`);
}

/** Refused, with these words; asked again while the two ends are still settling. */
async function denied(rack: Rack, host: string, words: RegExp): Promise<void> {
  let last = '';
  const look = async (): Promise<boolean> => {
    const { code, stdout, stderr } = await shim(rack, host, 'claim', 'db');
    assert.notEqual(code, 0, `${host} was granted it: ${stdout}`);
    last = stderr;
    return code === 1 && words.test(stderr);
  };
  await until('it is denied for the right reason', look, 12_000).catch(() => {
    throw new Error(`the last words were: ${last}`);
  });
}

async function holders(rack: Rack): Promise<string[] | undefined> {
  return (await viewOf(rack))?.groups?.[0]?.holders;
}

async function restartAgent(rack: Rack): Promise<void> {
  rack.agent.signal('SIGKILL');
  await rack.agent.ended;
  await rack.startAgent();
}

/** Nobody else is granted it before the bench saw its power go, and the board said so. */
async function takenOver(rack: Rack, holder: string, other: string): Promise<void> {
  const sinceMs = monotonicMs();
  await rack.bench.host(holder, 'hang');
  await granted(rack, other, '40s');
  const grantedMs = monotonicMs();
  const isFenced = rack
    .said()
    .some(({ atMs, host, code }) => atMs >= sinceMs && host === holder && code === 'fenced');
  assert.ok(isFenced, 'it was granted after the fence was proven');
  const off = rack.bench
    .log()
    .filter(
      (entry) =>
        entry.kind === 'power' &&
        entry.host === holder &&
        entry.to === 'off' &&
        entry.atMs > sinceMs,
    );
  assert.ok(off.length > 0 && (off[0]?.atMs ?? 0) <= grantedMs - SHORT_MS.holdMs);
  assert.deepEqual(await holders(rack), [other]);
}

/** Whatever becomes of shims and of the agent, the group stays where it is. */
async function held(stage: Stage, rack: Rack, one: string, two: string): Promise<void> {
  const { hosts } = rack.setup;
  await stage.promise('the first that asks is granted, the second told who holds it', async () => {
    await allBeat(rack, hosts);
    await granted(rack, one);
    await denied(rack, two, /host 1 holds db.*fencepost fence/s);
    assert.deepEqual(await holders(rack), [one]);
  });
  await stage.promise('a shim that holds it is killed, and its successor holds it', async () => {
    await rack.bench.host(one, 'kill');
    await rack.bench.host(one, 'restart');
    await allBeat(rack, hosts);
    await denied(rack, two, /host 1 holds db/);
    assert.match((await shim(rack, one, 'groups')).stdout, /db \(5\): held by this host/);
  });
  await stage.promise('a host that holds it does not leave', async () => {
    const { code, stderr } = await shim(rack, one, 'leave');
    assert.equal(code, 1);
    assert.match(stderr, /may hold db.*fencepost-shim release db/);
    await allBeat(rack, hosts);
  });
  await stage.promise('an agent that is killed hears from the shims who holds it', async () => {
    await restartAgent(rack);
    await allBeat(rack, hosts);
    await denied(rack, two, /host 1 holds db/);
    assert.deepEqual(await holders(rack), [one]);
  });
  await stage.promise('a shim that is told to end while it holds it says no LEFT', async () => {
    await rack.bench.host(one, 'terminate');
    const isLeaving = async (): Promise<boolean> =>
      (await viewOf(rack))?.hosts[0]?.phase === 'leaving';
    await until('it is leaving', isLeaving, 5_000);
    await denied(rack, two, /host 1 holds db/);
  });
  await stage.promise('its shim is started anew: it stays, and holds what it held', async () => {
    await rack.bench.host(one, 'restart');
    const stays = async (): Promise<boolean> => (await viewOf(rack))?.hosts[0]?.phase === 'alive';
    await until('it does not leave any more', stays, 5_000);
    await granted(rack, one);
    await denied(rack, two, /host 1 holds db/);
    assertNothingMoved(rack.bench);
  });
}

export const groups: Scenario = {
  name: 'groups',
  aboutS: 25,
  run: async (stage) => {
    const rack = await stage.rack({
      ...onBothPaths(2, await stage.broker()),
      agentLines: ['[groups.db]', 'id = 5', 'hosts = ["deimos", "phobos"]'],
      shimLines: () => ['[groups]', 'db = 5'],
    });
    const { hosts } = rack.setup;
    const [one = '', two = ''] = hosts;
    await held(stage, rack, one, two);
    await stage.promise('what is released is granted to the other', async () => {
      const { code, stdout, stderr } = await shim(rack, one, 'release', 'db');
      assert.equal(code, 0, `${stdout}${stderr}`);
      await granted(rack, two);
    });
    await stage.promise(
      'the holder hangs: the other is granted when it is proven off',
      async () => {
        await takenOver(rack, two, one);
      },
    );
    await stage.promise('the fenced host is back, in a life that holds nothing', async () => {
      await allBeat(rack, [two]);
      await denied(rack, two, /host 1 holds db/);
    });
    await stage.promise('an agent that starts beside a dead host waits for its fence', async () => {
      await rack.bench.host(one, 'hang');
      await restartAgent(rack);
      await allBeat(rack, [two]);
      await denied(rack, two, /nobody knows what host 1 holds/);
      const { code, stdout, stderr } = await rack.fencepost(['fence', one, '--yes']);
      assert.equal(code, 0, `${stdout}${stderr}`);
      await granted(rack, two);
      await allBeat(rack, hosts);
    });
  },
};
