/**
 * What many simulated worlds amount to: which faults struck and met, how fences ended, how long it
 * all took. Plain data throughout, so that it crosses from worker to worker and adds up.
 *
 * A pair of kinds counts as met when one began while the other lasted. A deed of one moment has
 * consequences, so it lasts for a deadtime of the slowest host.
 */
import type { Effect, Event } from '../../firmware-agent/core/events.ts';
import { EARS_LOOK_AT, ears, heardAt } from './checkers/ears.ts';
import { CUTTING, FENCES_LOOK_AT, fences, type RunningFence } from './checkers/fences.ts';
import { rulesOf } from './checkers/rules.ts';
import { addTo, type Histogram, mergeHistograms, newHistogram } from './histogram.ts';
import type { Truth, Witness, WorldFacts } from './witness.ts';

export type Counts = Record<string, number>;

/** The spans that are measured, in the order in which they are printed. */
export const SPANS = [
  'silence to verdict, in deadtimes',
  'verdict to result',
  'order to result',
  'fenced to power',
] as const;
export type Span = (typeof SPANS)[number];

export interface Report {
  worlds: number;
  /** Simulated time of all hosts together, guarded or not. */
  hostMs: number;
  faults: Counts;
  /** `a + b`, in the order of the alphabet. */
  pairs: Counts;
  /** `cause grade` of what was proven, and `cause outcome` of what was not. */
  fences: Counts;
  /** Fences that moved a relay, and those of them whose host had a broken or lying device. */
  cuts: number;
  troubled: number;
  /** Autonomous cuts, by where the life of the host stood in truth. */
  cutWhile: Counts;
  /** `operation outcome` of every final answer. */
  orders: Counts;
  /** What was answered to words about groups, and how often their services started. */
  groups: Counts;
  spans: Record<Span, Histogram>;
}

export function newReport(): Report {
  const spans = Object.fromEntries(SPANS.map((span) => [span, newHistogram()]));
  return {
    ...{ worlds: 0, hostMs: 0, cuts: 0, troubled: 0 },
    ...{ faults: {}, pairs: {}, fences: {}, cutWhile: {}, orders: {}, groups: {} },
    spans: spans as Report['spans'],
  };
}

/** Adds the second to the first. */
export function mergeReports(into: Report, one: Report): void {
  into.worlds += one.worlds;
  into.hostMs += one.hostMs;
  into.cuts += one.cuts;
  into.troubled += one.troubled;
  for (const key of ['faults', 'pairs', 'fences', 'cutWhile', 'orders', 'groups'] as const) {
    for (const [what, count] of Object.entries(one[key])) add(into[key], what, count);
  }
  for (const span of SPANS) mergeHistograms(into.spans[span], one.spans[span]);
}

export function pairOf(a: string, b: string): string {
  return a < b ? `${a} + ${b}` : `${b} + ${a}`;
}

function add(counts: Counts, what: string, count = 1): void {
  counts[what] = (counts[what] ?? 0) + count;
}

