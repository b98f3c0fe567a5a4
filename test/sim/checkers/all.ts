/** Every checker of the simulator. */
import type { Checker } from '../witness.ts';
import { contradicted } from './contradicted.ts';
import { fencedIsTrue } from './fenced-is-true.ts';
import { fencesApart } from './fences-apart.ts';
import { noFalseFence } from './no-false-fence.ts';
import { noHealthyCut } from './no-healthy-cut.ts';
import { oneCutOneCause } from './one-cut-one-cause.ts';
import { oneHolder } from './one-holder.ts';
import { orders } from './orders.ts';
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
