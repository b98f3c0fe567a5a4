/**
 * What `check` says about a configuration: to a person, or to a program as JSON.
 *
 * One problem is two lines, the place in the form that editors and compilers share and below it
 * what to do, so that a file can be mended from top to bottom without another document.
 */
import { problemText } from '../../protocol/problem-text.ts';
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

export interface CheckReport {
  text: string;
  /** 0 where the file may be used, warnings or not; 1 where it is refused. */
  exitCode: 0 | 1;
}

/** Renders the outcome of a check of the file `file`. */
export function reportCheck(
  parsed: Parsed<AgentConfig>,
  { file, json }: { file: string; json: boolean },
): CheckReport {
  const exitCode = parsed.ok ? 0 : 1;
  const problems = parsed.ok ? [] : parsed.problems;
  const warnings = parsed.ok ? parsed.warnings : [];
  if (json) {
    const hosts = parsed.ok ? parsed.config.board.hosts.map(boundsOf) : [];
    return { text: JSON.stringify({ ok: parsed.ok, file, problems, warnings, hosts }), exitCode };
  }
  const lines = [
    ...problems.map((one) => problemText(one).trimEnd()),
    ...warnings.map((one) => problemText(one, 'warning: ').trimEnd()),
  ];
  if (parsed.ok) lines.push(...parsed.config.board.hosts.map(hostText));
  lines.push(parsed.ok ? summary(file, warnings.length) : refusal(file, problems.length));
  return { text: lines.join('\n'), exitCode };
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

function summary(file: string, warnings: number): string {
  const rest = warnings === 0 ? '' : `, with ${counted(warnings, 'warning')}`;
  return `${file} is in order${rest}.`;
}

function refusal(file: string, problems: number): string {
  return `${file} is refused: ${counted(problems, 'problem')}.`;
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
