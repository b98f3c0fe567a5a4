/** Every checker of the simulator. */
import type { Checker } from '../witness.ts';
import { fencedIsTrue } from './fenced-is-true.ts';
import { fencesApart } from './fences-apart.ts';
import { noFalseFence } from './no-false-fence.ts';
import { oneCutOneCause } from './one-cut-one-cause.ts';
import { orders } from './orders.ts';

export const CHECKERS: readonly Checker[] = [
  noFalseFence,
  fencedIsTrue,
  oneCutOneCause,
  fencesApart,
  orders,
];
