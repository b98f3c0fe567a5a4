/**
 * `driver = "bench"`: contacts and senses that a process on this machine plays.
 *
 * For trying the board without hardware: the bench holds the relay levels, and power cut there
 * really stops the processes that stand in for a host.
 */
import * as v from 'valibot';
import {
  flagSchema,
  nameSchema,
  socketPathSchema,
  wordSchema,
} from '../../../protocol/config-fields.ts';
import type { BenchDevice, OutletTable, PulseTable, SenseTable } from './device.ts';
import { outletKeys, outletOf, senseKeys, senseOf } from './keys.ts';

/** The bench answers at once, so what it plays is seen at once. */
const BENCH_PERIOD_MS = 10;

const place = { driver: v.literal('bench'), socket: socketPathSchema, plug: nameSchema };

export const benchOutletSchema: v.GenericSchema<unknown, OutletTable> = v.pipe(
  v.strictObject({ ...place, ...outletKeys, readable: v.optional(flagSchema) }),
  v.transform(({ readable = true, socket, plug, ...table }) => ({
    ...outletOf(table, BENCH_PERIOD_MS),
    readable,
    device: benchDevice(socket, plug),
  })),
);

export const benchSenseSchema: v.GenericSchema<unknown, SenseTable> = v.pipe(
  v.strictObject({ ...place, ...senseKeys }),
  v.transform(({ socket, plug, ...table }) => ({
    ...senseOf(table, BENCH_PERIOD_MS),
    device: benchDevice(socket, plug),
  })),
);

export const benchPulseSchema: v.GenericSchema<unknown, PulseTable> = v.pipe(
  v.strictObject({
    ...place,
    kind: wordSchema(['reset', 'diag']),
    name: v.optional(nameSchema),
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
