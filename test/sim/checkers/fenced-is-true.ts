/**
 * Whatever the board says of a host that is off, is so (S1, S2, S10, and "already" of section 4).
 *
 * A claim is `done` of an order that cuts, the news `fenced`, a record that says so, and `already`.
 * Held against truth: at that moment the host was without power for the off-hold, all of it in one
 * stretch that began after the cut and lasts, or lasted until the latest reading that could be had;
 * and the life that is named is over. What rests on a person's word is never called fenced, a pulse
 * never claims a proof, and a grade is claimed only where the configuration allows it.
 *
 * A sense that lies may hide the hold-up of the supply, and where contacts lie the senses prove; so
 * with lying devices the dark may be shorter by the hold-up, never more.
 */
import type { Answer, Effect } from '../../../firmware-agent/core/events.ts';
import type { Checker, Witness, WorldFacts } from '../witness.ts';
import { CUTTING } from './fences.ts';
import { type HostRules, type Rules, rulesOf, sampleMs } from './rules.ts';

interface Dark {
  rules: HostRules;
  holdUpMs: number;
  hasPower: boolean;
  /** The latest stretch without power. */
  since: number;
  until: number;
  lied: boolean;
  /** When a relay of it closed last, whoever moved it. */
  closedAt: number;
  /** Lives that are over; and the one that is not, if any. */
  life: number;
  runs: boolean;
  startedAt: number;
}

type Say = (rule: string, at: number, dark: Dark, sentence: string) => void;

export const fencedIsTrue: Checker = (facts, complain): Witness => {
  const rules = rulesOf(facts);
  const hosts = darkOf(rules, facts);
  const say: Say = (rule, at, { rules: { host } }, sentence) =>
    complain({ rule, at, host, sentence });
  return {
    looksAt: [],
    truth: (at, truth) => {
      if (truth.kind === 'agent') {
        for (const dark of hosts) if (dark !== undefined) dark.startedAt = at;
        return;
      }
      if (truth.kind === 'relay' && truth.is === 'closed') {
        const dark = hosts[truth.host];
        if (dark !== undefined) dark.closedAt = at;
        return;
      }
      if (truth.kind !== 'power' && truth.kind !== 'life' && truth.kind !== 'devices') return;
      const dark = hosts[truth.host];
      if (dark === undefined) return;
      if (truth.kind === 'devices') dark.lied ||= !truth.honest;
      if (truth.kind === 'life') {
        dark.life = truth.incarnation;
        dark.runs = truth.is !== 'over';
      }
      if (truth.kind !== 'power' || truth.on === dark.hasPower) return;
      dark.hasPower = truth.on;
      if (truth.on) dark.until = at;
      else dark.since = at;
    },
    step: (at, event, effects) => {
      if (effects.length === 0) return;
      const repeats = event.kind === 'order' && !effects.some(isAcceptance);
      for (const effect of effects) {
        if (effect.kind === 'answer') {
          const dark = hosts[effect.answer.host];
          const isRepeat = repeats && effect.answer.cmdId === event.order.cmdId;
          if (dark !== undefined) judgeAnswer(rules, at, dark, effect.answer, isRepeat, say);
        }
        if (effect.kind !== 'news' || effect.host === undefined || effect.over === true) continue;
        const dark = hosts[effect.host];
        if (dark === undefined) continue;
        if (effect.code === 'fenced') {
          judgeDark(rules, at, dark, 'fenced', say);
          if (effects.some((other) => isNews(other, 'acknowledged', effect.host))) {
            say('S1', at, dark, 'what a person answers for was called fenced');
          }
        }
        if (effect.code === 'acknowledged') judgeByHand(at, dark, effects, say);
        if (effect.code === 'integrity') judgeIntegrity(at, dark, effect.text, say);
      }
      for (const effect of effects)
        if (effect.kind === 'record') judgeRecord(at, hosts, effect, say);
    },
  };
};

function darkOf(rules: Rules, { holdUpMs }: WorldFacts): (Dark | undefined)[] {
  const hosts: (Dark | undefined)[] = [];
  for (const one of rules.all) {
    hosts[one.host] = {
      rules: one,
      holdUpMs: holdUpMs.get(one.host) ?? 0,
      hasPower: true,
      since: Infinity,
      until: Number.NEGATIVE_INFINITY,
      lied: false,
      closedAt: Number.NEGATIVE_INFINITY,
      life: 0,
      runs: true,
      startedAt: 0,
    };
  }
  return hosts;
}

function isAcceptance(effect: Effect): boolean {
  return effect.kind === 'answer' && effect.answer.outcome === 'accepted';
}

function isNews(effect: Effect, code: string, host: number | undefined): boolean {
  return (
    effect.kind === 'news' && effect.code === code && effect.host === host && effect.over !== true
  );
}

