/**
 * Hosts that fall silent together are held, not cut (held, section 2; rows 17 and 18).
 *
 * Judged at the first relay that a verdict moves. Complained of is only what no reading of the rule
 * allows: another member that shares the path fell silent on it when this host did, or up to an
 * initdead before, and is silent still; nobody who shares it came back; the silence of neither has a
 * cause of its own; and no supply was seen to fall, no line of its own proved the silence.
 */
import type { Checker, Witness } from '../witness.ts';
import { EARS_LOOK_AT, type Ear, type Ears, ears, WAYS, type Way } from './ears.ts';
import { FENCES_LOOK_AT, type Fences, fences } from './fences.ts';
import { type Proofs, proofs } from './proofs.ts';
import { type Rules, rulesOf } from './rules.ts';
import { type Standstill, standstill } from './standstill.ts';

interface Judge {
  rules: Rules;
  ears: Ears;
  fences: Fences;
  proofs: Proofs;
  standstill: Standstill;
  /** When each host's power was last touched by us: its silence may be explained by that. */
  touchedAt: number[];
}

export const sharedSilence: Checker = (facts, complain): Witness => {
  const rules = rulesOf(facts);
  const judge: Judge = {
    rules,
    ears: ears(rules),
    fences: fences(rules.all.map(({ host }) => host)),
    proofs: proofs(rules),
    standstill: standstill(rules),
    touchedAt: [],
  };
  return {
    looksAt: [...EARS_LOOK_AT, ...FENCES_LOOK_AT, 'echoed', 'order'],
    truth: (at, truth) => {
      judge.ears.truth(at, truth);
      judge.proofs.truth(at, truth);
      judge.standstill.truth(truth);
    },
    step: (at, event, effects) => {
      judge.ears.step(at, event, effects);
      judge.proofs.step(at, event);
      judge.standstill.step(at, event, effects);
      judge.fences.event(event);
      for (const effect of effects) {
        if (effect.kind === 'cut') {
          const of = judge.fences.hosts[effect.host];
          const isVerdict = of?.running?.cause === 'verdict' && of.running.cuts === 0;
          const with_ =
            isVerdict && of.cutting.length === 0 ? suspect(judge, at, effect.host) : undefined;
          if (with_ !== undefined)
            complain({ rule: 'held', at, host: effect.host, sentence: with_ });
        }
        if (effect.kind === 'cut' || effect.kind === 'restore' || effect.kind === 'pulse') {
          judge.touchedAt[effect.host] = at;
        }
        judge.fences.effect(at, event, effects, effect);
      }
    },
  };
};

/** Who makes the silence suspect, in words; undefined where nobody surely does. */
function suspect(judge: Judge, at: number, number: number): string | undefined {
  const ear = judge.ears.hosts[number];
  if (ear === undefined || judge.proofs.mayBeFar(ear, at) || judge.proofs.fell(ear))
    return undefined;
  // Whoever came back on any path that they share has shown that the silence is its own.
  const isBack = WAYS.some((name) =>
    judge.rules.all.some(
      ({ host }) =>
        host !== number && shares(judge, ear, host, name) && cameBack(judge, ear, host, name),
    ),
  );
  if (isBack) return undefined;
  for (const name of WAYS) {
    const company = judge.rules.all.filter(
      ({ host }) => host !== number && shares(judge, ear, host, name),
    );
    const with_ = company.find(({ host }) => fellTogether(judge, at, ear, host, name));
    if (with_ !== undefined) {
      return `host ${with_.host} fell silent on ${name} with it, and both are silent`;
    }
  }
  return undefined;
}

function shares({ rules }: Judge, ear: Ear, other: number, name: Way): boolean {
  const theirs = rules.hosts[other]?.settings;
  if (theirs === undefined) return false;
  if (name === 'mqtt') return theirs.mqtt && ear.rules.settings.mqtt;
  const mine = ear.rules.settings.serial;
  return (
    mine !== undefined && theirs.serial !== undefined && mine.adapter === theirs.serial.adapter
  );
}

function fellTogether(judge: Judge, at: number, ear: Ear, other: number, name: Way): boolean {
  const theirs = judge.ears.hosts[other];
  if (theirs === undefined || !ear.ways[name].carried || !theirs.ways[name].carried) return false;
  if (theirs.left || theirs.missed || theirs.incarnation === 0) return false;
  if (at < theirs.leavingUntil || judge.standstill.isQuiet(other, at)) return false;
  if (judge.fences.hosts[other]?.running !== undefined) return false;
  const mineAt = ear.ways[name].freshAt;
  const theirsAt = theirs.ways[name].freshAt;
  // Who was switched since, or calls itself useless, is silent for a reason of its own.
  if ((judge.touchedAt[other] ?? -Infinity) > theirsAt || theirs.uselessAt > theirsAt) return false;
  const isSilent = at - theirsAt > theirs.rules.soonMs * 1.01 + 1;
  const isNear = mineAt - theirsAt <= ear.rules.initdeadMs * 0.99 - 1;
  return isSilent && isNear;
}

/** Somebody who shares the path was silent there, too, and was heard again since. */
function cameBack(judge: Judge, ear: Ear, other: number, name: Way): boolean {
  const way = judge.ears.hosts[other]?.ways[name];
  return way !== undefined && way.resumedAt > ear.ways[name].freshAt;
}
