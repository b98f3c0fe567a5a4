/**
 * S6: what was sent too long ago ends no silence. A board that takes a held-up beat for life says so
 * by what it takes back: that the host is late, held, unproven, half deaf or missed.
 *
 * The age is that of the tick which the word echoes, by the world's clock. While the board stands
 * still or its clock leaps, ages by two clocks cannot be compared.
 */
import type { Effect } from '../../../firmware-agent/core/events.ts';
import type { Checker, Witness } from '../witness.ts';
import { rulesOf } from './rules.ts';

const OF_SILENCE: ReadonlySet<string> = new Set([
  ...['late', 'held', 'unproven', 'budget', 'absent', 'half-duplex'],
]);

export const staleEndsNothing: Checker = (facts, complain): Witness => {
  const rules = rulesOf(facts);
  let echoAt = Number.NaN;
  let isBlurred = false;
  return {
    looksAt: [],
    truth: (_, truth) => {
      if (truth.kind === 'heard') echoAt = truth.echoAt;
      else if (truth.kind === 'agent' && truth.is === 'started') isBlurred = false;
      else if (truth.kind === 'stall' || isLeap(truth)) isBlurred = true;
    },
    step: (at, event, effects) => {
      if (event.kind !== 'heard' || effects.length === 0 || isBlurred) return;
      const host = rules.hosts[event.opened.host];
      if (host === undefined || !('echo' in event.opened) || !effects.some(endsSilence)) return;
      const ageMs = at - echoAt;
      if (ageMs <= host.atMost(host.freshMs) + rules.lagMs) return;
      const sentence = `a ${event.opened.kind} whose echo is ${ageMs.toFixed(0)} ms old ended a silence`;
      complain({ rule: 'S6', at, host: host.host, sentence });
    },
  };
};

function isLeap(truth: { kind: string; fault?: string }): boolean {
  return truth.kind === 'fault' && truth.fault?.startsWith('time-') === true;
}

function endsSilence(effect: Effect): boolean {
  return effect.kind === 'news' && effect.over === true && OF_SILENCE.has(effect.code);
}
