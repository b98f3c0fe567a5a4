/**
 * Autonomous fences are few and apart (section 1): two of them begin 30 s apart, a host has three an
 * hour and a board ten; what moved nothing costs nothing. Restores after a proven fence are 2 s
 * apart, because servers draw several times their power while they start. All per life of the board.
 */
import type { Checker, Witness } from '../witness.ts';
import { FENCES_LOOK_AT, fences, type RunningFence } from './fences.ts';
import { GAP_MS, RESTORE_GAP_MS, rulesOf } from './rules.ts';

const HOUR_MS = 3_600_000;
const PER_HOST = 3;
const PER_BOARD = 10;

export const fencesApart: Checker = (facts, complain): Witness => {
  const rules = rulesOf(facts);
  const all = fences(rules.all.map(({ host }) => host));
  /** Beginnings of autonomous fences that moved something, oldest first. */
  let begun: { at: number; host: number }[] = [];
  let restoredAt = Number.NEGATIVE_INFINITY;
  const judgeStart = (at: number, host: number, { begunAt }: RunningFence): void => {
    begun = begun.filter((one) => begunAt - one.at < HOUR_MS * 0.999);
    const last = begun.at(-1);
    if (last !== undefined && Math.abs(begunAt - last.at) < rules.atLeast(GAP_MS)) {
      const sentence = `two verdicts within ${Math.abs(begunAt - last.at).toFixed(0)} ms`;
      complain({ rule: 'gap', at, host, sentence: `${sentence}, the other of host ${last.host}` });
    }
    begun.push({ at: begunAt, host });
    const ofHost = begun.filter((one) => one.host === host).length;
    if (ofHost > PER_HOST || begun.length > PER_BOARD) {
      const sentence = `${ofHost} fences of it and ${begun.length} in all within the hour`;
      complain({ rule: 'budget', at, host, sentence });
    }
  };
  return {
    looksAt: FENCES_LOOK_AT,
    truth: (_, truth) => {
      if (truth.kind === 'leap') {
        begun = begun.map((one) => ({ ...one, at: one.at - truth.ms }));
        restoredAt -= truth.ms;
        return;
      }
      // A leap of the board's clock makes all its spans shorter; nobody promises more than it sees.
      const leapt = truth.kind === 'fault' && truth.fault.startsWith('time-');
      if (!leapt && (truth.kind !== 'agent' || truth.is === 'started')) return;
      begun = [];
      restoredAt = Number.NEGATIVE_INFINITY;
    },
    step: (at, event, effects) => {
      all.event(event);
      for (const effect of effects) {
        if (effect.kind === 'cut' || effect.kind === 'pulse') {
          const running = all.hosts[effect.host]?.running;
          const isAlone = all.hosts[effect.host]?.cutting.length === 0;
          const isOwn = running?.cause === 'verdict' || running?.cause === 'timer';
          // The interrupt of a pre-timeout is no fence and spends nothing.
          const counts = effect.kind === 'cut' || isReset(rules.hosts[effect.host], effect.line);
          if (isOwn && isAlone && running.cuts === 0 && counts)
            judgeStart(at, effect.host, running);
        }
        if (effect.kind === 'restore') {
          const running = all.hosts[effect.host]?.running;
          const isFirst = running?.fencedAt !== undefined && running.restores === 0;
          if (isFirst && at - restoredAt < rules.atLeast(RESTORE_GAP_MS)) {
            const sentence = `given power ${(at - restoredAt).toFixed(0)} ms after another was`;
            complain({ rule: 'L6', at, host: effect.host, sentence });
          }
          restoredAt = at;
        }
        all.effect(at, event, effects, effect);
      }
    },
  };
};

function isReset(
  host: { settings: { pulses: readonly { kind: string }[] } } | undefined,
  line: number,
): boolean {
  return host?.settings.pulses[line]?.kind === 'reset';
}
