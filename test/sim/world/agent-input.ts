/**
 * What reaches the agent's process: frames, timers, answers of devices and of the disk. While it
 * stands still all of it waits, as it would in the kernel.
 */
import type { Event } from '../../../firmware-agent/core/events.ts';
import { FLAG_SICK } from '../../../protocol/wire/messages.ts';
import { type Opened, receive } from '../../../protocol/wire/session/agent.ts';
import { isOrderTraffic } from '../../../protocol/wire/session/orderer.ts';
import { boardNow, give, ISSUED_MAX, onDisk, send } from './agent.ts';
import { lookOver } from './agent-start.ts';
import { answered, ask } from './devices.ts';
import type { Write } from './disk.ts';
import { worldAt } from './local-clock.ts';
import { add, type Channel, DEED, type Envelope, type Process, tell, type World } from './state.ts';

/** More than this is lost in front of a process that stands still. */
const INPUT_MAX = 4_000;

/** Takes one deed that is for the agent's process. */
export function agentDeed(world: World, kind: number, a: number, b: number, what: unknown): void {
  const { board: truth } = world;
  const { process } = truth;
  if (process === undefined) return;
  if (truth.stalls > 0) {
    // The timers are set anew when it goes on; everything else waits for it.
    if (kind !== DEED.judge && kind !== DEED.round && truth.input.length < INPUT_MAX) {
      truth.input.push({ kind, a, b, what });
    }
    return;
  }
  switch (kind) {
    case DEED.judge:
      if (a === process.life) judge(world, process, b);
      return;
    case DEED.round:
      if (a === process.life) round(world, process, b);
      return;
    case DEED.probe:
      return onProbe(world, process, a, b);
    case DEED.start:
      if (a === process.life) lookOver(world, process, true);
      return;
    case DEED.disk:
      return onDisk(world, a, what as Write | undefined);
    case DEED.upSerial:
      return onSerial(world, process, a, what as Envelope);
    case DEED.upMqtt:
      if (world.parties[0]?.connected === true) {
        hear(world, process, a, 'mqtt', (what as Envelope).bytes, what as Envelope);
      }
      return;
    case DEED.echo:
      if (a === process.life && b === process.echo && world.parties[0]?.connected === true) {
        process.echo = 0;
        give(world, { kind: 'echoed' });
      }
      return;
    case DEED.port:
      return void give(world, { kind: 'listening', channel: 'serial', host: a, on: b === 1 });
    case DEED.order:
      return onOrder(world, process, what as Envelope);
  }
}

/** `b` of a timer's deed tells the timers of this run from those before a stall. */
function judge(world: World, { board, life }: Process, timers: number): void {
  if (timers !== world.board.timers) return;
  const every = board.derived.judgeTickMs;
  add(world, nextAt(world, every), DEED.judge, life, timers);
  give(world, { kind: 'judge', drained: true });
}

function round(world: World, { board, life }: Process, timers: number): void {
  if (timers !== world.board.timers) return;
  add(world, nextAt(world, board.derived.beaconMs), DEED.round, life, timers);
  give(world, { kind: 'round' });
}

function nextAt(world: World, everyMs: number): number {
  const { clock } = world.board;
  return clock.rate === 1 ? world.now + everyMs : worldAt(clock, boardNow(world) + everyMs);
}

/** It goes on: the round that is overdue, then all that waited, then the judge. */
export function goOn(world: World): void {
  const { board: truth } = world;
  const { process } = truth;
  tell(world, { kind: 'stall', on: false });
  if (process === undefined) return;
  truth.timers += 1;
  add(world, world.now, DEED.round, process.life, truth.timers);
  for (const { kind, a, b, what } of truth.input.splice(0)) add(world, world.now, kind, a, b, what);
  add(world, world.now, DEED.judge, process.life, truth.timers);
}

function onProbe(world: World, process: Process, at: number, turn: number): void {
  const probe = process.probes[at];
  if (probe === undefined || probe.turn !== Math.abs(turn)) return;
  if (turn < 0) return ask(world, process.probes, at);
  const { hosts } = process.board;
  const event = answered(world, process.probes, at, (host) => hosts.get(host)?.fence !== undefined);
  if (event !== undefined) give(world, event);
  if (!process.board.started) lookOver(world, process);
}

function onSerial(world: World, process: Process, index: number, envelope: Envelope): void {
  const machine = world.machines[index];
  if (machine === undefined || (world.board.portsOut[index] ?? 0) > 0) return;
  process.lineIn[index]?.push(envelope.bytes, boardNow(world), (frame) => {
    if (isOrderTraffic(frame, 'up')) {
      const from = { channel: 'serial', host: machine.host } as const;
      process.orders.message(frame, from, boardNow(world));
    } else {
      hear(world, process, index, 'serial', frame, envelope);
    }
  });
}

/** A retained message of another topic than the orders' is a replay, whoever made it. */
function onOrder(world: World, process: Process, { bytes, about }: Envelope): void {
  if (world.parties[0]?.connected !== true) return;
  const from = { channel: 'mqtt', about: about ?? { retain: false } } as const;
  process.orders.message(bytes, from, boardNow(world));
}

function hear(
  world: World,
  process: Process,
  index: number,
  channel: Channel,
  frame: Uint8Array,
  { sentAt, about }: Envelope,
): void {
  const host = world.machines[index]?.host;
  if (host === undefined || about?.retain === true) return;
  const { sessions, board } = process;
  const from = { channel, host };
  const received = receive(sessions, from, frame, board.ticks, boardNow(world));
  const { opened, replies, refused, expired } = received;
  for (const reply of replies) send(world, host, channel, reply);
  if (expired) give(world, { kind: 'ended', host, channel, why: 'expired' });
  if (refused !== undefined) give(world, { kind: 'refused', host, channel, why: refused });
  if (opened === undefined) return;
  tellHeard(world, process, opened, sentAt);
  give(world, { kind: 'heard', opened } satisfies Event);
}

/** When the board really issued a tick; long ago where it is not known any more. */
function issuedAt({ issued, issuedAt: times }: Process, tick: number): number {
  if (tick < 1 || tick > issued || issued - tick >= ISSUED_MAX) return Number.NEGATIVE_INFINITY;
  return times[tick % ISSUED_MAX] ?? Number.NEGATIVE_INFINITY;
}

function tellHeard(world: World, process: Process, opened: Opened, sentAt: number): void {
  if (opened.kind === 'solicit' || world.witnesses.truth.length === 0) return;
  const { host, incarnation } = opened;
  tell(world, {
    kind: 'heard',
    host,
    channel: opened.channel as Channel,
    incarnation,
    what: opened.kind,
    sick: opened.kind === 'beat' && (opened.flags & FLAG_SICK) !== 0,
    sentAt,
    echoAt: issuedAt(process, opened.kind === 'hello' ? opened.tick : opened.echo),
  });
}
