/**
 * Draws what happens in a run. Each run has a mix of its own: some kinds only, each with its weight, and
 * a pace; in some everything meets everything, in some one kind of fault strikes again and again.
 */
import type { Prng } from '../lib/prng.ts';
import type { Pace } from './draw.ts';
import { drawCompany } from './draw-company.ts';
import { FAULTS } from './faults/all.ts';
import { GROUPS } from './faults/groups.ts';
import type { Entry, Plan } from './plan.ts';

/** Faults an hour, by pace: the least and the most. */
const RATES: Readonly<Record<Pace, readonly [number, number]>> = {
  wild: [300, 1_500],
  brisk: [60, 300],
  calm: [6, 40],
  long: [0.004, 0.02],
};

/** Kinds that strike too hard, or say too little, to be as frequent as the others. */
const WEIGHTS: Readonly<Record<string, number>> = {
  hang: 6,
  'order-fence': 3,
  'order-on': 3,
  'relay-welded': 2,
  'sense-lies-off': 2,
  'sense-lies-on': 2,
  'time-back': 0.3,
  'time-leaps': 0.3,
  runaway: 0.3,
  'key-revoked': 0.5,
  'board-disabled': 0.3,
  'mains-failure': 0.5,
  hoard: 2,
  cable: 2,
  crash: 2,
};

/** Always possible: without them nobody dies, or nobody ever comes back. */
const STAPLES: readonly string[] = ['hang', 'order-on'];

export function drawSchedule(chance: Prng, plan: Plan, pace: Pace): Entry[] {
  const mix = drawMix(chance);
  const [least, most] = RATES[pace];
  const perHour = least + (most - least) * chance.next();
  const gapMs = 3_600_000 / perHour;
  // In some runs misfortunes come alone, in others seldom so.
  const inCompany = chance.pick([0, 0.6, 1, 1]);
  const schedule: Entry[] = [];
  // Everybody gets up first.
  let at = 3_000 + Math.max(...plan.hosts.map(({ bootMs }) => bootMs));
  for (;;) {
    // Bursts and lulls: most gaps are short, some are long.
    at += Math.round(gapMs * chance.pick([0.05, 0.2, 0.5, 1, 1, 1.5, 2.5]));
    if (at >= plan.calmAt) return schedule.toSorted((a, b) => a.at - b.at);
    const kind = drawKind(chance, mix);
    const drawn = FAULTS[kind]?.draw(chance, plan);
    if (drawn === undefined) continue;
    const { host, forMs = 0, with: more = {} } = drawn;
    const entry = { at, forMs, kind, ...(host === undefined ? {} : { host }), with: more };
    schedule.push(entry);
    if (chance.chance(inCompany)) schedule.push(...drawCompany(chance, plan, entry));
  }
}

type Mix = { kind: string; weight: number }[];

function drawMix(chance: Prng): Mix {
  // What is done with groups is drawn apart (draw-groups.ts).
  const names = Object.keys(FAULTS).filter((name) => !(name in GROUPS));
  const share = chance.pick([0, 0.05, 0.15, 0.15, 0.4, 1]);
  const kinds = new Set(names.filter(() => chance.chance(share)));
  if (kinds.size === 0) kinds.add(chance.pick(names));
  for (const name of STAPLES) kinds.add(name);
  return [...kinds].map((kind) => ({
    kind,
    weight: (WEIGHTS[kind] ?? 1) * chance.pick([0.3, 1, 1, 3]),
  }));
}

function drawKind(chance: Prng, mix: Mix): string {
  const total = mix.reduce((sum, { weight }) => sum + weight, 0);
  let left = chance.next() * total;
  for (const { kind, weight } of mix) {
    left -= weight;
    if (left < 0) return kind;
  }
  return mix[0]?.kind ?? 'hang';
}
