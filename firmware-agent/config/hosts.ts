/**
 * One `[hosts.NAME]` table: its timers, its channels, its devices.
 *
 * The core gets what it decides by, the shell gets what it opens, both in the same order. A host
 * without a channel would be silent for ever, so it is refused rather than guarded badly.
 */

import { type KeyPath, type TomlFile, tell } from '../../protocol/toml.ts';
import { checked, isTable } from '../../protocol/toml-check.ts';
import {
  DEFAULT_SICKTIME_MS,
  DELAY_MAX_MS,
  delayMs,
  MQTT_DELAY_MS,
  OUTLETS_PER_HOST_MAX,
  SERIAL_DELAY_MS,
} from '../core/limits.ts';
import type { HostSettings, OutletSettings, SenseSettings } from '../core/settings.ts';
import type { HostDevices } from './config.ts';
import type { OutletTable, PulseTable, SenseTable } from './devices/device.ts';
import { readOutlet, readPulse, readSense } from './devices.ts';
import { checkButtons, checkDevices, checkHoldUp, checkSharedPower } from './host-devices.ts';
import { checkTimer } from './host-timer.ts';
import { LATER } from './later.ts';
import { type HostTable, hostSchema, type SerialTable, type TimingTable } from './schema.ts';
import { type SelfFence, selfFenceOf } from './self-fence.ts';
import { checkTiming, timingOf } from './timing.ts';

const BAUD_DEFAULT = 115_200;

/** What a host inherits from the rest of the file. */
export interface HostContext {
  timing: TimingTable;
  /** Absent where the file has no [mqtt]. */
  mqtt?: { delayMs?: number | undefined };
}

/** One host as the core sees it, and its devices as the shell opens them. */
export interface ReadHost {
  name: string;
  path: KeyPath;
  /** False where a device was left out because it is wrong in itself. */
  complete: boolean;
  settings: HostSettings;
  devices: HostDevices;
  selfFence?: SelfFence;
}

/** Reads the table of host `name`; undefined where it is wrong in itself, which was told. */
export function readHost(
  toml: TomlFile,
  name: string,
  value: unknown,
  context: HostContext,
): ReadHost | undefined {
  const path: KeyPath = ['hosts', name];
  const table = checked(toml, path, hostSchema, value, LATER);
  // Devices are read even of a host that is wrong in itself, so that all its errors come at once.
  const outlets = membersOf(value, 'outlets').map((outlet, index) =>
    readOutlet(toml, [...path, 'outlets', index], outlet),
  );
  const senses = membersOf(value, 'senses').map((sense, index) =>
    readSense(toml, [...path, 'senses', index], sense),
  );
  const pulses = membersOf(value, 'pulses').map((pulse, index) =>
    readPulse(toml, [...path, 'pulses', index], pulse),
  );
  if (table === undefined) return undefined;
  const complete = ![...outlets, ...senses, ...pulses].includes(undefined);
  const devices = {
    outlets: outlets.filter(isPresent),
    senses: senses.filter(isPresent),
    pulses: pulses.filter(isPresent),
  };
  const settings = settingsOf(name, table, context, devices);
  const source = { path, own: table, shared: context.timing };
  checkTiming(toml, source, settings.timing, delayMs(settings));
  if (table.hold_up !== undefined) checkHoldUp(toml, path, settings.timing, table.hold_up);
  if (table.outlets === undefined && settings.proof !== 'by-timeout') {
    tell(toml, path, 'the host has no outlets', `Write [[hosts.${name}.outlets]].`);
  }
  checkChannels(toml, path, table, context);
  if (context.mqtt === undefined) checkBroker(toml, path, devices);
  if (complete) {
    checkDevices(toml, path, settings, devices.senses);
    checkButtons(toml, path, settings, devices);
    if (settings.proof !== 'by-timeout') checkSharedPower(toml, path, devices.outlets);
    if (table.timer !== undefined) {
      checkTimer(toml, path, settings, table.timer, delayMs(settings));
    }
  }
  const selfFence = selfFenceOf(toml, path, table);
  const all = { name, path, complete, settings, devices: devicesOf(name, table, devices) };
  return selfFence === undefined ? all : { ...all, selfFence };
}

interface Devices {
  outlets: OutletTable[];
  senses: SenseTable[];
  pulses: PulseTable[];
}

