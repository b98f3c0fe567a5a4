/**
 * The board's storage is absent, read-only, full of noise, or vanishes: it costs words, never a fence.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { monotonicMs } from '../../protocol/link/timers.ts';
import type { Rack, RackSetup } from '../lib/rack.ts';
import { hangAndFollow, noteFence } from './lib/fence-times.ts';
import { allBeat, viewOf } from './lib/hearing.ts';
import { linesOf, wasDark } from './lib/judge.ts';
import { onBothPaths } from './lib/racks.ts';
import type { Scenario, Stage } from './lib/scenario.ts';
import { MQTT_MS, SHORT_MS } from './lib/timing.ts';

const { holdMs } = SHORT_MS;
const SLOT_NAMES = ['state-a', 'state-b'];

interface Storage {
  words: string;
  setup: Partial<RackSetup>;
  /** What the agent must say of it, as an alarm that stands or in its log. */
  says?: string;
}

const STORAGES: Storage[] = [
  {
    words: 'absent',
    // Nothing can be made below a file, whoever we are.
    setup: { stateDir: '/dev/null/fencepost' },
    says: 'unlogged',
  },
  {
    words: 'read-only',
    // The kernel lets nobody make a file there, root included.
    setup: { stateDir: '/proc/fs' },
    says: 'unlogged',
  },
  {
    words: 'random bytes in both slots',
    setup: {
      prepare: (dir) => {
        mkdirSync(join(dir, 'state'));
        for (const name of SLOT_NAMES) writeFileSync(join(dir, 'state', name), randomBytes(4_096));
      },
    },
    says: 'amnesia',
  },
];

async function fences(rack: Rack, words: string): Promise<void> {
  const [ordered = '', hung = ''] = rack.setup.hosts;
  const fromMs = monotonicMs();
  const { code, stdout, stderr } = await rack.fencepost(['fence', ordered, '--yes']);
  assert.equal(code, 0, `${stdout}${stderr}`);
  const window = { fromMs, toMs: monotonicMs(), holdMs };
  assert.ok(wasDark(rack.bench, ordered, window), 'it was off for the hold');
  await allBeat(rack, rack.setup.hosts);
  noteFence(`D 3 s, storage ${words}`, await hangAndFollow(rack, hung), SHORT_MS, MQTT_MS);
  await allBeat(rack, rack.setup.hosts);
}

async function show(stage: Stage, { words, setup, says }: Storage): Promise<void> {
  const rack = await stage.rack({ ...onBothPaths(3, await stage.broker()), ...setup });
  await stage.promise(`storage ${words}: it starts, and its hosts beat`, () =>
    allBeat(rack, rack.setup.hosts),
  );
  await stage.promise(`storage ${words}: it fences by order and by verdict`, () =>
    fences(rack, words),
  );
  await stage.promise(`storage ${words}: it says so`, async () => {
    const alarms = (await viewOf(rack))?.alarms.map(({ code }) => code) ?? [];
    const told = says === undefined || alarms.includes(says) || linesOf(rack, says).length > 0;
    assert.ok(told, `it says ${says}; alarms: ${alarms.join(', ')}`);
  });
  await stage.promise(`storage ${words}: killed and started, it guards on`, async () => {
    const sinceMs = monotonicMs();
    rack.agent.signal('SIGKILL');
    await rack.agent.ended;
    await rack.startAgent();
    await allBeat(rack, rack.setup.hosts);
    const moved = rack.bench.contacts().filter(({ atMs }) => atMs > sinceMs);
    assert.deepEqual(moved, [], 'no relay moves');
  });
}

export const storage: Scenario = {
  name: 'storage',
  aboutS: 45,
  run: async (stage) => {
    await Promise.all(STORAGES.map((one) => show(stage, one)));
    const rack = await stage.rack(onBothPaths(3, await stage.broker()));
    await stage.promise('storage that vanishes while it runs: it fences', async () => {
      await allBeat(rack, rack.setup.hosts);
      const dir = join(rack.dir, 'state');
      assert.ok(existsSync(dir), 'there was a state folder');
      rmSync(dir, { recursive: true });
      await fences(rack, 'vanished');
    });
  },
};
