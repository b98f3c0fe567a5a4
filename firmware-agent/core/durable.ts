/**
 * What the board writes to disk, and all that it may take from it (S7): disk may forbid, answer
 * and finish a restore. It never opens a relay and never makes a silence.
 */
import type { FenceRecord } from '../../protocol/wire/view.ts';
import type { Board, Disabled } from './board.ts';
import type { Tested } from './drill.ts';
import type { Answer, Order } from './events.ts';
import type { Fence } from './fence-state.ts';
import { STARTS_MAX } from './limits.ts';
import type { PulseKind } from './pulse.ts';
import { nameOfBy } from './record.ts';

export interface Durable {
  format: 1;
  /** Fences that had not ended, by host number. */
  fences: DurableFence[];
  orders: { order: Order; final?: Answer }[];
  frozen: { host: number; why: string }[];
  /** What was ordered not to be fenced; the wall clock says only how much of its time is left. */
  maintenance: (Disabled & { host: number; forMs: number; untilWallMs: number })[];
  disabled?: Disabled;
  left: { host: number; incarnation: number }[];
  /** Wall clock of fences that a restart interrupted, for freezing at the third. */
  interrupted: { host: number; wallMs: number[] }[];
  /** Wall clock of the last starts; only for noticing a crash loop. */
  startsWallMs: number[];
  nextFence: number;
  /** Timers that were armed: for an alarm only, disk never arms anything. Absent in older files. */
  timers?: { host: number; incarnation: number }[];
  /** Pulses that had not ended, recorded before they were given; for whoever reads the file. */
  pulses?: { host: number; id: number; kind: PulseKind; by: string }[];
  /** What drills have shown. Absent in older files. */
  tested?: (Tested & { host: number })[];
  /** Of fences that ended, while they may not lie in files yet. Absent in older files. */
  records?: FenceRecord[];
}

export interface DurableFence {
  host: number;
  incarnation: number;
  orders: string[];
  keptBy?: string;
  /** True once it was reported fenced. */
  reported: boolean;
  /** The outlets that were told to open; empty before the cut. */
  outlets: number[];
  /** Which senses had been seen on by the life that cut: half of what makes them believed. */
  seenOn: boolean[];
  /** For the record, should nobody live to write a better one. Absent in older files. */
  id?: number;
  by?: string;
}

export function durableOf(
  board: Board,
  startsWallMs: readonly number[],
  records: FenceRecord[] = [],
): Durable {
  const hosts = [...board.hosts.values()];
  return {
    format: 1,
    fences: hosts.flatMap(({ settings, methods, fence, power }) =>
      fence === undefined
        ? []
        : [
            {
              host: settings.host,
              incarnation: fence.incarnation,
              orders: [...fence.orders],
              ...(fence.keptBy === undefined ? {} : { keptBy: fence.keptBy }),
              reported: fence.proof !== 'none',
              outlets: [...toldToOpen(methods, fence)],
              seenOn: power.senses.map((sense) => sense.seenOn && !sense.suspect),
              id: fence.id,
              by: nameOfBy(fence.by),
            },
          ],
    ),
    orders: [...board.orders.values()].map(({ order, final }) => ({
      order,
      ...(final === undefined ? {} : { final }),
    })),
    frozen: hosts.flatMap(({ settings, frozen }) =>
      frozen === undefined ? [] : [{ host: settings.host, why: frozen.why }],
    ),
    maintenance: hosts.flatMap(({ settings, maintenance }) => {
      if (maintenance === undefined) return [];
      const { untilAt, ...rest } = maintenance;
      const untilWallMs = Math.round(untilAt + board.wallOffsetMs);
      return [{ ...rest, host: settings.host, untilWallMs }];
    }),
    ...(board.disabled === undefined ? {} : { disabled: board.disabled }),
    left: hosts.flatMap(({ settings, life }) =>
      life.at === 'left' ? [{ host: settings.host, incarnation: life.incarnation }] : [],
    ),
    interrupted: hosts.flatMap(({ settings, interruptedWallMs }) =>
      interruptedWallMs.length === 0 ? [] : [{ host: settings.host, wallMs: interruptedWallMs }],
    ),
    startsWallMs: startsWallMs.slice(-STARTS_MAX),
    nextFence: board.nextFence,
    timers: hosts.flatMap(({ settings, timer, timerLost }) => {
      const incarnation = timer.at === 'off' ? timerLost : timer.incarnation;
      return incarnation === undefined ? [] : [{ host: settings.host, incarnation }];
    }),
    pulses: hosts.flatMap(({ settings, pulse }) =>
      pulse === undefined
        ? []
        : [{ host: settings.host, id: pulse.id, kind: pulse.kind, by: pulse.by }],
    ),
    records,
    tested: hosts.flatMap(({ settings, tested }) =>
      tested === undefined ? [] : [{ ...tested, host: settings.host }],
    ),
  };
}

/** What was proven counts; where every method failed, all of them may be open. */
function toldToOpen(methods: readonly (readonly number[])[], fence: Fence): readonly number[] {
  if (fence.step.at === 'proving') return fence.step.outlets;
  return fence.dark ?? (fence.firstCutAt === undefined ? [] : methods.flat());
}
