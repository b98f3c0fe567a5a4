/** The keys that a table of a device has, whatever drives it. */
import * as v from 'valibot';
import {
  durationSchema,
  flagSchema,
  nameSchema,
  wholeSchema,
} from '../../../protocol/config-fields.ts';
import { says } from '../../../protocol/toml-check.ts';
import { METHODS_MAX } from '../../core/limits.ts';
import { coversSchema } from './covers.ts';
import type { OutletTable, SenseTable } from './device.ts';

const PLUG_REMEDY = 'Write plug = 1, as the device numbers it.';

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

/** The plug of a device, as it numbers or names them. */
export const plugSchema: v.GenericSchema<unknown, string> = v.pipe(
  v.union([v.string(), v.number()], says('this names no plug', PLUG_REMEDY)),
  v.transform(String),
  v.regex(/^\w{1,16}$/, says('this names no plug', PLUG_REMEDY)),
);

/** Of a sense. */
export const senseKeys: {
  name: Maybe<string>;
  covers: v.GenericSchema<unknown, 'host' | string[]>;
  shows_break: Maybe<boolean>;
  period: Maybe<string, number>;
} = {
  name: v.optional(nameSchema),
  covers: coversSchema,
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
