/**
 * The agent's process: the reducer that ships, the sessions that ship, the desk for sealed orders that
 * ships. What lies between them in the agent is bound to timers, promises and sockets, so it is
 * mirrored here, in the same order:
 *
 * - `paths.ts`: a frame is opened, its replies sent, then `ended`, `refused`, `opened` are told; a
 *   round sends the own echo first, then for each host and channel its beacons and its ALIVE.
 * - `shell.ts`: effects are carried out in their order and before any more input; an answer of the
 *   disk takes the same way in as all input.
 * - `agent.ts`: what becomes of each effect, and what changed keys end.
 *
 * After a stall the round comes first, then all that waits, then the judge: as a Node process does it
 * that was stopped.
 */
import { resultOf } from '../../../firmware-agent/control/order-words.ts';
import { timerWords } from '../../../firmware-agent/control/timer-words.ts';
import { advance } from '../../../firmware-agent/core/advance.ts';
import { awake } from '../../../firmware-agent/core/clock.ts';
import { durableOf } from '../../../firmware-agent/core/durable.ts';
import type { Effect, Event } from '../../../firmware-agent/core/events.ts';
import type { BeatChannel } from '../../../firmware-agent/core/hearing.ts';
import { assertBoard } from '../../../firmware-agent/core/invariants.ts';
import { GROUP_ANSWER } from '../../../protocol/wire/groups.ts';

import {
  alive,
  beacons,
  endSession,
  retire,
  saidFrame,
  seen,
} from '../../../protocol/wire/session/agent.ts';
import { endRevoked } from '../../../protocol/wire/session/revoke.ts';
import { hashText } from '../streams.ts';
import type { Witness } from '../witness.ts';
import { hasten, turn } from './devices.ts';
import { isAiling, losePlatter, store, type Write } from './disk.ts';
import { localAt } from './local-clock.ts';
import { boot, settlePower } from './machine.ts';
import {
  add,
  DEED,
  type Machine,
  machineOf,
  type Process,
  tell,
  trace,
  type World,
} from './state.ts';
import { sendDown, viaBroker } from './wires.ts';

const SUPERVISOR_MS = 1_000;
const SAVE_GAP_MS = 1_000;
const SLOW_DISK_MS = 900;
export const ISSUED_MAX = 8_192;

export function boardNow(world: World): number {
  return localAt(world.board.clock, world.now);
}

/** The process ends, by itself or by force; `power` says that the whole board went dark. */
export function endAgent(world: World, power: boolean): void {
  const { board: truth } = world;
  const { process } = truth;
  truth.input = [];
  truth.dieAfter = 0;
  const own = world.parties[0];
  if (own !== undefined) own.connected = false;
  if (process !== undefined) {
    truth.process = undefined;
    trace(world, 0xdead);
    tell(world, { kind: 'agent', is: 'ended', life: process.life, remembers: false });
  }
  if (!power) return;
  losePlatter(world);
  if (world.plan.board.latching) return;
  // Normally closed contacts: without the board's power every coil lets go.
  for (const machine of world.machines) {
    for (const [outlet, relay] of machine.relays.entries()) {
      if (
        relay.really === 'closed' ||
        relay.faults.some(({ kind }) => kind === 'relay-stuck-open')
      ) {
        continue;
      }
      relay.really = 'closed';
      tell(world, { kind: 'relay', host: machine.host, outlet, is: 'closed' });
    }
    settlePower(world, machine);
  }
}

/** Hands one event to the core, and carries out what it says, in its order. */
export function give(world: World, event: Event): void {
  const { process } = world.board;
  if (process === undefined) return;
  const { board } = process;
  let effects: Effect[];
  try {
    effects = advance(board, event, boardNow(world));
    for (const witness of lookersOn(world, event, effects)) {
      witness.step?.(world.now, event, effects);
    }
    assertBoard(board);
  } catch (thrown) {
    world.broken.push(thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown));
    return endAgent(world, false);
  }
  if (board.ticks.latest !== process.issued) noteTicks(world, process);
  trace(world, codeOf(event.kind));
  for (const effect of effects) {
    trace(world, codeOf(effect.kind));
    if (world.board.process !== process) return;
    if (world.board.dieAfter > 0 && isWeighty(effect.kind)) {
      world.board.dieAfter -= 1;
      if (world.board.dieAfter === 0) {
        add(world, world.now + SUPERVISOR_MS, DEED.agent, 0, 0);
        return endAgent(world, false);
      }
    }
    carryOut(world, process, effect);
  }
}

