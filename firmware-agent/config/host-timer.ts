/**
 * Whether a host can have the watchdog timer that its table asks for.
 *
 * The timeout stands in for the deadtime, so it obeys the same limits; an action that needs a line
 * which is not there would be found out on the day it matters.
 */
import { type KeyPath, type TomlFile, tell, warn } from '../../protocol/toml.ts';
import type { TimerSettings } from '../../protocol/wire/timer.ts';
import { loopLagMs, timerMinMs } from '../core/limits.ts';
import type { HostSettings } from '../core/settings.ts';
import { seconds } from './timing.ts';

/** Tells what is wrong between a host's timer and the rest of its table. */
export function checkTimer(
  toml: TomlFile,
  path: KeyPath,
  { timing, pulses }: HostSettings,
  timer: TimerSettings,
  channelDelayMs: number,
): void {
  const at = [...path, 'timer'];
  const { action, preAction, mode, timeoutMs, pretimeoutMs } = timer;
  const lines = pulses.map(({ kind }) => kind);
  for (const [key, kind] of [
    ['action', action],
    ['pre_action', preAction],
  ] as const) {
    if ((kind !== 'reset' && kind !== 'diag') || lines.includes(kind)) continue;
    tell(
      toml,
      [...at, key],
      `the host has no line for "${kind}"`,
      `Add a table [[hosts.NAME.pulses]] with kind = "${kind}", or write another action.`,
    );
  }
  const leastMs = timerMinMs(timing, channelDelayMs, loopLagMs(timing.deadtimeMs));
  const shortestMs = preAction === 'diag' ? timeoutMs - pretimeoutMs : timeoutMs;
  if (shortestMs < leastMs) {
    const what = preAction === 'diag' ? 'the diagnostic interrupt comes' : 'the timer acts';
    tell(
      toml,
      [...at, 'timeout'],
      `${what} after ${seconds(shortestMs)}: lost beats would look like a dead host`,
      `Write more than ${seconds(leastMs)}, or shorten keepalive or the delay of the slowest channel.`,
    );
  }
  if (mode === 'beat' && timeoutMs >= timing.deadtimeMs) {
    warn(
      toml,
      [...at, 'timeout'],
      `the timer never acts: silence is death after deadtime, ${seconds(timing.deadtimeMs)}`,
      'Shorten the timeout, or write mode = "kick".',
    );
  }
}
