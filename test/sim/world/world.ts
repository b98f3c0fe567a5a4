/**
 * A world made from a plan, and its one loop: the next deed is taken from the agenda and handed to
 * whom it concerns, until the time is over. Nothing else moves anything.
 */

import type { Crypto } from '../../../protocol/wire/crypto.ts';
import { deframer } from '../../../protocol/wire/framing.ts';
import { alive, beacons, receive } from '../../../protocol/wire/session/agent.ts';
import { issue } from '../../../protocol/wire/ticks.ts';
import { faultOf } from '../faults/all.ts';
import { enableAll } from '../faults/orders.ts';
import type { Entry, HostPlan, Plan } from '../plan.ts';
import { stream } from '../streams.ts';
import type { Witness } from '../witness.ts';
import { agenda, take } from './agenda.ts';
import { onPulse } from './agent.ts';
import { agentDeed } from './agent-input.ts';
import { startAgent } from './agent-start.ts';
import { lookAtLinks, onLink } from './broker.ts';
import { onRelay } from './devices.ts';
import { newDisk } from './disk.ts';
import { boardKeys, keyFor, ringOf } from './keys.ts';
import { localClock } from './local-clock.ts';
import {
  boot,
  hearBroker,
  hearLine,
  onBite,
  onBooted,
  onFed,
  onLook,
  onShimDue,
  onUnfed,
  startShim,
  takeShim,
} from './machine.ts';
import { onAnswer, onOrderDue } from './orderers.ts';
import { newSelfFence } from './self-fence.ts';
import {
  add,
  count,
  DEED,
  type Envelope,
  type Leg,
  type Machine,
  type Party,
  tell,
  trace,
  type World,
} from './state.ts';
import { viaBroker } from './wires.ts';

export interface WorldSetup {
  crypto: Crypto;
  witnesses: readonly Witness[];
  log?: (line: string) => void;
}

const newLeg = (): Leg => ({ bends: [] });
const newParty = (): Party => ({ up: newLeg(), down: newLeg(), connected: false, turn: 0 });

/** Builds the world of a plan; at its first moment everything is switched on. */
export function makeWorld(plan: Plan, { crypto, witnesses, log }: WorldSetup): World {
  const { board, hosts, orderers, seed, schedule } = plan;
  const replays = schedule.some(({ kind }) => kind === 'replay');
  const indexOf: number[] = [];
  for (const [index, { settings }] of hosts.entries()) indexOf[settings.host] = index;
  const world: World = {
    plan,
    settings: {
      agent: board.agent,
      name: 'board',
      brokerOnBoard: board.brokerOnBoard,
      ...(board.matchHoldMs > 0 ? { matchHoldMs: board.matchHoldMs } : {}),
      hosts: hosts.map(({ settings }) => settings),
      orderers,
      ...(board.groups === undefined ? {} : { groups: board.groups }),
    },
    crypto,
    now: 0,
    wallOffMs: 0,
    agenda: agenda(),
    witnesses: {
      truth: witnesses.filter(({ truth }) => truth !== undefined),
      step: witnesses.filter(({ step }) => step !== undefined),
      idle: new Map(),
    },
    hash: { a: seed | 0, b: 1 },
    machines: hosts.map((host, index) => newMachine(plan, crypto, host, index)),
    indexOf,
    board: {
      clock: localClock(board.fastPpm, 1_000, 0),
      process: undefined,
      ...{ life: 0, downs: 0, stalls: 0, input: [], timers: 0, dieAfter: 0 },
      portsOut: hosts.map(() => 0),
      disk: newDisk(),
      keys: boardKeys(plan),
    },
    broker: { bends: [], downs: 0 },
    parties: Array.from({ length: 1 + hosts.length + orderers.length }, newParty),
    serial: hosts.map(() => ({ up: newLeg(), down: newLeg() })),
    jobs: [],
    orderRing: ringOf(crypto, boardKeys(plan)),
    tape: replays ? [] : undefined,
    taped: 0,
    ghost: undefined,
    active: new Map(),
    broken: [],
    counts: new Map(),
    calm: false,
    log,
  };
  switchOn(world);
  return world;
}

