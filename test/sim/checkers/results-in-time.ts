/**
 * Whatever was begun comes to an end in time (L2, L3, L6, L8).
 *
 * A fence is proven, failed or called off within J and, for each method, U + 2H + 2q; an order is
 * answered within that and what it has to wait for; a host that is to have power again is given it
 * in its turn. Time in which the board's process stood still is nobody's: it is taken off the clock.
 */
import type { Effect, Event, Order } from '../../../firmware-agent/core/events.ts';
import type { Checker, Witness } from '../witness.ts';
import { FENCES_LOOK_AT, type Fences, fences } from './fences.ts';
import { type HostRules, JOURNAL_MS, RESTORE_GAP_MS, type Rules, rulesOf } from './rules.ts';

interface Owed {
  dueAt: number;
  host: number;
  rule: string;
  sentence: string;
}

interface Judge {
  rules: Rules;
  fences: Fences;
  /** Order answers by cmdId; the results of fences and restores by host. */
  orders: Map<string, Owed>;
  results: Map<number, Owed>;
  restores: Map<number, Owed>;
  /** Somebody wants it off, as far as orders say. */
  keptOff: boolean[];
  nextDueAt: number;
}

/** Judge ticks, samples and events of one moment come one after the other. */
const SLACK_MS = 1_000;

export const resultsInTime: Checker = (facts, complain): Witness => {
  const rules = rulesOf(facts);
  const judge: Judge = {
    rules,
    fences: fences(rules.all.map(({ host }) => host)),
    orders: new Map(),
    results: new Map(),
    restores: new Map(),
    keptOff: [],
    nextDueAt: Infinity,
  };
  let stalledSince = 0;
  return {
    looksAt: [...FENCES_LOOK_AT, 'judge'],
    truth: (at, truth) => {
      if (truth.kind === 'agent' && truth.is === 'ended') forget(judge);
      if (truth.kind !== 'stall') return;
      if (truth.on) stalledSince = at;
      else postpone(judge, at - stalledSince);
    },
    step: (at, event, effects) => {
      judge.fences.event(event);
      for (const effect of effects) {
        note(judge, at, event, effect);
        judge.fences.effect(at, event, effects, effect);
      }
      if (at < judge.nextDueAt || event.kind !== 'judge' || !event.drained) return;
      for (const all of [judge.orders, judge.results, judge.restores]) {
        for (const [key, { dueAt, host, rule, sentence }] of all as Map<unknown, Owed>) {
          if (dueAt > at) continue;
          (all as Map<unknown, Owed>).delete(key);
          complain({ rule, at, ...(host === 0 ? {} : { host }), sentence });
        }
      }
      judge.nextDueAt = earliest(judge);
    },
  };
};

function forget(judge: Judge): void {
  for (const all of [judge.orders, judge.results, judge.restores]) all.clear();
  judge.nextDueAt = Infinity;
}

function postpone(judge: Judge, byMs: number): void {
  for (const all of [judge.orders, judge.results, judge.restores]) {
    for (const owed of all.values()) owed.dueAt += byMs;
  }
  judge.nextDueAt += byMs;
}

function earliest({ orders, results, restores }: Judge): number {
  let first = Infinity;
  for (const all of [orders, results, restores]) {
    for (const { dueAt } of all.values()) first = Math.min(first, dueAt);
  }
  return first;
}

function owe<K>(judge: Judge, all: Map<K, Owed>, key: K, owed: Owed): void {
  all.set(key, owed);
  judge.nextDueAt = Math.min(judge.nextDueAt, owed.dueAt);
}

/** From an intent to proven or failed, at the longest. */
function resultMs(rules: Rules, { methods, drainMs, holdMs }: HostRules): number {
  const methodMs = drainMs + 2 * holdMs + 2 * rules.judgeMs;
  return rules.atMost(JOURNAL_MS + methods.length * methodMs) + SLACK_MS;
}

