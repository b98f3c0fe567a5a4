/** What happens to the board itself: rows 6 to 9, 26, 34 and 35 of the fault table, and its keys. */
import type { Prng } from '../../lib/prng.ts';
import type { Entry, Plan } from '../plan.ts';
import { endAgent, takeKeys } from '../world/agent.ts';
import { agentDeed, goOn } from '../world/agent-input.ts';
import { spoilSlots } from '../world/disk.ts';
import { keyFor } from '../world/keys.ts';
import { changeRate, leap } from '../world/local-clock.ts';
import { add, DEED, machineOf, tell, type World } from '../world/state.ts';
import { anyHost, anySpan, type FaultKind, hostWith } from './kind.ts';

const RESTART_MS = 300;

function bringBack(world: World): void {
  world.board.downs -= 1;
  if (world.board.downs === 0) add(world, world.now + RESTART_MS, DEED.agent, 0, 0);
}

function stalling(row: FaultKind['row'], draw: FaultKind['draw']): FaultKind {
  return {
    row,
    draw,
    begin: (world) => {
      world.board.stalls += 1;
      if (world.board.stalls === 1) tell(world, { kind: 'stall', on: true });
    },
    end: (world) => {
      world.board.stalls -= 1;
      if (world.board.stalls === 0) goOn(world);
    },
  };
}

function ailing(how: string): FaultKind {
  return {
    row: 34,
    draw: (chance, plan) => ({ forMs: 2 * anySpan(chance, plan), with: { how } }),
    begin: (world, entry) => void world.board.disk.faults.push(entry),
    end: ({ board }, entry) => {
      board.disk.faults = board.disk.faults.filter((one) => one !== entry);
    },
  };
}

function spoiling(how: 'torn' | 'random'): FaultKind {
  return { row: 34, draw: () => ({}), begin: (world) => spoilSlots(world, how) };
}

const brief = (chance: Prng, plan: Plan): { forMs: number } => ({ forMs: anySpan(chance, plan) });

export const AGENT: Readonly<Record<string, FaultKind>> = {
  crash: {
    row: 8,
    draw: (chance, plan) => ({ forMs: Math.min(8_000, anySpan(chance, plan)) }),
    begin: (world) => {
      world.board.downs += 1;
      endAgent(world, false);
    },
    end: bringBack,
  },
  'crash-in-fence': {
    row: 8,
    draw: (chance) => ({ with: { after: chance.between(1, 5) } }),
    begin: (world, { with: more }) => {
      world.board.dieAfter = Number(more['after']);
    },
  },
  'power-loss': {
    row: 9,
    draw: (chance, plan) => ({ forMs: anySpan(chance, plan) }),
    begin: (world) => {
      world.board.downs += 1;
      endAgent(world, true);
    },
    end: bringBack,
  },
  stall: stalling(26, brief),
  pause: stalling(26, (chance) => ({ forMs: chance.between(40, 400) })),
  'wall-jump': {
    row: 6,
    draw: (chance) => ({ with: { ms: chance.pick([-3.15e12, -3.6e6, 3.6e6, 3.15e12]) } }),
    begin: (world, { with: more }) => {
      world.wallOffMs += Number(more['ms']);
    },
  },
  'time-leaps': {
    row: 7,
    draw: (chance) => ({ with: { ms: chance.pick([300, 5_000, 60_000, 3_600_000]) } }),
    begin: leapBoard,
  },
  'time-back': {
    row: 7,
    draw: (chance) => ({ with: { ms: chance.pick([-1, -500, -60_000]) } }),
    begin: leapBoard,
  },
  'board-drifts': {
    row: 7,
    draw: (chance, plan) => ({
      forMs: 4 * anySpan(chance, plan),
      with: { ppm: chance.pick([-900, 900, -20_000, 20_000]) },
    }),
    begin: (world, { with: more }) => changeRate(world.board.clock, Number(more['ppm']), world.now),
    end: (world) => changeRate(world.board.clock, world.plan.board.fastPpm, world.now),
  },
  'port-gone': {
    row: 35,
    draw: (chance, plan) => {
      const host = hostWith(chance, plan, 'serial');
      return host === undefined ? undefined : { host, forMs: anySpan(chance, plan) };
    },
    begin: (world, { host = 0 }) => switchPort(world, host, 1),
    end: (world, { host = 0 }) => switchPort(world, host, -1),
  },
  'disk-absent': ailing('absent'),
  'disk-read-only': ailing('read-only'),
  'disk-lies': ailing('lying'),
  'disk-slow': ailing('slow'),
  'disk-torn': spoiling('torn'),
  'disk-random': spoiling('random'),
  'key-changed': {
    row: 27,
    draw: (chance, plan) => ({
      host: anyHost(chance, plan),
      forMs: 2 * anySpan(chance, plan),
      with: { first: chance.pick(['board', 'host']) },
    }),
    begin: (world, entry) => addKey(world, entry, String(entry.with['first'])),
    end: (world, entry) => {
      addKey(world, entry, 'board');
      addKey(world, entry, 'host');
      dropOldKeys(world, entry.host ?? 0);
    },
  },
  'key-revoked': {
    row: 27,
    draw: (chance, plan) => ({ host: anyHost(chance, plan), forMs: anySpan(chance, plan) }),
    begin: (world, entry) => {
      addKey(world, entry, 'board');
      const newest = Math.max(...kidsOf(world, entry.host ?? 0));
      retain(world, entry.host ?? 0, newest);
    },
    end: (world, entry) => {
      addKey(world, entry, 'host');
      dropOldKeys(world, entry.host ?? 0);
    },
  },
};