function newMachine(plan: Plan, crypto: Crypto, host: HostPlan, index: number): Machine {
  const { settings, fastPpm } = host;
  return {
    index,
    host: settings.host,
    plan: host,
    clock: localClock(fastPpm, 500, 0),
    relays: settings.outlets.map(() => ({ really: 'closed', faults: [] })),
    senses: settings.senses.map(() => ({ faults: [] })),
    ...{
      at: 'off',
      start: 0,
      incarnation: 0,
      lives: 0,
      powered: true,
      unfedAt: undefined,
      fedAt: undefined,
    },
    ...{ switchedOff: false, mainsOff: 0, frozen: 0, shim: undefined, alarms: 0 },
    selfFence: host.ends === undefined ? undefined : newSelfFence(),
    ring: ringOf(crypto, [keyFor(plan.seed, 'host', settings.name, 1, true)]),
    dueAt: Number.POSITIVE_INFINITY,
    alarmAt: Number.POSITIVE_INFINITY,
    ...{ leaving: undefined, kicking: host.kickMs > 0, sick: 0, linesDead: 0, slowMs: 0 },
    honest: true,
    ...{ record: { at: 'none' }, isUnsure: false, answeredBy: '', runs: new Set() },
    input: [],
    lineIn: deframer(),
    draw: stream(plan.seed, `host ${index}`),
  };
}

function switchOn(world: World): void {
  const { plan, machines } = world;
  for (const machine of machines) {
    tell(world, { kind: 'power', host: machine.host, on: true });
    boot(world, machine);
    if (machine.plan.kickMs > 0) add(world, machine.plan.kickMs, DEED.kick, machine.index, 0);
  }
  for (const [index, entry] of plan.schedule.entries()) add(world, entry.at, DEED.begin, index, 0);
  add(world, plan.calmAt, DEED.calm, 0, 0);
  startAgent(world);
  lookAtLinks(world);
}

/** Lets the world go on until `until`. */
export function run(world: World, until: number): void {
  const { agenda: deeds } = world;
  const { next } = deeds;
  while (take(deeds, until)) {
    world.now = next.at;
    perform(world, next.kind, next.a, next.b, next.what);
  }
  world.now = until;
}

function perform(world: World, kind: number, a: number, b: number, what: unknown): void {
  switch (kind) {
    case DEED.judge:
    case DEED.round:
    case DEED.probe:
    case DEED.start:
    case DEED.disk:
    case DEED.upSerial:
    case DEED.echo:
    case DEED.order:
    case DEED.port:
      return agentDeed(world, kind, a, b, what);
    case DEED.upMqtt:
      if (world.ghost !== undefined) hearGhost(world, a, what as Envelope);
      return agentDeed(world, kind, a, b, what);
    case DEED.agent:
      return startAgent(world);
    case DEED.answer:
      return onAnswer(world, 'mqtt', (what as Envelope).bytes, a);
    case DEED.orderDue:
      return onOrderDue(world, a, b);
    case DEED.link:
      return onLink(world, a, b);
    case DEED.begin:
      return begin(world, a);
    case DEED.end:
      return end(world, a);
    case DEED.again:
      return again(world, a, b);
    case DEED.calm:
      return becomeCalm(world);
    case DEED.ghost:
      return roundOfGhost(world, what as World['ghost']);
    default: {
      const machine = world.machines[a];
      if (machine !== undefined) onMachine(world, machine, kind, b, what);
    }
  }
}

function onMachine(world: World, machine: Machine, kind: number, b: number, what: unknown): void {
  switch (kind) {
    case DEED.shimDue:
      return onShimDue(world, machine, b);
    case DEED.downSerial:
      return hearLine(world, machine, (what as Envelope).bytes, (frame) =>
        onAnswer(world, 'serial', frame, undefined),
      );
    case DEED.downMqtt:
      return hearBroker(world, machine, (what as Envelope).bytes);
    case DEED.relay:
      return onRelay(world, machine, what as number[], b === 1 ? 'open' : 'closed');
    case DEED.unfed:
      return onUnfed(world, machine, b);
    case DEED.fed:
      return onFed(world, machine, b);
    case DEED.booted:
      return onBooted(world, machine, b);
    case DEED.pulse:
      return onPulse(world, machine);
    case DEED.look:
      return onLook(world, machine, b);
    case DEED.bite:
      return onBite(world, machine, b);
    case DEED.kick:
      return kick(world, machine);
    default:
      throw new Error(`nobody knows the deed ${kind}`);
  }
}

