/**
 * What every kind of device has in common, and the closed union of kinds.
 *
 * A driver that is added brings its own member of the unions and its own file beside this one.
 * `same` is what names the device in the real world: two of one driver and one `same` are one
 * contact, or one input.
 */

import type { SecretSource } from '../../../protocol/secret.ts';
import type { SerialModel } from './serial-models.ts';

/** What a switch driver needs to reach its contact. */
export type OutletDevice = BenchDevice | FenceAgentDevice | SerialSwitchDevice | MqttPlugDevice;
/** What a sense driver needs to reach its input. */
export type SenseDevice = BenchDevice | MqttMeterDevice;
/** What a driver needs to give a pulse. */
export type PulseDevice = BenchDevice;

export interface BenchDevice {
  driver: 'bench';
  same: string;
  /** Path of the bench's socket. */
  socket: string;
  /** The bench's name for the relay or the sense. */
  plug: string;
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
  /** With `nc` the supply is interrupted while the device is on. */
  contact: 'nc' | 'no';
  model: SerialModel;
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
