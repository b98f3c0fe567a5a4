/**
 * A dead host is found in time (L1): in the first judge tick in which it was quiet, and its silence
 * proven, for a deadtime.
 *
 * The rule holds where nothing stands against it, so this checker works the verdict out for itself,
 * by the strictest reading: two channels that both carried the host at its pace, both listened to
 * without a gap, near proof without a gap that matters, nobody else silent or just back, no doubt,
 * no stall, no fence lately. Only then must the verdict have fallen, within a tick and what clocks
 * differ by. Wherever one condition is in doubt it says nothing.
 */
import type { Effect, Event } from '../../../firmware-agent/core/events.ts';
import type { Checker, Witness } from '../witness.ts';
import { doubtByOrder, EARS_LOOK_AT, type Ear, type Ears, ears, heardAt } from './ears.ts';
import { FENCES_LOOK_AT, type Fences, fences } from './fences.ts';
import { type Proofs, proofs } from './proofs.ts';
import { GAP_MS, type HostRules, type Rules, rulesOf } from './rules.ts';
import { type Standstill, standstill } from './standstill.ts';

interface Judge {
  rules: Rules;
  ears: Ears;
  proofs: Proofs;
  fences: Fences;
  standstill: Standstill;
  /** The life of each that had its one autonomous fence; the alarm `unguarded` says so. */
  spentFor: number[];
  /** An `off` of it failed: its outlets stay open, with an alarm, until somebody orders otherwise. */
  keptOpen: boolean[];
  /** A frozen host is owed no verdict until it is thawed, even if it beats again. */
  frozen: boolean[];
  /** When a host was last un-carried, held or switched: nothing is sure until it beats. */
  unsureAt: number[];
  /** Its silence was complained of, or is not owed a verdict. */
  settledFor: number[];
  startedAt: number;
  /** Beginnings of autonomous fences in this life of the board. */
  begunAt: number;
  begun: number;
  /** The latest cut of any host. */
  cutAt: number;
}

export const verdictInTime: Checker = (facts, complain): Witness => {
  const rules = rulesOf(facts);
  const numbers = rules.all.map(({ host }) => host);
  const judge: Judge = {
    rules,
    ears: ears(rules),
    proofs: proofs(rules, true),
    fences: fences(numbers),
    standstill: standstill(rules),
    unsureAt: [],
    spentFor: [],
    keptOpen: [],
    frozen: [],
    settledFor: [],
    startedAt: Infinity,
    begunAt: Number.NEGATIVE_INFINITY,
    begun: 0,
    cutAt: Number.NEGATIVE_INFINITY,
  };
  return {
    looksAt: [...EARS_LOOK_AT, ...FENCES_LOOK_AT, 'echoed', 'order', 'judge'],
    truth: (at, truth) => {
      judge.ears.truth(at, truth);
      judge.proofs.truth(at, truth);
      judge.standstill.truth(truth);
      if (truth.kind !== 'agent' || truth.is === 'started') return;
      judge.startedAt = Infinity;
      judge.begun = 0;
      judge.begunAt = Number.NEGATIVE_INFINITY;
      judge.unsureAt = [];
      judge.spentFor = [];
      judge.keptOpen = [];
      judge.frozen = [];
      judge.settledFor = [];
    },
    step: (at, event, effects) => {
      judge.ears.step(at, event, effects);
      judge.proofs.step(at, event);
      judge.fences.event(event);
      if (event.kind === 'start') judge.startedAt = at;
      if (event.kind === 'order') doubtByOrder(judge.ears, at, event, effects);
      if (event.kind === 'order' || event.kind === 'start')
        judge.standstill.step(at, event, effects);
      if (effects.length > 0) note(judge, at, event, effects);
      if (event.kind !== 'judge' || !event.drained || judge.startedAt === Infinity) return;
      for (const one of rules.all) {
        const lateMs = lateBy(judge, at, one);
        if (lateMs === undefined) continue;
        judge.settledFor[one.host] = heardAt(judge.ears.hosts[one.host] as Ear);
        const sentence = `it is silent for a deadtime and ${lateMs.toFixed(0)} ms, and no verdict fell`;
        complain({ rule: 'L1', at, host: one.host, sentence });
      }
    },
  };
};

const UNSURE: ReadonlySet<string> = new Set([
  ...['fenced', 'failed', 'averted', 'expired', 'restored', 'restoring', 'acknowledged', 'pulse'],
  ...['held', 'unproven', 'integrity', 'two-lives', 'crossed', 'interrupted', 'maintenance'],
  ...['budget', 'unguarded', 'revoked', 'timer-expired', 'overdue', 'leaving', 'sick'],
]);

function note(judge: Judge, at: number, event: Event, effects: readonly Effect[]): void {
  const { rules, fences: all, unsureAt } = judge;
  for (const effect of effects) {
    if (effect.kind === 'news') {
      if (effect.host !== undefined && UNSURE.has(effect.code)) unsureAt[effect.host] = at;
      if (effect.host !== undefined && effect.code === 'unguarded')
        judge.spentFor[effect.host] = judge.ears.hosts[effect.host]?.incarnation ?? 0;
      if (effect.host !== undefined && effect.text.startsWith('frozen: '))
        judge.frozen[effect.host] = true;
      if (effect.host !== undefined && effect.code === 'thawed') judge.frozen[effect.host] = false;
      if (effect.code === 'disabled') for (const { host } of rules.all) unsureAt[host] = at;
    }
    if (effect.kind === 'cut' || effect.kind === 'restore' || effect.kind === 'pulse') {
      judge.cutAt = at;
      unsureAt[effect.host] = at;
    }
    if (effect.kind === 'answer' && effect.answer.op === 'off')
      judge.keptOpen[effect.answer.host] = effect.answer.outcome === 'failed';
    if (effect.kind === 'restore') judge.keptOpen[effect.host] = false;
    all.effect(at, event, effects, effect);
    if (effect.kind !== 'journal') continue;
    unsureAt[effect.host] = at;
    if (event.kind === 'order') continue;
    judge.begun += 1;
    judge.begunAt = at;
  }
  if (event.kind === 'ended') unsureAt[event.host] = at;
}