/** Watches one world, and writes into this report. */
export function reporter(facts: WorldFacts, report: Report): Witness {
  const rules = rulesOf(facts);
  const all = fences(rules.all.map(({ host }) => host));
  const heard = ears(rules);
  const meet = meetings(report, Math.max(...rules.all.map(({ deadMs }) => deadMs)));
  const dishonest: boolean[] = [];
  const life: string[] = [];
  const acceptedAt = new Map<string, number>();
  const seen = { report, all, dishonest, life, acceptedAt };
  report.worlds += 1;
  return {
    looksAt: [...EARS_LOOK_AT, ...FENCES_LOOK_AT],
    truth: (at, truth) => {
      heard.truth(at, truth);
      if (truth.kind === 'fault') meet(at, truth);
      if (truth.kind === 'devices') dishonest[truth.host] = !truth.honest;
      if (truth.kind === 'life') life[truth.host] = truth.is;
      if (truth.kind === 'runs') add(report.groups, truth.on ? 'services started' : 'stopped');
      if (truth.kind === 'agent' && truth.is === 'ended') acceptedAt.clear();
    },
    step: (at, event, effects) => {
      heard.step(at, event, effects);
      all.event(event);
      for (const effect of effects) {
        const host = 'host' in effect ? (effect.host ?? 0) : 0;
        const was = all.hosts[host]?.running;
        countEffect(seen, at, event, effect, was);
        all.effect(at, event, effects, effect);
        const ear = heard.hosts[host];
        if (effect.kind !== 'news' || effect.code !== 'dead' || ear === undefined) continue;
        const inDeadtimes = (at - heardAt(ear)) / ear.rules.deadMs;
        addTo(report.spans['silence to verdict, in deadtimes'], inDeadtimes);
      }
    },
    end: (at) => {
      report.hostMs += at * rules.all.length;
    },
  };
}

function meetings(report: Report, momentMs: number): (at: number, truth: Truth) => void {
  const active = new Map<string, number>();
  const begunAt = new Map<string, number>();
  return (at, truth) => {
    if (truth.kind !== 'fault') return;
    const { fault, on } = truth;
    if (!on) {
      active.set(fault, Math.max(0, (active.get(fault) ?? 0) - 1));
      return;
    }
    add(report.faults, fault);
    for (const [other, count] of active) {
      const lasts = count > 0 || at - (begunAt.get(other) ?? 0) <= momentMs;
      if (lasts && other !== fault) add(report.pairs, pairOf(fault, other));
    }
    active.set(fault, (active.get(fault) ?? 0) + 1);
    begunAt.set(fault, at);
  };
}

interface Seen {
  report: Report;
  all: ReturnType<typeof fences>;
  dishonest: boolean[];
  life: string[];
  acceptedAt: Map<string, number>;
}

function countEffect(
  { report, all, dishonest, life, acceptedAt }: Seen,
  at: number,
  event: Event,
  effect: Effect,
  was: RunningFence | undefined,
): void {
  switch (effect.kind) {
    case 'cut': {
      if (was === undefined || was.cuts > 0) return;
      report.cuts += 1;
      if (dishonest[effect.host] === true) report.troubled += 1;
      const isOrdered = (all.hosts[effect.host]?.cutting.length ?? 0) > 0;
      if (!isOrdered) add(report.cutWhile, `${was.cause} ${life[effect.host] ?? 'unknown'}`);
      return;
    }
    case 'restore':
      if (was?.fencedAt !== undefined && was.restores === 0) {
        addTo(report.spans['fenced to power'], at - was.fencedAt);
      }
      return;
    case 'answer': {
      const { cmdId, op, outcome } = effect.answer;
      if (outcome === 'accepted') {
        if (event.kind === 'order' && event.order.cmdId === cmdId) acceptedAt.set(cmdId, at);
        return;
      }
      add(report.orders, `${op} ${outcome}`);
      const since = acceptedAt.get(cmdId);
      if (since === undefined) return;
      acceptedAt.delete(cmdId);
      if (CUTTING.has(op)) addTo(report.spans['order to result'], at - since);
      return;
    }
    case 'record': {
      const { by, outcome = 'unfinished', proof } = effect.record;
      const [cause = by] = by.split(' ');
      add(report.fences, outcome === 'fenced' ? `${cause} ${proof}` : `${cause} ${outcome}`);
      return;
    }
    case 'tell-group':
      return add(report.groups, effect.answer);
    case 'news':
      if (effect.over === true || was === undefined || was.isPulse) return;
      if (effect.code !== 'fenced' && effect.code !== 'failed') return;
      if (was.cause === 'verdict' && was.fencedAt === undefined) {
        addTo(report.spans['verdict to result'], at - was.begunAt);
      }
      return;
    default:
  }
}