function kick(world: World, machine: Machine): void {
  add(world, world.now + machine.plan.kickMs, DEED.kick, machine.index, 0);
  if (!machine.kicking || machine.shim === undefined || machine.frozen > 0) return;
  tell(world, { kind: 'kicked', host: machine.host, incarnation: machine.incarnation });
  takeShim(world, machine, { kind: 'kick' });
}

function begin(world: World, index: number): void {
  const entry = world.plan.schedule[index];
  if (entry === undefined || world.calm) return;
  const { kind, host } = entry;
  const fault = faultOf(kind);
  count(world, `fault ${kind}`);
  world.log?.(`${kind} begins ${host ?? ''} ${JSON.stringify(entry.with)}`);
  tellFault(world, entry, true);
  trace(world, index);
  if (fault.end !== undefined || fault.again !== undefined) {
    world.active.set(index, entry);
    add(world, world.now + Math.max(1, entry.forMs), DEED.end, index, 0);
  }
  fault.begin(world, entry, index);
  // What strikes in one moment is over with it; its consequences are other truths.
  if (!world.active.has(index)) tellFault(world, entry, false);
}

function end(world: World, index: number): void {
  const entry = world.active.get(index);
  if (entry === undefined) return;
  const { kind, host } = entry;
  world.active.delete(index);
  world.log?.(`${kind} ends ${host ?? ''}`);
  faultOf(kind).end?.(world, entry, index);
  tellFault(world, entry, false);
}

function tellFault(world: World, { kind, host }: Entry, on: boolean): void {
  tell(world, { kind: 'fault', fault: kind, on, ...(host === undefined ? {} : { host }) });
}

function again(world: World, index: number, isOnce: number): void {
  const entry = world.plan.schedule[index];
  const fault = entry === undefined ? undefined : faultOf(entry.kind);
  if (entry === undefined || fault?.again === undefined) return;
  if (isOnce === 0 && !world.active.has(index)) return;
  const gapMs = fault.again(world, entry, index);
  if (gapMs > 0) add(world, world.now + gapMs, DEED.again, index, isOnce);
}

/** From here on nothing fails any more; what has failed is mended. */
function becomeCalm(world: World): void {
  for (const index of [...world.active.keys()].sort((a, b) => a - b)) end(world, index);
  world.calm = true;
  for (const machine of world.machines) {
    if (machine.shim === undefined) startShim(world, machine);
  }
  enableAll(world);
  world.log?.('calm');
  tell(world, { kind: 'calm' });
}

/** The second agent calls and answers as the first does, over the broker. */
function roundOfGhost(world: World, ghost: World['ghost']): void {
  if (ghost === undefined || ghost !== world.ghost) return;
  const tick = issue(ghost.ticks, world.now);
  for (const machine of world.machines) {
    if (!machine.plan.settings.mqtt) continue;
    const frames = beacons(ghost.sessions, machine.host, 'mqtt', tick);
    const contact = alive(ghost.sessions, machine.host, 'mqtt', tick);
    if (contact !== undefined) frames.push(contact);
    for (const bytes of frames) sendGhost(world, machine.index, bytes);
  }
  const everyMs = Math.min(
    1_000,
    ...world.machines.map(({ plan }) => plan.settings.timing.keepaliveMs),
  );
  add(world, world.now + everyMs, DEED.ghost, 0, 0, ghost);
}

function sendGhost(world: World, index: number, bytes: Uint8Array): void {
  const envelope = { bytes, sentAt: world.now };
  viaBroker(world, DEED.downMqtt, index, newLeg(), world.parties[index + 1]?.down, envelope);
}

function hearGhost(world: World, index: number, { bytes }: Envelope): void {
  const { ghost } = world;
  const host = world.machines[index]?.host;
  if (ghost === undefined || host === undefined) return;
  const from = { channel: 'mqtt', host } as const;
  const { replies } = receive(ghost.sessions, from, bytes, ghost.ticks, world.now);
  for (const reply of replies) sendGhost(world, index, reply);
}
