/**
 * A drill over real processes: the board learns whose outlets these are, remembers it over a
 * restart, and finds out where two machines hang on each other's relays.
 */
import assert from 'node:assert/strict';
import type { Rack } from '../lib/rack.ts';
import { allBeat, viewOf } from './lib/hearing.ts';
import { onBothPaths } from './lib/racks.ts';
import type { Scenario, Stage } from './lib/scenario.ts';

const BOOT_MS = 1_500;

interface Report {
  result: string;
  why: string;
  holdUpMs?: number;
  bootMs?: number;
}

async function drill(rack: Rack, host: string): Promise<{ code: number; report: Report }> {
  const { code, stdout, stderr } = await rack.fencepost(['drill', host, '--json', '--wait', '40']);
  assert.notEqual(stdout, '', stderr);
  return { code, report: JSON.parse(stdout) };
}

async function isUntested(rack: Rack, host: string): Promise<boolean> {
  const { code, stdout, stderr } = await rack.fencepost(['fence', host, '--json']);
  assert.equal(code, 0, `${stdout}${stderr}`);
  return JSON.parse(stdout).untested;
}

async function showRight(stage: Stage): Promise<void> {
  const setup = { ...onBothPaths(2, await stage.broker()), bootMs: BOOT_MS, holdUpMs: 100 };
  const rack = await stage.rack(setup);
  await stage.promise('a drill shows the wiring, and how long supply and boot take', async () => {
    await allBeat(rack, setup.hosts);
    const { code, report } = await drill(rack, 'deimos');
    assert.deepEqual([code, report.result], [0, 'passed'], JSON.stringify(report));
    const { holdUpMs = 0, bootMs = 0 } = report;
    assert.ok(holdUpMs >= 20 && holdUpMs <= 1_000, `${holdUpMs} ms of hold-up`);
    assert.ok(bootMs >= BOOT_MS && bootMs <= BOOT_MS + 5_000, `${bootMs} ms of boot`);
  });
  await stage.promise(
    'from then on its proofs are tested, and those of others are not',
    async () => {
      assert.equal(await isUntested(rack, 'deimos'), false);
      await allBeat(rack, setup.hosts);
      assert.equal(await isUntested(rack, 'phobos'), true);
      await allBeat(rack, setup.hosts);
    },
  );
  await stage.promise('a restart of the agent does not forget it', async () => {
    rack.agent.signal('SIGTERM');
    await rack.agent.ended;
    await rack.startAgent();
    const host = (await viewOf(rack))?.hosts.find(({ name }) => name === 'deimos');
    assert.equal(host?.drill?.state, 'passed');
  });
}

async function showCrossed(stage: Stage): Promise<void> {
  const setup = onBothPaths(2, await stage.broker());
  const rack = await stage.rack({ ...setup, crossed: ['deimos', 'phobos'] });
  await stage.promise('crossed relays: the drill fails, and nothing is called fenced', async () => {
    await allBeat(rack, setup.hosts);
    const { code, report } = await drill(rack, 'deimos');
    assert.deepEqual([code, report.result], [1, 'failed'], JSON.stringify(report));
    assert.equal(
      rack.said().find((line) => line.code === 'fenced'),
      undefined,
    );
  });
}

export const drills: Scenario = {
  name: 'drill',
  aboutS: 45,
  run: async (stage) => {
    await showRight(stage);
    await showCrossed(stage);
  },
};
