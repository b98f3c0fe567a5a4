/**
 * The self-fence of a machine, as it really is: the lease is the one that ships, the watchdog is a
 * chip that nothing stops. It is fed while the lease stands, once more by whoever closes it, and resets
 * the machine when nobody fed it for its time, hung kernel or not. The lease of a shim that died is on
 * record for the next of the same boot. Where the kernel refuses the restart, only the chip is left.
 */
import { type Lease, orderOf, stepLease, type Terms } from '../../../host-shim/core/lease.ts';
import { LOOK_MS } from '../../../host-shim/core/limits.ts';
import type { ShimEvent } from '../../../host-shim/core/shim.ts';
import type { LeaseRecord } from '../../../host-shim/drivers/lease-record.ts';
import type { HostNews } from '../../../protocol/wire/session/host.ts';
import { tenths } from '../../../protocol/wire/timer.ts';
import { localAt, worldAt } from './local-clock.ts';
import { add, count, DEED, type Machine, type World } from './state.ts';

export interface SelfFence {
  lease: Lease;
  record: LeaseRecord | undefined;
  /** When the chip acts, as far as it is known now; infinite while it is not open. */
  bitesAt: number;
  /** Counts looks, so that those of a shim that is gone do nothing. */
  looks: number;
  pledged: boolean;
}

/** A machine that was started: no lease, and a chip that is off. */
export function newSelfFence(): SelfFence {
  return {
    lease: { at: 'unarmed' },
    record: undefined,
    bitesAt: Number.POSITIVE_INFINITY,
    looks: 0,
    pledged: false,
  };
}

/** Its shim begins, and takes up what the one before left. */
export function beginSelfFence(world: World, machine: Machine): void {
  const own = machine.selfFence;
  if (own === undefined) return;
  Object.assign(own, { lease: { at: 'unarmed' }, looks: own.looks + 1, pledged: false });
  if (own.record !== undefined) step(world, machine, own, { kind: 'resume', ...own.record });
  lookLater(world, machine, own);
}

/** The program ends, and the kernel closes its device: that is one meal more. */
export function endSelfFence(world: World, machine: Machine, told: boolean): void {
  const own = machine.selfFence;
  if (own === undefined) return;
  own.looks += 1;
  if (Number.isFinite(own.bitesAt)) feed(world, machine, own);
  if (told) own.record = undefined;
}

/** The next look of this shim at its lease; those of one that is gone come to nothing. */
export function isLookDue(world: World, machine: Machine, looks: number): boolean {
  const own = machine.selfFence;
  if (own?.looks !== looks) return false;
  lookLater(world, machine, own);
  return machine.frozen === 0;
}

function lookLater(world: World, machine: Machine, { looks }: SelfFence): void {
  const next = worldAt(machine.clock, localAt(machine.clock, world.now) + LOOK_MS);
  add(world, next, DEED.look, machine.index, looks);
}

/** Due before everything that its shim does; true where the machine restarts itself now. */
export function endsItself(world: World, machine: Machine): boolean {
  const own = machine.selfFence;
  if (own === undefined || machine.shim === undefined || machine.at !== 'up') return false;
  step(world, machine, own, { kind: 'look' });
  const order = orderOf(own.lease);
  if (order === 'feed') feed(world, machine, own);
  if (order !== 'reboot now' || machine.plan.ends?.refuses === true) return false;
  count(world, 'self-fences');
  return true;
}

/** What its sessions tell, as far as the lease is concerned; answers what there is to pledge now. */
export function hearForLease(
  world: World,
  machine: Machine,
  news: HostNews,
): (ShimEvent & { kind: 'pledge' }) | undefined {
  const own = machine.selfFence;
  const { ends } = machine.plan;
  if (own === undefined || ends === undefined) return undefined;
  if (news.kind !== 'contact' || news.sentAt === undefined) return undefined;
  step(world, machine, own, { kind: 'contact', with: 'board', askedAt: news.sentAt });
  if (own.lease.at !== 'armed') return undefined;
  const { contact } = own.lease;
  const { timeoutMs, watchdogMs, flags } = ends;
  own.record = { contact, deadlineAt: contact.askedAt + timeoutMs, boardAlone: true };
  feed(world, machine, own);
  if (own.pledged) return undefined;
  own.pledged = true;
  return { kind: 'pledge', timeout: tenths(timeoutMs), watchdog: tenths(watchdogMs), flags };
}

function step(
  world: World,
  machine: Machine,
  own: SelfFence,
  event: Parameters<typeof stepLease>[1],
): void {
  const terms: Terms = { timeoutMs: machine.plan.ends?.timeoutMs ?? 0, boardAlone: true };
  const now = localAt(machine.clock, world.now);
  own.lease = stepLease(own.lease, event, { now, slept: { leastMs: 0, mostMs: 0 } }, terms);
}

function feed(world: World, machine: Machine, own: SelfFence): void {
  const isOpen = Number.isFinite(own.bitesAt);
  const watchdogMs = machine.plan.ends?.watchdogMs ?? 0;
  own.bitesAt = worldAt(machine.clock, localAt(machine.clock, world.now) + watchdogMs);
  // One alarm is set at a time; what was fed meanwhile is put off when it rings.
  if (!isOpen) add(world, own.bitesAt, DEED.bite, machine.index, machine.lives);
}

/** Whether the chip acts now, for want of a meal. */
export function isStarved(world: World, machine: Machine, life: number): boolean {
  const own = machine.selfFence;
  if (own === undefined || machine.lives !== life || !Number.isFinite(own.bitesAt)) return false;
  if (own.bitesAt > world.now) {
    add(world, own.bitesAt, DEED.bite, machine.index, life);
    return false;
  }
  count(world, 'watchdog resets');
  return machine.powered;
}
