/**
 * What a checked agent.toml says: the core's settings, and what only the shell around it needs.
 *
 * Everything here was compared with everything else; whoever holds an `AgentConfig` need not ask
 * whether a device exists twice or a timer contradicts another.
 */
import type { MqttSettings } from '../../protocol/mqtt-fields.ts';
import type { BoardSettings } from '../core/settings.ts';
import type { OutletDevice, PulseDevice, SenseDevice } from './devices/device.ts';

export interface AgentConfig {
  /** The user's; a changed file must carry a larger one. */
  version: number;
  board: BoardSettings;
  mqtt?: MqttSettings;
  /** One per host, in the order of `board.hosts`. */
  devices: HostDevices[];
  keysPath: string;
  stateDir: string;
  socketPath: string;
  alert?: AlertHook;
  watchdog?: WatchdogConfig;
}

export interface HostDevices {
  host: number;
  name: string;
  serial?: SerialPort;
  /** In the order of the host's `outlets`, `senses` and `pulses` in `board`. */
  outlets: OutletDevice[];
  senses: SenseDevice[];
  pulses: PulseDevice[];
}

export interface SerialPort {
  path: string;
  baud: number;
  /** Whether the port's modem lines may prove the cable. */
  modem: boolean;
  adapter?: string;
}

/** The board's own watchdog. */
export interface WatchdogConfig {
  device: string;
  timeoutMs: number;
  /** Whether an orderly end stops it; else the board resets unless the agent runs again in time. */
  magicClose: boolean;
}

export interface AlertHook {
  /** Program and arguments; the event comes as JSON on its standard input. */
  command: string[];
  timeLimitMs: number;
}
