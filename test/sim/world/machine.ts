/**
 * A guarded machine: power, boots, lives, and the shim that runs on it. The shim is the one that
 * ships; what a kernel, a user and a power button do to it is played here.
 */

import type { GroupsEffect } from '../../../host-shim/core/groups.ts';
import { newShim, type ShimEvent, stepShim } from '../../../host-shim/core/shim.ts';
import type { LeaveReason } from '../../../protocol/wire/messages.ts';
import { FLAG_SICK } from '../../../protocol/wire/messages.ts';
import { type HostNews, stepHostSession } from '../../../protocol/wire/session/host.ts';
import { isOrderTraffic } from '../../../protocol/wire/session/orderer.ts';
import { localAt, worldAt } from './local-clock.ts';
import {
  beginSelfFence,
  endSelfFence,
  endsItself,
  hearForLease,
  isLookDue,
  isStarved,
  newSelfFence,
} from './self-fence.ts';
import { add, type Channel, DEED, type Machine, tell, trace, type World } from './state.ts';
import { sendUp } from './wires.ts';

const NONCE_BYTES = 8;

/** One fed supply is power. */
export function isFed(machine: Machine): boolean {
  if (machine.mainsOff > 0) return false;
  for (const feed of machine.plan.feeds) {
    if (feed.every((outlet) => machine.relays[outlet]?.really === 'closed')) return true;
  }
  return false;
}

/** Follows from where the relays are now: power goes after the hold-up, and comes at once. */
export function settlePower(world: World, machine: Machine): void {
  if (!isFed(machine)) {
    machine.switchedOff = false;
    machine.fedAt = undefined;
    if (machine.unfedAt !== undefined || !machine.powered) return;
    machine.unfedAt = world.now;
    add(world, world.now + machine.plan.holdUpMs, DEED.unfed, machine.index, world.now);
    return;
  }
  machine.unfedAt = undefined;
  if (machine.powered || machine.switchedOff) return;
  machine.fedAt = world.now;
  add(world, world.now + CHARGE_MS, DEED.fed, machine.index, world.now);
}

/** A supply that is fed for a moment only, by a contact that bounces, gives nothing. */
const CHARGE_MS = 20;

export function onFed(world: World, machine: Machine, since: number): void {
  if (machine.fedAt !== since || machine.powered || machine.switchedOff) return;
  if (isFed(machine)) givePower(world, machine);
}

/** The hold-up is over. */
export function onUnfed(world: World, machine: Machine, since: number): void {
  if (machine.unfedAt !== since) return;
  machine.unfedAt = undefined;
  losePower(world, machine);
}

export function losePower(world: World, machine: Machine): void {
  if (!machine.powered) return;
  machine.powered = false;
  trace(world, 0x0ff + machine.host);
  endLife(world, machine);
  machine.at = 'off';
  tell(world, { kind: 'power', host: machine.host, on: false });
}

export function givePower(world: World, machine: Machine): void {
  machine.powered = true;
  tell(world, { kind: 'power', host: machine.host, on: true });
  boot(world, machine);
}

function endLife(world: World, machine: Machine): void {
  if (machine.selfFence !== undefined) machine.selfFence = newSelfFence();
  machine.start += 1;
  machine.frozen = 0;
  stopShim(machine);
  machine.record = { at: 'none' };
  machine.isUnsure = false;
  machine.runs.clear();
  if (machine.at === 'off' || machine.incarnation === 0) return;
  tell(world, { kind: 'life', host: machine.host, incarnation: machine.incarnation, is: 'over' });
  machine.incarnation = 0;
}

function stopShim(machine: Machine): void {
  machine.shim = undefined;
  machine.input = [];
  machine.leaving = undefined;
  machine.alarmAt = Number.POSITIVE_INFINITY;
}

/** A machine with power starts, in a new life. */
export function boot(world: World, machine: Machine): void {
  endLife(world, machine);
  machine.at = 'booting';
  machine.lives += 1;
  machine.incarnation = lifeName(machine);
  const { host, incarnation } = machine;
  tell(world, { kind: 'life', host, incarnation, is: 'booting' });
  add(world, world.now + machine.plan.bootMs, DEED.booted, machine.index, machine.start);
}

function lifeName({ host, lives }: Machine): number {
  const mixed = Math.imul(host * 1_009 + lives * 7_919, 0x9e3779b1) >>> 0;
  return mixed === 0 ? 1 : mixed;
}

export function onBooted(world: World, machine: Machine, start: number): void {
  if (machine.start !== start || machine.at !== 'booting') return;
  machine.at = 'up';
  const { host, incarnation } = machine;
  tell(world, { kind: 'life', host, incarnation, is: 'up' });
  startShim(world, machine);
}

/** Its kernel goes on and nothing of it speaks any more; only a reset or a loss of power helps. */
export function hang(world: World, machine: Machine): void {
  if (machine.at !== 'up' && machine.at !== 'booting') return;
  machine.at = 'hung';
  machine.start += 1;
  stopShim(machine);
  const { host, incarnation } = machine;
  tell(world, { kind: 'life', host, incarnation, is: 'hung' });
}

