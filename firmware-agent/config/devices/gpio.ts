/**
 * `driver = "gpio"`: lines of the board itself, or of an expander that the kernel shows as a chip.
 *
 * A chip is named by its label and a line by its name, because numbers change between kernels. The
 * level that energises a relay, and what its contact then does, are never guessed: a wrong guess
 * would cut a healthy host.
 */
import * as v from 'valibot';
import {
  durationSchema,
  nameSchema,
  textSchema,
  wordSchema,
} from '../../../protocol/config-fields.ts';
import { says } from '../../../protocol/toml-check.ts';
import { coversSchema } from './covers.ts';
import type {
  GpioLine,
  GpioPulse,
  GpioRelay,
  GpioSense,
  OutletTable,
  PowerButton,
  PulseTable,
  SenseTable,
} from './device.ts';
import { outletKeys, outletOf } from './keys.ts';

/** A reading costs microseconds; this is a few times in each round of the judge. */
const GPIO_PERIOD_MS = 20;
/** Long enough for every board's reset button, and for a power button that asks. */
const PULSE_MS = 500;
const PULSE_MS_LEAST = 10;
const PULSE_MS_MOST = 15_000;
/** A press of this length asks; a longer one begins to force. */
const PRESS_MS_MOST = 1_500;
/** A machine is forced off after four seconds; nearly all go within six. */
const HOLD_MS = 6_000;
const HOLD_MS_LEAST = 4_500;
/** A system that stops in good order needs seconds; who waits for minutes does not want a fence. */
const SOFT_MS_LEAST = 2_000;
const SOFT_MS_MOST = 60_000;
/** More would hide the fall of a rail from the proof. */
const DEBOUNCE_MS_MOST = 1_000;
/** Far more lines than any chip has. */
const OFFSET_MAX = 1_023;

const lineSchema: v.GenericSchema<unknown, string | number> = v.custom<string | number>(
  (line) =>
    typeof line === 'number'
      ? Number.isInteger(line) && line >= 0 && line <= OFFSET_MAX
      : v.is(textSchema, line),
  says(
    'this names no line',
    `Write its name, such as "GPIO17", or its offset from 0 to ${OFFSET_MAX}.`,
  ),
);

const place = {
  driver: v.literal('gpio'),
  name: v.optional(nameSchema),
  chip: textSchema,
  line: lineSchema,
  active: wordSchema(['high', 'low']),
  bias: v.optional(wordSchema(['pull-up', 'pull-down', 'disabled'])),
};

type Place = Pick<GpioLine, 'chip' | 'line' | 'active'> & { bias?: GpioLine['bias'] | undefined };

export const gpioOutletSchema: v.GenericSchema<unknown, OutletTable> = v.pipe(
  v.strictObject({
    ...place,
    ...outletKeys,
    contact: wordSchema(['normally-closed', 'normally-open']),
  }),
  v.transform(({ name, level, period, contact, ...own }) => ({
    ...outletOf({ name, level, period }, GPIO_PERIOD_MS),
    readable: true,
    device: { ...gpioLine(own), contact } satisfies GpioRelay,
  })),
);

/** `driver = "power-button"`: a line across the button of an ATX machine, which may be switched off by it. */
export const powerButtonSchema: v.GenericSchema<unknown, OutletTable> = v.pipe(
  v.strictObject({
    ...place,
    ...outletKeys,
    driver: v.literal('power-button'),
    shown_by: nameSchema,
    press: v.optional(withinSchema('a press', PULSE_MS_LEAST, PRESS_MS_MOST)),
    hold: v.optional(withinSchema('a long press', HOLD_MS_LEAST, PULSE_MS_MOST)),
    soft: v.optional(withinSchema('a soft power-off', SOFT_MS_LEAST, SOFT_MS_MOST)),
  }),
  v.transform(
    ({ name, level, period, shown_by: shownBy, press, hold, soft, driver: _, ...own }) => ({
      ...outletOf({ name, level, period }, GPIO_PERIOD_MS),
      readable: true,
      device: {
        ...gpioLine(own),
        ...{ shownBy, pressMs: press ?? PULSE_MS, softMs: soft ?? 0, holdMs: hold ?? HOLD_MS },
      } satisfies PowerButton,
    }),
  ),
);

export const gpioSenseSchema: v.GenericSchema<unknown, SenseTable> = v.pipe(
  v.strictObject({
    ...place,
    covers: coversSchema,
    debounce: v.optional(withinSchema('a debounce', 1, DEBOUNCE_MS_MOST)),
    period: v.optional(durationSchema),
  }),
  v.transform(({ name, covers, debounce, period, ...own }) => ({
    name,
    covers,
    // One line has two levels, and a broken wire has one of them.
    showsBreak: false,
    periodMs: period ?? GPIO_PERIOD_MS,
    device: { ...gpioLine(own), debounceMs: debounce ?? 0 } satisfies GpioSense,
  })),
);

export const gpioPulseSchema: v.GenericSchema<unknown, PulseTable> = v.pipe(
  v.strictObject({
    ...place,
    kind: wordSchema(['reset', 'diag']),
    length: v.optional(withinSchema('a pulse', PULSE_MS_LEAST, PULSE_MS_MOST)),
  }),
  v.transform(({ name, kind, length, ...own }) => ({
    name,
    kind,
    device: { ...gpioLine(own), lengthMs: length ?? PULSE_MS } satisfies GpioPulse,
  })),
);

function gpioLine({ chip, line, active, bias }: Place): GpioLine {
  const same = `line ${line} of ${chip}`;
  return { driver: 'gpio', same, isLine: true, chip, line, active, bias: bias ?? 'as-is' };
}

function withinSchema(
  what: string,
  leastMs: number,
  mostMs: number,
): v.GenericSchema<string, number> {
  return v.pipe(
    durationSchema,
    v.check(
      (ms) => ms >= leastMs && ms <= mostMs,
      says(`${what} cannot be that long`, `Write "${leastMs}ms" to "${mostMs}ms".`),
    ),
  );
}
