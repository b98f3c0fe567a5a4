/**
 * Cables and broker: every frame is bytes here, and every leg of its way may bend it.
 *
 * A frame passes one leg on a serial line and two over the broker. What bends it (loss, noise,
 * delay, a hoard) is decided when it is sent; whether there is still anybody to take it, when it
 * arrives.
 */
import { frameEncode } from '../../../protocol/wire/framing.ts';
import { bendEnvelope } from './bends.ts';
import {
  add,
  type Bend,
  type Channel,
  DEED,
  type Envelope,
  type Leg,
  type Machine,
  trace,
  type World,
} from './state.ts';

/** Bytes of a frame that go into the trace: its end is a tag, which depends on all of it. */
const TRACED_BYTES = 4;

function traceFrame(world: World, bytes: Uint8Array): void {
  let word = bytes.length;
  for (let at = bytes.length - TRACED_BYTES; at < bytes.length; at += 1) {
    word = (word << 8) ^ (bytes[at] ?? 0);
  }
  trace(world, word);
}

/** A shim sends one frame. */
export function sendUp(world: World, machine: Machine, channel: Channel, bytes: Uint8Array): void {
  traceFrame(world, bytes);
  const { index } = machine;
  if (channel === 'serial') return postSerial(world, index, 'up', bytes);
  const party = world.parties[index + 1];
  if (party?.connected !== true) return;
  const envelope = { bytes, sentAt: world.now };
  record(world, DEED.upMqtt, index, envelope);
  viaBroker(world, DEED.upMqtt, index, party.up, world.parties[0]?.down, envelope);
}

/** The board sends one frame to a host. */
export function sendDown(
  world: World,
  machine: Machine,
  channel: Channel,
  bytes: Uint8Array,
): void {
  traceFrame(world, bytes);
  const { index } = machine;
  if (channel === 'serial') return postSerial(world, index, 'down', bytes);
  const own = world.parties[0];
  if (own?.connected !== true) return;
  const envelope = { bytes, sentAt: world.now };
  record(world, DEED.downMqtt, index, envelope);
  viaBroker(world, DEED.downMqtt, index, own.up, world.parties[index + 1]?.down, envelope);
}

/** Puts the bytes of a frame on a line as they travel there. */
function postSerial(world: World, index: number, way: 'up' | 'down', frame: Uint8Array): void {
  const envelope = { bytes: frameEncode(frame), sentAt: world.now };
  const deed = way === 'up' ? DEED.upSerial : DEED.downSerial;
  record(world, deed, index, envelope);
  onLine(world, index, way, envelope);
}

/** Any bytes at all on a line. */
export function onLine(world: World, index: number, way: 'up' | 'down', envelope: Envelope): void {
  const leg = world.serial[index]?.[way];
  const machine = world.machines[index];
  if (leg === undefined || machine === undefined) return;
  const deed = way === 'up' ? DEED.upSerial : DEED.downSerial;
  const delayMs = pass(world, leg, deed, index, machine.plan.serialMs, envelope);
  if (delayMs >= 0) add(world, world.now + delayMs, deed, index, 0, envelope);
}

/** A message from one client of the broker to another. */
export function viaBroker(
  world: World,
  deed: number,
  a: number,
  from: Leg,
  to: Leg | undefined,
  envelope: Envelope,
  b = 0,
): void {
  if (world.broker.downs > 0 || to === undefined) return;
  const ms = world.machines[a]?.plan.mqttMs ?? 10;
  let delayMs = pass(world, from, deed, a, ms, envelope);
  if (delayMs >= 0) delayMs = pass(world, world.broker, deed, a, delayMs, envelope);
  if (delayMs >= 0) delayMs = pass(world, to, deed, a, delayMs, envelope);
  if (delayMs >= 0) add(world, world.now + delayMs, deed, a, b, envelope);
}

/** Answers after how long the frame has passed this leg, too; less than 0 where it does not. */
function pass(
  world: World,
  { bends }: Leg,
  deed: number,
  a: number,
  ms: number,
  envelope: Envelope,
): number {
  let delayMs = ms;
  for (let at = 0; at < bends.length; at += 1) {
    const extraMs = bendEnvelope(world, bends[at] as Bend, deed, a, delayMs, envelope);
    if (extraMs < 0) return -1;
    delayMs += extraMs;
  }
  return delayMs;
}

/** Frames kept by whoever records. */
const TAPE_MAX = 512;

function record(world: World, deed: number, a: number, envelope: Envelope): void {
  const { tape } = world;
  if (tape === undefined) return;
  // The newest overwrite the oldest, some of the oldest excepted: they are replayed hours later.
  const kept = TAPE_MAX >> 2;
  const place = tape.length < TAPE_MAX ? tape.length : kept + (world.taped % (TAPE_MAX - kept));
  world.taped += 1;
  tape[place] = { deed, a, envelope: { ...envelope, bytes: envelope.bytes.slice() } };
}

/** Records what others than hosts and board say to each other. */
export function recordOrder(world: World, a: number, envelope: Envelope): void {
  record(world, DEED.order, a, envelope);
}
