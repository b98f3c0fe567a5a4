/** One seed, from its number to what came of it, in a form that passes from thread to thread. */
import type { Crypto } from '../../protocol/wire/crypto.ts';
import { nodeCrypto } from '../../protocol/wire/mac.ts';
import { checkersFor } from './checkers/all.ts';
import { quickCrypto, remembering } from './crypto.ts';
import { drawPlan } from './draw.ts';
import type { Plan } from './plan.ts';
import { newReport, type Report, reporter } from './report.ts';
import { type Outcome, runPlan } from './run.ts';
import { withoutOutlets } from './without-outlets.ts';

export interface Played {
  outcome: Outcome;
  report: Report;
}

export interface PlayWish {
  hours: number;
  realMac: boolean;
  log?: (line: string) => void;
}

export function cryptoFor(realMac: boolean): Crypto {
  return realMac ? remembering(nodeCrypto()) : quickCrypto();
}

/** One short world of so many has hosts without outlets, which end themselves. */
const BARE_EVERY = 8;

export function planFor(seed: number, { hours }: Pick<PlayWish, 'hours'>): Plan {
  const plan = drawPlan({ seed, hours });
  return hours === 0 && seed % BARE_EVERY === 0 ? withoutOutlets(plan) : plan;
}

export function play(plan: Plan, { realMac, log }: PlayWish): Played {
  const report = newReport();
  const outcome = runPlan(plan, {
    crypto: cryptoFor(realMac),
    checkers: checkersFor(plan),
    watcher: (facts) => reporter(facts, report),
    ...(log === undefined ? {} : { log }),
  });
  return { outcome, report };
}
