/**
 * Orders over the broker: from the command for people and from a program, once and only once.
 *
 * What the orderer received is held against the bench's log: `done` with a proof means that the
 * host was off for the hold, and a relay moves exactly as often as it was ordered to.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { monotonicMs } from '../../protocol/link/timers.ts';
import type { OrderClient } from '../../protocol/order-client.ts';
import type { Rack } from '../lib/rack.ts';
import { pause } from '../lib/until.ts';
import { figure } from './lib/figures.ts';
import { allBeat } from './lib/hearing.ts';
import { assertNothingMoved, commandsOf, wasDark } from './lib/judge.ts';
import { numberOf, ordererOf } from './lib/orderer.ts';
import { onBothPaths } from './lib/racks.ts';
import type { Scenario } from './lib/scenario.ts';
import { cutToFenced, MQTT_MS, SHORT_MS } from './lib/timing.ts';

const { deadtimeMs, holdMs } = SHORT_MS;
const ORDER_MS_MAX = 20_000;

/** An order that was answered: how long it took, and that what was said was so. */
function judgeDone(rack: Rack, host: string, fromMs: number): void {
  const toMs = monotonicMs();
  assert.ok(wasDark(rack.bench, host, { fromMs, toMs, holdMs }), `${host} was off for the hold`);
}

async function byCommand(rack: Rack, host: string, over: 'socket' | 'mqtt'): Promise<void> {
  const before = commandsOf(rack.bench, host, 'open').length;
  const fromMs = monotonicMs();
  const { code, stdout, stderr } = await rack.fencepost(['fence', host, '--yes', '--json'], over);
  assert.equal(code, 0, `fencepost fence ended with ${code}: ${stdout}${stderr}`);
  const { outcome, proof } = JSON.parse(stdout.trim().split('\n').at(-1) ?? '{}');
  assert.deepEqual([outcome, proof], ['done', 'verified']);
  judgeDone(rack, host, fromMs);
  assert.equal(commandsOf(rack.bench, host, 'open').length, before + 1, 'it is cut once');
  await allBeat(rack, rack.setup.hosts);
}

async function sameIdTwice(rack: Rack, client: OrderClient, host: string): Promise<void> {
  const cmdId = randomBytes(16);
  const order = { op: 'fence', host: numberOf(rack, host), incarnation: 0, cmdId } as const;
  const fromMs = monotonicMs();
  const first = await client.order({ ...order, waitMs: ORDER_MS_MAX });
  const { mostMs } = cutToFenced(SHORT_MS);
  figure('L3 order to result over the broker', monotonicMs() - fromMs, {
    leastMs: holdMs,
    mostMs: mostMs + 2 * MQTT_MS + 500,
  });
  assert.deepEqual([first.outcome, first.proof], ['done', 'verified']);
  judgeDone(rack, host, fromMs);
  await allBeat(rack, rack.setup.hosts);
  const sinceMs = monotonicMs();
  const again = await client.order({ ...order, waitMs: ORDER_MS_MAX });
  assert.deepEqual(
    [again.outcome, again.proof, again.incarnation],
    [first.outcome, first.proof, first.incarnation],
  );
  const other = await client.order({ ...order, op: 'off', waitMs: ORDER_MS_MAX });
  assert.equal(other.outcome, 'refused', 'the same id with other content');
  await pause(1_000);
  assertNothingMoved(rack.bench, sinceMs);
}

async function sameIdAtOnce(rack: Rack, host: string): Promise<void> {
  const clients = [ordererOf(rack), ordererOf(rack)];
  const before = commandsOf(rack.bench, host, 'open').length;
  const cmdId = randomBytes(16);
  const order = { op: 'fence', host: numberOf(rack, host), incarnation: 0, cmdId } as const;
  const ends = await Promise.all(
    clients.map((client) => client.order({ ...order, waitMs: ORDER_MS_MAX })),
  );
  assert.deepEqual(
    ends.map(({ outcome, proof }) => `${outcome} ${proof}`),
    ['done verified', 'done verified'],
  );
  assert.equal(commandsOf(rack.bench, host, 'open').length, before + 1, 'it is cut once');
  for (const client of clients) await client.close();
  await allBeat(rack, rack.setup.hosts);
}

async function keptOff(rack: Rack, client: OrderClient, host: string): Promise<void> {
  const about = { host: numberOf(rack, host), incarnation: 0, waitMs: ORDER_MS_MAX };
  const fromMs = monotonicMs();
  const off = await client.order({ op: 'off', ...about });
  assert.deepEqual([off.outcome, off.proof], ['done', 'verified']);
  judgeDone(rack, host, fromMs);
  await pause(2 * deadtimeMs);
  const fence = await client.order({ op: 'fence', ...about });
  assert.equal(fence.outcome, 'done', `a fence of a host that is kept off: ${fence.detail}`);
  for (const by of ['SIGTERM', 'SIGKILL'] as const) {
    rack.agent.signal(by);
    await rack.agent.ended;
    await rack.startAgent();
    await pause(2 * deadtimeMs);
    const closed = commandsOf(rack.bench, host, 'closed').filter((at) => at > fromMs);
    assert.deepEqual(closed, [], `nothing gives it power after the agent got ${by}`);
    assert.ok(!rack.bench.hadPower(host, monotonicMs()), 'it is still without power');
  }
  const on = await client.order({ op: 'on', ...about });
  assert.equal(on.outcome, 'done', on.detail);
  assert.ok(rack.bench.hadPower(host, monotonicMs()), 'it has power again');
  await allBeat(rack, rack.setup.hosts);
}

export const orders: Scenario = {
  name: 'orders',
  aboutS: 60,
  run: async (stage) => {
    const rack = await stage.rack(onBothPaths(3, await stage.broker()));
    const [one = '', two = '', three = ''] = rack.setup.hosts;
    const client = ordererOf(rack);
    await stage.promise('three hosts beat', () => allBeat(rack, rack.setup.hosts));
    await stage.promise('the command fences over the socket', () => byCommand(rack, one, 'socket'));
    await stage.promise('the command fences over the broker', () => byCommand(rack, two, 'mqtt'));
    await stage.promise('the same order again: one action, the stored answer', () =>
      sameIdTwice(rack, client, three),
    );
    await stage.promise('the same order from two clients at once: one action, two answers', () =>
      sameIdAtOnce(rack, one),
    );
    await stage.promise('off keeps off, through restarts of the agent, until on', () =>
      keptOff(rack, client, two),
    );
    await client.close();
  },
};
