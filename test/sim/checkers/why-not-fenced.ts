/**
 * Every reason for which a dead host stays unfenced raises an alarm (L8 and the end of section 7),
 * and in a calm world nothing is owed any more (L5).
 *
 * Truth says who is dead. If the board neither fences it nor says why within an initdead, a deadtime
 * and the gaps that other fences may take, somebody trusts a cluster that nobody guards. An alarm that
 * ends gives way to the verdict, which falls in the next tick that judges, or after the gap that a
 * fence of another imposes (L1); by then the host is fenced, or another alarm says why not. In the calm
 * every host that runs is heard, and what was told of its silence is taken back.
 */
import type { Effect, Event } from '../../../firmware-agent/core/events.ts';
import type { Checker, Truth, Witness } from '../witness.ts';
import { EARS_LOOK_AT, type Ears, ears, heardAt } from './ears.ts';
import { FENCES_LOOK_AT, type Fences, fences } from './fences.ts';
import { GAP_MS, type HostRules, type Rules, rulesOf } from './rules.ts';

interface Judge {
  rules: Rules;
  ears: Ears;
  fences: Fences;
  /** Alarms that stand, as `host:code`; those of the board have host 0. */
  alarms: Set<string>;
  life: Life[];
  /** When each was last given power: from then on it may be booting, and is missed after I. */
  switchedAt: number[];
  /** Up to when each may wait for its verdict without an alarm: one ended, or a fence began a gap. */
  awaitedUntil: number[];
  startedAt: number;
  calmAt: number;
  /** When to look next: dead hosts do not hurry. */
  nextLookAt: number;
}

interface Life {
  is: 'booting' | 'up' | 'hung' | 'over';
  since: number;
  incarnation: number;
  /** Its shim was stopped, and nobody started it again. */
  mute: boolean;
  /** It runs on after somebody answered for it that it does not: the board never hears it again. */
  disowned: boolean;
  complained: boolean;
}

/** Alarms that name the exit. `late` is none of them: it says that a verdict comes. */
const EXITS: readonly string[] = [
  ...['unproven', 'held', 'half-duplex', 'two-agents', 'unguarded', 'budget', 'maintenance'],
  ...['leaving', 'absent', 'integrity', 'two-lives', 'crossed', 'interrupted', 'failed'],
  ...['found-open', 'relay-open', 'revoked', 'unconfirmed', 'was-frozen', 'off-lost'],
];
const EXITS_OF_BOARD: readonly string[] = ['disabled', 'sick-observer'];

/** Alarms of a silence, which a host that is heard has no cause for. */
const OF_SILENCE: readonly string[] = [
  'late',
  'held',
  'unproven',
  'half-duplex',
  'absent',
  'budget',
];

const LOOK_MS = 1_000;
/** A shim that waited out a broker tries again after half a minute at the latest. */
const SETTLE_MS = 45_000;

export const whyNotFenced: Checker = (facts, complain): Witness => {
  const rules = rulesOf(facts);
  const judge: Judge = {
    rules,
    ears: ears(rules),
    fences: fences(rules.all.map(({ host }) => host)),
    alarms: new Set(),
    life: [],
    switchedAt: [],
    awaitedUntil: [],
    startedAt: Infinity,
    calmAt: Infinity,
    nextLookAt: 0,
  };
  for (const { host } of rules.all) judge.life[host] = newLife();
  const say = (rule: string, at: number, host: number, sentence: string): void =>
    complain({ rule, at, host, sentence });
  return {
    looksAt: [...EARS_LOOK_AT, ...FENCES_LOOK_AT, 'judge'],
    truth: (at, truth) => {
      judge.ears.truth(at, truth);
      if (truth.kind === 'calm') judge.calmAt = at;
      if (truth.kind === 'fault' && truth.on) noteShim(judge, truth);
      if (truth.kind === 'stall') judge.nextLookAt = at + LOOK_MS;
      if (truth.kind === 'life') {
        const { is, incarnation } = truth;
        const was = judge.life[truth.host];
        const disowned = was?.incarnation === incarnation && was.disowned;
        const mute = is === 'up' && was?.mute === true && was.incarnation === incarnation;
        judge.life[truth.host] = { is, since: at, incarnation, disowned, mute, complained: false };
      }
      if (truth.kind !== 'agent' || truth.is === 'started') return;
      judge.alarms.clear();
      judge.startedAt = Infinity;
      for (const life of judge.life) if (life !== undefined) life.complained = false;
    },
    step: (at, event, effects) => {
      judge.ears.step(at, event, effects);
      judge.fences.event(event);
      if (event.kind === 'start') judge.startedAt = at;
      for (const effect of effects) {
        judge.fences.effect(at, event, effects, effect);
        note(judge, at, event, effect);
      }
      if (event.kind !== 'judge' || !event.drained) return;
      if (at < judge.nextLookAt || judge.startedAt === Infinity) return;
      judge.nextLookAt = at + LOOK_MS;
      for (const one of rules.all) look(judge, at, one, say);
    },
    end: (at) => {
      if (at - judge.calmAt < SETTLE_MS + LOOK_MS || at - judge.startedAt < SETTLE_MS) return;
      for (const one of rules.all) judgeCalm(judge, at, one, say);
    },
  };
};

