/**
 * The world of observers: two hosts, each on a serial line of one hub and on the broker, and a board
 * that hears them or does not. Who is silent, and whose fault is it?
 *
 * Here only silence is judged: a scenario ends with the first cut, which power.ts goes on from. The
 * truth kept is who lives, which of a host's own paths work, and what of the shared ones does. Each
 * unit the hosts beat, the modem lines are read, the board judges, and a round and its own echo go
 * out. Faults, repairs, an answer of the disk, a stall and a restart of the board come in between.
 */
import { advance } from '../../firmware-agent/core/advance.ts';
import { newBoard } from '../../firmware-agent/core/board.ts';
import type { Effect, Event } from '../../firmware-agent/core/events.ts';
import { assertBoard } from '../../firmware-agent/core/invariants.ts';
import { attemptSync } from '../../protocol/attempt.ts';
import { ageOf } from '../../protocol/wire/ticks.ts';
import { NOW, type Pen, UNIT_MS } from './codec.ts';
import {
  type Beat,
  codec,
  type Machine,
  names,
  type Plan,
  type Scene,
  SETTINGS,
  type State,
} from './observers-state.ts';
import type { World } from './search.ts';
import { OBSERVERS } from './timing.ts';

const FRESH_MS = OBSERVERS.fresh * UNIT_MS;
const SETTLE_MS = 3 * UNIT_MS;

/** A fault and its repair, which is free. */
function fault(
  name: string,
  is: { broken(state: State): boolean; set(scene: Scene, isBroken: boolean): void },
  mayBreak: (state: State) => boolean = () => true,
): Plan[] {
  return [
    {
      name,
      may: (state) => state.faultsLeft > 0 && !is.broken(state) && mayBreak(state),
      run: (scene) => {
        scene.state.faultsLeft -= 1;
        is.set(scene, true);
      },
    },
    { name: `no more: ${name}`, may: is.broken, run: (scene) => is.set(scene, false) },
  ];
}

/** What may fail of one host; nothing does of one that is not there. */
function ofHost(name: string, i: number): Plan[] {
  return plansOf(name, i).map((plan) => ({
    ...plan,
    may: (state) => !(state.isAlone && i === 1) && plan.may(state),
  }));
}

function plansOf(name: string, i: number): Plan[] {
  const m = ({ machines }: State): Machine => machines[i] as Machine;
  const set = <K extends 'line' | 'net' | 'down'>(key: K, bad: Machine[K], good: Machine[K]) => ({
    broken: (state: State) => m(state)[key] === bad,
    set: ({ state }: Scene, isBroken: boolean) => {
      m(state)[key] = isBroken ? bad : good;
    },
  });
  const works = (state: State): boolean => m(state).net === 'works';
  const frozen = {
    broken: (state: State) => !m(state).lives,
    set: ({ state }: Scene, isBroken: boolean) => {
      m(state).lives = !isBroken;
    },
  };
  const hoards = {
    broken: (state: State) => m(state).net === 'hoards',
    set: (scene: Scene, isBroken: boolean) => hoard(scene, i, isBroken),
  };
  return [
    ...fault(`${name} stands still`, frozen),
    ...fault(`the line of ${name} is pulled`, set('line', 'pulled', 'works')),
    ...fault(`what ${name} sends to the broker is lost`, set('net', 'lost', 'works'), works),
    ...fault(`what ${name} sends to the broker waits there`, hoards, works),
    ...fault(`${name} does not hear the board`, set('down', 'broken', 'works')),
    {
      name: `the intent to cut ${name} is on disk`,
      may: (state) => state.journals.includes(i + 1),
      run: (scene) => journalled(scene, i + 1),
    },
  ];
}

function broker(to: State['broker']): Parameters<typeof fault>[1] {
  return {
    broken: (state) => state.broker === to,
    set: (scene, isBroken) => {
      scene.state.broker = isBroken ? to : 'works';
      const on = scene.state.broker !== 'down';
      give(scene, { kind: 'listening', channel: 'mqtt', on });
    },
  };
}

