/**
 * `driver = "fence-agent"`: any existing fence agent as a switch.
 *
 * Its options are the agent's own, by the names of its manual; what is to be done, and every
 * password, we give it ourselves.
 */
import * as v from 'valibot';
import { durationSchema, flagSchema, pathSchema } from '../../../protocol/config-fields.ts';
import { isTable, says } from '../../../protocol/toml-check.ts';
import type { OutletTable } from './device.ts';
import { outletKeys, outletOf } from './keys.ts';

/** A program is started for each reading; oftener, and a small board does little else. */
const PERIOD_MS = 2_000;
/** Fence agents wait up to 20 s for power to go. */
const TIME_LIMIT_MS = 20_000;

const OPTION = /^(?!(?:action|option)=)[A-Za-z0-9_-]{1,63}=[^\p{Cc}]{0,255}$/u;
/** A script or a file that holds a secret is none itself. */
const SECRET = /^(?!.*[_-](?:script|file)$).*(?:pass|secret|token)/i;

const optionsSchema: v.GenericSchema<unknown, Record<string, string>> = v.pipe(
  v.unknown(),
  v.check(
    (table) =>
      isTable(table) &&
      !Object.values(table).some((value) => typeof value === 'object') &&
      linesOf(table).every((line) => OPTION.test(line)),
    says(
      'these are no options of a fence agent, or hold the action',
      'Write options = { ip = "10.0.0.5", plug = "3" }.',
    ),
  ),
  v.check(
    (table) => !Object.keys(table as object).some((key) => SECRET.test(key)),
    says('a secret must not stand here', 'Use password_file or password_script.'),
  ),
  v.transform((table) =>
    Object.fromEntries(Object.entries(table as object).map(([key, value]) => [key, String(value)])),
  ),
);

export const fenceAgentOutletSchema: v.GenericSchema<unknown, OutletTable> = v.pipe(
  v.strictObject({
    driver: v.literal('fence-agent'),
    ...outletKeys,
    program: pathSchema,
    options: v.optional(optionsSchema),
    password_file: v.optional(pathSchema),
    password_script: v.optional(pathSchema),
    shares_power: flagSchema,
    time_limit: v.optional(durationSchema),
  }),
  v.check(
    (table) => table.password_file === undefined || table.password_script === undefined,
    says('the password has two sources', 'Keep password_file or password_script.'),
  ),
  v.transform((table) => {
    const { program, options = {}, password_file: file, password_script: script } = table;
    return {
      ...outletOf(table, PERIOD_MS),
      readable: true,
      sharesPower: table.shares_power,
      device: {
        driver: 'fence-agent' as const,
        same: [program, ...linesOf(options)].join(' '),
        program,
        options,
        ...(file !== undefined && { password: { file } }),
        ...(script !== undefined && { password: { script } }),
        timeLimitMs: table.time_limit ?? TIME_LIMIT_MS,
      },
    };
  }),
);

function linesOf(options: object): string[] {
  return Object.entries(options).map(([key, value]) => `${key}=${value}`);
}
