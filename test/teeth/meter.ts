/**
 * Which places of our sources a test passed through, as V8 counts it.
 *
 * Code that V8 has optimized counts its branches and not its calls, so a small function that is called
 * often looks as if it were never run. Where somebody counts, nothing is optimized (`unoptimized`).
 */
import { Session } from 'node:inspector';
import { setFlagsFromString } from 'node:v8';
import { WRAPPER } from './court.ts';

/** A stretch of a module's JavaScript, as gathered. */
export interface Probe {
  path: string;
  from: number;
  to: number;
}

export interface Meter {
  /** Forgets what was counted so far. */
  reset(): void;
  /** For each probe, whether it was run since the last reset; resets. */
  read(probes: readonly Probe[]): boolean[];
  /** The same, of probes that are no part of any function: they run when a module is loaded. */
  outside(probes: readonly Probe[]): boolean[];
  stop(): void;
}

interface Range {
  from: number;
  to: number;
  count: number;
}

const OURS = /^(firmware-agent|host-shim|protocol)\/[^?]*$/;

/** Does its work with V8's optimizer off, in every thread of the process. */
export async function unoptimized<T>(work: () => Promise<T>): Promise<T> {
  setFlagsFromString('--no-opt');
  try {
    return await work();
  } finally {
    setFlagsFromString('--opt');
  }
}

/** Starts to count in this thread; what was optimized before is not any more. */
export function startMeter(): Meter {
  const session = new Session();
  session.connect();
  session.post('Profiler.enable');
  session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  const take = (): Map<string, Range[]> => {
    const ranges = new Map<string, Range[]>();
    session.post('Profiler.takePreciseCoverage', (error, taken) => {
      if (error !== null) throw error;
      for (const { url, functions } of taken.result) {
        if (!OURS.test(url)) continue;
        const all = functions.flatMap((one) => one.ranges);
        ranges.set(
          url,
          all.map(({ startOffset, endOffset, count }) => ({
            from: startOffset - WRAPPER.length,
            to: endOffset - WRAPPER.length,
            count,
          })),
        );
      }
    });
    return ranges;
  };
  const innermost = (probes: readonly Probe[]): (Range | undefined)[] => {
    const ranges = take();
    return probes.map((probe) => smallest(ranges.get(probe.path) ?? [], probe));
  };
  return {
    reset: () => session.post('Profiler.takePreciseCoverage', () => {}),
    read: (probes) => innermost(probes).map((range) => range !== undefined && range.count > 0),
    outside: (probes) => innermost(probes).map((range) => range !== undefined && range.from < 0),
    stop: () => session.disconnect(),
  };
}

function smallest(ranges: readonly Range[], { from, to }: Probe): Range | undefined {
  let best: Range | undefined;
  for (const range of ranges) {
    if (range.from > from || range.to < to) continue;
    if (best === undefined || range.to - range.from <= best.to - best.from) best = range;
  }
  return best;
}