/** The shim begins: with its machine, or anew after a crash of its own. */
export function startShim(world: World, machine: Machine): void {
  if (machine.at !== 'up') return;
  stopShim(machine);
  const { settings } = machine.plan;
  const channels: Channel[] = [];
  if (settings.serial !== undefined) channels.push('serial');
  if (settings.mqtt) channels.push('mqtt');
  machine.shim = newShim({
    crypto: world.crypto,
    ring: machine.ring,
    host: machine.host,
    hostName: settings.name,
    agent: world.plan.board.agent,
    incarnation: machine.incarnation,
    keepaliveMs: settings.timing.keepaliveMs,
    channels,
    groups: { configured: groupsOf(world, machine), remembered: machine.record },
  });
  setSick(world, machine);
  beginSelfFence(world, machine);
  if (settings.serial !== undefined) takeShim(world, machine, { kind: 'up', channel: 'serial' });
  if (settings.mqtt && world.parties[machine.index + 1]?.connected === true) {
    takeShim(world, machine, { kind: 'up', channel: 'mqtt' });
  }
}

function groupsOf(world: World, { host }: Machine): number[] {
  const { groups = [] } = world.settings;
  return groups.filter(({ hosts }) => hosts.includes(host)).map(({ group }) => group);
}

/** The disk takes what it is given, and services start when they may. */
function onGroups(world: World, machine: Machine, effect: GroupsEffect): void {
  if (effect.kind === 'hold') {
    machine.record = { at: 'read', held: effect.held };
    machine.isUnsure &&= machine.shim?.groups.unspoken === 'unsure';
  }
  if (effect.kind !== 'group') return;
  if (effect.answer === 'granted') run(world, machine, effect.group, true);
}

function run(world: World, machine: Machine, group: number, on: boolean): void {
  if (on) machine.runs.add(group);
  else machine.runs.delete(group);
  tell(world, { kind: 'runs', host: machine.host, group, on });
}

function isReachable({ shim, frozen }: Machine): boolean {
  return shim !== undefined && frozen === 0;
}

/** A program asks for a group. */
export function claimGroup(world: World, machine: Machine, group: number): void {
  if (isReachable(machine)) takeShim(world, machine, { kind: 'claim', group });
}

/** It has waited long enough. */
export function unclaimGroup(world: World, machine: Machine, group: number): void {
  if (isReachable(machine)) takeShim(world, machine, { kind: 'unclaim', group });
}

/** Its services are stopped, and then it says so. */
export function releaseGroup(world: World, machine: Machine, group: number): void {
  if (!isReachable(machine)) return;
  run(world, machine, group, false);
  takeShim(world, machine, { kind: 'release', group });
}

/**
 * The shim is stopped like a crash, and what it kept is gone or spoilt before it starts again. Where the
 * present life of the agent has not been told yet what it held, nobody knows any more (`forgetUnsure`).
 */
export function losesRecord(world: World, machine: Machine, how: 'none' | 'unreadable'): void {
  if (machine.at !== 'up') return;
  machine.shim = undefined;
  machine.record = { at: how };
  machine.isUnsure = how === 'none';
  if (machine.isUnsure && machine.answeredBy !== world.board.process?.board.life)
    forget(world, machine);
}

/**
 * A new life of the agent knows nothing. Where a shim lost its record and has not heard of the old
 * life what it held, nobody knows any more: the one case in which somebody has to look.
 */
export function forgetUnsure(world: World): void {
  for (const machine of world.machines) if (machine.isUnsure) forget(world, machine);
}

function forget(world: World, machine: Machine): void {
  for (const group of [...machine.runs]) run(world, machine, group, false);
}

/** Its shim takes one event, and everything that follows from it is done. */
export function takeShim(world: World, machine: Machine, event: ShimEvent): void {
  if (endsItself(world, machine)) return boot(world, machine);
  const { shim } = machine;
  if (shim === undefined) return;
  const now = localAt(machine.clock, world.now);
  const { effects, dueAt } = stepShim(shim, event, now, () => machine.draw.bytes(NONCE_BYTES));
  machine.dueAt = worldAt(machine.clock, now + Math.ceil(Math.max(0, dueAt - now)));
  for (const effect of effects) {
    if (effect.kind === 'send') sendUp(world, machine, effect.channel as Channel, effect.frame);
    else if (effect.kind === 'gone') onGone(world, machine, effect.told);
    else if (effect.kind === 'news') hearNews(world, machine, effect.news);
    else onGroups(world, machine, effect);
  }
  setAlarm(world, machine);
}

function hearNews(world: World, machine: Machine, news: HostNews): void {
  if (news.kind === 'grant') machine.answeredBy = Buffer.from(news.aNonce).toString('hex');
  const word = hearForLease(world, machine, news);
  if (word !== undefined) takeShim(world, machine, word);
}

