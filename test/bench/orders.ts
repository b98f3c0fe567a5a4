/**
 * Orders over mosquitto: the round trip beside the bare one of the same broker, and what a fence takes
 * from its cause to the proof.
 *
 * Everything is a real process: agent, two shims on pseudo-terminals, broker, bench. Both round
 * trips are two hops each way, from this process to another and back, QoS 1, and they alternate, so that
 * whatever else the machine does falls on both. An order that changes nothing (`on` for a host that
 * has power) is sealed, opened, checked, stored on the disk, answered and opened again.
 */

import { mqttLink } from '../../protocol/link/mqtt.ts';
import { monotonicMs } from '../../protocol/link/timers.ts';
import type { BenchEntry } from '../lib/bench/client.ts';
import { mosquittoBroker } from '../lib/brokers/mosquitto.ts';
import { built } from '../lib/built.ts';
import { type Rack, startRack } from '../lib/rack.ts';
import { pause } from '../lib/until.ts';
import { allBeat } from '../scenario/lib/hearing.ts';
import { ordererOf } from '../scenario/lib/orderer.ts';
import { cutToFenced, type Millis, timing } from '../scenario/lib/timing.ts';
import { startChild } from './child.ts';
import { ANSWER_TOPIC, ASK_TOPIC, LINK_LIMITS } from './echo.ts';
import { most, type Section, TAIL_HEAD, tailCells } from './section.ts';
import { tailOf } from './spread.ts';

const MILLIS: Millis = { keepaliveMs: 200, deadtimeMs: 2_000, holdMs: 1_000, drainMs: 1_000 };
const HOST = 'deimos';
const ROUND_TRIPS = 100;
/** An orderer has a rate of its own. */
const BETWEEN_MS = 120;
const FENCES_BY_ORDER = 8;
const FENCES_BY_VERDICT = 5;
const ORDER_MS_MAX = 20_000;

interface Fence {
  /** From the order, or from the verdict as the log tells it, to the command to the relay. */
  toCutMs: number;
  /** From there to power gone, by the bench; and from there to `fenced`. */
  toDarkMs: number;
  darkToFencedMs: number;
}

/** Round trips, then fences, on one rack. */
export async function measureOrders(tell: (what: string) => void): Promise<Section> {
  const broker = await mosquittoBroker();
  const rack = await startRack({
    hosts: [HOST, 'phobos'],
    timing: timing(MILLIS),
    broker: { url: broker.url, protocol: 5 },
    ...{ holdUpMs: 100, bootMs: 100 },
  });
  await allBeat(rack, rack.setup.hosts);
  tell(`${ROUND_TRIPS} round trips of orders and of bare messages`);
  const trips = await roundTrips(rack, broker.url);
  tell(`${FENCES_BY_ORDER} fences by order and ${FENCES_BY_VERDICT} by verdict`);
  const ordered = await fencesBy(rack, FENCES_BY_ORDER, orderFence);
  const found = await fencesBy(rack, FENCES_BY_VERDICT, hang);
  await rack.close();
  await broker.close();
  const row = (name: string, values: number[]): string[] => [name, ...tailCells(tailOf(values))];
  const worst = Math.max(...[...ordered, ...found].map((f) => f.toDarkMs + f.darkToFencedMs));
  return {
    name: 'orders',
    title: 'orders and fences, ms; agent, shims, mosquitto and bench are real processes',
    head: TAIL_HEAD,
    rows: [
      row('round trip of a bare message', trips.bare),
      row('round trip of an order, on the disk too', trips.order),
      row('round trip of a question', trips.question),
      ...(['order', 'verdict'] as const).flatMap((by) => {
        const fences = by === 'order' ? ordered : found;
        return [
          row(
            `${by} to the relay's command`,
            fences.map((f) => f.toCutMs),
          ),
          row(
            '  command to power gone',
            fences.map((f) => f.toDarkMs),
          ),
          row(
            '  power gone to "fenced", hold 1000',
            fences.map((f) => f.darkToFencedMs),
          ),
        ];
      }),
    ],
    verdicts: [most('ms from cut to "fenced", the most', worst, cutToFenced(MILLIS).mostMs)],
    figures: { trips, ordered, found },
  };
}

