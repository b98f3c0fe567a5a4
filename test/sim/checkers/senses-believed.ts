/**
 * S1: a sense that was never seen on says nothing by reading off; it may be stuck, or hang on another
 * machine. So `verified` is only said where this life of the board has read each sense of the host
 * on, or an earlier life did before the cut that this one finishes (section 6).
 */
import type { Effect, Event } from '../../../firmware-agent/core/events.ts';
import type { Checker, Witness } from '../witness.ts';
import { rulesOf } from './rules.ts';

export const sensesBelieved: Checker = (facts, complain): Witness => {
  const rules = rulesOf(facts);
  /** By host and sense: whether this life of the board knows that it can read on. */
  let seenOn: boolean[][] = [];
  return {
    looksAt: ['sense', 'start'],
    truth: (_, truth) => {
      if (truth.kind === 'agent' && truth.is === 'started') seenOn = [];
    },
    step: (at, event, effects) => {
      note(seenOn, event);
      for (const effect of effects) {
        const name = verifiedOf(effect, effects);
        if (name === undefined) continue;
        const host = rules.all.find(({ settings }) => settings.name === name);
        const blind = host?.settings.senses.filter((_, i) => seenOn[host.host]?.[i] !== true) ?? [];
        if (host === undefined || blind.length === 0) continue;
        const names = blind.map((sense) => sense.name).join(', ');
        const sentence = `verified by ${names}, which this life of the board never saw on`;
        complain({ rule: 'S1', at, host: host.host, sentence });
      }
    },
  };
};

function note(seenOn: boolean[][], event: Event): void {
  if (event.kind === 'sense' && event.value === 'on') {
    const ofHost = seenOn[event.host] ?? [];
    ofHost[event.sense] = true;
    seenOn[event.host] = ofHost;
  }
  if (event.kind !== 'start') return;
  for (const { host, seenOn: before } of event.durable?.fences ?? []) {
    seenOn[host] = before.map((seen, i) => seen || seenOn[host]?.[i] === true);
  }
}

/** The host that is told as fenced in this very step, by its senses. */
function verifiedOf(effect: Effect, effects: readonly Effect[]): string | undefined {
  if (effect.kind !== 'record' || effect.record.proof !== 'verified') return undefined;
  const isNow = effects.some(
    (it) => it.kind === 'news' && it.code === 'fenced' && it.over !== true,
  );
  return isNow ? effect.record.host : undefined;
}