/** The dark has to reach back for the off-hold, and up to the latest reading there can be. */
function judgeDark(rules: Rules, at: number, dark: Dark, what: string, say: Say): void {
  const untilAt = dark.hasPower ? dark.until : at;
  const lastedMs = untilAt - dark.since;
  const needMs = rules.atLeast(dark.rules.holdMs) - (dark.lied ? dark.holdUpMs : 0);
  if (at - untilAt > sampleMs(rules, dark.rules)) {
    return say('S1', at, dark, `${what}, and it has power${sinceWhen(dark, at)}`);
  }
  if (lastedMs < needMs) {
    return say('S1', at, dark, `${what}, and it was off for ${lastedMs.toFixed(0)} ms only`);
  }
  // A proof is read in the life of the board that claims it (S7).
  if (at - dark.startedAt < rules.atLeast(dark.rules.holdMs)) {
    say('S7', at, dark, `${what} ${(at - dark.startedAt).toFixed(0)} ms after the board started`);
  }
}

function sinceWhen({ until }: Dark, at: number): string {
  return Number.isFinite(until) ? ` for ${(at - until).toFixed(0)} ms` : '';
}

function isAlive({ runs, life }: Dark, incarnation: number): boolean {
  return runs && life === incarnation;
}

function judgeAnswer(
  rules: Rules,
  at: number,
  dark: Dark,
  answer: Answer,
  isRepeat: boolean,
  say: Say,
): void {
  const { op, outcome, proof, incarnation, untested, detail } = answer;
  if (outcome === 'done' && CUTTING.has(op) && !isRepeat) {
    if (proof === 'none') say('S1', at, dark, `${op} is done without any proof`);
    if (proof !== 'by-hand') judgeDark(rules, at, dark, `${op} is done`, say);
    else if (op !== 'ack') say('S1', at, dark, `${op} is done by hand`);
    if (proof !== 'by-hand' && isAlive(dark, incarnation) && incarnation !== 0) {
      say('S1', at, dark, `${op} is done, and life ${incarnation} goes on`);
    }
    judgeGrade(at, dark, proof, say);
    if (proof !== 'none' && !untested) say('S1', at, dark, 'a proof without its mark `untested`');
  }
  if (outcome !== 'done' && proof !== 'none' && !(proof === 'by-hand' && outcome === 'failed')) {
    say('S1', at, dark, `${op} is ${outcome} and claims the proof ${proof}`);
  }
  if (op === 'reset' || op === 'diag') {
    if (proof !== 'none') say('R1', at, dark, `a pulse claims the proof ${proof}`);
    if (outcome === 'done' && isAlive(dark, incarnation)) {
      say('R1', at, dark, `${op} is done, and life ${incarnation} goes on`);
    }
  }
  if (outcome === 'already' && isAlive(dark, incarnation)) {
    say('S9', at, dark, `already (${detail}), and life ${incarnation} goes on`);
  }
}

function judgeGrade(at: number, of: Dark, proof: string, say: Say): void {
  const { settings } = of.rules;
  if (proof === 'verified' && settings.senses.length === 0) {
    say('S1', at, of, 'verified, and it has no sense');
  }
  if (proof === 'by-hold' && settings.proof !== 'by-hold') {
    say('S1', at, of, 'by-hold, and its configuration asks for more');
  }
  if (proof === 'by-timeout') say('S1', at, of, 'by-timeout, which no configuration allows');
}

function judgeByHand(at: number, dark: Dark, effects: readonly Effect[], say: Say): void {
  for (const effect of effects) {
    if (effect.kind !== 'answer' || effect.answer.host !== dark.rules.host) continue;
    const { op, outcome } = effect.answer;
    if (outcome === 'done' && op !== 'ack') {
      say('S1', at, dark, `${op} is done because somebody else acknowledged`);
    }
  }
}

/** Who is frozen for a contradiction has power, a relay that closed, a voice, or devices that lie. */
function judgeIntegrity(at: number, dark: Dark, text: string, say: Say): void {
  if (dark.lied || dark.hasPower || dark.runs || dark.closedAt > dark.since) return;
  say('S2', at, dark, `frozen for nothing, it is off: ${text}`);
}

function judgeRecord(
  at: number,
  hosts: readonly (Dark | undefined)[],
  { record }: Effect & { kind: 'record' },
  say: Say,
): void {
  const dark = hosts.find((one) => one?.rules.settings.name === record.host);
  if (dark === undefined || record.proof === undefined) return;
  if (record.outcome === 'fenced' && record.proof === 'by-hand') {
    say('S1', at, dark, 'a record calls fenced what a person answered for');
  }
  if (record.outcome === 'fenced' && record.untested !== true) {
    say('S1', at, dark, 'a record without the mark `untested`');
  }
  if (record.outcome !== 'fenced' && record.outcome !== 'acknowledged' && record.proof !== 'none') {
    say('S1', at, dark, `a record is ${record.outcome} and claims ${record.proof}`);
  }
}
