/**
 * The promise itself, by truth alone: a host that runs and that nothing of its own keeps from being
 * heard is not cut by verdict, whatever became of the board, the broker and the cables of all (HF).
 *
 * Who is alive with all its own paths dead may rightly be cut: it cannot be told from a dead one.
 * Whose silence has causes only that it shares with others may not, where the rules ask for proof
 * and there is somebody else whose silence would have shown it. A fault that is told of one host is
 * its own; one that is told of none is shared.
 */
import type { Checker, Witness } from '../witness.ts';
import { EARS_LOOK_AT, type Ears, ears, heardAt } from './ears.ts';
import { FENCES_LOOK_AT, type Fences, fences } from './fences.ts';
import { type Rules, rulesOf } from './rules.ts';
import { type TimerTruths, timerTruths } from './timer-truths.ts';

const STOPPING_MS = 30_000;

interface Body {
  is: 'booting' | 'up' | 'hung' | 'over';
  since: number;
  incarnation: number;
  /** Faults of its own that go on, and when the last of them ended. */
  own: number;
  ownEndedAt: number;
}

interface Judge {
  rules: Rules;
  ears: Ears;
  fences: Fences;
  timers: TimerTruths;
  bodies: Body[];
}

export const noHealthyCut: Checker = (facts, complain): Witness => {
  const rules = rulesOf(facts);
  const judge: Judge = {
    rules,
    ears: ears(rules),
    fences: fences(rules.all.map(({ host }) => host)),
    timers: timerTruths(rules),
    bodies: [],
  };
  for (const { host } of rules.all) judge.bodies[host] = newBody();
  return {
    looksAt: [...EARS_LOOK_AT, ...FENCES_LOOK_AT, 'order'],
    truth: (at, truth) => {
      judge.ears.truth(at, truth);
      judge.timers.truth(at, truth);
      if (truth.kind !== 'life' && truth.kind !== 'fault') return;
      const body = truth.host === undefined ? undefined : judge.bodies[truth.host];
      if (body === undefined) return;
      if (truth.kind === 'life') {
        body.is = truth.is;
        body.since = at;
        body.incarnation = truth.incarnation;
        return;
      }
      body.own += truth.on ? 1 : -1;
      body.ownEndedAt = at;
    },
    step: (at, event, effects) => {
      judge.ears.step(at, event, effects);
      judge.timers.step(event);
      judge.fences.event(event);
      for (const effect of effects) {
        if (effect.kind === 'cut') {
          const sentence = unjust(judge, at, effect.host);
          if (sentence !== undefined) complain({ rule: 'HF', at, host: effect.host, sentence });
        }
        judge.fences.effect(at, event, effects, effect);
      }
    },
  };
};

function newBody(): Body {
  return { is: 'up', since: 0, incarnation: 0, own: 0, ownEndedAt: Number.NEGATIVE_INFINITY };
}

function unjust(
  { ears, fences, bodies, rules, timers }: Judge,
  at: number,
  host: number,
): string | undefined {
  const of = fences.hosts[host];
  const [body, ear] = [bodies[host], ears.hosts[host]];
  if (of?.running === undefined || body === undefined || ear === undefined) return undefined;
  const { cause, cuts } = of.running;
  if (cuts > 0 || of.cutting.length > 0 || cause === 'order') return undefined;
  if (cause === 'timer' && timers.mayStand(host, ear.left && ear.goesOff, at)) return undefined;
  const { settings, freshMs, delayMs, soonMs } = ear.rules;
  if (body.is !== 'up' || body.incarnation !== ear.incarnation) return undefined;
  if (settings.silence !== 'prove' || settings.sick !== undefined) return undefined;
  const silentSince = heardAt(ear) - freshMs - delayMs;
  // A shim that was told to stop goes a while later.
  const isOwn = body.own > 0 || body.ownEndedAt >= silentSince - STOPPING_MS;
  if (isOwn || body.since >= silentSince) return undefined;
  // Alone on a path nobody shows that it failed for others, too.
  const hasCompany = rules.all.some((other) => {
    const theirs = ears.hosts[other.host];
    const life = bodies[other.host];
    if (other.host === host || theirs === undefined || life?.is !== 'up') return false;
    return heardAt(theirs) > silentSince - soonMs && !theirs.left;
  });
  if (!hasCompany) return undefined;
  const silentMs = at - heardAt(ear);
  return `it runs, nothing of its own was broken, and after ${silentMs.toFixed(0)} ms it was cut`;
}
