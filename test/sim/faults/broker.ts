/** Faults that concern several hosts at once: rows 5, 16 to 18, 24 and 35 of the fault table. */
import type { Prng } from '../../lib/prng.ts';
import type { Entry, Plan } from '../plan.ts';
import { release } from '../world/bends.ts';
import { lookAtLinks } from '../world/broker.ts';
import { settlePower } from '../world/machine.ts';
import type { Leg, World } from '../world/state.ts';
import { anySpan, bend, type FaultKind, unbend } from './kind.ts';

type Legs = (world: World, entry: Entry) => Leg[];

const some = (chance: Prng, plan: Plan): { forMs: number } => ({ forMs: anySpan(chance, plan) });

/** Nothing passes these legs; who is behind them notices in time. */
function severing(row: FaultKind['row'], legs: Legs, drawn: FaultKind['draw'] = some): FaultKind {
  return {
    row,
    draw: drawn,
    begin: (world, entry) => {
      bend(world, entry, 'cut', legs(world, entry));
      lookAtLinks(world);
    },
    end: (world, entry) => {
      unbend(entry, legs(world, entry));
      lookAtLinks(world);
    },
  };
}

const agentLegs =
  (ways: readonly ('up' | 'down')[]): Legs =>
  (world) =>
    ways.flatMap((way) => world.parties[0]?.[way] ?? []);

/** The legs of all hosts, or of some of them, by a mask. */
const hostLegs: Legs = ({ parties, machines }, { with: more }) =>
  machines.flatMap(({ index }) => {
    const party = parties[index + 1];
    const isIn = ((Number(more['mask'] ?? -1) >> index) & 1) === 1;
    return party === undefined || !isIn ? [] : [party.up, party.down];
  });

/** The lines of all hosts on one adapter. */
const adapterLegs: Legs = ({ serial, machines }, { with: more }) =>
  machines.flatMap(({ index, plan }) => {
    const line = serial[index];
    const isOn = plan.settings.serial?.adapter === more['adapter'];
    return line === undefined || !isOn ? [] : [line.up, line.down];
  });

const allLegs: Legs = (world, entry) => [
  ...hostLegs(world, { ...entry, with: {} }),
  ...world.serial.flatMap(({ up, down }) => [up, down]),
];

function anyAdapter(chance: Prng, plan: Plan): ReturnType<FaultKind['draw']> {
  const adapters = plan.hosts.flatMap(({ settings }) => settings.serial?.adapter ?? []);
  if (adapters.length === 0) return undefined;
  return { forMs: anySpan(chance, plan), with: { adapter: chance.pick(adapters) } };
}

export const BROKER: Readonly<Record<string, FaultKind>> = {
  'broker-down': {
    row: 16,
    draw: some,
    begin: (world) => {
      world.broker.downs += 1;
      lookAtLinks(world);
    },
    end: (world) => {
      world.broker.downs -= 1;
      lookAtLinks(world);
    },
  },
  'broker-paused': {
    row: 5,
    draw: some,
    begin: (world, entry) => bend(world, entry, 'hoard', [world.broker]),
    end: (world, entry) => {
      for (const was of unbend(entry, [world.broker])) release(world, was);
    },
  },
  'broker-loses': {
    row: 2,
    draw: (chance, plan) => ({ ...some(chance, plan), with: { rate: chance.pick([0.1, 0.5]) } }),
    begin: (world, entry) => bend(world, entry, 'loss', [world.broker]),
    end: (world, entry) => void unbend(entry, [world.broker]),
  },
  'agent-parted': severing(17, agentLegs(['up', 'down'])),
  'agent-parted-up': severing(17, agentLegs(['up'])),
  'agent-parted-down': severing(17, agentLegs(['down'])),
  'hosts-parted': severing(17, hostLegs, (chance, plan) => ({
    ...some(chance, plan),
    with: { mask: chance.between(1, 2 ** plan.hosts.length - 1) },
  })),
  'adapter-gone': severing(18, adapterLegs, anyAdapter),
  blackout: severing(18, allLegs),
  'mains-failure': {
    row: 24,
    draw: (chance, plan) => ({ forMs: Math.min(20_000, anySpan(chance, plan)) }),
    begin: (world) => feed(world, 1),
    end: (world) => feed(world, -1),
  },
};

/** All hosts lose their mains at once, and come back at once; the board has a battery. */
function feed(world: World, by: number): void {
  for (const machine of world.machines) {
    machine.mainsOff += by;
    settlePower(world, machine);
  }
}