function settingsOf(
  name: string,
  table: HostTable,
  context: HostContext,
  devices: Devices,
): HostSettings {
  const { serial } = table;
  const outlets = devices.outlets.map((outlet, index) => outletSettings(outlet, index));
  return {
    host: table.id,
    name,
    timing: timingOf(table, context.timing),
    silence: table.silence ?? 'prove',
    proof: table.proof ?? 'verified',
    afterFence: table.after_fence ?? 'restore',
    ...(serial !== undefined && { serial: serialSettings(serial) }),
    mqtt: table.mqtt ?? context.mqtt !== undefined,
    delayMs: {
      serial: serial?.delay ?? SERIAL_DELAY_MS,
      mqtt: context.mqtt?.delayMs ?? MQTT_DELAY_MS,
    },
    ...(table.sick === 'act' && { sick: { timeMs: table.sicktime ?? DEFAULT_SICKTIME_MS } }),
    fate: table.fate ?? [],
    outlets,
    senses: devices.senses.map(
      (sense, index): SenseSettings => ({
        name: sense.name ?? `sense${index + 1}`,
        covers: coversOf(sense, outlets),
        periodMs: sense.periodMs,
        showsBreak: sense.showsBreak,
      }),
    ),
    wiring: [...devices.outlets, ...devices.senses]
      .map(({ device }) => `${device.driver} ${device.same}`)
      .join('; '),
    pulses: devices.pulses.map(({ name: own, kind }) => ({ name: own ?? kind, kind })),
    ...(table.timer !== undefined && { timer: table.timer }),
    ...(table.proof === 'by-timeout' &&
      table.self_fence !== undefined && { selfFenceMs: table.self_fence }),
  };
}

function outletSettings(outlet: OutletTable, index: number): OutletSettings {
  const { level, readable, periodMs } = outlet;
  return { name: outlet.name ?? `outlet${index + 1}`, method: level, readable, periodMs };
}

function serialSettings(serial: SerialTable): { adapter?: string; modem: boolean } {
  const { adapter, modem = false } = serial;
  return { ...(adapter !== undefined && { adapter }), modem };
}

function coversOf({ covers }: SenseTable, outlets: OutletSettings[]): SenseSettings['covers'] {
  if (covers === 'host') return 'host';
  const indexes = covers.map((name) => outlets.findIndex((outlet) => outlet.name === name));
  return indexes.filter((index) => index >= 0);
}

function checkChannels(
  toml: TomlFile,
  path: KeyPath,
  table: HostTable,
  context: HostContext,
): void {
  const mqtt = table.mqtt ?? context.mqtt !== undefined;
  if (mqtt && context.mqtt === undefined) {
    tell(toml, [...path, 'mqtt'], 'the file names no broker', 'Add [mqtt], or write mqtt = false.');
  }
  if (!mqtt && table.serial === undefined) {
    tell(
      toml,
      path,
      'the host has no channel: its beats could never arrive',
      'Add serial = { path = ... }, or mqtt = true and [mqtt].',
    );
  }
  if ((table.serial?.delay ?? 0) > DELAY_MAX_MS) {
    tell(
      toml,
      [...path, 'serial', 'delay'],
      'no serial line is that slow',
      `Write at most "${DELAY_MAX_MS / 1_000}s".`,
    );
  }
}

/** A plug over MQTT is reached over the broker of the file. */
function checkBroker(toml: TomlFile, path: KeyPath, devices: Devices): void {
  for (const kind of ['outlets', 'senses'] as const) {
    for (const [index, { device }] of devices[kind].entries()) {
      if (device.driver !== 'mqtt-plug') continue;
      tell(toml, [...path, kind, index], 'the file names no broker', 'Add [mqtt].');
    }
  }
}

function devicesOf(
  name: string,
  table: HostTable,
  { outlets, senses, pulses }: Devices,
): HostDevices {
  const { serial } = table;
  return {
    host: table.id,
    name,
    ...(serial !== undefined && {
      serial: { path: serial.path, baud: serial.baud ?? BAUD_DEFAULT, ...serialSettings(serial) },
    }),
    outlets: outlets.map((outlet) => outlet.device),
    senses: senses.map((sense) => sense.device),
    pulses: pulses.map((pulse) => pulse.device),
  };
}

function membersOf(table: unknown, key: 'outlets' | 'senses' | 'pulses'): unknown[] {
  const members = isTable(table) ? table[key] : undefined;
  return Array.isArray(members) ? members.slice(0, OUTLETS_PER_HOST_MAX) : [];
}

function isPresent<T>(value: T | undefined): value is T {
  return value !== undefined;
}
