/**
 * The broker runs on one of the servers and dies with it; the other orders its fence all the same.
 *
 * Its order goes over its own serial line, on which its heart beats: so the line is also flooded
 * with orders, and not one beat may come late.
 */
import assert from 'node:assert/strict';
import { monotonicMs } from '../../protocol/link/timers.ts';
import type { OrderClient } from '../../protocol/order-client.ts';
import type { Mosquitto } from '../lib/brokers/mosquitto.ts';
import type { Rack } from '../lib/rack.ts';
import { pause } from '../lib/until.ts';
import { figure } from './lib/figures.ts';
import { allBeat, shimLines, viewOf } from './lib/hearing.ts';
import { assertNothingMoved, commandsOf, wasDark } from './lib/judge.ts';
import { fencepostOn, nodeAt, withNodeKeys } from './lib/node-keys.ts';
import { numberOf } from './lib/orderer.ts';
import { onBothPaths } from './lib/racks.ts';
import type { Scenario } from './lib/scenario.ts';
import { cutToFenced, SHORT_MS } from './lib/timing.ts';

const { deadtimeMs, holdMs, keepaliveMs } = SHORT_MS;

/** A beat may find one frame before it; the rest is what a loaded machine may add. */
const LATE_MS_MAX = 150;
/** A program that starts, a broker that does not answer, and the view that is not there. */
const COMMAND_MS_MAX = 5_000;

async function refusedCount(rack: Rack, kind: 'mac' | 'rate'): Promise<number> {
  return (await viewOf(rack))?.refusedOrders[kind] ?? 0;
}

/** The key of `owner` on the line of `host`: authentic, and refused as if it were not. */
async function foreignKey(rack: Rack, owner: string, host: string): Promise<void> {
  const before = await refusedCount(rack, 'mac');
  const client = nodeAt(rack, owner, host);
  const order = { op: 'fence', host: numberOf(rack, host), incarnation: 0 } as const;
  const end = await client.order({ ...order, waitMs: 2_500 });
  await client.close();
  assert.deepEqual([end.outcome, end.detail], ['no-answer', 'the agent did not answer']);
  assert.ok((await refusedCount(rack, 'mac')) > before, 'it is counted as a wrong MAC');
  assertNothingMoved(rack.bench);
}

/** Asks and orders more than the line takes, through several connections to the shim. */
function flood(clients: readonly OrderClient[], host: number): { stop(): Promise<number> } {
  let on = true;
  let answered = 0;
  const work = async (client: OrderClient): Promise<void> => {
    while (on) {
      const states = Array.from({ length: 6 }, () => client.state(host, 'none', 300));
      // A right that the key has not: it is answered, and moves nothing.
      const order = client.order({ op: 'on', host, incarnation: 0, waitMs: 300 });
      answered += (await Promise.all(states)).filter(({ ok }) => ok).length;
      answered += (await order).outcome === 'refused' ? 1 : 0;
    }
  };
  const all = Promise.all(clients.map(work));
  return {
    stop: async () => {
      on = false;
      await all;
      return answered;
    },
  };
}

async function beatsThroughFlood(rack: Rack, host: string): Promise<void> {
  const clients = [1, 2, 3].map(() => nodeAt(rack, host, host));
  const refusedBefore = await refusedCount(rack, 'rate');
  const sinceMs = monotonicMs();
  const flooding = flood(clients, numberOf(rack, host));
  while (monotonicMs() < sinceMs + 2 * deadtimeMs) {
    await pause(25);
    const shown = (await viewOf(rack))?.hosts.find(({ name }) => name === host);
    const quietMs = shown?.channels.find(({ channel }) => channel === 'serial')?.quietMs;
    figure('quiet of a line that is flooded with orders', quietMs ?? Number.POSITIVE_INFINITY, {
      leastMs: 0,
      mostMs: keepaliveMs + LATE_MS_MAX,
    });
  }
  const answered = await flooding.stop();
  for (const client of clients) await client.close();
  const refused = (await refusedCount(rack, 'rate')) - refusedBefore;
  const words = `${answered} were answered, ${refused} were over the rate`;
  assert.ok(answered > 20 && refused > 100, `that was no flood: ${words}`);
  figure('frames of orders in a flood of 6 s', answered + refused);
  const lost = shimLines(rack, host).filter(
    ({ atMs, text }) => atMs > sinceMs && /does not answer/.test(text),
  );
  assert.deepEqual(lost, [], 'and the shim hears its board throughout');
}

