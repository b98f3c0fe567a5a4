/**
 * Which drivers there are: the one list that a configuration may choose from.
 *
 * A new driver adds its schemas here; the key `driver` of a table chooses between them.
 */
import type * as v from 'valibot';
import { type KeyPath, type TomlFile, tell, warn } from '../../protocol/toml.ts';
import { asText, checked, didYouMean, isTable } from '../../protocol/toml-check.ts';
import { benchOutletSchema, benchPulseSchema, benchSenseSchema } from './devices/bench.ts';
import type { OutletTable, PulseTable, SenseTable } from './devices/device.ts';
import { fenceAgentOutletSchema } from './devices/fence-agent.ts';
import {
  gpioOutletSchema,
  gpioPulseSchema,
  gpioSenseSchema,
  powerButtonSchema,
} from './devices/gpio.ts';
import { plugOutletSchema, plugSenseSchema } from './devices/mqtt-plug.ts';
import { serialOutletSchema } from './devices/serial-switch.ts';
import { LATER } from './later.ts';

const OUTLETS: Record<string, v.GenericSchema<unknown, OutletTable>> = {
  bench: benchOutletSchema,
  gpio: gpioOutletSchema,
  'power-button': powerButtonSchema,
  'fence-agent': fenceAgentOutletSchema,
  'serial-switch': serialOutletSchema,
  'mqtt-plug': plugOutletSchema,
};

const SENSES: Record<string, v.GenericSchema<unknown, SenseTable>> = {
  bench: benchSenseSchema,
  gpio: gpioSenseSchema,
  'mqtt-plug': plugSenseSchema,
};

const PULSES: Record<string, v.GenericSchema<unknown, PulseTable>> = {
  bench: benchPulseSchema,
  gpio: gpioPulseSchema,
};

/** One outlet, or undefined after what is wrong with it was told. */
export function readOutlet(toml: TomlFile, path: KeyPath, value: unknown): OutletTable | undefined {
  const schema = chosen(toml, path, value, OUTLETS);
  const outlet = schema && checked(toml, path, schema, value, LATER);
  const device = outlet?.device;
  if (device?.driver === 'gpio' && 'contact' in device && device.contact === 'normally-open') {
    warn(
      toml,
      [...path, 'contact'],
      'this contact opens when the board or the agent dies: its host loses power with them',
      'Wire the supply over the normally closed contact.',
    );
  }
  return outlet;
}

/** One sense, or undefined after what is wrong with it was told. */
export function readSense(toml: TomlFile, path: KeyPath, value: unknown): SenseTable | undefined {
  const schema = chosen(toml, path, value, SENSES);
  return schema && checked(toml, path, schema, value, LATER);
}

/** One pulse line, or undefined after what is wrong with it was told. */
export function readPulse(toml: TomlFile, path: KeyPath, value: unknown): PulseTable | undefined {
  const schema = chosen(toml, path, value, PULSES);
  return schema && checked(toml, path, schema, value, LATER);
}

function chosen<S>(
  toml: TomlFile,
  path: KeyPath,
  value: unknown,
  drivers: Record<string, S>,
): S | undefined {
  const names = Object.keys(drivers);
  const remedy = `Write driver = ${names.map((name) => `"${name}"`).join(' or ')}.`;
  const driver = isTable(value) ? value['driver'] : undefined;
  if (!isTable(value)) tell(toml, path, 'this must be a table with a driver', remedy);
  else if (driver === undefined) tell(toml, [...path, 'driver'], 'the key is missing', remedy);
  else if (typeof driver !== 'string') tell(toml, [...path, 'driver'], 'a driver is text', remedy);
  else if (Object.hasOwn(drivers, driver)) return drivers[driver];
  else {
    tell(
      toml,
      [...path, 'driver'],
      `there is no driver ${asText(driver)}`,
      `${remedy}${didYouMean(driver, names)}`,
    );
  }
  return undefined;
}
