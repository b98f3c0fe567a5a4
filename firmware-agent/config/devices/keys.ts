/** The keys that a table of a device has, whatever drives it. */
import * as v from 'valibot';
import {
  durationSchema,
  flagSchema,
  nameSchema,
  wholeSchema,
} from '../../../protocol/config-fields.ts';
import { says } from '../../../protocol/toml-check.ts';
import { METHODS_MAX, OUTLETS_PER_HOST_MAX } from '../../core/limits.ts';
import type { OutletTable, SenseTable } from './device.ts';

type Maybe<I, O = I> = v.OptionalSchema<v.GenericSchema<I, O>, undefined>;

/** Of an outlet, beside `driver` and what names the device. */
export const outletKeys: {
  name: Maybe<string>;
  level: Maybe<number>;
  period: Maybe<string, number>;
} = {
  name: v.optional(nameSchema),
  level: v.optional(wholeSchema('the level of a method', 1, METHODS_MAX)),
  period: v.optional(durationSchema),
};

/** Of a sense. */
export const senseKeys: {
  name: Maybe<string>;
  covers: v.GenericSchema<'host' | string[]>;
  shows_break: Maybe<boolean>;
  period: Maybe<string, number>;
} = {
  name: v.optional(nameSchema),
  covers: v.union(
    [
      v.literal('host'),
      v.pipe(v.array(nameSchema), v.minLength(1), v.maxLength(OUTLETS_PER_HOST_MAX)),
    ],
    says('this does not say what the sense covers', 'Write "host", or a list of outlet names.'),
  ),
  shows_break: v.optional(flagSchema),
  period: v.optional(durationSchema),
};

interface OutletInput {
  name?: string | undefined;
  level?: number | undefined;
  period?: number | undefined;
}

/** What the checked keys of an outlet say. */
export function outletOf(
  { name, level = 1, period }: OutletInput,
  periodMs: number,
): Omit<OutletTable, 'readable' | 'device'> {
  return { name, level, periodMs: period ?? periodMs };
}

interface SenseInput {
  name?: string | undefined;
  covers: 'host' | string[];
  shows_break?: boolean | undefined;
  period?: number | undefined;
}

/** What the checked keys of a sense say. */
export function senseOf(
  { name, covers, shows_break: showsBreak = false, period }: SenseInput,
  periodMs: number,
): Omit<SenseTable, 'device'> {
  return { name, covers, showsBreak, periodMs: period ?? periodMs };
}
