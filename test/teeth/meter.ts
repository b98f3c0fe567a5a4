/** Which places of our sources a test passed through, as V8 counts it. */
import { Session } from 'node:inspector';
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
}

interface Range {
  from: number;
  to: number;
  count: number;
}

const OURS = /^(firmware-agent|host-shim|protocol)\/[^?]*$/;

/** Starts to count; it goes on until the thread ends. */
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
