/** What `check` says of agent.toml beyond its problems: the longest time that each step may take. */
import { type CheckReport, checkReport } from '../../protocol/check-report.ts';
import type { Parsed } from '../../protocol/toml.ts';
import { type WorstCase, worstCases } from '../core/worst-case.ts';
import type { AgentConfig } from './config.ts';
import { seconds } from './timing.ts';

/** Renders the outcome of a check of the file `file`, and of a look at the hardware that it names. */
export function reportCheck(
  parsed: Parsed<AgentConfig>,
  about: { file: string; json: boolean },
  hardware?: { lines: readonly string[]; found: readonly unknown[] },
): CheckReport {
  if (!parsed.ok) return checkReport(parsed, about);
  const hosts = worstCases(parsed.config.board);
  const lines = [...hosts.map(hostText), ...(hardware?.lines ?? [])];
  const facts = { hosts, hardware: hardware?.found };
  return checkReport({ ok: true, warnings: parsed.warnings, lines, facts }, about);
}

function hostText(host: WorstCase): string {
  const { name, verdictMs, afterStallMs, fencedMs, failedMs, outlivedMs, sessionMs } = host;
  const cut = `then fenced within ${seconds(fencedMs)}, or given up after ${seconds(failedMs)}; `;
  const timeout =
    `by timeout fenced ${seconds(outlivedMs ?? 0)}, and twice the timeout of its own watchdog, ` +
    'after its last word; ';
  return (
    `${name}: found dead at most ${seconds(verdictMs)} after its death (${seconds(afterStallMs)} ` +
    `more after a stall of the board); ${failedMs > 0 ? cut : ''}${outlivedMs ? timeout : ''}` +
    `heard again ${seconds(sessionMs)} after a restart`
  );
}