/** `victim` and the broker are gone; `giver` has its own line and its own key. */
async function fencesWithoutBroker(rack: Rack, victim: string, giver: string): Promise<void> {
  const before = commandsOf(rack.bench, victim, 'open').length;
  const fromMs = monotonicMs();
  const { code, stdout, stderr } = await fencepostOn(rack, giver, ['fence', victim, '--json']);
  const toMs = monotonicMs();
  assert.equal(code, 0, `fencepost fence ended with ${code}: ${stdout}${stderr}`);
  const { outcome, proof } = JSON.parse(stdout.trim().split('\n').at(-1) ?? '{}');
  assert.deepEqual([outcome, proof], ['done', 'verified']);
  assert.ok(
    wasDark(rack.bench, victim, { fromMs, toMs, holdMs }),
    `${victim} was off for the hold`,
  );
  assert.equal(commandsOf(rack.bench, victim, 'open').length, before + 1, 'it is cut once');
  figure('order to result over serial, broker dead', toMs - fromMs, {
    leastMs: holdMs,
    mostMs: cutToFenced(SHORT_MS).mostMs + COMMAND_MS_MAX,
  });
}

async function looksWithoutBroker(rack: Rack, victim: string, giver: string): Promise<void> {
  const status = await fencepostOn(rack, giver, ['status']);
  assert.equal(status.code, 0, status.stderr);
  assert.match(status.stdout, new RegExp(`${giver}: alive.*power reads on`));
  assert.match(status.stdout, new RegExp(`${victim}: .*\n.*No more than that: .* no lists`, 's'));
  const ls = await fencepostOn(rack, giver, ['ls']);
  assert.equal(ls.code, 1);
  assert.match(ls.stderr, /a serial line carries no lists/);
}

async function killServer(rack: Rack, broker: Mosquitto, host: string): Promise<void> {
  await rack.bench.host(host, 'hang');
  broker.stop();
  await pause(deadtimeMs);
}

export const ordersOverSerial: Scenario = {
  name: 'orders-over-serial',
  aboutS: 45,
  run: async (stage) => {
    const broker = await stage.broker();
    const rack = await stage.rack(withNodeKeys(onBothPaths(2, broker)));
    const [victim = '', giver = ''] = rack.setup.hosts;
    await stage.promise('both servers beat', () => allBeat(rack, rack.setup.hosts));
    await stage.promise("a node's key is refused on the line of another", () =>
      foreignKey(rack, victim, giver),
    );
    await stage.promise('a flood of questions and orders on the line makes no beat late', () =>
      beatsThroughFlood(rack, giver),
    );
    await stage.promise(
      'the server with the broker hangs: status over the line says so',
      async () => {
        await killServer(rack, broker, victim);
        await looksWithoutBroker(rack, victim, giver);
      },
    );
    await stage.promise('the other orders its fence over its own line: done, verified', () =>
      fencesWithoutBroker(rack, victim, giver),
    );
    await stage.promise('the broker is killed: it orders once more, and is heard', async () => {
      await allBeat(rack, rack.setup.hosts, ['serial']);
      process.kill(broker.pid, 'SIGKILL');
      await fencesWithoutBroker(rack, victim, giver);
      await allBeat(rack, rack.setup.hosts, ['serial']);
    });
  },
};
