/**
 * Who is told not to fence does not (maintenance and disable, section 5; S7).
 *
 * In maintenance a host is not cut by verdict or timer; while everything is disabled nothing is cut
 * that had not been cut before, by nobody. A disable that was answered `done` is on disk, so a board
 * that starts with its memory says at once that it stands, unless the disk itself was broken since.
 */
import type { Effect, Event } from '../../../firmware-agent/core/events.ts';
import type { Checker, Witness } from '../witness.ts';
import { FENCES_LOOK_AT, type Fences, fences } from './fences.ts';
import { rulesOf } from './rules.ts';
import { standstill } from './standstill.ts';

export const toldNotTo: Checker = (facts, complain): Witness => {
  const rules = rulesOf(facts);
  const all: Fences = fences(rules.all.map(({ host }) => host));
  const quiet = standstill(rules);
  /** Until when each maintenance lasts that the disk has taken; the whole board under 0. */
  const stored = new Map<number, number>();
  const asked = new Map<string, { host: number; untilAt: number }>();
  let remembers = false;
  /** Faults of the disk that go on: what it says then, it may forget. */
  let ailing = 0;
  return {
    looksAt: [...FENCES_LOOK_AT, 'order'],
    truth: (_, truth) => {
      quiet.truth(truth);
      if (truth.kind === 'fault' && truth.fault.startsWith('disk-')) {
        ailing += truth.on ? 1 : -1;
        stored.clear();
      }
      if (truth.kind !== 'agent') return;
      if (truth.is === 'ended') return asked.clear();
      remembers = truth.remembers;
      if (!remembers) stored.clear();
    },
    step: (at, event, effects) => {
      all.event(event);
      quiet.step(at, event, effects);
      if (event.kind === 'order') noteAsked(asked, stored, at, event);
      for (const effect of effects) {
        if (effect.kind === 'answer' && ailing === 0) noteStored(asked, stored, effect);
        if (effect.kind === 'cut' || effect.kind === 'pulse') {
          const of = all.hosts[effect.host];
          const isOwn = of?.cutting.length === 0 && of.running?.cause !== 'order';
          const isFirst = of?.running?.cuts === 0;
          if (isFirst && isOwn && quiet.isQuiet(effect.host, at)) {
            complain({
              rule: 'maintenance',
              at,
              host: effect.host,
              sentence: 'it is cut by verdict',
            });
          }
          if (isFirst && quiet.isDisabled()) {
            complain({
              rule: 'disabled',
              at,
              host: effect.host,
              sentence: 'it is cut all the same',
            });
          }
        }
        all.effect(at, event, effects, effect);
      }
      if (event.kind !== 'start' || !remembers) return;
      for (const [host, untilAt] of stored) {
        if (at > untilAt - 2_000 || isTold(effects, host)) continue;
        const sentence = 'it was disabled and stored, and a start does not know it';
        complain({ rule: 'S7', at, ...(host === 0 ? {} : { host }), sentence });
        stored.delete(host);
      }
    },
  };
};

function noteAsked(
  asked: Map<string, { host: number; untilAt: number }>,
  stored: Map<number, number>,
  at: number,
  { order }: Event & { kind: 'order' },
): void {
  const { op, host, args, cmdId } = order;
  if (op === 'enable') stored.delete(host);
  if (op !== 'disable') return;
  const forMs = (args.forS ?? 3_600) * 1_000;
  asked.set(cmdId, { host, untilAt: host === 0 ? Infinity : at + forMs * 0.998 });
}

function noteStored(
  asked: Map<string, { host: number; untilAt: number }>,
  stored: Map<number, number>,
  { answer }: Effect & { kind: 'answer' },
): void {
  const one = asked.get(answer.cmdId);
  if (one === undefined || answer.outcome === 'accepted') return;
  asked.delete(answer.cmdId);
  // The latest counts: a shorter one replaces a longer one.
  if (answer.outcome === 'done') stored.set(one.host, one.untilAt);
  else if (answer.detail === 'until restart') stored.delete(one.host);
}

function isTold(effects: readonly Effect[], host: number): boolean {
  const code = host === 0 ? 'disabled' : 'maintenance';
  return effects.some(
    (effect) => effect.kind === 'news' && effect.code === code && (effect.host ?? 0) === host,
  );
}