/** Whoever looks at this event: all, where anything came of it. */
function lookersOn(
  { witnesses: { step, idle } }: World,
  { kind }: Event,
  effects: readonly Effect[],
): readonly Witness[] {
  if (effects.length > 0) return step;
  const known = idle.get(kind);
  if (known !== undefined) return known;
  const lookers = step.filter(({ looksAt }) => looksAt === undefined || looksAt.includes(kind));
  idle.set(kind, lookers);
  return lookers;
}

function isWeighty(kind: Effect['kind']): boolean {
  return kind === 'journal' || kind === 'cut' || kind === 'restore' || kind === 'answer';
}

const codes = new Map<string, number>();
function codeOf(kind: string): number {
  const known = codes.get(kind);
  if (known !== undefined) return known;
  const code = hashText(kind);
  codes.set(kind, code);
  return code;
}

/** When each tick was really issued, by the world's account. */
export function noteTicks(world: World, process: Process): void {
  const { latest } = process.board.ticks;
  for (; process.issued < latest; process.issued += 1) {
    process.issuedAt[(process.issued + 1) % ISSUED_MAX] = world.now;
  }
}

function carryOut(world: World, process: Process, effect: Effect): void {
  const { life, sessions, board } = process;
  switch (effect.kind) {
    case 'journal': {
      const { host, fence } = effect;
      return write(world, process, { fence: { host, fence } });
    }
    case 'store':
      return write(world, process, { cmdId: effect.cmdId });
    case 'save':
      if (process.saving) return;
      process.saving = true;
      return add(world, world.now + SAVE_GAP_MS, DEED.disk, life, 0);
    case 'cut':
    case 'restore': {
      const machine = machineOf(world, effect.host);
      turn(world, machine, effect.outlets, effect.kind === 'cut' ? 'open' : 'closed');
      return hasten(world, process.probes, machine);
    }
    case 'pulse':
      return add(world, world.now + 10, DEED.pulse, machineOf(world, effect.host).index, 0);
    case 'round':
      return sendRound(world, process, effect.tick);
    case 'retire':
      return retire(sessions, effect.host, effect.incarnation);
    case 'acknowledge': {
      const { opened } = effect;
      const answer = seen(sessions, opened, board.ticks.latest);
      if (answer !== undefined) send(world, opened.host, opened.channel as BeatChannel, answer);
      return;
    }
    case 'tell-timer':
      return tellTimer(world, process, effect);
    case 'tell-group': {
      const { to, group, answer, holder } = effect;
      const words = { turn: to.turn, group, answer: GROUP_ANSWER[answer], holder };
      const said = { kind: 'grant', tick: board.ticks.latest, ...words } as const;
      const frame = saidFrame(sessions, to.host, to.channel, said);
      if (frame !== undefined) send(world, to.host, to.channel as BeatChannel, frame);
      return;
    }
    case 'hang-up':
      for (const channel of ['serial', 'mqtt'] as const) {
        if (channel !== effect.but) endSession(sessions, effect.host, channel);
      }
      return;
    case 'answer': {
      const { orderer } = effect.answer.from;
      if (orderer === undefined) return;
      return void process.orders.sendResult(resultOf(effect.answer, orderer, world.settings));
    }
    case 'record':
    case 'news':
      return logNews(world, effect);
    case 'end':
      add(world, world.now + SUPERVISOR_MS, DEED.agent, 0, 0);
      return endAgent(world, false);
  }
}

