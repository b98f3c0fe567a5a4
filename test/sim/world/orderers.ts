/**
 * Who gives orders: clients that run the order machine that ships (`protocol/order-step.ts`), over
 * the broker and over the serial line of their own server, or any. Mirrors what
 * `protocol/order-client.ts` does around it: every frame goes by every way, sealed for each.
 */

import {
  newOrder,
  type OrderEffect,
  type OrderEvent,
  stepOrder,
} from '../../../protocol/order-step.ts';
import { frameEncode } from '../../../protocol/wire/framing.ts';
import {
  type MessageOf,
  OPERATION,
  type Operation,
  VIEW,
} from '../../../protocol/wire/messages.ts';
import { encodeArgs } from '../../../protocol/wire/order-args.ts';
import { openAnswer, sealOrder, sendingKid } from '../../../protocol/wire/session/orderer.ts';
import type { TimerSettings } from '../../../protocol/wire/timer.ts';
import type { Entry } from '../plan.ts';
import { stream } from '../streams.ts';
import {
  add,
  type Channel,
  DEED,
  type Machine,
  type OrderJob,
  tell,
  trace,
  type World,
} from './state.ts';
import { onLine, recordOrder, viaBroker } from './wires.ts';

const WAIT_MS = 90_000;

/** Somebody gives the order of an entry: `by` is the index of his key, `line` a host to speak over. */
export function giveOrder(world: World, entry: Entry): void {
  const { by = 0, op, incarnation = 'any' } = entry.with;
  const client = Number(by);
  const orderer = world.settings.orderers[client];
  if (orderer === undefined) return;
  const own = homeOf(world, client);
  if (own !== undefined && (own.at !== 'up' || own.frozen > 0)) return;
  const chance = stream(world.plan.seed, `order ${JSON.stringify(entry)}`);
  const cmdId = chance.bytes(16);
  const host = entry.host ?? 0;
  const machine = world.machines[world.indexOf[host] ?? -1];
  const lives = { any: 0, present: machine?.incarnation ?? 0, unheard: 4_242 };
  const job: OrderJob = {
    client,
    run: newOrder(world.now),
    names: {
      agent: world.settings.agent,
      host,
      queryId: chance.bytes(16),
      cmdId,
      deadlineAt: world.now + WAIT_MS,
    },
    entry,
    cmdId,
    alarms: 0,
    start: own?.start ?? 0,
    incarnation: lives[incarnation as keyof typeof lives] ?? 0,
  };
  world.jobs.push(job);
  tell(world, {
    kind: 'ordered',
    cmdId: Buffer.from(cmdId).toString('hex'),
    by: orderer.name,
    op: String(op),
    host,
    incarnation: job.incarnation,
  });
  stepJob(world, world.jobs.length - 1, { kind: 'due' });
}

export function stepJob(world: World, at: number, event: OrderEvent): void {
  const job = world.jobs[at];
  if (job === undefined || job.run.at === 'ended') return;
  const own = homeOf(world, job.client);
  // Whoever orders on a server dies with it, and stands still with it.
  if (own !== undefined && own.start !== job.start) return endJob(job);
  if (own !== undefined && own.frozen > 0) {
    job.alarms += 1;
    return add(world, world.now + STANDS_STILL_MS, DEED.orderDue, at, job.alarms);
  }
  const { run, effects, dueAt } = stepOrder(job.run, event, world.now, job.names);
  job.run = run;
  job.alarms += 1;
  if (dueAt !== undefined) add(world, Math.max(dueAt, world.now), DEED.orderDue, at, job.alarms);
  for (const effect of effects) carryOut(world, job, effect);
}

const STANDS_STILL_MS = 500;

/** The server on which this orderer's program runs; undefined for a person's own machine. */
function homeOf(world: World, client: number): Machine | undefined {
  const boundTo = world.settings.orderers[client]?.boundTo;
  return boundTo === undefined ? undefined : world.machines[world.indexOf[boundTo] ?? -1];
}

function endJob(job: OrderJob): void {
  const nothing = { proof: 'none', untested: false, incarnation: 0, accepted: false } as const;
  job.run = { at: 'ended', end: { outcome: 'no-answer', ...nothing, detail: '' } };
}

/** `alarm` tells the latest wish to be woken from those before it. */
export function onOrderDue(world: World, at: number, alarm: number): void {
  if (world.jobs[at]?.alarms === alarm) stepJob(world, at, { kind: 'due' });
}

function carryOut(world: World, job: OrderJob, effect: OrderEffect): void {
  if (effect.kind === 'query') return ask(world, job);
  if (effect.kind === 'order') return order(world, job, effect);
  trace(world, effect.kind === 'end' ? effect.end.outcome.length : 1);
}

