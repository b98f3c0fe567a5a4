/**
 * Which fence runs on each host, and what began it: told by the effects alone.
 *
 * A fence begins where its intent goes to disk. What began it is read from the event that the board
 * was given, because the board could say anything: an order begins a fence in its own step, a
 * verdict or a timer in a judge tick. Orders that are accepted later join the fence that runs.
 */
import type { Effect, Event, Order } from '../../../firmware-agent/core/events.ts';

export type Cause = 'verdict' | 'timer' | 'order' | 'unknown';

export interface RunningFence {
  id: number;
  cause: Cause;
  /** The order that began it. */
  cmdId?: string;
  begunAt: number;
  /** Its intent is on disk, the board was told. */
  journalled: boolean;
  /** How often it told relays to open. */
  cuts: number;
  cutAt?: number;
  /** How often it told them to close. */
  restores: number;
  isPulse: boolean;
  fencedAt?: number;
}

export interface OpenOrder {
  order: Order;
  acceptedAt: number;
}

export interface HostFences {
  running: RunningFence | undefined;
  /** Accepted, not answered, and they cut: `fence`, `off`, `ack`. */
  cutting: OpenOrder[];
}

export interface Fences {
  /** Indexed by host number. */
  hosts: HostFences[];
  /** Call it first in each step: what the event itself says. */
  event(event: Event): void;
  /** Call it with each effect, in their order; what it answers was known before that effect. */
  effect(at: number, event: Event, effects: readonly Effect[], effect: Effect): void;
}

export const CUTTING: ReadonlySet<string> = new Set(['fence', 'off', 'ack']);

/** What it takes of events without effects. */
export const FENCES_LOOK_AT: readonly Event['kind'][] = ['start', 'journalled'];

export function fences(numbers: readonly number[]): Fences {
  const hosts: HostFences[] = [];
  for (const number of numbers) hosts[number] = { running: undefined, cutting: [] };
  return {
    hosts,
    event: (event) => {
      if (event.kind === 'start') {
        for (const number of numbers) hosts[number] = { running: undefined, cutting: [] };
      }
      if (event.kind !== 'journalled') return;
      const running = hosts[event.host]?.running;
      if (running?.id === event.fence) running.journalled = true;
    },
    effect: (at, event, effects, effect) => {
      switch (effect.kind) {
        case 'journal': {
          const host = hosts[effect.host];
          if (host !== undefined) host.running = begun(at, event, effects, effect);
          return;
        }
        case 'cut': {
          const running = hosts[effect.host]?.running;
          if (running === undefined) return;
          running.cuts += 1;
          running.cutAt = at;
          return;
        }
        case 'restore': {
          const running = hosts[effect.host]?.running;
          if (running !== undefined) running.restores += 1;
          return;
        }
        case 'answer':
          return noteAnswer(hosts, at, event, effect);
        case 'news':
          return noteNews(hosts, at, effect);
        default:
      }
    },
  };
}

function begun(
  at: number,
  event: Event,
  effects: readonly Effect[],
  { host, fence: id }: Effect & { kind: 'journal' },
): RunningFence {
  const isNews = (effect: Effect, code: string): boolean =>
    effect.kind === 'news' && effect.host === host && effect.code === code;
  const base = { id, begunAt: at, cuts: 0, restores: 0, journalled: false };
  if (event.kind === 'order' && event.order.host === host) {
    const isPulse = !CUTTING.has(event.order.op);
    return { ...base, cause: 'order', cmdId: event.order.cmdId, isPulse };
  }
  if (event.kind !== 'judge') return { ...base, cause: 'unknown', isPulse: false };
  if (effects.some((effect) => isNews(effect, 'dead'))) {
    return { ...base, cause: 'verdict', isPulse: false };
  }
  const isFence = effects.some((effect) => isNews(effect, 'timer') && isAlarm(effect));
  return { ...base, cause: 'timer', isPulse: !isFence };
}

function isAlarm(effect: Effect): boolean {
  return effect.kind === 'news' && effect.level === 'alarm';
}

function noteAnswer(
  hosts: HostFences[],
  at: number,
  event: Event,
  { answer }: Effect & { kind: 'answer' },
): void {
  const host = hosts[answer.host];
  if (host === undefined || !CUTTING.has(answer.op)) return;
  if (answer.outcome !== 'accepted') {
    host.cutting = host.cutting.filter(({ order }) => order.cmdId !== answer.cmdId);
    return;
  }
  if (event.kind !== 'order' || event.order.cmdId !== answer.cmdId) return;
  if (host.cutting.some(({ order }) => order.cmdId === answer.cmdId)) return;
  host.cutting.push({ order: event.order, acceptedAt: at });
}

/** News that end a fence, or prove it. */
function noteNews(hosts: HostFences[], at: number, news: Effect & { kind: 'news' }): void {
  const host = news.host === undefined ? undefined : hosts[news.host];
  if (host?.running === undefined || news.over === true) return;
  switch (news.code) {
    case 'fenced':
      host.running.fencedAt = at;
      return;
    case 'averted':
    case 'expired':
    case 'failed':
    case 'acknowledged':
    case 'restored':
    case 'integrity':
    case 'two-lives':
    case 'crossed':
      host.running = undefined;
      return;
    default:
  }
}