function note(judge: Judge, at: number, event: Event, effect: Effect): void {
  switch (effect.kind) {
    case 'journal': {
      const of = judge.rules.hosts[effect.host];
      const isPulse =
        event.kind === 'order' && (event.order.op === 'reset' || event.order.op === 'diag');
      if (of === undefined || isPulse || event.kind === 'judge') return;
      return oweResult(judge, at, of);
    }
    case 'answer': {
      const { outcome, cmdId } = effect.answer;
      if (outcome !== 'accepted') judge.orders.delete(cmdId);
      else if (event.kind === 'order' && event.order.cmdId === cmdId)
        oweAnswer(judge, at, event.order);
      return;
    }
    case 'restore':
      judge.restores.delete(effect.host);
      return;
    case 'news':
      return noteNews(judge, at, effect);
    default:
  }
}

function oweResult(judge: Judge, at: number, of: HostRules): void {
  owe(judge, judge.results, of.host, {
    dueAt: at + resultMs(judge.rules, of),
    host: of.host,
    rule: 'L2',
    sentence: `its fence is neither proven nor failed after ${resultMs(judge.rules, of).toFixed(0)} ms`,
  });
}

function oweAnswer(judge: Judge, at: number, { op, cmdId, host }: Order): void {
  const { rules, orders } = judge;
  const of = rules.hosts[host];
  const waitMs = of === undefined ? JOURNAL_MS + SLACK_MS : answerMs(rules, of, op);
  if (op === 'off' || op === 'ack') judge.keptOff[host] = true;
  if (op === 'on') judge.keptOff[host] = false;
  if (orders.has(cmdId)) return;
  const sentence = `${op} ${cmdId} has no answer after ${waitMs.toFixed(0)} ms`;
  owe(judge, orders, cmdId, { dueAt: at + waitMs, host, rule: 'L3', sentence });
}

function answerMs(rules: Rules, of: HostRules, op: string): number {
  const turnsMs = RESTORE_GAP_MS * rules.all.length;
  switch (op) {
    case 'fence':
    case 'off':
    case 'ack':
      return resultMs(rules, of) + of.holdMs;
    case 'on':
      // A relay that does not close is told a second and a third time first.
      return resultMs(rules, of) + of.holdMs + turnsMs + 3 * RESTORE_GAP_MS + 2 * SLACK_MS;
    case 'reset':
    case 'diag':
      return rules.atMost(JOURNAL_MS + of.initdeadMs) + SLACK_MS;
    default:
      return JOURNAL_MS + SLACK_MS;
  }
}

const ENDS: ReadonlySet<string> = new Set([
  ...['averted', 'expired', 'failed', 'acknowledged', 'integrity', 'two-lives', 'crossed'],
  'fenced',
]);

function noteNews(judge: Judge, at: number, news: Effect & { kind: 'news' }): void {
  const { host, code } = news;
  const of = host === undefined ? undefined : judge.rules.hosts[host];
  if (host === undefined || of === undefined || news.over === true) return;
  if (code === 'dead' || (code === 'timer' && news.level === 'alarm')) oweResult(judge, at, of);
  if (ENDS.has(code) || news.text.startsWith('frozen: ')) {
    judge.results.delete(host);
    judge.restores.delete(host);
  }
  if (code !== 'fenced' || of.settings.afterFence !== 'restore') return;
  // Who keeps a host off by a timer, or since before a restart, the board alone knows.
  const cause = judge.fences.hosts[host]?.running?.cause ?? 'timer';
  if (judge.keptOff[host] === true || cause === 'timer') return;
  const waitMs = RESTORE_GAP_MS * (judge.rules.all.length + 1) + of.holdMs + SLACK_MS;
  owe(judge, judge.restores, host, {
    dueAt: at + waitMs,
    host,
    rule: 'L6',
    sentence: `it is fenced and was not given power within ${waitMs.toFixed(0)} ms`,
  });
}
