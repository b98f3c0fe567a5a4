/**
 * `driver = "bench"`: contacts and senses that a process on this machine plays.
 *
 * For trying the board without hardware: the bench holds the relay levels, and power cut there
 * really stops the processes that stand in for a host.
 */
import * as v from 'valibot';
import {
  durationSchema,
  flagSchema,
  nameSchema,
  socketPathSchema,
  wholeSchema,
  wordSchema,
} from '../../../protocol/config-fields.ts';
import { METHODS_MAX } from '../../core/limits.ts';
import { coversSchema } from './covers.ts';
import type { BenchDevice, OutletTable, PulseTable, SenseTable } from './device.ts';

/** The bench answers within a turn of its process; asking more often finds nothing new. */
const BENCH_PERIOD_MS = 50;

const place = {
  driver: v.literal('bench'),
  name: v.optional(nameSchema),
  socket: socketPathSchema,
  plug: nameSchema,
  period: v.optional(durationSchema),
};

export const benchOutletSchema: v.GenericSchema<unknown, OutletTable> = v.pipe(
  v.strictObject({
    ...place,
    level: v.optional(wholeSchema('the level of a method', 1, METHODS_MAX)),
    readable: v.optional(flagSchema),
  }),
  v.transform(({ name, level, readable, period, socket, plug }) => ({
    name,
    level: level ?? 1,
    readable: readable ?? true,
    periodMs: period ?? BENCH_PERIOD_MS,
    device: benchDevice(socket, plug),
  })),
);

export const benchSenseSchema: v.GenericSchema<unknown, SenseTable> = v.pipe(
  v.strictObject({
    ...place,
    covers: coversSchema,
    shows_break: v.optional(flagSchema),
  }),
  v.transform(({ name, covers, shows_break: showsBreak = false, period, socket, plug }) => ({
    name,
    covers,
    showsBreak,
    periodMs: period ?? BENCH_PERIOD_MS,
    device: benchDevice(socket, plug),
  })),
);

export const benchPulseSchema: v.GenericSchema<unknown, PulseTable> = v.pipe(
  v.strictObject({
    driver: v.literal('bench'),
    kind: wordSchema(['reset', 'diag']),
    name: v.optional(nameSchema),
    socket: socketPathSchema,
    plug: nameSchema,
  }),
  v.transform(({ name, kind, socket, plug }) => ({
    name,
    kind,
    device: benchDevice(socket, plug),
  })),
);

function benchDevice(socket: string, plug: string): BenchDevice {
  return { driver: 'bench', same: `${plug} of ${socket}`, socket, plug };
}