const hub = {
  broken: (state: State) => state.hub === 'down',
  set: ({ state }: Scene, isBroken: boolean) => {
    state.hub = isBroken ? 'down' : 'works';
  },
};

const PLANS: readonly Plan[] = [
  { name: 'time passes', may: () => true, run: (scene) => pass(scene, 1) },
  ...names.flatMap(ofHost),
  ...fault('the broker is down', broker('down'), ({ broker: is }) => is === 'works'),
  ...fault(
    'the broker is parted from the hosts',
    broker('parted'),
    ({ broker: is, isAlone }) => is === 'works' && !isAlone,
  ),
  ...fault('the hub is dead', hub, ({ isAlone }) => !isAlone),
  ...[3, 6].map((units) => ({
    name: `the board stands still for ${units} units`,
    may: ({ faultsLeft }: State) => faultsLeft > 0,
    run: (scene: Scene) => {
      scene.state.faultsLeft -= 1;
      pass(scene, units);
    },
  })),
  {
    name: 'the agent dies and starts again',
    may: ({ crashesLeft }) => crashesLeft > 0,
    run: (scene) => {
      scene.state.crashesLeft -= 1;
      start(scene);
    },
  },
];

function hoard(scene: Scene, i: number, begins: boolean): void {
  const machine = scene.state.machines[i] as Machine;
  machine.net = begins ? 'hoards' : 'works';
  const kept = machine.hoard;
  machine.hoard = [];
  if (begins || scene.state.broker !== 'works') return;
  for (const beat of kept) hear(scene, i + 1, 'mqtt', beat);
}

/** Time goes on; with more than one unit at once the board stood still and hears all of it at the end. */
function pass(scene: Scene, units: number): void {
  const { state } = scene;
  const input: (() => void)[] = [];
  for (let unit = 0; unit < units; unit += 1) {
    state.now += UNIT_MS;
    for (const [i, machine] of state.machines.entries()) {
      input.push(...beat(scene, machine, i + 1));
    }
  }
  if (units > 1) state.stallAt = state.now;
  for (const arrive of input) arrive();
  for (const [i, machine] of state.machines.entries()) {
    const line = machine.line === 'works' && state.hub === 'works' ? 'asserted' : 'dropped';
    give(scene, { kind: 'modem', host: i + 1, line });
  }
  give(scene, { kind: 'judge', drained: true });
  give(scene, { kind: 'round' });
  if (state.broker !== 'down') give(scene, { kind: 'echoed' });
  for (const machine of state.machines) {
    const isWell = machine.lives && (machine.line === 'works' || machine.net === 'works');
    machine.wellAt = isWell ? (machine.wellAt ?? state.now) : undefined;
    machine.lineBadAt = machine.line === 'works' ? undefined : (machine.lineBadAt ?? state.now);
    machine.netBadAt = machine.net === 'works' ? undefined : (machine.netBadAt ?? state.now);
  }
}

function beat(scene: Scene, machine: Machine, host: number): (() => void)[] {
  const { state } = scene;
  if (!machine.lives || machine.echo === 0) return [];
  const said: Beat = { echo: machine.echo, seq: state.now / UNIT_MS };
  const lineWorks = machine.line === 'works' && state.hub === 'works';
  if (machine.net === 'hoards') machine.hoard = [...machine.hoard.slice(-1), said];
  const netWorks = machine.net === 'works' && state.broker === 'works';
  return [
    ...(lineWorks ? [() => hear(scene, host, 'serial', said)] : []),
    ...(netWorks ? [() => hear(scene, host, 'mqtt', said)] : []),
  ];
}

const NO_BYTES = new Uint8Array();