function logNews(world: World, effect: Effect): void {
  if (world.log === undefined || effect.kind !== 'news') return;
  const { level, code, host, text, over } = effect;
  world.log(`board: ${level} ${code}${over === true ? ' over' : ''} ${host ?? ''} ${text}`);
}

/** The intent is taken as it is now; whether the disk keeps it shows later. */
function write(world: World, process: Process, who: Pick<Write, 'fence' | 'cmdId'>): void {
  const { life, board, startsWallMs } = process;
  const payload = JSON.stringify(durableOf(board, startsWallMs));
  const slowMs = isAiling(world.board.disk, 'slow') ? SLOW_DISK_MS : 0;
  const order: Write = { life, payload, ...who };
  add(world, world.now + world.plan.board.journalMs + slowMs, DEED.disk, life, 0, order);
}

export function onDisk(world: World, life: number, order: Write | undefined): void {
  const { process } = world.board;
  if (process === undefined || process.life !== life) return;
  if (order === undefined) {
    process.saving = false;
    store(world, JSON.stringify(durableOf(process.board, process.startsWallMs)));
    return;
  }
  const ok = store(world, order.payload);
  if (order.fence !== undefined && ok) give(world, { kind: 'journalled', ...order.fence });
  if (order.cmdId !== undefined) give(world, { kind: 'stored', cmdId: order.cmdId, ok });
}

function sendRound(world: World, process: Process, tick: number): void {
  const { sessions } = process;
  const own = world.parties[0];
  if (own?.connected === true) {
    const latest = world.board.process;
    if (latest !== undefined) latest.echo = tick;
    const envelope = { bytes: NO_BYTES, sentAt: world.now };
    viaBroker(world, DEED.echo, process.life, own.up, own.down, envelope, tick);
  }
  for (const machine of world.machines) {
    const { settings } = machine.plan;
    for (const channel of ['serial', 'mqtt'] as const) {
      if (channel === 'serial' ? settings.serial === undefined : !settings.mqtt) continue;
      if (channel === 'mqtt' && own?.connected !== true) continue;
      for (const call of beacons(sessions, machine.host, channel, tick)) {
        send(world, machine.host, channel, call);
      }
      const contact = alive(sessions, machine.host, channel, tick);
      if (contact !== undefined) send(world, machine.host, channel, contact);
    }
  }
}

const NO_BYTES = new Uint8Array(0);

/** A closed port and a broker that is not there take nothing. */
export function send(world: World, host: number, channel: BeatChannel, frame: Uint8Array): void {
  const machine = machineOf(world, host);
  if (channel === 'serial' && (world.board.portsOut[machine.index] ?? 0) > 0) return;
  sendDown(world, machine, channel, frame);
}

function tellTimer(
  world: World,
  { board, sessions }: Process,
  { host: number, to }: Effect & { kind: 'tell-timer' },
): void {
  const host = board.hosts.get(number);
  if (host === undefined) return;
  const said = timerWords(host.timer, awake(board.clock, boardNow(world)));
  const words = { kind: 'timer', ...said, tick: board.ticks.latest, heard: to?.seq ?? 0 } as const;
  const channels = to === undefined ? host.hearings.map(({ channel }) => channel) : [to.channel];
  for (const channel of channels) {
    const frame = saidFrame(sessions, number, channel, words);
    if (frame !== undefined) send(world, number, channel as BeatChannel, frame);
  }
}

/** The keys file of the board has changed: what hung on a key that is gone ends. */
export function takeKeys(world: World): void {
  const { process, keys } = world.board;
  if (process === undefined) return;
  process.ring.take(keys);
  for (const { host, channel } of endRevoked(process.sessions)) {
    if (channel !== 'socket') give(world, { kind: 'ended', host, channel, why: 'revoked' });
  }
}

/** A pulse on one of its lines: it restarts without losing power, where the line is wired. */
export function onPulse(world: World, machine: Machine): void {
  if (machine.linesDead === 0 && machine.powered) boot(world, machine);
}