async function roundTrips(
  rack: Rack,
  url: string,
): Promise<Record<'bare' | 'order' | 'question', number[]>> {
  const echo = startChild(process.execPath, [built('test/bench/echo.ts'), url]);
  await echo.line('ready');
  let heard = (): void => undefined;
  const link = await new Promise<ReturnType<typeof mqttLink>>((resolve) => {
    const made = mqttLink(
      {
        ...{ ...LINK_LIMITS, url, protocol: 5, clientId: 'fencepost-bench-ask' },
        subscriptions: [{ topic: ANSWER_TOPIC, qos: 1 }],
      },
      { up: () => resolve(made), lost: () => undefined, message: () => heard() },
    );
  });
  const client = ordererOf(rack);
  const about = { host: 1, incarnation: 0, waitMs: ORDER_MS_MAX };
  const times: Record<'bare' | 'order' | 'question', number[]> = {
    ...{ bare: [], order: [], question: [] },
  };
  const bare = (): Promise<void> =>
    new Promise((resolve) => {
      heard = resolve;
      link.publish(ASK_TOPIC, new Uint8Array(100), { qos: 1 });
    });
  const timed = async (into: number[], trip: () => Promise<unknown>): Promise<void> => {
    const startedAt = monotonicMs();
    await trip();
    into.push(monotonicMs() - startedAt);
  };
  // The first of each makes connections and learns the life of the agent.
  await Promise.all([bare(), client.order({ op: 'on', ...about })]);
  for (let n = 0; n < ROUND_TRIPS; n += 1) {
    await pause(BETWEEN_MS);
    await timed(times.bare, bare);
    await timed(times.order, () => client.order({ op: 'on', ...about }));
    await pause(BETWEEN_MS);
    await timed(times.question, () => client.state(about.host, 'status', ORDER_MS_MAX));
  }
  await Promise.all([client.close(), link.close(), echo.end()]);
  return times;
}

/** Causes a fence and resolves with the time of its cause. */
type Cause = (rack: Rack) => Promise<number>;

async function orderFence(rack: Rack): Promise<number> {
  const client = ordererOf(rack);
  const about = { host: 1, incarnation: 0, waitMs: ORDER_MS_MAX };
  await client.state(about.host, 'status', ORDER_MS_MAX);
  const atMs = monotonicMs();
  void client.order({ op: 'fence', ...about }).then(() => client.close());
  return atMs;
}

/** A life of the agent has one autonomous fence in half a minute, so each begins with a new one. */
async function hang(rack: Rack): Promise<number> {
  rack.agent.signal('SIGTERM');
  await rack.agent.ended;
  await rack.startAgent();
  await allBeat(rack, rack.setup.hosts);
  await pause(2.5 * MILLIS.keepaliveMs);
  await rack.bench.host(HOST, 'hang');
  return (await rack.agent.waitFor('dead', ({ code }) => code === 'dead')).atMs;
}

async function fencesBy(rack: Rack, count: number, cause: Cause): Promise<Fence[]> {
  const fences: Fence[] = [];
  for (let n = 0; n < count; n += 1) {
    await allBeat(rack, rack.setup.hosts);
    const sinceMs = monotonicMs();
    const at = async (what: string, is: (entry: BenchEntry) => boolean): Promise<number> =>
      (await rack.bench.waitFor(what, (entry) => entry.atMs > sinceMs && is(entry), 20_000)).atMs;
    const causedMs = await cause(rack);
    const cutMs = await at('cut', (entry) => entry.kind === 'command' && entry.to === 'open');
    const darkMs = await at('dark', (entry) => entry.kind === 'power' && entry.to === 'off');
    const { atMs: fencedMs } = await rack.agent.waitFor(
      'fenced',
      ({ code, atMs }) => code === 'fenced' && atMs > sinceMs,
    );
    await at('light', (entry) => entry.kind === 'power' && entry.to === 'on');
    const toDarkMs = darkMs - cutMs;
    fences.push({ toCutMs: cutMs - causedMs, toDarkMs, darkToFencedMs: fencedMs - darkMs });
  }
  return fences;
}
