/** What a shim with stand-ins for watchdog and restart has done to them (self-fencer/main.ts). */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { built } from '../../lib/built.ts';
import type { Rack } from '../../lib/rack.ts';
import { until } from '../../lib/until.ts';

export type What = 'opened' | 'fed' | 'stopped' | 'restart';

export interface Deed {
  atMs: number;
  what: What;
}

/** What was done to the stand-ins of a host, oldest first. */
export function deedsOf(rack: Rack, host: string, sinceMs = 0): Deed[] {
  const path = join(rack.dir, `${host}.sock.deeds`);
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.split(' '))
    .map(([at, what]) => ({ atMs: Number(at), what: what as What }))
    .filter(({ atMs }) => atMs >= sinceMs);
}

/** Waits until something is done to them. */
export function untilDone(
  rack: Rack,
  host: string,
  what: What,
  sinceMs: number,
  limitMs = 15_000,
): Promise<Deed> {
  const look = (): Deed | undefined =>
    deedsOf(rack, host, sinceMs).find((deed) => deed.what === what);
  return until(`${host}: ${what}`, look, limitMs);
}

/** The command of a shim, with the stand-ins in place of the machine. */
export function asSelfFencer(shim: string[], ...more: string[]): string[] {
  const [real, standIn] = ['host-shim/main.ts', 'test/scenario/lib/self-fencer/main.ts'].map(built);
  return [...shim.map((word) => (word === real ? (standIn ?? '') : word)), ...more];
}