function hear(scene: Scene, host: number, channel: 'serial' | 'mqtt', beat: Beat): void {
  const { state, broken } = scene;
  const { board } = state;
  const ageMs = ageOf(board.ticks, beat.echo, state.now);
  const fresh = ageMs !== undefined && ageMs <= FRESH_MS;
  const session = channel === 'serial' ? 1 : 2;
  const hearing = () => board.hosts.get(host)?.hearings.find((one) => one.channel === channel);
  const before = hearing()?.fresh;
  const isMember = board.hosts.get(host)?.life.at === 'present';
  // A session of a life that the sessions do not know begins with a fresh beat.
  if (!isMember && !fresh) return;
  if (fresh) (state.machines[host - 1] as Machine).freshAt = state.now;
  const common = { host, channel, session, incarnation: 1 };
  const opened = { kind: 'beat' as const, ...common, ...beat, flags: 0, bytes: NO_BYTES };
  give(scene, { kind: 'heard', opened });
  if (!fresh && hearing()?.fresh !== before) {
    broken.push(`a beat of ${names[host - 1]} that is ${ageMs} ms old ended its silence`);
  }
}

function journalled(scene: Scene, host: number): void {
  const { state } = scene;
  state.journals = state.journals.filter((one) => one !== host);
  const fence = state.board.hosts.get(host)?.fence?.id ?? 0;
  give(scene, { kind: 'journalled', host, fence });
}

function give(scene: Scene, event: Event): void {
  const { state } = scene;
  const { board } = state;
  const stepped = attemptSync(() => {
    const effects = advance(board, event, state.now);
    assertBoard(board);
    return effects;
  });
  if (!stepped.ok) {
    scene.broken.push(stepped.detail);
    return;
  }
  for (const effect of stepped.value) carryOut(scene, effect);
  for (const host of board.hosts.values()) {
    if (host.fence?.step.at === 'intent') continue;
    state.journals = state.journals.filter((one) => one !== host.settings.host);
  }
}

function carryOut(scene: Scene, effect: Effect): void {
  const { state, say } = scene;
  switch (effect.kind) {
    case 'journal':
      state.journals = [...state.journals, effect.host];
      return;
    case 'cut':
      state.isOver = true;
      return judgeCut(scene, effect.host);
    case 'round': {
      for (const machine of state.machines) {
        const line = machine.line === 'works' && state.hub === 'works';
        const hears = machine.down === 'works' && (line || state.broker === 'works');
        if (machine.lives && hears) machine.echo = effect.tick;
      }
      return;
    }
    case 'news':
      say?.(`${effect.code}: ${effect.text}`);
      return;
    case 'end':
      return start(scene);
    default:
  }
}

/** S3 to S5: whoever is cut by verdict was silent by a fault of its own, and heard of before. */
function judgeCut({ state, broken, say }: Scene, host: number): void {
  const name = names[host - 1];
  const machine = state.machines[host - 1] as Machine;
  say?.(`${name} is cut`);
  const since = (at: number | undefined): number =>
    at === undefined ? -1 : (state.now - at) / UNIT_MS;
  if (machine.freshAt === undefined) broken.push(`${name} is cut by a board that never heard it`);
  else if (since(machine.freshAt) < OBSERVERS.deadtime)
    broken.push(`${name} is cut, and was heard just now`);
  if (since(machine.wellAt) >= OBSERVERS.deadtime) {
    broken.push(`${name} lives, has a way of its own that works, and is cut`);
  }
  const apart = Math.abs(since(machine.lineBadAt) - since(machine.netBadAt));
  const isCutOff = machine.lineBadAt !== undefined && machine.netBadAt !== undefined;
  if (machine.lives && isCutOff && apart > OBSERVERS.initdead) {
    broken.push(`${name} lives, lost its two ways ${apart} units apart, and is cut`);
  }
  const verdictAt = state.board.hosts.get(host)?.fence?.startedAt ?? 0;
  if (state.stallAt !== undefined && verdictAt - state.stallAt < SETTLE_MS) {
    broken.push(`${name} is judged dead right after the board stood still`);
  }
}

