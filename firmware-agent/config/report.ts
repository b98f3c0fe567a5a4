/** What `check` says of agent.toml beyond its problems: the longest time that each step may take. */
import { type CheckReport, checkReport } from '../../protocol/check-report.ts';
import type { Parsed } from '../../protocol/toml.ts';
import {
  delayMs,
  freshnessMs,
  JOURNAL_WAIT_MS,
  judgeTickMs,
  proofLimitMs,
} from '../core/limits.ts';
import type { HostSettings } from '../core/settings.ts';
import type { AgentConfig } from './config.ts';
import { seconds } from './timing.ts';

/** Renders the outcome of a check of the file `file`. */
export function reportCheck(
  parsed: Parsed<AgentConfig>,
  about: { file: string; json: boolean },
): CheckReport {
  if (!parsed.ok) return checkReport(parsed, about);
  const { hosts } = parsed.config.board;
  const lines = hosts.map(hostText);
  const facts = { hosts: hosts.map(boundsOf) };
  return checkReport({ ok: true, warnings: parsed.warnings, lines, facts }, about);
}

/** What the timers promise: the longest time to a verdict, and from there to the result. */
function boundsOf(host: HostSettings): {
  name: string;
  freshnessMs: number;
  verdictMs: number;
  fencedMs: number;
  failedMs: number;
} {
  const { timing } = host;
  const tickMs = judgeTickMs(timing.deadtimeMs);
  const methods = new Set(host.outlets.map((outlet) => outlet.method)).size;
  return {
    name: host.name,
    freshnessMs: freshnessMs(timing, delayMs(host)),
    verdictMs: timing.deadtimeMs + tickMs,
    fencedMs: JOURNAL_WAIT_MS + timing.drainMs + timing.offHoldMs + 2 * tickMs,
    failedMs: methods * (JOURNAL_WAIT_MS + proofLimitMs(timing) + 2 * tickMs),
  };
}

function hostText(host: HostSettings): string {
  const { name, verdictMs, fencedMs, failedMs } = boundsOf(host);
  return (
    `${name}: found dead ${seconds(verdictMs)} after its last beat; then proven off within ` +
    `${seconds(fencedMs)}, or given up after ${seconds(failedMs)}`
  );
}
