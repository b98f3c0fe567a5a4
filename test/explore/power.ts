/**
 * Everything that can happen to the board, its relays and its orders in the world of power, one
 * unit of time or one fault at a time; `power-state.ts` says what it is made of.
 *
 * Within one unit: relays and machines move, living hosts beat, contacts and senses are read, the
 * board judges, and a round goes out. An answer of the disk, an order and every fault come between
 * two units, in any order. The agent may die after any of its deeds, with what it saved on disk,
 * with only what it wrote at once, or with nothing.
 */
import { NOW } from './codec.ts';
import { PLANS, write } from './power-plans.ts';
import { boot, crash, give, pass, settle, start } from './power-scene.ts';
import {
  type Disk,
  type Machine,
  type PowerState,
  readPower,
  type Scene,
  SETTINGS,
  writePower,
} from './power-state.ts';
import type { Step, World } from './search.ts';

const names = SETTINGS.hosts.map(({ name }) => name);
const DISKS: readonly Disk[] = ['saved', 'synced', 'lost'];
/** Actions from here on are the same ones with an end of the agent in them. */
const VARIANT = 64;

function newMachine(incarnation: number): Machine {
  return {
    ...{ at: 'up', bootLeft: 0, incarnation, echo: 0, main: 'closed', reads: 'closed' },
    ...{ coil: undefined, weld: 'none', isLate: false, lies: 'no', darkAt: undefined },
    ...{ freshAt: undefined, cutBy: undefined, killed: undefined },
  };
}

/** How much may go wrong in one part of the world; each part is explored with both kinds of line. */
export interface PowerPart {
  faults: number;
  crashes: number;
  orders: number;
  isNarrow?: boolean;
}

function sceneOf(state: PowerState, say?: (line: string) => void): Scene {
  return { state, deeds: 0, diesAt: -1, disk: 'saved', broken: [], isRepeat: false, say };
}

function initial(
  { faults, crashes, orders, isNarrow = false }: PowerPart,
  isLatching: boolean,
): PowerState {
  const state: PowerState = {
    ...{ now: NOW, life: 0, board: undefined, isJustDead: false, live: [], retired: [] },
    ...{ heardSeq: names.map(() => 0), machines: names.map(() => newMachine(1)), held: undefined },
    ...{ journals: [], synced: undefined, saved: undefined, isLatching, isNarrow },
    given: Array.from({ length: 4 }, () => undefined),
    ...{ faultsLeft: faults, crashesLeft: crashes, ordersLeft: orders },
  };
  const scene = sceneOf(state);
  // A drill of long ago: both senses were seen off, and on again, by this life of the agent.
  for (const machine of state.machines) machine.lies = 'off';
  start(scene);
  for (const machine of state.machines) machine.lies = 'no';
  for (let unit = 0; unit < 12; unit += 1) pass(scene);
  if (scene.broken.length > 0) throw new Error(scene.broken.join('; '));
  return state;
}

/** Each fence that runs ends, and each restore has its turn and its boot; the disk never answers. */
const CALM_UNITS = 45;
/** J, U, H, and a unit for each look. */
const LAST_UNITS = 8;

/** Everything is mended and every question answered: is anything left that waits? */
function calm(state: PowerState, say?: (line: string) => void): string[] {
  const scene = sceneOf(state, say);
  for (const [i, machine] of state.machines.entries()) {
    if (machine.at === 'hung') boot(machine);
    machine.weld = 'none';
    machine.lies = 'no';
    machine.isLate = false;
    machine.main = machine.reads;
    settle(scene, machine, i + 1);
  }
  state.held = undefined;
  if (state.board === undefined) start(scene);
  for (let unit = 0; unit < CALM_UNITS; unit += 1) pass(scene);
  const broken = [...scene.broken, ...waiting(state)];
  return broken.length > 0 ? broken : lastOrder(scene);
}

/** With all of it working an order to fence is carried out, and proven. */
function lastOrder(scene: Scene): string[] {
  const { state } = scene;
  const plan = { cmdId: 'last', key: 1, host: 2, op: 'fence', isNamed: false } as const;
  const isFrozen = state.board?.hosts.get(plan.host)?.frozen !== undefined;
  // What was left open at a start, or is kept off, has a sense that this life never saw on.
  if (isFrozen || state.machines[plan.host - 1]?.main === 'open') return [];
  give(scene, { kind: 'order', order: write(plan, state) });
  for (let unit = 0; unit < LAST_UNITS; unit += 1) pass(scene);
  const outcome = state.board?.orders.get(plan.cmdId)?.final?.outcome ?? 'nothing';
  if (outcome !== 'done') scene.broken.push(`the last order to fence is answered: ${outcome}`);
  return scene.broken;
}

function waiting({ board, machines }: PowerState): string[] {
  const broken: string[] = [];
  for (const { order, final } of board?.orders.values() ?? []) {
    if (final === undefined) broken.push(`order ${order.cmdId} is never answered`);
  }
  for (const { settings, fence, frozen, life } of board?.hosts.values() ?? []) {
    const machine = machines[settings.host - 1] as Machine;
    const isKept = fence?.step.at === 'kept' || frozen !== undefined;
    if (fence !== undefined && !isKept) broken.push(`the fence of ${settings.name} never ends`);
    const isUp = machine.at === 'up' && life.at === 'present';
    const isLeftOpen = machine.main === 'open' && fence === undefined;
    if (!isUp && !isKept && !isLeftOpen) broken.push(`${settings.name} is not guarded any more`);
  }
  return broken;
}

export function powerWorld(parts: readonly PowerPart[]): World<PowerState> {
  return {
    name: 'power',
    initial: () => parts.flatMap((part) => [initial(part, true), initial(part, false)]),
    actions: (state) => PLANS.flatMap(({ may }, i) => (may(state) ? [i] : [])),
    step(state, action, say) {
      const scene = sceneOf(state, say);
      const variant = Math.floor(action / VARIANT);
      if (variant > 0) {
        state.crashesLeft -= 1;
        scene.diesAt = Math.floor((variant - 1) / DISKS.length);
        scene.disk = DISKS[(variant - 1) % DISKS.length] as Disk;
      }
      const mayDie = variant === 0 && state.crashesLeft > 0 && state.board !== undefined;
      PLANS[action % VARIANT]?.run(scene);
      if (scene.diesAt >= scene.deeds && state.board !== undefined) crash(scene);
      const last = action === 0 ? scene.deeds + 1 : scene.deeds;
      const variants = Array.from(
        { length: mayDie ? last * DISKS.length : 0 },
        (_, i) => action + VARIANT * (1 + i),
      );
      return { state, broken: scene.broken, variants } satisfies Step<PowerState>;
    },
    calm,
    write: writePower,
    read: readPower,
    describe(action) {
      const variant = Math.floor(action / VARIANT);
      const name = PLANS[action % VARIANT]?.name ?? '';
      if (variant === 0) return name;
      const disk = DISKS[(variant - 1) % DISKS.length];
      return `${name}, and the agent dies before deed ${Math.floor((variant - 1) / DISKS.length) + 1}, its disk ${disk}`;
    },
  };
}
