/**
 * How the world of power goes on: relays and coils, boots and beats, the events that the board is
 * given, and its deeds, carried out one by one so that the agent may die before any of them.
 */
import { advance } from '../../firmware-agent/core/advance.ts';
import { newBoard } from '../../firmware-agent/core/board.ts';
import { durableOf } from '../../firmware-agent/core/durable.ts';
import type { Effect, Event } from '../../firmware-agent/core/events.ts';
import { assertBoard } from '../../firmware-agent/core/invariants.ts';
import { attemptSync } from '../../protocol/attempt.ts';
import { ageOf } from '../../protocol/wire/ticks.ts';
import { UNIT_MS } from './codec.ts';
import {
  type Beat,
  lifeName,
  type Machine,
  type PowerState,
  type Scene,
  SETTINGS,
} from './power-state.ts';
import { judgeAnswer, judgeCut, judgeFenced, judgeKill, judgeMember } from './power-truth.ts';
import { POWER } from './timing.ts';

const FRESH_MS = POWER.fresh * UNIT_MS;
const BOOT_UNITS = 2;
const LATE_UNITS = 2;
/** Longer than the deadtime, by a multiple. */
const STALL_UNITS = 6;
const HELD_UNITS_MAX = 12;
/** The wall clock of these worlds; only differences of it count, and all are small. */
const WALL_MS = 0;

const names = SETTINGS.hosts.map(({ name }) => name);

/** What a beat of this machine says now; numbers of beats are units of time. */
export function beatOf({ incarnation, echo }: Machine, host: number, { now }: PowerState): Beat {
  return { host, incarnation, echo, seq: now / UNIT_MS };
}

/** It starts, and is not heard until it is up. */
export function boot(machine: Machine): void {
  machine.at = 'booting';
  machine.bootLeft = BOOT_UNITS;
  machine.echo = 0;
  machine.freshAt = undefined;
}

/** The board stands still, and what the hosts said meanwhile is lost. */
export function stall(scene: Scene): void {
  for (let unit = 0; unit < STALL_UNITS; unit += 1) {
    scene.state.now += UNIT_MS;
    for (const [i, machine] of scene.state.machines.entries()) move(scene, machine, i + 1);
  }
  judge(scene);
}

/** One unit of time. */
export function pass(scene: Scene): void {
  const { state } = scene;
  state.now += UNIT_MS;
  const wasDead = state.board === undefined;
  for (const [i, machine] of state.machines.entries()) move(scene, machine, i + 1);
  if (state.held !== undefined && state.now / UNIT_MS - state.held.seq > HELD_UNITS_MAX) {
    state.held = undefined;
  }
  state.machines.forEach((machine, i) => {
    if (machine.at === 'up' && machine.echo > 0) hear(scene, beatOf(machine, i + 1, state));
  });
  judge(scene);
  if (wasDead) state.isJustDead = false;
}

/** Everything is read, then judged, and the next round goes out. */
function judge(scene: Scene): void {
  for (const [i, machine] of scene.state.machines.entries()) look(scene, machine, i + 1);
  give(scene, { kind: 'judge', drained: true });
  give(scene, { kind: 'round' });
}

/** Coils act, supplies run empty at once, machines boot. */
function move(scene: Scene, machine: Machine, host: number): void {
  const { coil } = machine;
  if (coil !== undefined) {
    if (coil.left > 0) coil.left -= 1;
    else {
      machine.coil = undefined;
      if (machine.weld !== 'seen') machine.reads = coil.to;
      if (machine.weld === 'none') machine.main = coil.to;
    }
  }
  settle(scene, machine, host);
  if (machine.at !== 'booting') return;
  if (machine.bootLeft > 0) machine.bootLeft -= 1;
  else {
    machine.at = 'up';
    machine.incarnation += 1;
  }
}

/** Follows from where the main contact is now: its host has power or has none. */
export function settle(scene: Scene, machine: Machine, host: number): void {
  const { now } = scene.state;
  if (machine.main === 'closed') {
    machine.darkAt = undefined;
    if (machine.at === 'off') boot(machine);
    return;
  }
  if (machine.darkAt !== undefined) return;
  machine.darkAt = now;
  machine.echo = 0;
  machine.freshAt = undefined;
  judgeKill(scene, machine, host);
  if (machine.at === 'booting') machine.incarnation += 1;
  machine.at = 'off';
}

/** A sense shows the supply, unless it lies. */
function look(scene: Scene, machine: Machine, host: number): void {
  const askedAt = scene.state.now;
  const shows = machine.main === 'closed' ? 'on' : 'off';
  const value = machine.lies === 'no' ? shows : machine.lies;
  give(scene, { kind: 'contact', host, outlet: 0, value: machine.reads, askedAt });
  give(scene, { kind: 'sense', host, sense: 0, value, askedAt });
}

