/**
 * What a board goes through in a year, again and again: fences by order and by verdict, orders that
 * change nothing, questions, a cable that falls out, a broker that is away and one that starts anew.
 *
 * Four hosts on both paths. One has nothing but the broker's troubles, one has the cable, one is fenced
 * by order; the last two hang in turn. The shims of the first two live as long as the soak does.
 */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { RECORDS_MAX } from '../../firmware-agent/core/limits.ts';
import type { FenceRecord } from '../../protocol/wire/view.ts';
import type { Mosquitto } from '../lib/brokers/mosquitto.ts';
import type { Rack, RackTiming } from '../lib/rack.ts';
import { pause } from '../lib/until.ts';
import { hangAndFollow } from '../scenario/lib/fence-times.ts';
import { allBeat } from '../scenario/lib/hearing.ts';
import { numberOf, ordererOf } from '../scenario/lib/orderer.ts';
import { type Millis, timing } from '../scenario/lib/timing.ts';

export const MILLIS: Millis = {
  ...{ keepaliveMs: 500, deadtimeMs: 4_000, holdMs: 1_000, drainMs: 1_000 },
};
export const HOSTS: string[] = ['deimos', 'phobos', 'io', 'europa'];
export const TIMING: RackTiming = timing(MILLIS);
/** Whose shims are never ended. */
export const LASTING: string[] = HOSTS.slice(0, 2);

/** By verdict the board fences ten times an hour, and the same host three times. */
const HANG_EVERY_MS = 10.5 * 60_000;
const ORDERS_PER_ROUND = 10;
const ORDER_MS_MAX = 20_000;
const AWAY_MS = 1_200;
/** Everybody is back after the longest back-off between two tries to connect. */
const BACK_MS_MAX = 15_000;

/** An agent keeps its last fences, so a new one would grow until it has them all; this one has. */
export function fillRecords(dir: string): void {
  const state = join(dir, 'state');
  mkdirSync(state, { mode: 0o700 });
  for (let n = 1; n <= RECORDS_MAX; n += 1) {
    const record = { ...PAST_FENCE, startedAt: new Date(n).toISOString() };
    const name = `fence-${String(n).padStart(10, '0')}.json`;
    writeFileSync(join(state, name), JSON.stringify(record), { mode: 0o600 });
  }
}

/** As long as those that the soak makes. */
const PAST_FENCE: FenceRecord = {
  ...{ id: 1, host: 'io', incarnation: 1, by: 'order by operator (ops)', startedAt: '' },
  ...{ outcome: 'fenced', proof: 'verified', untested: true, evidence: [] },
  entries: Array.from({ length: 14 }, (_, i) => ({
    atMs: 100 * i,
    what: `a step of a fence that was over long ago, number ${i}`,
  })),
};

/** What was done so far. */
export interface Deeds {
  rounds: number;
  byOrder: number;
  byVerdict: number;
  orders: number;
  brokerLost: number;
  cables: number;
}

export function noDeeds(): Deeds {
  return { rounds: 0, byOrder: 0, byVerdict: 0, orders: 0, brokerLost: 0, cables: 0 };
}

/** One round, a third of a minute; throws where anything does not end as it has to. `forMs` is how long all this goes on already. */
export async function liveOn(
  { rack, broker }: { rack: Rack; broker: Mosquitto },
  deeds: Deeds,
  forMs: number,
): Promise<void> {
  const [, phobos = '', io = '', europa = ''] = HOSTS;
  await ordersAndFence(rack, io, deeds);
  await rack.bench.cable(phobos, { pulled: true });
  await pause(AWAY_MS);
  await rack.bench.cable(phobos, { pulled: false });
  deeds.cables += 1;
  await everybody(rack);
  await broker.restart();
  await pause(AWAY_MS);
  deeds.brokerLost += 1;
  await everybody(rack);
  if (forMs >= deeds.byVerdict * HANG_EVERY_MS) {
    await hangAndFollow(rack, deeds.byVerdict % 2 === 0 ? europa : io);
    deeds.byVerdict += 1;
    await everybody(rack);
  }
  deeds.rounds += 1;
}

async function ordersAndFence(rack: Rack, host: string, deeds: Deeds): Promise<void> {
  const client = ordererOf(rack);
  const about = { host: numberOf(rack, host), incarnation: 0, waitMs: ORDER_MS_MAX };
  for (let n = 0; n < ORDERS_PER_ROUND; n += 1) {
    const { outcome } = await client.order({ op: 'on', ...about });
    assert.ok(['done', 'already'].includes(outcome), `on: ${outcome}`);
    await client.state(about.host, 'status', ORDER_MS_MAX);
    deeds.orders += 1;
    await pause(2 * MILLIS.keepaliveMs);
  }
  const { outcome, proof } = await client.order({ op: 'fence', ...about });
  assert.deepEqual([outcome, proof], ['done', 'verified']);
  await client.close();
  deeds.byOrder += 1;
  await everybody(rack);
}

function everybody(rack: Rack): Promise<void> {
  return allBeat(rack, HOSTS, ['serial', 'mqtt'], BACK_MS_MAX);
}
