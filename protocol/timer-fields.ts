/**
 * The table `timer` of agent.toml and of shim.toml: the settings of the watchdog timer.
 *
 * Only what the table says of itself is checked here; whether a host can have such a timer depends
 * on its own timers and lines, which the board knows.
 */
import * as v from 'valibot';
import { durationSchema, flagSchema, wordSchema } from './config-fields.ts';
import { says } from './toml-check.ts';
import { TIMEOUT_MAX_MS, TIMER_UNIT_MS, type TimerSettings } from './wire/timer.ts';

const timeSchema = v.pipe(
  durationSchema,
  v.check(
    (ms) => ms % TIMER_UNIT_MS === 0 && ms <= TIMEOUT_MAX_MS,
    says('a timer counts tenths of a second, up to 6553.5 s', 'Write for example "30s" or "2.5s".'),
  ),
);

const table = v.strictObject(
  {
    timeout: timeSchema,
    action: wordSchema(['none', 'reset', 'off', 'cycle', 'diag']),
    mode: v.optional(wordSchema(['beat', 'kick'])),
    pretimeout: v.optional(timeSchema),
    pre_action: v.optional(wordSchema(['none', 'warn', 'diag'])),
    nowayout: v.optional(flagSchema),
    use: v.optional(wordSchema(['bios-frb2', 'bios-post', 'os-load', 'sms-os', 'oem'])),
  },
  says('this must be a table', 'Write timer = { timeout = "60s", action = "cycle" }.'),
);

/** The table as settings; a pre-timeout warns unless it says otherwise. */
export const timerSchema: v.GenericSchema<unknown, TimerSettings> = v.pipe(
  table,
  v.check(
    ({ timeout, pretimeout = 0 }) => pretimeout < timeout,
    says(
      'the pre-timeout is not shorter than the timeout',
      'It counts back from the expiry: shorten it.',
    ),
  ),
  v.check(
    ({ pretimeout, pre_action: action }) =>
      pretimeout !== undefined || action === undefined || action === 'none',
    says('the pre-action has no pre-timeout', 'Add pretimeout = "10s", or remove pre_action.'),
  ),
  v.transform(({ timeout, action, mode, pretimeout, pre_action: pre, nowayout, use }) => {
    const preAction = pretimeout === undefined ? 'none' : (pre ?? 'warn');
    return {
      use: use ?? 'sms-os',
      mode: mode ?? 'beat',
      nowayout: nowayout ?? false,
      action,
      preAction,
      timeoutMs: timeout,
      pretimeoutMs: preAction === 'none' ? 0 : (pretimeout ?? 0),
    };
  }),
);