/** What the sessions let through: no life that is over, no number twice, no new life that is stale. */
export function hear(scene: Scene, beat: Beat): void {
  const { state } = scene;
  const { board } = state;
  if (board === undefined) return;
  const { host, incarnation, echo, seq } = beat;
  const common = { host, channel: 'mqtt' as const, incarnation };
  if (state.retired[host - 1]?.includes(incarnation)) {
    give(scene, { kind: 'heard', opened: { kind: 'hello', ...common, tick: echo, retired: true } });
    return;
  }
  if (seq <= (state.heardSeq[host - 1] as number)) return;
  const ageMs = ageOf(board.ticks, echo, state.now);
  const fresh = ageMs !== undefined && ageMs <= FRESH_MS;
  const live = state.live[host - 1];
  if (live !== incarnation) {
    if (!fresh) return;
    if (live !== undefined) state.retired[host - 1]?.push(live);
    state.live[host - 1] = incarnation;
  }
  state.heardSeq[host - 1] = seq;
  const machine = state.machines[host - 1] as Machine;
  const opened = {
    kind: 'beat' as const,
    ...common,
    session: incarnation,
    seq,
    echo,
    flags: 0,
    bytes: NO_BYTES,
  };
  if (fresh && machine.incarnation === incarnation) machine.freshAt = state.now;
  give(scene, { kind: 'heard', opened });
}

const NO_BYTES = new Uint8Array();

/** The disk answers that the intent to cut this host is written. */
export function journalled(scene: Scene, host: number): void {
  const { state } = scene;
  state.journals = state.journals.filter((one) => one !== host);
  const fence = state.board?.hosts.get(host)?.fence?.id ?? 0;
  give(scene, { kind: 'journalled', host, fence });
}

/** Hands an event to the core and carries out what it wants done, one deed at a time. */
export function give(scene: Scene, event: Event): void {
  const { state } = scene;
  const { board } = state;
  if (board === undefined) return;
  scene.isRepeat = event.kind === 'order' && board.orders.has(event.order.cmdId);
  const stepped = attemptSync(() => {
    const effects = advance(board, event, state.now);
    assertBoard(board);
    return effects;
  });
  if (!stepped.ok) {
    scene.broken.push(stepped.detail);
    return;
  }
  judgeMember(scene);
  for (const effect of stepped.value) {
    if (state.board === undefined) return;
    carryOut(scene, effect);
  }
  for (const host of board.hosts.values()) {
    if (host.fence?.step.at === 'intent') continue;
    state.journals = state.journals.filter((one) => one !== host.settings.host);
  }
}

/** A point at which the process may die; true where it did. */
function dies(scene: Scene): boolean {
  const isHere = scene.deeds === scene.diesAt;
  scene.deeds += 1;
  if (isHere) crash(scene);
  return isHere;
}

function carryOut(scene: Scene, effect: Effect): void {
  const { state, say } = scene;
  const { board } = state;
  if (board === undefined) return;
  switch (effect.kind) {
    case 'journal':
    case 'store':
    case 'save':
      if (dies(scene)) return;
      state.saved = durableOf(board, []);
      if (effect.kind === 'save') return;
      state.synced = state.saved;
      if (effect.kind === 'journal') state.journals = [...state.journals, effect.host];
      return;
    case 'cut':
    case 'restore': {
      if (dies(scene)) return;
      const to = effect.kind === 'cut' ? 'open' : 'closed';
      const machine = state.machines[effect.host - 1] as Machine;
      say?.(`the relay of ${names[effect.host - 1]} is told: ${to}`);
      if (to === 'open') judgeCut(scene, machine, effect.host);
      machine.coil = { to, left: machine.isLate ? LATE_UNITS : 0 };
      machine.isLate = false;
      return;
    }
    case 'answer':
      if (dies(scene)) return;
      say?.(`answer to ${effect.answer.cmdId}: ${effect.answer.outcome} ${effect.answer.detail}`);
      return judgeAnswer(scene, effect.answer);
    case 'round':
      for (const machine of state.machines) if (machine.at === 'up') machine.echo = effect.tick;
      return;
    case 'retire':
      state.retired[effect.host - 1]?.push(effect.incarnation);
      if (state.live[effect.host - 1] === effect.incarnation)
        state.live[effect.host - 1] = undefined;
      return;
    case 'news':
      say?.(`${effect.code}: ${effect.text}`);
      if (effect.code === 'fenced' && effect.host !== undefined) judgeFenced(scene, effect.host);
      return;
    case 'end':
      return crash(scene);
    default:
  }
}

/** The process is gone; what it had told the relays goes on only where they latch. */
export function crash(scene: Scene): void {
  const { state, disk, say } = scene;
  say?.(`the agent dies; on disk: ${disk}`);
  state.board = undefined;
  state.isJustDead = true;
  const left = { saved: state.saved, synced: state.synced, lost: undefined }[disk];
  state.saved = left;
  state.synced = left;
  state.journals = [];
  state.held = undefined;
  for (const [i, machine] of state.machines.entries()) {
    machine.echo = 0;
    machine.freshAt = undefined;
    if (state.isLatching) continue;
    machine.coil = undefined;
    if (machine.weld !== 'seen') machine.reads = 'closed';
    machine.main = 'closed';
    settle(scene, machine, i + 1);
  }
}

/** A new life of the agent, with what the disk remembers. */
export function start(scene: Scene): void {
  const { state } = scene;
  state.life += 1;
  state.board = newBoard(SETTINGS, lifeName(state.life), state.now);
  state.live = names.map(() => undefined);
  state.retired = names.map(() => []);
  give(scene, { kind: 'listening', channel: 'mqtt', on: true });
  for (const [i, machine] of state.machines.entries()) look(scene, machine, i + 1);
  const { saved } = state;
  give(scene, {
    kind: 'start',
    wallMs: WALL_MS,
    ...(saved === undefined ? {} : { durable: saved }),
  });
  give(scene, { kind: 'round' });
}
