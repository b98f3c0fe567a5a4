/**
 * The longest time that each step may take for one host: what the timers really promise.
 *
 * A cluster's own timeouts stand on these figures, so they are computed in one place from the
 * limits that the board works by, and published by `check` and `doctor`. They hold where proof is
 * steady and the hardware obeys; each earlier autonomous fence adds a gap, a stall of the board
 * adds `afterStallMs`. L1, L2, L5 and L6 of the documentation.
 */
import { type Derived, derive } from './board.ts';
import {
  CLOCK_RATE_ERROR,
  companyMs,
  delayMs,
  freshnessMs,
  JOURNAL_WAIT_MS,
  lifeEndMs,
  proofLimitMs,
  settleMs,
} from './limits.ts';
import type { BoardSettings, HostSettings } from './settings.ts';

export interface WorstCase {
  name: string;
  freshnessMs: number;
  /** From the death of the host to the verdict. */
  verdictMs: number;
  /** Added to it after a stall of the board itself. */
  afterStallMs: number;
  /** From verdict, or order, to `fenced` where the first method works; then power may come back. */
  fencedMs: number;
  /** From there to `failed`, after the last method. */
  failedMs: number;
  /** From its last word to `fenced` by timeout, and twice the timeout of its own watchdog. */
  outlivedMs?: number;
  /** From a start of agent or shim until they hear each other. */
  sessionMs: number;
}

/** A question just missed, the next one and its answer: once to see power go, once to end the hold. */
const SAMPLES = 6;

/** The figures of every host, in the order of the settings. */
export function worstCases(settings: BoardSettings): WorstCase[] {
  const { hosts } = settings;
  const derived = derive(settings);
  // A verdict waits for company; for simplicity everybody counts as company.
  return hosts.map((host) => {
    const others = hosts.filter((other) => other !== host);
    const waits = others.map((other) => companyMs(host, other));
    return worstCase(host, derived, Math.max(0, ...waits));
  });
}

function worstCase(host: HostSettings, derived: Derived, companyMs: number): WorstCase {
  const { timing, outlets, senses, proof, selfFenceMs = 0 } = host;
  const { judgeTickMs, loopLagMs, beaconMs } = derived;
  const channelMs = delayMs(host);
  const givenUpMs = JOURNAL_WAIT_MS + proofLimitMs(timing) + 2 * judgeTickMs;
  // Devices that are slower than the judge add their own time; they never outlast the method.
  const periodMs = Math.max(0, ...[...outlets, ...senses].map((device) => device.periodMs));
  const slowMs = SAMPLES * Math.max(0, periodMs - judgeTickMs);
  const silentMs = Math.max(timing.deadtimeMs, companyMs) * (1 + CLOCK_RATE_ERROR);
  const quickMs = JOURNAL_WAIT_MS + timing.drainMs + timing.offHoldMs + 2 * judgeTickMs;
  const outlivedMs = lifeEndMs(selfFenceMs, 0) + 2 * timing.keepaliveMs + 2 * judgeTickMs;
  return {
    name: host.name,
    freshnessMs: freshnessMs(timing, channelMs),
    verdictMs: Math.round(silentMs + judgeTickMs + loopLagMs + channelMs),
    afterStallMs: settleMs(timing.keepaliveMs),
    fencedMs: Math.min(quickMs + slowMs, givenUpMs),
    failedMs: new Set(outlets.map(({ method }) => method)).size * givenUpMs,
    ...(proof === 'by-timeout' ? { outlivedMs: Math.round(outlivedMs) } : {}),
    sessionMs: 2 * beaconMs + 3 * channelMs,
  };
}
