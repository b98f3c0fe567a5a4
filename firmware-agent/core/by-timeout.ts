/**
 * The proof `by-timeout`: a host that was not cut, and yet cannot live any more.
 *
 * It pledged to restart itself when its board has been silent for S, and its own hardware watchdog
 * does so where the kernel cannot. So we fall silent towards that life for good, by the destruction
 * of its keys, and wait until it must be over:
 *
 *     (S + 2 * T_hw) * (1 + 2 * rho), and then 2 K
 *
 * from the receipt of its last word, whatever it was and however stale, because the lease counts from
 * when the last word was sent that we may have acknowledged. Two timeouts of the watchdog, and not
 * one: the last meal falls into the lease, but whoever kills the starving shim closes the device, and
 * closing feeds it once more (measured on a real chip). The time is the board's awake time: a clock
 * that leaps then makes the wait longer, never shorter.
 *
 * Meanwhile a living host lives on until its lease ends, and knocks; that is no contradiction. When
 * the time is over a tick is issued, and a knock that names it, or a later one, is: within 2 K the
 * fence fails, later the host is frozen (S2). Another life of the host neither ends the wait nor
 * shortens it: it proves nothing of this one.
 */
import type { Instant } from '../../protocol/wire/instant.ts';
import { PLEDGE } from '../../protocol/wire/messages.ts';
import type { Host } from './board.ts';
import type { Deed, Fence, FenceEvent, FenceStep, FenceStepped, Scene } from './fence-state.ts';
import { lifeEndMs } from './limits.ts';
import { pledged } from './pledge.ts';
import type { FailReason } from './proof.ts';

/** When a life that is not heard any more must be over, in awake time; or what its pledge lacks. */
export type Expiry =
  | { incarnation: number; heardAwake: Instant; overAwake: Instant }
  | { why: FailReason };

/** What may be expected of this life of the host, by what it pledged. */
export function expiryOf(host: Host, incarnation: number): Expiry {
  const pledge = pledged(host);
  const { lease } = host;
  if (pledge === undefined || lease?.incarnation !== incarnation) return { why: 'not-pledged' };
  const { flags, timeoutMs, watchdogMs } = pledge;
  if ((flags & PLEDGE.hardware) === 0) return { why: 'softdog' };
  if ((flags & PLEDGE.nowayout) === 0) return { why: 'no-nowayout' };
  if ((flags & PLEDGE.boardAlone) === 0) return { why: 'not-alone' };
  // Another agent's answers would prolong the lease.
  if (host.twoAgents) return { why: 'two-agents' };
  const { heardAwake } = lease;
  return { incarnation, heardAwake, overAwake: heardAwake + lifeEndMs(timeoutMs, watchdogMs) };
}

/** The wait begins: the last that this life hears of us is behind it. */
export function expel(
  fence: Fence,
  { incarnation, heardAwake, overAwake }: Exclude<Expiry, { why: FailReason }>,
  { now }: Scene,
  notes: Deed[],
): FenceStepped {
  const { darkTick: _, ...rest } = fence;
  const step: FenceStep = { at: 'waiting', since: now, heardAwake, untilAwake: overAwake };
  return { fence: { ...rest, incarnation, step }, deeds: [...notes, { kind: 'expel' }] };
}

/** Waits; answers 'alive' where the host speaks after all. */
export function stepWaiting(
  fence: Fence,
  step: FenceStep & { at: 'waiting' },
  event: FenceEvent,
  scene: Scene,
): FenceStepped | 'alive' {
  const { darkTick } = fence;
  const stay = { fence, deeds: [] };
  if (event.kind === 'sign') {
    const isItself = event.life === fence.incarnation;
    return isItself && darkTick !== undefined && event.tick >= darkTick ? 'alive' : stay;
  }
  const nowAwake = scene.now - scene.stalledMs;
  if (event.kind !== 'tick' || !event.drained || nowAwake < step.untilAwake) return stay;
  if (darkTick === undefined) {
    const untilAwake = nowAwake + 2 * scene.settings.timing.keepaliveMs;
    const listening = { ...fence, darkTick: scene.nextTick, step: { ...step, untilAwake } };
    return { fence: listening, deeds: [{ kind: 'round' }] };
  }
  const deeds: Deed[] = [{ kind: 'fenced', proof: 'by-timeout' }];
  if (scene.methods.length === 0) return { deeds };
  // Outlets that could not prove it may be open; it starts anew by itself, so nothing keeps it off.
  const { keptBy: _, ack: __, ...rest } = fence;
  return { fence: { ...rest, proof: 'by-timeout', step: { at: 'due', since: scene.now } }, deeds };
}