/** Its shim looks at the lease, which may have run out. */
export function onLook(world: World, machine: Machine, looks: number): void {
  const isDue = isLookDue(world, machine, looks);
  if (isDue && endsItself(world, machine)) boot(world, machine);
}

/** Its watchdog may act, whatever its kernel does. */
export function onBite(world: World, machine: Machine, life: number): void {
  if (isStarved(world, machine, life)) boot(world, machine);
}

/** Only an earlier alarm is set anew: one that rings too early is put off then. */
function setAlarm(world: World, machine: Machine): void {
  if (machine.shim === undefined || machine.dueAt >= machine.alarmAt) return;
  if (!Number.isFinite(machine.dueAt)) return;
  machine.alarmAt = Math.max(machine.dueAt, world.now);
  machine.alarms += 1;
  add(world, machine.alarmAt, DEED.shimDue, machine.index, machine.alarms);
}

export function onShimDue(world: World, machine: Machine, alarm: number): void {
  if (alarm !== machine.alarms || machine.shim === undefined || machine.frozen > 0) return;
  machine.alarmAt = Number.POSITIVE_INFINITY;
  if (machine.dueAt > world.now) return setAlarm(world, machine);
  takeShim(world, machine, { kind: 'due' });
}

/** What comes down a line: frames for the shim, and answers for whoever orders there. */
export function hearLine(
  world: World,
  machine: Machine,
  bytes: Uint8Array,
  onAnswer: (frame: Uint8Array) => void,
): void {
  if (machine.at !== 'up' || machine.shim === undefined) return;
  if (machine.frozen > 0) return void machine.input.push({ channel: 'serial', bytes });
  machine.lineIn.push(bytes, localAt(machine.clock, world.now), (frame) => {
    if (isOrderTraffic(frame, 'down')) onAnswer(frame);
    else takeShim(world, machine, { kind: 'frame', channel: 'serial', bytes: frame });
  });
}

export function hearBroker(world: World, machine: Machine, bytes: Uint8Array): void {
  if (machine.at !== 'up' || world.parties[machine.index + 1]?.connected !== true) return;
  if (machine.frozen > 0) return void machine.input.push({ channel: 'mqtt', bytes });
  takeShim(world, machine, { kind: 'frame', channel: 'mqtt', bytes });
}

/** It stands still, and what comes in waits, within what a kernel's buffers hold. */
export function freeze(machine: Machine): void {
  machine.frozen += 1;
}

export function thaw(world: World, machine: Machine, dueFirst: boolean): void {
  machine.frozen = Math.max(0, machine.frozen - 1);
  if (machine.frozen > 0 || machine.shim === undefined) return;
  const input = machine.input.splice(0).slice(-INPUT_MAX);
  if (dueFirst) takeShim(world, machine, { kind: 'due' });
  for (const { channel, bytes } of input) {
    if (channel === 'serial') hearLine(world, machine, bytes, () => {});
    else hearBroker(world, machine, bytes);
  }
  if (!dueFirst) takeShim(world, machine, { kind: 'due' });
}

const INPUT_MAX = 200;

/** It takes its leave, and then does what it said. */
export function leave(
  world: World,
  machine: Machine,
  reason: 'reboot' | 'off' | 'stop',
  returnByS: number,
): void {
  if (machine.shim === undefined || machine.frozen > 0) return;
  machine.leaving = reason;
  const said: LeaveReason = reason;
  takeShim(world, machine, { kind: 'leave', reason: said, returnByS });
}

function onGone(world: World, machine: Machine, told: boolean): void {
  const { leaving } = machine;
  stopShim(machine);
  endSelfFence(world, machine, told);
  if (leaving === 'reboot') boot(world, machine);
  if (leaving !== 'off') return;
  machine.switchedOff = true;
  losePower(world, machine);
}

/** A check on it fails: every beat says so. The shim of today has no such check, its sessions have. */
export function setSick(world: World, machine: Machine): void {
  const flags = machine.sick > 0 ? FLAG_SICK : 0;
  for (const { channel, session } of machine.shim?.legs ?? []) {
    const now = localAt(machine.clock, world.now);
    const draw = (): Uint8Array => machine.draw.bytes(NONCE_BYTES);
    const { send } = stepHostSession(session, { kind: 'flags', flags }, now, draw);
    for (const frame of send) sendUp(world, machine, channel as Channel, frame);
  }
}

/** A shim gone wild: an authentic word after the other, as fast as it can. */
export function babble(world: World, machine: Machine): void {
  if (machine.shim === undefined || machine.frozen > 0) return;
  for (const { channel, session } of machine.shim.legs) {
    const now = localAt(machine.clock, world.now);
    const event = { kind: 'kick', count: session.kicks } as const;
    const draw = (): Uint8Array => machine.draw.bytes(NONCE_BYTES);
    for (const frame of stepHostSession(session, event, now, draw).send) {
      sendUp(world, machine, channel as Channel, frame);
    }
  }
}