function start(scene: Scene): void {
  const { state } = scene;
  state.board = newBoard(SETTINGS, 'life', state.now);
  state.journals = [];
  state.stallAt = undefined;
  for (const machine of state.machines) {
    machine.echo = 0;
    machine.freshAt = undefined;
    machine.hoard = [];
  }
  give(scene, { kind: 'listening', channel: 'mqtt', on: state.broker !== 'down' });
  for (const i of names.keys()) {
    give(scene, { kind: 'listening', channel: 'serial', host: i + 1, on: true });
    const contact = { host: i + 1, outlet: 0, value: 'closed', askedAt: state.now } as const;
    give(scene, { kind: 'contact', ...contact });
  }
  give(scene, { kind: 'start', wallMs: 0 });
  give(scene, { kind: 'round' });
}

export interface ObserverPart {
  faults: number;
  crashes: number;
  isAlone?: boolean;
}

function initial({ faults, crashes, isAlone = false }: ObserverPart): State {
  const machine = (): Machine => ({
    ...{ lives: true, echo: 0, line: 'works', net: 'works', down: 'works' },
    ...{ hoard: [], freshAt: undefined, wellAt: undefined },
    ...{ lineBadAt: undefined, netBadAt: undefined },
  });
  const state: State = {
    ...{ now: NOW, board: newBoard(SETTINGS, 'life', NOW), machines: names.map(machine) },
    ...{ broker: 'works', hub: 'works', journals: [], stallAt: undefined, isAlone, isOver: false },
    ...{ faultsLeft: faults, crashesLeft: crashes },
  };
  const scene: Scene = { state, broken: [], say: undefined };
  if (isAlone) (state.machines[1] as Machine).lives = false;
  start(scene);
  // The modem lines have been seen in both states before anything is judged by them.
  for (const i of names.keys()) give(scene, { kind: 'modem', host: i + 1, line: 'dropped' });
  for (let unit = 0; unit < 12; unit += 1) pass(scene, 1);
  if (scene.broken.length > 0) throw new Error(scene.broken.join('; '));
  return state;
}

const HEALED_UNITS = 20;
const FOUND_UNITS = 14;

/** Mends everything: both hosts are guarded again, and whoever dies then is found dead and cut. */
function calm(state: State, say?: (line: string) => void): string[] {
  const scene: Scene = { state, broken: [], say };
  if (state.isOver) return [];
  for (const plan of PLANS) {
    const isRepair = plan.name.startsWith('no more: ');
    if (isRepair && plan.may(state)) plan.run(scene);
  }
  const go = (units: number): void => {
    for (let unit = 0; unit < units && !state.isOver; unit += 1) pass(scene, 1);
  };
  go(HEALED_UNITS);
  // A verdict that fell before the mending may still be right.
  if (state.isOver) return scene.broken;
  for (const { settings, life, fence, held } of state.board.hosts.values()) {
    if (state.isAlone && settings.host === 2) continue;
    const isGuarded = life.at === 'present' && fence === undefined && held === undefined;
    if (!isGuarded) scene.broken.push(`${settings.name} is not guarded as before`);
  }
  (state.machines[0] as Machine).lives = false;
  go(FOUND_UNITS);
  if (!state.isOver) scene.broken.push('alpha died, and is not found dead');
  return scene.broken;
}

export function observersWorld(parts: readonly ObserverPart[]): World<State> {
  return {
    name: 'observers',
    initial: () => parts.map(initial),
    actions: (state) =>
      state.isOver ? [] : PLANS.flatMap(({ may }, i) => (may(state) ? [i] : [])),
    step(state, action, say) {
      const scene: Scene = { state, broken: [], say };
      PLANS[action]?.run(scene);
      return { state, broken: scene.broken };
    },
    calm,
    write: (state: State, to: Pen) => codec.write(state, to),
    read: codec.read,
    describe: (action) => PLANS[action]?.name ?? '',
  };
}
