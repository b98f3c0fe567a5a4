/**
 * The tables `[watchdog]` and `[self_fence]` of shim.toml.
 *
 * A self-fence is a promise to others, so it may not hang on the shim alone: a shim that is killed
 * restarts nothing. Hence it is refused without a watchdog, which is what ends the machine then.
 */
import * as v from 'valibot';
import { durationSchema, flagSchema } from '../../protocol/config-fields.ts';
import { notATable } from '../../protocol/mqtt-fields.ts';
import { type TomlFile, tell } from '../../protocol/toml.ts';
import { watchdogFields } from '../../protocol/watchdog-fields.ts';
import { TIMEOUT_MAX_MS } from '../../protocol/wire/timer.ts';

/** A busy server may keep a program from running for seconds. */
const TIMEOUT_LEAST_S = 5;

export const watchdogSchema: v.GenericSchema<unknown, { device: string; timeout: number }> =
  v.strictObject(watchdogFields(TIMEOUT_LEAST_S), notATable('watchdog'));

export const selfFenceSchema: v.GenericSchema<
  unknown,
  { timeout: number; by_timeout?: boolean | undefined }
> = v.strictObject(
  { timeout: v.optional(durationSchema, '30s'), by_timeout: v.optional(flagSchema) },
  notATable('self_fence'),
);

/** The longest way of a beat and its answer that is usual: a broker's there and back. */
const ROUND_TRIP_MS = 1_000;
const LOST_MAX = 3;

/** Tells a timeout that mere noise would reach, and a self-fence that would die with its shim. */
export function checkSelfFence(toml: TomlFile, timeoutMs: number, keepaliveMs: number): void {
  const leastMs = LOST_MAX * (keepaliveMs + Math.min(keepaliveMs, 1_000)) + ROUND_TRIP_MS;
  if (timeoutMs < leastMs) {
    tell(
      toml,
      ['self_fence', 'timeout'],
      'the timeout is so short that a few lost beats would restart this machine',
      `Write at least "${Math.ceil(leastMs / 1_000)}s", or shorten keepalive here and in agent.toml.`,
    );
  }
  if (timeoutMs > TIMEOUT_MAX_MS) {
    const remedy = `Write at most "${Math.floor(TIMEOUT_MAX_MS / 1_000)}s".`;
    tell(toml, ['self_fence', 'timeout'], 'the board cannot be told such a time', remedy);
  }
  if (toml.value['watchdog'] !== undefined) return;
  tell(
    toml,
    ['self_fence'],
    'without a watchdog nothing restarts this machine when the shim itself dies',
    'Add [watchdog] with device and timeout; where there is no chip, load the module softdog.',
  );
}
