/** The machine that was measured on, as the system tells it: a figure without it means little. */
import { execFileSync } from 'node:child_process';
import { cpus, loadavg, release, totalmem } from 'node:os';
import type { Report } from './report.ts';

/** `node` is the program under which the agent runs; `loadAtEnd` is for the caller to fill in. */
export function machineOf(node: string): Report['machine'] {
  const processors = cpus();
  return {
    processor: processors[0]?.model.trim() ?? 'unknown',
    cores: processors.length,
    memoryGib: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    load: loadavg()[0] ?? 0,
    loadAtEnd: 0,
    node: execFileSync(node, ['--version'], { encoding: 'utf8' }).trim(),
  };
}
