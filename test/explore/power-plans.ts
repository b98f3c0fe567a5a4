/** All that may happen between two units in the world of power: orders, faults, and the disk's answer. */
import type { Order } from '../../firmware-agent/core/events.ts';
import { ORDER_TTL_MS } from './fence-codec.ts';
import { beatOf, boot, give, hear, journalled, pass, stall, start } from './power-scene.ts';
import { type Machine, type PowerState, type Scene, SETTINGS } from './power-state.ts';

/** Something that may happen now, with what it costs. */
export interface Plan {
  name: string;
  /** Whether it can be done now, and what it costs. */
  may(state: PowerState): boolean;
  run(scene: Scene): void;
}

const names = SETTINGS.hosts.map(({ name }) => name);

function faulty(
  name: string,
  may: (m: Machine, s: PowerState) => boolean,
  run: (m: Machine, s: Scene) => void,
): Plan[] {
  return names.map((host, i) => ({
    name: `${host}: ${name}`,
    may: (state) =>
      state.faultsLeft > 0 &&
      !(state.isNarrow && i === 0) &&
      may(state.machines[i] as Machine, state),
    run: (scene) => {
      scene.state.faultsLeft -= 1;
      run(scene.state.machines[i] as Machine, scene);
    },
  }));
}

export interface OrderPlan {
  cmdId: string;
  key: number;
  host: number;
  op: 'fence' | 'off' | 'on';
  /** Names the life that is there when it is given. */
  isNamed: boolean;
}

const ORDERS: readonly OrderPlan[] = [
  { cmdId: 'alpha-has-beta-fenced', key: 2, host: 2, op: 'fence', isNamed: false },
  { cmdId: 'beta-has-alpha-fenced', key: 3, host: 1, op: 'fence', isNamed: true },
  { cmdId: 'operator-wants-alpha-off', key: 1, host: 1, op: 'off', isNamed: false },
  { cmdId: 'operator-wants-alpha-on', key: 1, host: 1, op: 'on', isNamed: false },
];

const giverOf = ({ key }: OrderPlan): number | undefined =>
  SETTINGS.orderers.find(({ orderer }) => orderer === key)?.boundTo;

function canGive(plan: OrderPlan, state: PowerState): boolean {
  const giver = giverOf(plan);
  const machine = giver === undefined ? undefined : state.machines[giver - 1];
  return state.ordersLeft > 0 && state.board?.started === true && (machine?.at ?? 'up') === 'up';
}

/** An order as its giver writes it now. */
export function write(plan: OrderPlan, state: PowerState): Order {
  const { cmdId, key, host, op, isNamed } = plan;
  const settings = SETTINGS.orderers.find(({ orderer }) => orderer === key);
  const { boundTo } = settings ?? {};
  return {
    from: {
      name: settings?.name ?? '',
      orderer: key,
      ...(boundTo === undefined ? {} : { boundTo }),
    },
    ...{ cmdId, host, op, args: {}, ttlMs: ORDER_TTL_MS },
    life: state.board?.life ?? '',
    tick: state.board?.ticks.latest ?? 0,
    incarnation: isNamed ? (state.machines[host - 1]?.incarnation ?? 0) : 0,
  };
}

function orderPlans(plan: OrderPlan, i: number): Plan[] {
  const { cmdId } = plan;
  const note = (scene: Scene): void => {
    const giver = giverOf(plan);
    const byLife = giver === undefined ? 0 : (scene.state.machines[giver - 1]?.incarnation ?? 0);
    scene.state.ordersLeft -= 1;
    const order = write(plan, scene.state);
    scene.state.given[i] = { order, byLife, arrived: false, hasCut: false };
  };
  const arrive = (scene: Scene): void => {
    const given = scene.state.given[i];
    if (given === undefined) return;
    given.arrived = true;
    give(scene, { kind: 'order', order: given.order });
  };
  const isFree = (state: PowerState): boolean =>
    state.given[i] === undefined && !(state.isNarrow && i > 0) && canGive(plan, state);
  return [
    {
      name: `order ${cmdId}`,
      may: isFree,
      run: (scene) => {
        note(scene);
        arrive(scene);
      },
    },
    {
      name: `order ${cmdId} is given and held up`,
      may: (s) => isFree(s) && s.faultsLeft > 0,
      run: (scene) => {
        scene.state.faultsLeft -= 1;
        note(scene);
      },
    },
    {
      name: `order ${cmdId} arrives at last`,
      may: (s) => s.given[i]?.arrived === false && s.board?.started === true,
      run: arrive,
    },
    {
      name: `order ${cmdId} is replayed`,
      may: (s) => s.given[i]?.arrived === true && s.faultsLeft > 0 && s.board?.started === true,
      run: (scene) => {
        scene.state.faultsLeft -= 1;
        arrive(scene);
      },
    },
  ];
}

/** Each is an action, by its place in the list; the first is time. */
export const PLANS: readonly Plan[] = [
  { name: 'time passes', may: () => true, run: pass },
  {
    name: 'the agent starts',
    may: (state) => state.board === undefined && !state.isJustDead,
    run: start,
  },
  ...names.map((host, i) => ({
    name: `the intent to cut ${host} is on disk`,
    may: (state: PowerState) => state.journals.includes(i + 1) && state.board !== undefined,
    run: (scene: Scene) => journalled(scene, i + 1),
  })),
  ...ORDERS.flatMap(orderPlans),
  ...faulty(
    'hangs',
    (m) => m.at === 'up',
    (m) => {
      m.at = 'hung';
    },
  ),
  ...names.map((host, i) => ({
    name: `${host}: goes on`,
    may: ({ machines }: PowerState) => machines[i]?.at === 'hung',
    run: ({ state }: Scene) => {
      (state.machines[i] as Machine).at = 'up';
    },
  })),
  ...faulty(
    'reboots by itself',
    (m) => m.at === 'up' || m.at === 'hung',
    (m) => boot(m),
  ),
  ...faulty(
    'its relay is welded',
    (m) => m.weld === 'none' && m.main === 'closed',
    (m) => {
      m.weld = 'seen';
    },
  ),
  ...faulty(
    'its relay is welded, which its contact does not show',
    (m) => m.weld === 'none' && m.main === 'closed',
    (m) => {
      m.weld = 'unseen';
    },
  ),
  ...faulty(
    'its coil will come late',
    (m) => !m.isLate,
    (m) => {
      m.isLate = true;
    },
  ),
  ...faulty(
    'its sense sticks at on',
    (m) => m.lies === 'no',
    (m) => {
      m.lies = 'on';
    },
  ),
  ...faulty(
    'its sense sticks at off',
    (m) => m.lies === 'no',
    (m) => {
      m.lies = 'off';
    },
  ),
  ...faulty(
    'a beat of it is held up',
    (m, s) => m.at === 'up' && m.echo > 0 && s.held === undefined,
    (m, { state }) => {
      state.held = beatOf(m, state.machines.indexOf(m) + 1, state);
    },
  ),
  {
    name: 'the board stands still and hears nothing meanwhile',
    may: (state) => state.faultsLeft > 0 && state.board !== undefined,
    run: (scene) => {
      scene.state.faultsLeft -= 1;
      stall(scene);
    },
  },
  {
    name: 'the beat that was held up arrives',
    may: (state) => state.held !== undefined && state.board !== undefined,
    run: (scene) => {
      const { held } = scene.state;
      scene.state.held = undefined;
      if (held !== undefined) hear(scene, held);
    },
  },
];
