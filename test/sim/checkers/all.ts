/** Every checker of the simulator. */
import type { Plan } from '../plan.ts';
import type { Checker } from '../witness.ts';
import { contradicted } from './contradicted.ts';
import { fencedIsTrue } from './fenced-is-true.ts';
import { fencesApart } from './fences-apart.ts';
import { noFalseFence } from './no-false-fence.ts';
import { noHealthyCut } from './no-healthy-cut.ts';
import { oneCutOneCause } from './one-cut-one-cause.ts';
import { oneHolder } from './one-holder.ts';
import { orders } from './orders.ts';
import { type Outlived, outlivedIn } from './outlived.ts';
import { resultsInTime } from './results-in-time.ts';
import { sensesBelieved } from './senses-believed.ts';
import { sharedSilence } from './shared-silence.ts';
import { staleEndsNothing } from './stale-ends-nothing.ts';
import { timers } from './timers.ts';
import { toldNotTo } from './told-not-to.ts';
import { verdictInTime } from './verdict-in-time.ts';
import { whyNotFenced } from './why-not-fenced.ts';

export const CHECKERS: readonly Checker[] = [
  noFalseFence,
  noHealthyCut,
  sharedSilence,
  fencedIsTrue,
  sensesBelieved,
  contradicted,
  staleEndsNothing,
  oneCutOneCause,
  oneHolder,
  orders,
  fencesApart,
  timers,
  toldNotTo,
  verdictInTime,
  resultsInTime,
  whyNotFenced,
];

/** Those that know of no end but the loss of power, and of no steps but those of a cut. */
const BY_POWER: ReadonlySet<Checker> = new Set([fencedIsTrue, contradicted, orders, resultsInTime]);

/** The checkers for a plan; `seen` is filled where hosts of it end themselves. */
export function checkersFor(
  plan: Plan,
  seen: Outlived = { fenced: 0, spareMs: Number.POSITIVE_INFINITY },
): readonly Checker[] {
  if (plan.hosts.every(({ ends }) => ends === undefined)) return CHECKERS;
  return [...CHECKERS.filter((one) => !BY_POWER.has(one)), outlivedIn(plan, seen)];
}
