/**
 * What is true of watchdog timers: which were ever wished for, and when something on the host last
 * said that it is well. A timer's standing order is right only where nothing did for its whole time,
 * words aside that are too young to have been heard.
 */
import type { Event } from '../../../firmware-agent/core/events.ts';
import { decodeTimer, type TimerSettings } from '../../../protocol/wire/timer.ts';
import type { Truth } from '../witness.ts';
import type { Rules } from './rules.ts';

const NEVER = Number.NEGATIVE_INFINITY;
/** Kicks of one host that are kept: more than can be younger than any beat under way. */
const KICKS = 256;

export interface TimerTruths {
  truth(at: number, truth: Truth): void;
  step(event: Event): void;
  /** The shortest time after which any timer of the host may act; infinite where it has none. */
  shortestMs(host: number): number;
  /** Whether its expiry may be the host's own standing order. */
  mayStand(host: number, wentOff: boolean, at: number): boolean;
}

interface Wished {
  shortestMs: number;
  kickMs: number;
  /** A ring of kicks, the latest at `next - 1`. */
  kicks: Float64Array;
  next: number;
}

export function timerTruths(rules: Rules): TimerTruths {
  const hosts: Wished[] = [];
  for (const { host, settings } of rules.all) {
    const kicks = new Float64Array(KICKS).fill(NEVER);
    hosts[host] = { shortestMs: Infinity, kickMs: Infinity, kicks, next: 0 };
    wish(hosts[host], settings.timer);
  }
  return {
    truth: (at, truth) => {
      if (truth.kind !== 'kicked') return;
      const host = hosts[truth.host];
      if (host === undefined) return;
      host.kicks[host.next % KICKS] = at;
      host.next += 1;
    },
    step: (event) => {
      if (event.kind === 'order') wish(hosts[event.order.host], event.order.args.timer);
      if (event.kind === 'heard' && event.opened.kind === 'kick') {
        const { op, args, host } = event.opened;
        if (op === 'timer-set') wish(hosts[host], decodeTimer(args));
      }
    },
    shortestMs: (host) => hosts[host]?.shortestMs ?? Infinity,
    mayStand: (host, wentOff, at) => {
      const wished = hosts[host];
      const of = rules.hosts[host];
      if (wished === undefined || of === undefined) return false;
      if (wentOff && wished.shortestMs !== Infinity) return true;
      if (wished.kickMs === Infinity) return false;
      const youngMs = of.freshMs + 2 * of.keepaliveMs + of.delayMs + rules.judgeMs;
      return at - lastKickBefore(wished, at - youngMs) >= rules.atLeast(wished.kickMs);
    },
  };
}

function wish(host: Wished | undefined, timer: TimerSettings | undefined): void {
  if (host === undefined || timer === undefined) return;
  host.shortestMs = Math.min(host.shortestMs, timer.timeoutMs);
  if (timer.mode === 'kick') host.kickMs = Math.min(host.kickMs, timer.timeoutMs);
}

function lastKickBefore({ kicks }: Wished, before: number): number {
  let last = NEVER;
  for (const at of kicks) if (at <= before && at > last) last = at;
  return last;
}
