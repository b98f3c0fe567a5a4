/**
 * Which hosts are victims, by what the board does and says (section 4): from the acceptance of an
 * order or a verdict until the fence is averted, called off, failed, acknowledged or undone. While
 * it lasts the host's own key orders nothing, and of two bound keys one fences at a time.
 */
import type { Effect, Event } from '../../../firmware-agent/core/events.ts';
import type { Truth } from '../witness.ts';
import type { Rules } from './rules.ts';

interface Victim {
  is: boolean;
  undecided: boolean;
  /** A key that is bound to a host wants this fence. */
  bound: boolean;
  frozen: boolean;
  /** When it was last found off: what it had ordered before is stale. */
  darkUntil: number;
}

export interface Victims {
  truth(truth: Truth): void;
  effect(at: number, event: Event, effect: Effect): void;
  is(host: number): boolean;
  darkUntil(host: number): number;
  /** Another host than this whose fence a bound key wants, and which is not decided. */
  boundFence(but: number): number | undefined;
}

export function victims(rules: Rules): Victims {
  const hosts: Victim[] = [];
  const forget = (): void => {
    for (const { host } of rules.all) hosts[host] = newVictim();
  };
  forget();
  return {
    truth: (truth) => {
      if (truth.kind === 'agent' && truth.is === 'ended') forget();
    },
    effect: (at, event, effect) => {
      if (effect.kind === 'journal') {
        const victim = hosts[effect.host];
        const isPulse = event.kind === 'order' && isPulseOrder(event.order.op);
        if (victim === undefined || isPulse) return;
        // A timer's pulse is no fence; it is told apart by the news of the same step.
        victim.is = event.kind === 'order';
        victim.undecided = victim.is;
      }
      if (effect.kind === 'answer' && effect.answer.outcome === 'accepted') {
        const victim = hosts[effect.answer.host];
        const { op, from } = effect.answer;
        if (victim === undefined || !(op === 'fence' || op === 'off' || op === 'ack')) return;
        if (from.boundTo !== undefined) victim.bound = true;
      }
      if (effect.kind === 'news') noteNews(hosts, at, effect);
    },
    is: (host) => hosts[host]?.is === true || hosts[host]?.frozen === true,
    darkUntil: (host) => hosts[host]?.darkUntil ?? Number.NEGATIVE_INFINITY,
    boundFence: (but) => {
      for (const { host } of rules.all) {
        const victim = hosts[host];
        if (host !== but && victim?.undecided === true && victim.bound) return host;
      }
      return undefined;
    },
  };
}

function newVictim(): Victim {
  return {
    is: false,
    undecided: false,
    bound: false,
    frozen: false,
    darkUntil: Number.NEGATIVE_INFINITY,
  };
}

function isPulseOrder(op: string): boolean {
  return op === 'reset' || op === 'diag';
}

function noteNews(hosts: readonly Victim[], at: number, news: Effect & { kind: 'news' }): void {
  const victim = news.host === undefined ? undefined : hosts[news.host];
  if (victim === undefined || news.over === true) return;
  switch (news.code) {
    case 'dead':
      victim.is = true;
      victim.undecided = true;
      return;
    case 'fenced':
      victim.undecided = false;
      victim.bound = false;
      victim.darkUntil = at;
      return;
    case 'acknowledged':
      Object.assign(victim, newVictim(), { darkUntil: at });
      return;
    case 'averted':
    case 'expired':
    case 'failed':
    case 'restored':
      victim.is = false;
      victim.undecided = false;
      victim.bound = false;
      return;
    case 'thawed':
      victim.frozen = false;
      return;
    default:
      if (!news.text.startsWith('frozen: ')) return;
      Object.assign(victim, newVictim(), { frozen: true, darkUntil: victim.darkUntil });
  }
}