/** By how much a verdict on it is late; undefined where it is not, or nobody can be sure. */
function lateBy(judge: Judge, at: number, one: HostRules): number | undefined {
  const ear = judge.ears.hosts[one.host];
  if (ear === undefined) return undefined;
  const lastAt = heardAt(ear);
  const sinceMs = at - lastAt;
  if (sinceMs <= one.atMost(one.deadMs) + 2 * judge.rules.judgeMs) return undefined;
  // The common case of a host that is silent for long ends here.
  if (judge.settledFor[one.host] === lastAt || ear.incarnation === 0) return undefined;
  const isOwed =
    isMember(judge, at, ear, lastAt) &&
    isListenedTo(judge, ear) &&
    judge.proofs.isNear(ear, at, sinceMs + one.proofGapMs) &&
    isRoom(judge, at) &&
    judge.rules.all.every((other) => other === one || isCompany(judge, at, ear, other));
  return isOwed ? sinceMs - one.deadMs : undefined;
}

function isMember(
  { standstill, unsureAt, spentFor, keptOpen, frozen, fences }: Judge,
  at: number,
  ear: Ear,
  lastAt: number,
): boolean {
  const { host, deadMs } = ear.rules;
  if (spentFor[host] === ear.incarnation || keptOpen[host] === true) return false;
  if (frozen[host] === true) return false;
  if (ear.left || ear.missed || ear.twoAgents || ear.goesOff) return false;
  if (at < ear.leavingUntil + 0.01 * (at - lastAt) + 10_000 && ear.leavingUntil > lastAt - 600_000)
    return false;
  if (at - ear.doubtfulAt <= 1.01 * deadMs + 10 || ear.uselessAt > lastAt - deadMs) return false;
  if ((unsureAt[host] ?? Number.NEGATIVE_INFINITY) >= lastAt - ear.rules.keepaliveMs) return false;
  const of = fences.hosts[host];
  if (of?.running !== undefined || (of?.cutting.length ?? 0) > 0) return false;
  return !standstill.isQuiet(host, at - 10_000) && !standstill.isDisabled();
}

/** Both channels carried it at its pace and were open since, and the board was awake. */
function isListenedTo({ ears: { media, stall } }: Judge, ear: Ear): boolean {
  const { settings, host, initdeadMs } = ear.rules;
  if (settings.serial === undefined || !settings.mqtt) return false;
  const { serial, mqtt } = ear.ways;
  if (Math.abs(serial.freshAt - mqtt.freshAt) > 0.99 * initdeadMs) return false;
  const earliest = Math.min(serial.freshAt, mqtt.freshAt);
  const isOpen = (way: typeof serial, medium: number): boolean => {
    const of = media[medium];
    return of?.on === true && of.changedAt < earliest && way.carried && way.paced >= 2;
  };
  if (serial.incarnation !== ear.incarnation || mqtt.incarnation !== ear.incarnation) return false;
  return (
    isOpen(serial, host) && isOpen(mqtt, 0) && stall.endAt < earliest && stall.since === undefined
  );
}

/** No other verdict stands in the way. */
function isRoom({ begunAt, begun }: Judge, at: number): boolean {
  return at - begunAt > 1.01 * GAP_MS && begun < 3;
}

/** The other is surely heard on all that it has, since before this silence; or it is not there. */
function isCompany(judge: Judge, at: number, ear: Ear, other: HostRules): boolean {
  const theirs = judge.ears.hosts[other.host];
  if (theirs === undefined) return true;
  const { deadMs, initdeadMs, keepaliveMs, delayMs, proofGapMs } = ear.rules;
  if (at - judge.cutAt <= 1.01 * initdeadMs) return false;
  const isThere = theirs.incarnation !== 0;
  if (!isThere) return true;
  // Whoever beats so seldom may make it wait for longer than this checker cares to work out.
  const otherMs = other.keepaliveMs + other.delayMs;
  if (otherMs > Math.max(proofGapMs, keepaliveMs + delayMs)) return false;
  if (theirs.left || theirs.missed || at < theirs.leavingUntil + 10_000) return false;
  const lastAt = heardAt(ear);
  const dueAt = lastAt + keepaliveMs + delayMs + other.keepaliveMs + other.delayMs;
  return [theirs.ways.serial, theirs.ways.mqtt].every(
    (way) =>
      way.freshAt === Number.NEGATIVE_INFINITY ||
      (way.carried &&
        at - way.freshAt <= 0.95 * other.soonMs - 2 * judge.rules.judgeMs &&
        way.freshAt > dueAt &&
        way.resumedAt < lastAt - 1.01 * Math.max(deadMs, initdeadMs)),
  );
}
