/**
 * What is reported by timeout is over: at that moment the life that is named does not run, neither
 * hung nor starting, whatever kept the host from ending itself; and only a host that really has what
 * it must have pledged is ever reported so. The longer it had been over, the more the wait was too
 * long: the shortest of these times is what the formula has to spare.
 */
import type { Effect } from '../../../firmware-agent/core/events.ts';
import { PLEDGE } from '../../../protocol/wire/messages.ts';
import type { Plan } from '../plan.ts';
import type { Checker } from '../witness.ts';

const ALL = PLEDGE.hardware | PLEDGE.nowayout | PLEDGE.boardAlone;

/** How often something was reported by timeout, and how long the life had been over at least. */
export interface Outlived {
  fenced: number;
  spareMs: number;
}

/** The checker of one plan; `seen` is filled as it goes. */
export function outlivedIn(plan: Plan, seen: Outlived): Checker {
  return (_facts, complain) => {
    const running = new Map<number, number>();
    const overAt = new Map<string, number>();
    const judge = (at: number, host: number, incarnation: number): void => {
      const ends = plan.hosts.find(({ settings }) => settings.host === host)?.ends;
      const say = (sentence: string): void => complain({ rule: 'S1', at, host, sentence });
      if (ends === undefined || ends.flags !== ALL) say('by-timeout, and it lacks what that needs');
      if (running.get(host) === incarnation) return say(`by-timeout, and ${incarnation} goes on`);
      seen.fenced += 1;
      const spareMs = at - (overAt.get(`${host} ${incarnation}`) ?? at);
      seen.spareMs = Math.min(seen.spareMs, spareMs);
    };
    return {
      looksAt: [],
      truth: (at, truth) => {
        if (truth.kind !== 'life') return;
        const { host, incarnation, is } = truth;
        if (is !== 'over') return void running.set(host, incarnation);
        overAt.set(`${host} ${incarnation}`, at);
        if (running.get(host) === incarnation) running.delete(host);
      },
      step: (at, _event, effects) => {
        for (const effect of effects) {
          const proven = provenBy(effect, plan);
          if (proven !== undefined) judge(at, proven.host, proven.incarnation);
        }
      },
    };
  };
}

function provenBy(effect: Effect, plan: Plan): { host: number; incarnation: number } | undefined {
  if (effect.kind !== 'record') return undefined;
  const { record } = effect;
  if (record.outcome !== 'fenced' || record.proof !== 'by-timeout') return undefined;
  const host = plan.hosts.find(({ settings }) => settings.name === record.host)?.settings.host;
  return host === undefined ? undefined : { host, incarnation: record.incarnation };
}
