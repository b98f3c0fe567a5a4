/**
 * What a fault or a deed is to the simulator: how one is drawn, how it begins, goes on and ends. The
 * tables of the areas lie beside this file; `all.ts` puts them together.
 */
import type { Prng } from '../../lib/prng.ts';
import type { Entry, Plan } from '../plan.ts';
import { type Stream, stream } from '../streams.ts';
import type { Bend, Leg, World } from '../world/state.ts';

export interface FaultKind {
  /** The row of the fault table that it belongs to, or a letter: `d` for a deed in good order. */
  row: number | 'd';
  /** What is drawn of it beside its time; undefined where this plan has no place for it. */
  draw(chance: Prng, plan: Plan): Drawn | undefined;
  begin(world: World, entry: Entry, index: number): void;
  /** Absent where it strikes in one moment. */
  end?(world: World, entry: Entry, index: number): void;
  /** Strikes once more, as long as it lasts; answers after how many ms again. */
  again?(world: World, entry: Entry, index: number): number;
}

export type Drawn = Partial<Pick<Entry, 'host' | 'forMs' | 'with'>>;

/** The stream of one entry: what it draws disturbs no other. */
export function chanceOf(world: World, entry: Entry): Stream {
  return stream(world.plan.seed, JSON.stringify(entry));
}

/** Begins to bend everything that passes these legs. */
export function bend(world: World, entry: Entry, kind: string, legs: readonly Leg[]): void {
  for (const [at, leg] of legs.entries()) {
    const chance = stream(world.plan.seed, `${at} ${JSON.stringify(entry)}`);
    leg.bends.push({ kind, entry, chance, bad: false, held: [] });
  }
}

/** Ends it; answers what was there. */
export function unbend(entry: Entry, legs: readonly Leg[]): Bend[] {
  return legs.flatMap((leg) => {
    const gone = leg.bends.filter((one) => one.entry === entry);
    leg.bends = leg.bends.filter((one) => one.entry !== entry);
    return gone;
  });
}

/** A length between a moment and several deadtimes: most faults are shorter than one. */
export function anySpan(chance: Prng, plan: Plan): number {
  const deadtimeMs = Math.max(...plan.hosts.map(({ settings }) => settings.timing.deadtimeMs));
  const most = chance.pick([0.2, 0.7, 1.3, 3]) * deadtimeMs;
  return chance.between(50, Math.ceil(Math.max(100, most)));
}

export function anyHost(chance: Prng, plan: Plan): number {
  return chance.pick(plan.hosts).settings.host;
}

/** A host that has this channel. */
export function hostWith(chance: Prng, plan: Plan, channel: 'serial' | 'mqtt'): number | undefined {
  const having = plan.hosts.filter(({ settings }) =>
    channel === 'mqtt' ? settings.mqtt : settings.serial !== undefined,
  );
  return having.length === 0 ? undefined : chance.pick(having).settings.host;
}
