/**
 * What both ends say of a watchdog of the kernel: its device, and after what time it acts.
 *
 * The kernel counts whole seconds, and a driver may take another time than it is asked for; what it
 * took is known when the device is open, and told then.
 */
import * as v from 'valibot';
import { durationSchema, pathSchema } from './config-fields.ts';
import { says } from './toml-check.ts';

/** Nobody waits longer for a machine that hangs; the counters of most chips end below it. */
const TIMEOUT_MAX_S = 600;

/** The keys `device` and `timeout`; `leastS` is the shortest timeout that can be fed reliably. */
export function watchdogFields(leastS: number): {
  device: v.GenericSchema<string>;
  timeout: v.GenericSchema<string, number>;
} {
  const isFit = (ms: number): boolean =>
    ms % 1_000 === 0 && ms >= leastS * 1_000 && ms <= TIMEOUT_MAX_S * 1_000;
  const remedy = `Write whole seconds from "${leastS}s" to "${TIMEOUT_MAX_S}s".`;
  return {
    device: pathSchema,
    timeout: v.pipe(durationSchema, v.check(isFit, says('no watchdog takes this time', remedy))),
  };
}