/** Time is seen to leap with the next event, which is the judge's. */
function leapBoard(world: World, { with: more }: Entry): void {
  leap(world.board.clock, Number(more['ms']));
}

function switchPort(world: World, host: number, by: number): void {
  const { index } = machineOf(world, host);
  const { portsOut } = world.board;
  const was = portsOut[index] ?? 0;
  portsOut[index] = was + by;
  const isOpen = portsOut[index] === 0;
  if (isOpen === (was === 0)) return;
  agentDeed(world, DEED.port, host, isOpen ? 1 : 0, undefined);
}

function kidsOf({ board }: World, host: number): number[] {
  return board.keys.flatMap(({ role, owner, kid }) =>
    role === 'host' && owner === `host${host}` ? [kid] : [],
  );
}

/** One end learns of the key that this entry is about, and sends with it from now on. */
function addKey(world: World, entry: Entry, end: string): void {
  const { host = 0, at } = entry;
  const kid = 2 + (Math.floor(at / 100) % 60_000);
  const owner = `host${host}`;
  const key = keyFor(world.plan.seed, 'host', owner, kid, true);
  if (end === 'board') {
    const { board } = world;
    if (kidsOf(world, host).includes(kid)) return;
    const others = board.keys.map((one) =>
      one.owner === owner ? { ...one, sending: false } : one,
    );
    const own = others.filter((one) => one.owner === owner).slice(-2);
    board.keys = [...others.filter((one) => one.owner !== owner), ...own, key];
    takeKeys(world);
    return;
  }
  const { ring } = machineOf(world, host);
  if (ring.find('host', owner, kid) !== undefined) return;
  const old = ring.all().map((one) => keyFor(world.plan.seed, 'host', owner, one.kid, false));
  ring.take([...old.slice(-2), key]);
}

function dropOldKeys(world: World, host: number): void {
  const owner = `host${host}`;
  const { ring } = machineOf(world, host);
  const kid = ring.sending('host', owner)?.kid ?? 1;
  ring.take([keyFor(world.plan.seed, 'host', owner, kid, true)]);
  retain(world, host, kid);
}

/** The board keeps one key of this host. */
function retain(world: World, host: number, kid: number): void {
  const owner = `host${host}`;
  const others = world.board.keys.filter((one) => one.owner !== owner);
  world.board.keys = [...others, keyFor(world.plan.seed, 'host', owner, kid, true)];
  takeKeys(world);
}
