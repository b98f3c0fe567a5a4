/**
 * The timers of the worlds of the board: as short as the configuration check allows against each
 * other, in whole units, so that a scenario takes few steps and all of them can be tried.
 *
 * A unit is the keepalive, the beacon period and the longest gap between two judge ticks that is no
 * stall. In the world of observers nothing takes time on its way: F is 2 units, and P is 1. In the
 * world of power a beat may honestly take a unit: F is 4 units, longer than the off-hold, P is 3.
 */
import type { Timing } from '../../firmware-agent/core/settings.ts';
import { UNIT_MS } from './codec.ts';

export interface Units {
  deadtime: number;
  initdead: number;
  hold: number;
  /** F, from the channel's delay; stated here and not asked of the core. */
  fresh: number;
  delay: number;
}

export const OBSERVERS: Units = { deadtime: 3, initdead: 4, hold: 2, fresh: 2, delay: 0 };
export const POWER: Units = { deadtime: 5, initdead: 6, hold: 2, fresh: 4, delay: 1 };

export function timingOf({ deadtime, initdead, hold }: Units): Timing {
  return {
    keepaliveMs: UNIT_MS,
    warntimeMs: 2 * UNIT_MS,
    deadtimeMs: deadtime * UNIT_MS,
    initdeadMs: initdead * UNIT_MS,
    offHoldMs: hold * UNIT_MS,
    drainMs: UNIT_MS,
  };
}
