/**
 * Looks at a process from outside while it works: pages, open descriptors, and what lives on its heap.
 *
 * The heap alone cannot be seen from outside, and half of it is rubbish that nobody has collected yet. So
 * every program of ours is started with a line before it that, when it is signalled, collects, and writes
 * down what is left.
 */
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { monotonicMs } from '../../protocol/link/timers.ts';
import { memoryOf } from '../bench/proc.ts';
import { until } from '../lib/until.ts';
import type { Sample } from './slope.ts';

export interface Probe {
  name: string;
  /** Page by page, MiB. */
  rss: Sample[];
  /** After a collection, MiB. */
  heap: Sample[];
  /** Open at the end of a round, when all is quiet. */
  descriptors: Sample[];
  /** Looks at the pages. */
  lookAtPages(): void;
  /** Has it collect, and looks at all. */
  look(): Promise<void>;
}

const MIB = 2 ** 20;
const COLLECT_MS_MAX = 20_000;
/** V8 frees some things only when what points to them is gone, too. */
const HOOK = `const { writeFileSync, renameSync } = require('node:fs');
require('node:v8').setFlagsFromString('--expose-gc');
const collect = require('node:vm').runInNewContext('gc');
process.on('SIGUSR2', () => {
  for (let n = 0; n < 3; n += 1) collect();
  const path = DIR + '/heap-' + process.pid;
  writeFileSync(path + '.new', String(process.memoryUsage().heapUsed));
  renameSync(path + '.new', path);
});
`;

/** Every Node that is started from now on can be looked at; what it writes goes into `dir`. */
export function hookHeaps(dir: string): void {
  const hook = join(dir, 'heap.cjs');
  writeFileSync(hook, HOOK.replace('DIR', JSON.stringify(dir)));
  process.env['NODE_OPTIONS'] = `--require ${hook}`;
}

export function probeOf(name: string, pid: number, dir: string): Probe {
  const path = join(dir, `heap-${pid}`);
  const probe: Probe = {
    ...{ name, rss: [], heap: [], descriptors: [] },
    lookAtPages: () => {
      probe.rss.push({ atMs: monotonicMs(), value: memoryOf(pid).rss });
    },
    look: async () => {
      probe.lookAtPages();
      probe.descriptors.push({
        atMs: monotonicMs(),
        value: readdirSync(`/proc/${pid}/fd`).length,
      });
      process.kill(pid, 'SIGUSR2');
      const bytes = await until(`the heap of ${name}`, () => read(path), COLLECT_MS_MAX);
      rmSync(path);
      probe.heap.push({ atMs: monotonicMs(), value: bytes / MIB });
    },
  };
  return probe;
}

function read(path: string): number | undefined {
  try {
    return Number(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}
