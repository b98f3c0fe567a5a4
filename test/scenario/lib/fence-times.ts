/** When each part of one fence happened: deeds by the bench's log, the claim by the agent's. */
import type { BenchEntry } from '../../lib/bench/client.ts';
import type { Rack } from '../../lib/rack.ts';
import { pause } from '../../lib/until.ts';
import { figure } from './figures.ts';
import { cutToFenced, type Millis, silenceToCut } from './timing.ts';

export interface FenceTimes {
  hungAt: number;
  /** The relay was told to open. */
  cutAt: number;
  /** Power was really gone. */
  darkAt: number;
  fencedAt: number;
  /** Power was really back. */
  lightAt: number;
}

/** A verdict, a gap between two fences, and a fence. */
const FENCE_MS_MAX = 50_000;

type What = 'hang' | 'open' | 'off' | 'on';

/**
 * Hangs the host and follows what comes of it until it has power again. It beats on a little before
 * it hangs: one that was heard only once may still be booting, and for that initdead counts.
 */
export async function hangAndFollow(rack: Rack, host: string): Promise<FenceTimes> {
  await pause(2.5 * Number.parseInt(rack.setup.timing.keepalive, 10));
  const sinceMs = rack.bench.log().at(-1)?.atMs ?? 0;
  await rack.bench.host(host, 'hang');
  const at = async (what: What): Promise<number> => {
    const is = (entry: BenchEntry): boolean => entry.atMs > sinceMs && isOf(entry, host, what);
    return (await rack.bench.waitFor(`${host}: ${what}`, is, FENCE_MS_MAX)).atMs;
  };
  const hungAt = await at('hang');
  const cutAt = await at('open');
  const darkAt = await at('off');
  const { atMs: fencedAt } = await rack.agent.waitFor(
    `${host} fenced`,
    (line) => line.code === 'fenced' && line.host === host && line.atMs > sinceMs,
  );
  const lightAt = await at('on');
  return { hungAt, cutAt, darkAt, fencedAt, lightAt };
}

/** The kind of what the log calls by one word. */
function isOf(entry: BenchEntry, host: string, what: What): boolean {
  if (!('host' in entry) || entry.host !== host) return false;
  if (entry.kind === 'process') return entry.what === what;
  return (entry.kind === 'command' || entry.kind === 'power') && entry.to === what;
}

/** Notes the figures of one fence by verdict; throws where one lies outside of what is promised. */
export function noteFence(
  words: string,
  times: FenceTimes,
  millis: Millis,
  slowestMs: number,
): void {
  const { hungAt, cutAt, darkAt, fencedAt, lightAt } = times;
  const hold = { leastMs: millis.holdMs, mostMs: cutToFenced(millis).mostMs };
  figure(`L1 ${words}: hang to cut`, cutAt - hungAt, silenceToCut(millis, slowestMs));
  figure(`L2 ${words}: cut to "fenced"`, fencedAt - cutAt, cutToFenced(millis));
  figure(`L2 ${words}: power gone to "fenced"`, fencedAt - darkAt, hold);
  figure(`L6 ${words}: "fenced" to power back`, lightAt - fencedAt);
}
