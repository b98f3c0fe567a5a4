/** The worlds by name, each with what may go wrong in it: in full, and for the quick tests. */
import { handshakeWorld } from './handshake.ts';
import { observersWorld } from './observers.ts';
import { powerWorld } from './power.ts';
import type { World } from './search.ts';

export type Size = 'full' | 'quick';

export const NAMES = ['observers', 'power', 'handshake'] as const;
export type Name = (typeof NAMES)[number];

/** One world, or one of its parts by place; a state is whatever the world makes of it. */
export function worldOf(name: Name, size: Size, part?: number): World<unknown> {
  const only = <T>(parts: T[]): T[] => (part === undefined ? parts : parts.slice(part, part + 1));
  const isFull = size === 'full';
  switch (name) {
    case 'observers':
      return observersWorld(
        only(
          isFull
            ? [
                { faults: 2, crashes: 1 },
                { faults: 1, crashes: 2 },
                { faults: 2, crashes: 0, isAlone: true },
              ]
            : [{ faults: 1, crashes: 0 }],
        ),
      ) as World<unknown>;
    case 'power':
      return powerWorld(
        only(
          isFull
            ? [
                { faults: 1, crashes: 1, orders: 1, isNarrow: true },
                { faults: 2, crashes: 0, orders: 1, isNarrow: true },
                { faults: 1, crashes: 0, orders: 1 },
                { faults: 0, crashes: 2, orders: 1 },
                { faults: 0, crashes: 1, orders: 2 },
                { faults: 0, crashes: 0, orders: 3 },
              ]
            : [{ faults: 0, crashes: 1, orders: 1, isNarrow: true }],
        ),
      ) as World<unknown>;
    case 'handshake':
      return handshakeWorld(
        isFull
          ? {
              parts: [
                { tricks: 2, restarts: 1 },
                { tricks: 1, restarts: 2 },
              ],
              periods: 4,
            }
          : { parts: [{ tricks: 1, restarts: 0 }], periods: 2 },
      ) as World<unknown>;
  }
}
