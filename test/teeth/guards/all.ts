/** Every guard, in the order of the rules. */
import type { Guard } from '../guard.ts';
import { AVERTED } from './averted.ts';
import { DOUBT } from './doubt.ts';
import { EVIDENCE } from './evidence.ts';
import { FENCE } from './fence.ts';
import { GROUPS } from './groups.ts';
import { HELD } from './held.ts';
import { OBSERVER } from './observer.ts';
import { ORDERS } from './orders.ts';
import { PROOF } from './proof.ts';
import { RESTART } from './restart.ts';
import { RIGHTS } from './rights.ts';
import { SESSION } from './session.ts';
import { SILENCE } from './silence.ts';
import { STANDSTILL } from './standstill.ts';
import { TIMEOUT } from './timeout.ts';
import { TIMER } from './timer.ts';
import { WIRE } from './wire.ts';

export const GUARDS: readonly Guard[] = [
  ...SILENCE,
  ...EVIDENCE,
  ...OBSERVER,
  ...AVERTED,
  ...DOUBT,
  ...HELD,
  ...PROOF,
  ...FENCE,
  ...ORDERS,
  ...RIGHTS,
  ...STANDSTILL,
  ...TIMEOUT,
  ...TIMER,
  ...GROUPS,
  ...RESTART,
  ...SESSION,
  ...WIRE,
];
