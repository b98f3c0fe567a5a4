/**
 * What every kind of device has in common, and the closed union of kinds.
 *
 * A driver that is added brings its own member of the unions and its own file beside this one.
 * `same` is what names the device in the real world: two of one driver and one `same` are one
 * contact, or one input.
 */

import type { SecretSource } from '../../../protocol/secret.ts';
import type { SerialWords } from './serial-models.ts';

/** What a switch driver needs to reach its contact. */
export type OutletDevice =
  | BenchDevice
  | GpioOutlet
  | FenceAgentDevice
  | SerialSwitchDevice
  | MqttPlugDevice;
/** What a sense driver needs to reach its input. */
export type SenseDevice = BenchDevice | GpioSense | MqttMeterDevice;
/** What a driver needs to give a pulse. */
export type PulseDevice = BenchDevice | GpioPulse;

export interface BenchDevice {
  driver: 'bench';
  same: string;
  /** Path of the bench's socket. */
  socket: string;
  /** The bench's name for the relay or the sense. */
  plug: string;
}

/** A line of a GPIO chip. */
export interface GpioLine {
  driver: 'gpio';
  same: string;
  /** It has one use: an outlet, a sense or a pulse, never two of them. */
  isLine: true;
  /** The label of the chip, or the path of its device. */
  chip: string;
  /** Name or offset. */
  line: string | number;
  /** The level that energises the relay, presses the button, or shows power. */
  active: 'high' | 'low';
  bias: 'as-is' | 'pull-up' | 'pull-down' | 'disabled';
}

export type GpioOutlet = GpioRelay | PowerButton;

/**
 * The machine's own power button, pressed like a finger does: long to cut, short to give power. A
 * press does the opposite in the other state, so what shows power decides whether there is one.
 */
export interface PowerButton extends GpioLine {
  /** The name of the host's sense, on a GPIO line, that shows power. */
  shownBy: string;
  pressMs: number;
  /** How long a machine that was asked by a short press may take to go off by itself; 0: nobody asks. */
  softMs: number;
  /** A long press ends when power is gone, and after this at the latest. */
  holdMs: number;
}

export interface GpioRelay extends GpioLine {
  /** What the contact is while its coil is not energised. */
  contact: 'normally-closed' | 'normally-open';
}

export interface GpioSense extends GpioLine {
  /** 0: the kernel reports the level as it is. */
  debounceMs: number;
}

export interface GpioPulse extends GpioLine {
  lengthMs: number;
}

export interface FenceAgentDevice {
  driver: 'fence-agent';
  same: string;
  program: string;
  /** As they go to the agent, in this order. */
  options: Record<string, string>;
  password?: SecretSource;
  /** How long it may take to switch. */
  timeLimitMs: number;
}

export interface SerialSwitchDevice {
  driver: 'serial-switch';
  same: string;
  /** Of the port; several plugs may share it. */
  path: string;
  plug: string;
  /** What the contact is while the device is off. */
  contact: 'normally-closed' | 'normally-open';
  /** The longest time of an answer. */
  answerMs: number;
  /** Its name in the table of models, or what the configuration says of it. */
  model: string | SerialWords;
}

export interface MqttPlugDevice {
  driver: 'mqtt-plug';
  same: string;
  style: 'tasmota' | 'shelly' | 'zigbee2mqtt';
  topic: string;
  /** Which relay of the device, as it names them; empty for the only one of zigbee2mqtt. */
  plug: string;
}

/** A plug that measures: power flows above the one threshold, and not below the other. */
export interface MqttMeterDevice extends MqttPlugDevice {
  onAboveW: number;
  offBelowW: number;
}

/** An `[[hosts.NAME.outlets]]` table, checked for itself. */
export interface OutletTable {
  name?: string | undefined;
  /** Which method it belongs to; 1 is tried first. */
  level: number;
  readable: boolean;
  /** It has the same power as the host, so where that is gone it cannot be reached. */
  sharesPower?: boolean;
  periodMs: number;
  device: OutletDevice;
}

/** A `[[hosts.NAME.senses]]` table, checked for itself. */
export interface SenseTable {
  name?: string | undefined;
  covers: 'host' | string[];
  /** A broken wire reads `unknown` and not `off`. */
  showsBreak: boolean;
  periodMs: number;
  device: SenseDevice;
}

/** A `[[hosts.NAME.pulses]]` table, checked for itself. */
export interface PulseTable {
  name?: string | undefined;
  kind: 'reset' | 'diag';
  device: PulseDevice;
}
