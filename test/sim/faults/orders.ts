/** Who orders what: in good order, in a duel, again, late, to lives that are over (rows 28 to 31). */
import type { Operation } from '../../../protocol/wire/messages.ts';
import type { Prng } from '../../lib/prng.ts';
import type { Plan } from '../plan.ts';
import { give } from '../world/agent.ts';
import { giveOrder } from '../world/orderers.ts';
import { add, DEED, type World } from '../world/state.ts';
import { anyHost, chanceOf, type Drawn, type FaultKind } from './kind.ts';

/** A key that may order this host, by its index. */
function keyOver(chance: Prng, plan: Plan, host: number): number | undefined {
  const able = plan.orderers.flatMap(({ hosts, boundTo }, at) =>
    boundTo !== host && (hosts === undefined || hosts.includes(host)) ? [at] : [],
  );
  return able.length === 0 ? undefined : chance.pick(able);
}

function ordering(
  row: FaultKind['row'],
  ops: readonly Operation[],
  more: Drawn['with'] = {},
): FaultKind {
  return {
    row,
    draw: (chance, plan) => {
      const host = anyHost(chance, plan);
      const by = keyOver(chance, plan, host);
      if (by === undefined) return undefined;
      const isPerson = plan.orderers[by]?.boundTo === undefined;
      const words = {
        op: chance.pick(ops),
        by,
        ttlMs: chance.pick([300, 5_000, 30_000, 30_000]),
        incarnation: chance.pick(['any', 'any', 'present', 'unheard']),
        line: isPerson && chance.chance(0.5) ? anyHost(chance, plan) : 0,
        override: isPerson && chance.chance(0.1) ? 1 : 0,
      };
      return { host, with: { ...words, ...more } };
    },
    begin: giveOrder,
  };
}

export const ORDERS: Readonly<Record<string, FaultKind>> = {
  'order-fence': ordering('d', ['fence']),
  'order-off': ordering('d', ['off']),
  'order-on': ordering('d', ['on'], { incarnation: 'any' }),
  'order-ack': ordering('d', ['ack']),
  'order-pulse': ordering('d', ['reset', 'diag']),
  'order-timer': ordering('d', ['timer-reset', 'timer-off']),
  maintenance: ordering('d', ['disable', 'enable'], { forS: 20, incarnation: 'any' }),
  'board-disabled': {
    row: 'd',
    draw: () => ({}),
    begin: (world, entry) => {
      const by = world.settings.orderers.findIndex(({ boundTo }) => boundTo === undefined);
      if (by >= 0) giveOrder(world, { ...entry, with: { by, op: 'disable' } });
    },
    end: enableAll,
  },
  'order-wrong-time': ordering(31, ['fence', 'off'], { incarnation: 'unheard' }),
  'order-retained': ordering(30, ['fence', 'off'], { retain: 1 }),
  duel: {
    row: 31,
    draw: (chance, plan) => {
      const nodes = plan.orderers.flatMap(({ boundTo }, at) => (boundTo === undefined ? [] : [at]));
      if (nodes.length < 2) return undefined;
      const first = chance.pick(nodes);
      const second = chance.pick(nodes.filter((at) => at !== first));
      return { with: { first, second, gapMs: chance.pick([0, 0, 1, 40]) } };
    },
    begin: (world, entry, index) => {
      clash(world, entry.with['first'], entry.with['second'], entry);
      add(world, world.now + Number(entry.with['gapMs']), DEED.again, index, 1);
    },
    again: (world, entry) => {
      clash(world, entry.with['second'], entry.with['first'], entry);
      return 0;
    },
  },
  'order-local': {
    row: 'd',
    draw: (chance, plan) => ({
      host: anyHost(chance, plan),
      with: { op: chance.pick(['fence', 'off', 'on', 'on']) },
    }),
    begin: (world, entry) => orderHere(world, entry),
  },
};

/** One node orders the other off. */
function clash(
  world: World,
  by: unknown,
  against: unknown,
  entry: Parameters<typeof giveOrder>[1],
): void {
  const host = world.settings.orderers[Number(against)]?.boundTo;
  if (host === undefined) return;
  giveOrder(world, { ...entry, host, with: { by: Number(by), op: 'fence' } });
}

/** Somebody on the board itself. */
function orderHere(world: World, entry: Parameters<typeof giveOrder>[1], override = false): void {
  const { process } = world.board;
  if (process === undefined || world.board.stalls > 0) return;
  const cmdId = Buffer.from(chanceOf(world, entry).bytes(16)).toString('hex');
  const { life, ticks } = process.board;
  const args = override ? { override: true as const } : {};
  const op = entry.with['op'] as Operation;
  give(world, {
    kind: 'order',
    order: {
      ...{ from: { name: 'local' }, cmdId, life, tick: ticks.latest },
      ...{ host: entry.host ?? 0, incarnation: 0, op, args, ttlMs: 30_000 },
    },
  });
}

/** What somebody has disabled somebody enables again. */
export function enableAll(world: World): void {
  orderHere(world, { at: world.now, forMs: 0, kind: 'board-enabled', with: { op: 'enable' } });
}
