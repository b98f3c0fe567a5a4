/** Waiting for what happens to a host's power, as the bench's log tells it. */
import type { BenchEntry } from '../../lib/bench/client.ts';
import type { Rack } from '../../lib/rack.ts';

/** The first edge of the host's power from `sinceMs` on, past or to come; throws after 10 s. */
export function powerEdge(
  rack: Rack,
  host: string,
  to: 'on' | 'off',
  sinceMs = 0,
): Promise<BenchEntry> {
  const is = (entry: BenchEntry): boolean =>
    entry.kind === 'power' && entry.host === host && entry.to === to && entry.atMs >= sinceMs;
  return rack.bench.waitFor(`${host}: power ${to}`, is);
}
