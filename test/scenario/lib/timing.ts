/**
 * Timers of the scenarios, and the bounds that follow from them.
 *
 * The bounds are those that the board promises (L1, L2 and L5 of its documentation), written out
 * here once more and on purpose: a mistake in the board's own arithmetic must not move the bar
 * that it is held to. `TOLERANCE_MS` is what a loaded machine of two cores may add.
 */
import type { Rack, RackTiming } from '../../lib/rack.ts';

export const TOLERANCE_MS = 250;

export interface Millis {
  keepaliveMs: number;
  deadtimeMs: number;
  holdMs: number;
  drainMs: number;
}

export const SHORT_MS: Millis = {
  keepaliveMs: 500,
  deadtimeMs: 3_000,
  holdMs: 1_000,
  drainMs: 1_000,
};

/** Writes timers as a configuration does; initdead is two deadtimes. */
export function timing(millis: Millis = SHORT_MS): RackTiming {
  const { keepaliveMs, deadtimeMs, holdMs, drainMs } = millis;
  return {
    keepalive: `${keepaliveMs}ms`,
    warntime: `${deadtimeMs / 2}ms`,
    deadtime: `${deadtimeMs}ms`,
    initdead: `${2 * deadtimeMs}ms`,
    off_hold: `${holdMs}ms`,
    drain: `${drainMs}ms`,
  };
}

/** How long this rack must see its hosts off before it may speak of a fence. */
export function holdMsOf(rack: Rack): number {
  return Number.parseInt(rack.setup.timing.off_hold, 10);
}

export interface Bounds {
  leastMs: number;
  mostMs: number;
}

const LOOP_LAG_MS = 250;
const JOURNAL_MS = 500;
const CLOCK_RATE = 1.001;

/** `slowestMs` is the delay that the slowest channel of the host may have: 500 ms through a broker. */
export function silenceToCut(millis: Millis, slowestMs: number): Bounds {
  const { keepaliveMs, deadtimeMs } = millis;
  const judgeMs = Math.min(deadtimeMs / 20, 50);
  return {
    leastMs: deadtimeMs - keepaliveMs - TOLERANCE_MS,
    mostMs: deadtimeMs * CLOCK_RATE + judgeMs + LOOP_LAG_MS + slowestMs + JOURNAL_MS + TOLERANCE_MS,
  };
}

export function cutToFenced(millis: Millis): Bounds {
  const { deadtimeMs, holdMs, drainMs } = millis;
  const judgeMs = Math.min(deadtimeMs / 20, 50);
  return { leastMs: holdMs, mostMs: drainMs + holdMs + 2 * judgeMs + TOLERANCE_MS };
}

/** How soon a session stands again after either end was started. */
export function backWithin(millis: Millis, slowestMs: number): Bounds {
  const beaconMs = Math.min(millis.keepaliveMs, 1_000);
  return { leastMs: 0, mostMs: 2 * beaconMs + 3 * slowestMs };
}

export const SERIAL_MS = 20;
export const MQTT_MS = 500;