function note(judge: Judge, at: number, event: Event, effect: Effect): void {
  const { rules, alarms, awaitedUntil } = judge;
  const mayWait = (host: number, untilAt: number): void => {
    awaitedUntil[host] = Math.max(awaitedUntil[host] ?? untilAt, untilAt);
  };
  if (effect.kind === 'restore') judge.switchedAt[effect.host] = at;
  if (effect.kind === 'journal' && event.kind === 'judge') {
    for (const one of rules.all) mayWait(one.host, at + rules.atMost(GAP_MS) + rules.judgeMs);
  }
  if (effect.kind !== 'news') return;
  const { host = 0, code } = effect;
  if (effect.over !== true) alarms.add(`${host}:${code}`);
  else if (alarms.delete(`${host}:${code}`)) {
    if (host !== 0 && EXITS.includes(code)) mayWait(host, at);
    if (host === 0 && EXITS_OF_BOARD.includes(code)) {
      for (const one of rules.all) mayWait(one.host, at);
    }
  }
  const life = judge.life[host];
  if (code === 'acknowledged' && life !== undefined) life.disowned = true;
  if (code === 'restored') alarms.delete(`${host}:failed`);
}

function noteShim({ life }: Judge, { fault, host }: Truth & { kind: 'fault' }): void {
  const of = host === undefined ? undefined : life[host];
  if (of === undefined) return;
  if (fault === 'shim-stopped') of.mute = true;
  if (fault === 'shim-started') of.mute = false;
}

function newLife(): Life {
  return {
    ...{ is: 'up', since: 0, incarnation: 0 },
    ...{ disowned: false, mute: false, complained: false },
  };
}

type Say = (rule: string, at: number, host: number, sentence: string) => void;

function look(judge: Judge, at: number, one: HostRules, say: Say): void {
  const life = judge.life[one.host];
  const ear = judge.ears.hosts[one.host];
  if (life === undefined || ear === undefined || life.complained) return;
  if (life.is === 'up' || life.is === 'booting') return;
  const waitMs = one.initdeadMs + 2 * one.deadMs + GAP_MS * judge.rules.all.length + 2 * SETTLE_MS;
  const { startedAt, switchedAt, ears: all } = judge;
  const knownAt = Math.max(life.since, heardAt(ear), switchedAt[one.host] ?? 0);
  const sinceMs = at - Math.max(knownAt, startedAt, all.stall.endAt);
  if (sinceMs < waitMs || at <= (judge.awaitedUntil[one.host] ?? 0)) return;
  if (isExplained(judge, one.host)) return;
  life.complained = true;
  const sentence = `it is dead for ${(sinceMs / 1_000).toFixed(0)} s, not fenced, and nothing says why`;
  say('L8', at, one.host, sentence);
}

function isExplained({ fences, alarms }: Judge, host: number): boolean {
  if (fences.hosts[host]?.running !== undefined) return true;
  return (
    EXITS.some((code) => alarms.has(`${host}:${code}`)) ||
    EXITS_OF_BOARD.some((code) => alarms.has(`0:${code}`))
  );
}

function judgeCalm(judge: Judge, at: number, one: HostRules, say: Say): void {
  const life = judge.life[one.host];
  const ear = judge.ears.hosts[one.host];
  if (life === undefined || ear === undefined || life.disowned) return;
  if (life.is !== 'up' || at - life.since < SETTLE_MS) return;
  const silentMs = at - heardAt(ear);
  if (ear.left || life.mute) return;
  if (silentMs > one.deadMs) {
    say('L5', at, one.host, `it is up in the calm and not heard for ${silentMs.toFixed(0)} ms`);
    return;
  }
  for (const code of OF_SILENCE) {
    if (!judge.alarms.has(`${one.host}:${code}`)) continue;
    say('L8', at, one.host, `it is heard in the calm, and the alarm \`${code}\` stands`);
  }
}
