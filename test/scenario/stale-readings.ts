/**
 * Readings that were true a moment ago, or never: `done` is said of what was read after the question.
 *
 * A power strip that restarts closes its relays and answers nobody meanwhile, so the board's last
 * samples still say off when the host has power again. And a sense that sticks at off proves power
 * gone as long as nobody compares it with the beats of its host. The supplies here last nearly as
 * long as the drain allows, so that a claim which comes too soon is seen in the bench's log.
 */
import assert from 'node:assert/strict';
import { monotonicMs } from '../../protocol/link/timers.ts';
import type { OrderClient } from '../../protocol/order-client.ts';
import type { Rack } from '../lib/rack.ts';
import { pause } from '../lib/until.ts';
import { powerEdge } from './lib/edges.ts';
import { allBeat } from './lib/hearing.ts';
import { linesOf, wasDark } from './lib/judge.ts';
import { numberOf, ordererOf } from './lib/orderer.ts';
import { onBothPaths } from './lib/racks.ts';
import type { Scenario } from './lib/scenario.ts';
import { SHORT_MS } from './lib/timing.ts';

const { holdMs, drainMs } = SHORT_MS;
const HOLD_UP_MS = 0.9 * drainMs;
const ORDER_MS_MAX = 20_000;
/** The board tells a relay that does not answer again and again, ever more rarely. */
const MENDED_MS_MAX = 30_000;

/** From power gone to the restart of the strip: so late that the last samples before it look young. */
const RESTART_AFTER_MS = [0.8, 0.84, 0.88].map((share) => share * holdMs);

/** Less than the board takes between two questions to a device that should not change. */
const UNASKED_MS = 150;

interface Ordered {
  rack: Rack;
  client: OrderClient;
}

/** All outlets of the strip close, and nothing that hangs on it answers. */
async function restartStrip({ bench }: Rack, host: string): Promise<void> {
  await Promise.all([
    bench.senseFault(host, 'rail', 'mute'),
    bench.relayFault(host, 'psu', { stuck: 'closed', mute: true }),
  ]);
}

/** Resolves with how long the host was dark. */
async function restartInHold(at: Ordered, host: string, afterMs: number): Promise<number> {
  const { rack, client } = at;
  const order = { op: 'fence', host: numberOf(rack, host), incarnation: 0 } as const;
  const ending = client.order({ ...order, waitMs: ORDER_MS_MAX });
  const { atMs: offAt } = await powerEdge(rack, host, 'off');
  await pause(Math.max(0, offAt + afterMs - monotonicMs()));
  await restartStrip(rack, host);
  const { atMs: onAt } = await powerEdge(rack, host, 'on', offAt);
  const darkMs = onAt - offAt;
  const end = await ending;
  // On a slow machine the restart may come after the hold; then the judge at the end has to do.
  if (darkMs >= holdMs) return darkMs;
  assert.equal(end.outcome, 'failed', `${host} was dark for ${darkMs.toFixed(0)} ms only`);
  const said = linesOf(rack, 'fenced').filter((line) => line.host === host);
  assert.deepEqual(said, [], 'nobody says fenced');
  return darkMs;
}

async function restartInHolds(at: Ordered, hosts: string[]): Promise<void> {
  const dark = await Promise.all(
    RESTART_AFTER_MS.map((afterMs, i) => restartInHold(at, hosts[i] ?? '', afterMs)),
  );
  assert.ok(Math.min(...dark) < holdMs, `this machine is too slow: dark for ${dark.join(', ')} ms`);
}

async function restartWhileKept({ rack, client }: Ordered, host: string): Promise<void> {
  const about = { host: numberOf(rack, host), incarnation: 0, waitMs: ORDER_MS_MAX };
  const off = await client.order({ op: 'off', ...about });
  assert.deepEqual([off.outcome, off.proof], ['done', 'verified'], off.detail);
  // By now the board has asked often, and asks no more often than it must.
  await pause(holdMs);
  await restartStrip(rack, host);
  await pause(UNASKED_MS);
  assert.ok(rack.bench.hadPower(host, monotonicMs()), 'it has power when the order is given');
  const fence = await client.order({ op: 'fence', ...about });
  assert.equal(fence.proof, 'none', `${fence.outcome} ${fence.detail}`);
  assert.notEqual(fence.outcome, 'done', fence.detail);
}

async function senseSticksAtOff({ rack, client }: Ordered, host: string): Promise<void> {
  const fromMs = monotonicMs();
  await rack.bench.senseFault(host, 'rail', 'off');
  await pause(6 * drainMs);
  const order = { op: 'fence', host: numberOf(rack, host), incarnation: 0 } as const;
  const end = await client.order({ ...order, waitMs: ORDER_MS_MAX });
  const toMs = monotonicMs();
  const isTrue = end.outcome !== 'done' || wasDark(rack.bench, host, { fromMs, toMs, holdMs });
  assert.ok(isTrue, 'fenced was said before it was off for the hold');
  assert.equal(end.outcome, 'failed', 'a sense that lied to the board proves nothing');
  const told = linesOf(rack, 'sense-suspect', fromMs).filter((line) => line.host === host);
  assert.equal(told.length, 1, 'an alarm names the sense');
}

/** All but the host whose relay closed by itself: the board has frozen that one, for people to look at. */
async function mended(rack: Rack, kept: string): Promise<void> {
  const others = rack.setup.hosts.filter((host) => host !== kept);
  for (const host of others) {
    await rack.bench.relayFault(host, 'psu', {});
    await rack.bench.senseFault(host, 'rail', 'none');
  }
  await allBeat(rack, others, ['serial', 'mqtt'], MENDED_MS_MAX);
}

export const staleReadings: Scenario = {
  name: 'stale-readings',
  aboutS: 25,
  run: async (stage) => {
    const setup = onBothPaths(RESTART_AFTER_MS.length + 2, await stage.broker());
    const rack = await stage.rack({ ...setup, holdUpMs: HOLD_UP_MS });
    const { hosts } = rack.setup;
    const at: Ordered = { rack, client: ordererOf(rack) };
    await stage.promise('five hosts beat', () => allBeat(rack, hosts));
    const [kept = '', doubted = ''] = hosts.slice(RESTART_AFTER_MS.length);
    await Promise.all([
      stage.promise('the strip restarts within the hold: failed, not fenced', () =>
        restartInHolds(at, hosts),
      ),
      stage.promise('the strip restarts under a host that is kept off: no order is "done"', () =>
        restartWhileKept(at, kept),
      ),
      stage.promise('a sense that sticks at off while its host beats: suspect, and no proof', () =>
        senseSticksAtOff(at, doubted),
      ),
    ]);
    await stage.promise('mended: the others have power, and beat', () => mended(rack, kept));
    await at.client.close();
  },
};
