/**
 * The timers of one host: its own, else those of [timing], else the defaults; then held against
 * each other.
 *
 * A deadtime that is too short for its keepalive cuts the power of healthy machines, and one slip
 * of a unit is enough for that. What is wrong is told where the timer stands that was written last:
 * at the host, at [timing], or at the host's header where everything is a default.
 */
import { type KeyPath, type TomlFile, tell } from '../../protocol/toml.ts';
import {
  DEADTIME_KEEPALIVES_MIN,
  DEFAULT_DEADTIME_MS,
  DEFAULT_DRAIN_MS,
  DEFAULT_KEEPALIVE_MS,
  DEFAULT_OFF_HOLD_MS,
  DURATION_END_MS,
  defaultInitdeadMs,
  defaultWarntimeMs,
  freshnessMs,
  JOURNAL_WAIT_MS,
  KEEPALIVE_MIN_MS,
  OFF_HOLD_MIN_MS,
  PROOF_GAP_DEADTIMES_MAX,
  proofGapMs,
  proofLimitMs,
} from '../core/limits.ts';
import type { Timing } from '../core/settings.ts';
import type { TimingTable } from './schema.ts';

/** Where the timers of one host come from. */
export interface TimingSource {
  path: KeyPath;
  own: TimingTable;
  shared: TimingTable;
}

type Timer = keyof TimingTable;

/** The timers that hold for a host, complete. */
export function timingOf(own: TimingTable, shared: TimingTable): Timing {
  const given: TimingTable = { ...shared, ...own };
  const deadtimeMs = given.deadtime ?? DEFAULT_DEADTIME_MS;
  return {
    keepaliveMs: given.keepalive ?? DEFAULT_KEEPALIVE_MS,
    warntimeMs: given.warntime ?? defaultWarntimeMs(deadtimeMs),
    deadtimeMs,
    initdeadMs: given.initdead ?? defaultInitdeadMs(deadtimeMs),
    offHoldMs: given.off_hold ?? DEFAULT_OFF_HOLD_MS,
    drainMs: given.drain ?? DEFAULT_DRAIN_MS,
  };
}

/** Tells every contradiction between the timers of a host whose slowest channel takes `delayMs`. */
export function checkTiming(
  toml: TomlFile,
  source: TimingSource,
  timing: Timing,
  delayMs: number,
): void {
  const refuse = (timers: Timer[], problem: string, remedy: string): void =>
    tell(toml, placeOf(source, timers), problem, remedy);
  const { keepaliveMs, warntimeMs, deadtimeMs, initdeadMs, offHoldMs } = timing;
  if (keepaliveMs < KEEPALIVE_MIN_MS) {
    refuse(
      ['keepalive'],
      `keepalive is ${seconds(keepaliveMs)}: the scheduler would decide`,
      `Write at least "${KEEPALIVE_MIN_MS}ms".`,
    );
  }
  if (deadtimeMs < DEADTIME_KEEPALIVES_MIN * keepaliveMs) {
    refuse(
      ['deadtime', 'keepalive'],
      `deadtime is ${seconds(deadtimeMs)}, less than three keepalives of ${seconds(keepaliveMs)}`,
      'Make deadtime at least three times keepalive: lengthen one or shorten the other.',
    );
  }
  if (warntimeMs >= deadtimeMs) {
    refuse(
      ['warntime', 'deadtime'],
      `warntime is ${seconds(warntimeMs)}, not less than deadtime, ${seconds(deadtimeMs)}`,
      'Make warntime shorter than deadtime.',
    );
  }
  if (initdeadMs < deadtimeMs) {
    refuse(
      ['initdead', 'deadtime'],
      `initdead is ${seconds(initdeadMs)}, less than deadtime, ${seconds(deadtimeMs)}`,
      'Make initdead at least as long as deadtime; it has to cover a boot.',
    );
  }
  if (offHoldMs < OFF_HOLD_MIN_MS) {
    refuse(
      ['off_hold'],
      `off_hold is ${seconds(offHoldMs)}: a supply may bridge that`,
      'Write at least "1s".',
    );
  }
  checkDerived(refuse, timing, delayMs);
}

/** The limits that the board draws from the timers; without them no verdict could be honest. */
function checkDerived(
  refuse: (timers: Timer[], problem: string, remedy: string) => void,
  timing: Timing,
  delayMs: number,
): void {
  const { deadtimeMs } = timing;
  const freshMs = freshnessMs(timing, delayMs);
  if (freshMs >= deadtimeMs) {
    refuse(
      ['deadtime', 'keepalive'],
      `deadtime is ${seconds(deadtimeMs)}, but a beat may take ${seconds(freshMs)} and be fresh`,
      'Lengthen deadtime, or shorten keepalive or the delay of the slowest channel.',
    );
  }
  const gapMs = proofGapMs(timing, delayMs);
  if (gapMs > PROOF_GAP_DEADTIMES_MAX * deadtimeMs) {
    refuse(
      ['deadtime', 'keepalive'],
      `deadtime is ${seconds(deadtimeMs)}, but proof of a channel may pause ${seconds(gapMs)}`,
      'Lengthen deadtime, or shorten keepalive or the delay of the slowest channel.',
    );
  }
  if (proofLimitMs(timing) + JOURNAL_WAIT_MS >= DURATION_END_MS) {
    refuse(
      ['off_hold', 'drain'],
      'off_hold and drain are together too long to wait for',
      'Write seconds rather than days.',
    );
  }
}

/** The first of the timers that was written at the host, else in [timing], else the host itself. */
function placeOf({ path, own, shared }: TimingSource, timers: Timer[]): KeyPath {
  const atHost = timers.find((timer) => own[timer] !== undefined);
  if (atHost !== undefined) return [...path, atHost];
  const atTop = timers.find((timer) => shared[timer] !== undefined);
  return atTop === undefined ? path : ['timing', atTop];
}

/** A duration as people read it. */
export function seconds(ms: number): string {
  return ms < 1_000 ? `${round(ms)} ms` : `${round(ms / 1_000)} s`;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
