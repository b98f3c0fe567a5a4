/**
 * The agent is killed while it fences: at its worst moment, whichever that is.
 *
 * With latching relays the host stays dark and the next life must finish the fence from its own
 * readings; with non-latching ones power comes back at once, and the next life must say that
 * nothing is proven. Either way no life may cut again on its own, nor report what it did not read.
 */
import assert from 'node:assert/strict';
import { monotonicMs } from '../../protocol/link/timers.ts';
import type { OrderEnd } from '../../protocol/order-step.ts';
import type { Rack, RackSetup } from '../lib/rack.ts';
import { pause } from '../lib/until.ts';
import { allBeat } from './lib/hearing.ts';
import { commandsOf, linesOf, wasDark } from './lib/judge.ts';
import { numberOf, ordererOf } from './lib/orderer.ts';
import { onBothPaths } from './lib/racks.ts';
import type { Scenario, Stage } from './lib/scenario.ts';
import { SHORT_MS } from './lib/timing.ts';

const { holdMs } = SHORT_MS;

/** From the order to the kill; the fence takes 1.4 s, and its result and the restore come at its end. */
const KILL_AFTER_MS = [0, 4, 10, 20, 60, 400, 1_000, 1_400];

/** The next life ends what the last began: a whole hold anew, the restore, a boot, a greeting. */
const SETTLED_MS = 15_000;

async function killIn(rack: Rack, host: string, afterMs: number): Promise<void> {
  const client = ordererOf(rack);
  const fromMs = monotonicMs();
  const order = { op: 'fence', host: numberOf(rack, host), incarnation: 0 } as const;
  const ending = client.order({ ...order, waitMs: 20_000 });
  await rack.agent.waitFor(
    'the order',
    (line) => line.code === 'order' && line.host === host && line.atMs >= fromMs,
  );
  if (afterMs > 0) await pause(afterMs);
  rack.agent.signal('SIGKILL');
  await rack.agent.ended;
  const opensBefore = commandsOf(rack.bench, host, 'open').length;
  await rack.startAgent();
  await allBeat(rack, rack.setup.hosts, ['serial', 'mqtt'], SETTLED_MS);
  const opens = commandsOf(rack.bench, host, 'open').length;
  assert.equal(opens, opensBefore, 'the next life does not cut');
  assert.ok(opens <= 1, 'it was cut at most once');
  judgeEnd(rack, host, fromMs, await ending);
  await client.close();
}

/** `done` must have been so; any other answer claims nothing. */
function judgeEnd(rack: Rack, host: string, fromMs: number, end: OrderEnd): void {
  const window = { fromMs, toMs: monotonicMs(), holdMs };
  const claims = end.outcome === 'done' || end.outcome === 'already';
  if (claims) assert.ok(wasDark(rack.bench, host, window), `${end.outcome} was not so`);
  else assert.ok(['interrupted', 'failed', 'no-answer'].includes(end.outcome), end.outcome);
}

async function killEverywhere(stage: Stage, setup: RackSetup): Promise<void> {
  const rack = await stage.rack(setup);
  await stage.promise('eight hosts beat', () => allBeat(rack, rack.setup.hosts));
  for (const [i, afterMs] of KILL_AFTER_MS.entries()) {
    const host = rack.setup.hosts[i] ?? '';
    await stage.promise(`killed ${afterMs} ms after an order: no second cut, no untrue word`, () =>
      killIn(rack, host, afterMs),
    );
  }
  await stage.promise('each relay is closed, each cut was ordered', async () => {
    for (const { host, contacts } of await rack.bench.state()) {
      assert.equal(contacts['psu'], 'closed', host);
    }
    const opened = rack.setup.hosts.filter((h) => commandsOf(rack.bench, h, 'open').length > 0);
    assert.ok(linesOf(rack, 'order').length >= opened.length);
  });
}

export const killedLatching: Scenario = {
  name: 'killed-in-mid-fence-latching',
  aboutS: 70,
  run: async (stage) => {
    const setup = onBothPaths(KILL_AFTER_MS.length, await stage.broker());
    await killEverywhere(stage, { ...setup, line: 'latching' });
  },
};

export const killedNonLatching: Scenario = {
  name: 'killed-in-mid-fence-non-latching',
  aboutS: 50,
  run: async (stage) => {
    const setup = onBothPaths(KILL_AFTER_MS.length, await stage.broker());
    await killEverywhere(stage, { ...setup, line: 'non-latching' });
  },
};