function ask(world: World, { client, names }: OrderJob): void {
  const orderer = world.settings.orderers[client];
  if (orderer === undefined) return;
  const { agent, host, queryId } = names;
  const kid = sendingKid(world.orderRing, orderer.name) ?? 0;
  const query: MessageOf<'query'> = {
    ...{ kind: 'query', kid, orderer: orderer.orderer, agent, queryId, host },
    view: VIEW.none,
  };
  say(world, client, query, {});
}

function order(
  world: World,
  { client, names, entry, cmdId, incarnation }: OrderJob,
  { life, tick }: { life: Uint8Array; tick: number },
): void {
  const orderer = world.settings.orderers[client];
  if (orderer === undefined) return;
  const op = String(entry.with['op']) as Operation;
  const args = encodeArgs(op, argsOf(world, entry)) ?? new Uint8Array();
  const message: MessageOf<'order'> = {
    ...{ kind: 'order', kid: sendingKid(world.orderRing, orderer.name) ?? 0 },
    ...{ orderer: orderer.orderer, agent: names.agent, cmdId, aNonce: life, tick },
    ...{ host: names.host, incarnation, op: OPERATION[op], args },
    ttlMs: Number(entry.with['ttlMs'] ?? 30_000),
  };
  say(world, client, message, entry.with);
}

function argsOf(world: World, { host, with: more }: Entry): Parameters<typeof encodeArgs>[1] {
  if (more['op'] === 'timer-set') return { timer: timerFor(world, host ?? 0, more) };
  return {
    ...(more['override'] === 1 ? { override: true as const } : {}),
    ...(more['op'] === 'ack' ? { reason: 'seen' } : {}),
    ...(more['op'] === 'disable' ? { forS: Number(more['forS'] ?? 10) } : {}),
  };
}

/** A timer as an order or a shim may ask for it, from the words of an entry. */
export function timerFor(
  world: World,
  host: number,
  { mode = 'kick', action = 'cycle', pre = 'none', timeoutMs = 0, nowayout = 0 }: Entry['with'],
): TimerSettings {
  const { deadtimeMs } = world.machines[world.indexOf[host] ?? 0]?.plan.settings.timing ?? {
    deadtimeMs: 15_000,
  };
  const time = Number(timeoutMs) || deadtimeMs;
  return {
    use: 'sms-os',
    mode: mode as TimerSettings['mode'],
    nowayout: nowayout === 1,
    action: action as TimerSettings['action'],
    preAction: pre as TimerSettings['preAction'],
    timeoutMs: Math.ceil(time / 100) * 100,
    pretimeoutMs: pre === 'none' ? 0 : Math.ceil(time / 300) * 100,
  };
}

/** Seals one message for each way that this orderer has, and sends it there. */
function say(
  world: World,
  client: number,
  message: MessageOf<'query'> | MessageOf<'order'>,
  { retain = 0, line = 0 }: Entry['with'],
): void {
  const orderer = world.settings.orderers[client];
  if (orderer === undefined) return;
  const { name, boundTo } = orderer;
  const seal = (channel: Channel): Uint8Array | undefined =>
    sealOrder(world.crypto, world.orderRing, name, channel, message);
  const party = world.parties[1 + world.machines.length + client];
  const own = world.parties[0];
  const overBroker = seal('mqtt');
  if (party?.connected === true && own !== undefined && overBroker !== undefined) {
    const about = { retain: retain === 1 };
    const envelope = { bytes: overBroker, sentAt: world.now, about };
    recordOrder(world, client, envelope);
    viaBroker(world, DEED.order, client, party.up, own.down, envelope);
  }
  const machine = world.machines[world.indexOf[boundTo ?? Number(line)] ?? -1];
  const overLine = seal('serial');
  if (machine === undefined || !canSpeak(machine) || overLine === undefined) return;
  onLine(world, machine.index, 'up', { bytes: frameEncode(overLine), sentAt: world.now });
}

/** Orders over a line go through the shim of that server. */
function canSpeak({ at, shim, frozen, plan }: Machine): boolean {
  return at === 'up' && shim !== undefined && frozen === 0 && plan.settings.serial !== undefined;
}

/** An answer reached an orderer over the broker, or all of them on the server of a line. */
export function onAnswer(
  world: World,
  channel: Channel,
  bytes: Uint8Array,
  client: number | undefined,
): void {
  for (const [at, orderer] of world.settings.orderers.entries()) {
    if (client !== undefined && client !== at) continue;
    const opened = openAnswer(world.crypto, world.orderRing, orderer, channel, bytes);
    if ('refused' in opened) continue;
    const { message } = opened;
    const event: OrderEvent =
      message.kind === 'state'
        ? { kind: 'state', state: message }
        : { kind: 'result', result: message };
    for (let job = 0; job < world.jobs.length; job += 1) {
      if (world.jobs[job]?.client === at) stepJob(world, job, event);
    }
  }
}
