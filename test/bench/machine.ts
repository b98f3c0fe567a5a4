/** What a figure was measured on: without it no figure means anything. */
import { execFileSync } from 'node:child_process';
import { cpus, loadavg, release, totalmem } from 'node:os';
import type { Report } from './report.ts';

/** The machine as it is now; `node` is the Node under which the programs run. */
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
