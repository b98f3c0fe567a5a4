/**
 * Draws a plan from a seed. No two runs are alike in kind: one has two hosts and default timers and
 * is quiet for days, another lives by deadtimes of seconds and never comes to rest, a third knows one
 * kind of fault only. What chance makes is a configuration that `fencepost-agent check` accepts
 * (test/sim/draw.test.ts says so).
 */
import { delayMs as delayOf } from '../../firmware-agent/core/limits.ts';
import type { HostSettings, OrdererSettings, Timing } from '../../firmware-agent/core/settings.ts';
import { RIGHTS } from '../../firmware-agent/core/settings.ts';
import type { Prng } from '../lib/prng.ts';
import { drawGroupDeeds, drawGroups } from './draw-groups.ts';
import { drawHost } from './draw-host.ts';
import { drawSchedule } from './draw-schedule.ts';
import type { HostPlan, Plan } from './plan.ts';
import { stream } from './streams.ts';

export interface DrawWish {
  seed: number;
  /** Simulated hours; 0 lets the seed decide. */
  hours: number;
}

/** What a run is like as a whole. */
export type Pace = 'wild' | 'brisk' | 'calm' | 'long';

/** The plan of a seed. */
export function drawPlan({ seed, hours }: DrawWish): Plan {
  const chance = stream(seed, 'plan');
  const pace = paceOf(chance);
  const count = chance.pick([1, 2, 2, 2, 3, 3, 4, ...(pace === 'wild' ? [8] : [])]);
  const brokerOnBoard = chance.chance(0.2);
  const mqttDelayMs = chance.pick([50, 100, 500]);
  const hosts = Array.from({ length: count }, (_, index) =>
    drawHost(chance, { pace, index, mqttDelayMs, lonely: count === 1, brokerOnBoard }),
  );
  const groups = drawGroups(stream(seed, 'groups'), hosts);
  const lengthMs = hours > 0 ? hours * 3_600_000 : spanOf(chance, pace);
  const calmAt = Math.round(lengthMs);
  const plan: Plan = {
    seed,
    calmAt,
    endAt: calmAt + calmMs(hosts),
    board: {
      agent: 7,
      brokerOnBoard,
      matchHoldMs: chance.pick([0, 0, 10_000]),
      fastPpm: pace === 'long' ? 0 : chance.pick([0, 0, 500, -500, 1_000, -1_000]),
      journalMs: chance.pick([2, 5, 40]),
      latching: chance.chance(0.5),
      ...(groups === undefined ? {} : { groups }),
    },
    hosts,
    orderers: drawOrderers(hosts.map(({ settings }) => settings)),
    schedule: [],
  };
  const deeds = drawGroupDeeds(stream(seed, 'group deeds'), plan, pace);
  const schedule = drawSchedule(stream(seed, 'schedule'), plan, pace);
  plan.schedule = [...schedule, ...deeds].toSorted((a, b) => a.at - b.at);
  return plan;
}

function paceOf(chance: Prng): Pace {
  const at = chance.next();
  return at < 0.8 ? 'wild' : at < 0.95 ? 'brisk' : at < 0.985 ? 'calm' : 'long';
}

function spanOf(chance: Prng, pace: Pace): number {
  const minutes = {
    wild: [2, 5],
    brisk: [8, 25],
    calm: [60, 240],
    long: [10 * 24 * 60, 60 * 24 * 60],
  } as const;
  const [low, high] = minutes[pace];
  return chance.between(low, high) * 60_000;
}

/** Time in which everything that is owed must come, boots and gaps between fences included. */
function calmMs(hosts: readonly HostPlan[]): number {
  const longest = (key: keyof Timing): number =>
    Math.max(...hosts.map(({ settings }) => settings.timing[key]));
  const onceMs =
    longest('deadtimeMs') + longest('initdeadMs') + longest('drainMs') + 3 * longest('offHoldMs');
  const bootMs = Math.max(...hosts.map((host) => host.bootMs));
  const delayMs = Math.max(...hosts.map(({ settings }) => delayOf(settings)));
  return onceMs + 2 * bootMs + 35_000 * hosts.length + 4 * delayMs + 20_000;
}

function drawOrderers(hosts: readonly HostSettings[]): OrdererSettings[] {
  const numbers = hosts.map(({ host }) => host);
  const person: OrdererSettings = { orderer: 1, name: 'operator', may: [...RIGHTS] };
  const nodes = hosts.map(
    ({ host }): OrdererSettings => ({
      orderer: 10 + host,
      name: `node${host}`,
      may: ['fence', 'off', 'on', 'status'],
      boundTo: host,
      hosts: numbers.filter((other) => other !== host),
    }),
  );
  return [person, ...(hosts.length > 1 ? nodes : [])];
}
