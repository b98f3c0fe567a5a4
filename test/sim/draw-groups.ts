/** Draws groups of resources, and what hosts do with them; from a stream of their own, so that all else is drawn as without them. */
import type { GroupSettings } from '../../firmware-agent/core/settings.ts';
import type { Prng } from '../lib/prng.ts';
import type { Pace } from './draw.ts';
import { GROUPS } from './faults/groups.ts';
import type { Entry, HostPlan, Plan } from './plan.ts';

/** Undefined where this run has none: a single host has nobody to share with. */
export function drawGroups(chance: Prng, hosts: readonly HostPlan[]): GroupSettings[] | undefined {
  if (hosts.length < 2 || chance.chance(0.3)) return undefined;
  return Array.from({ length: chance.pick([1, 1, 2, 3]) }, (_, index) => {
    const left = hosts.map(({ settings }) => settings.host);
    const members = Array.from(
      { length: Math.min(left.length, chance.pick([2, 2, 3])) },
      () => left.splice(chance.between(0, left.length - 1), 1)[0] as number,
    );
    return { group: 300 + index, name: `group${index + 1}`, hosts: members };
  });
}

const KINDS = [
  ...['group-claim', 'group-claim', 'group-claim', 'group-release'],
  ...['group-again', 'group-again', 'group-record-lost'],
];

/** Deadtimes between two deeds, by pace: the least and the most. */
const GAPS: Readonly<Record<Pace, readonly [number, number]>> = {
  wild: [0.1, 1.5],
  brisk: [0.3, 4],
  calm: [3, 40],
  long: [2_000, 20_000],
};

export function drawGroupDeeds(chance: Prng, plan: Plan, pace: Pace): Entry[] {
  if (plan.board.groups === undefined) return [];
  const deadtimeMs = Math.max(...plan.hosts.map(({ settings }) => settings.timing.deadtimeMs));
  const [least, most] = GAPS[pace];
  const deeds: Entry[] = [];
  let at = 3_000;
  for (;;) {
    at += Math.round(deadtimeMs * (least + (most - least) * chance.next()));
    if (at >= plan.calmAt) return deeds;
    const kind = chance.pick(KINDS);
    const drawn = GROUPS[kind]?.draw(chance, plan);
    if (drawn?.host === undefined) continue;
    const { host, forMs = 0, with: more = {} } = drawn;
    deeds.push({ at, forMs, kind, host, with: more });
  }
}
