/**
 * Opens what the configuration names: the one place that knows every driver by name.
 *
 * A driver is loaded when a host has a device of it, from a file of its own beside the program
 * (bundle/build.mjs): a board keeps in its memory, and trusts, what it uses.
 */
import { mqttLink } from '../../protocol/link/mqtt.ts';
import { openSerialPort } from '../../protocol/link/serial-port.ts';
import type { MqttAccess } from '../../protocol/mqtt-secrets.ts';
import type { HostDevices } from '../config/config.ts';
import type { OutletDevice, SenseDevice } from '../config/devices/device.ts';
import type { BoardSettings } from '../core/settings.ts';
import type { Driver, PowerSwitch, PulseLine, Sense } from '../ports/power.ts';
import type { DriverLog } from './trouble.ts';

export interface Devices {
  /** By host number, in the order of the settings. */
  outlets: Map<number, PowerSwitch[]>;
  senses: Map<number, Sense[]>;
  pulses: Map<number, PulseLine[]>;
  close(): Promise<void>;
}

type Name = OutletDevice['driver'] | SenseDevice['driver'];
/** Each driver is given devices of its own kind only, by their `driver`. */
// biome-ignore lint/suspicious/noExplicitAny: TypeScript cannot tie a key of a table to its value.
type AnyDriver = Driver<any, any, any>;

/** What drivers get from the agent. */
export interface DriverTools {
  log: DriverLog;
  /** Its name. */
  agent: string;
  /** Absent where the configuration has no broker, and so no device on it. */
  access: MqttAccess | undefined;
}

const DRIVERS: Record<Name, (tools: DriverTools) => Promise<AnyDriver>> = {
  bench: async () => (await import('./bench.ts')).benchDriver(),
  gpio: async ({ log }) => (await import('./gpio.ts')).gpioDriver(log.warn),
  'fence-agent': async (tools) => (await import('./fence-agent.ts')).fenceAgentDriver(tools),
  'serial-switch': async ({ log }) =>
    (await import('./serial-switch.ts')).serialSwitchDriver({ log, openPort: openSerialPort }),
  'mqtt-plug': async ({ log, agent, access }) =>
    (await import('./mqtt-plug.ts')).mqttPlugDriver({
      log,
      agent,
      connect: (setup, events) => mqttLink({ ...(access as MqttAccess), ...setup }, events),
    }),
};

/** Opens every device of every host; one that is not there reads `unknown` until it is. */
export async function openDevices(
  board: BoardSettings,
  devices: readonly HostDevices[],
  tools: DriverTools,
): Promise<Devices> {
  const drivers = new Map<Name, AnyDriver>();
  const outlets = new Map<number, PowerSwitch[]>();
  const senses = new Map<number, Sense[]>();
  const pulses = new Map<number, PulseLine[]>();
  for (const own of devices) {
    const settings = board.hosts.find(({ host }) => host === own.host);
    if (settings === undefined) continue;
    const opened = {
      outlets: [] as PowerSwitch[],
      senses: [] as Sense[],
      pulses: [] as PulseLine[],
    };
    for (const name of namesIn(own)) {
      const driver = drivers.get(name) ?? (await DRIVERS[name](tools));
      drivers.set(name, driver);
      const wanted = {
        host: settings.name,
        outlets: ofDriver(name, settings.outlets, own.outlets),
        senses: ofDriver(name, settings.senses, own.senses),
        pulses: ofDriver(name, settings.pulses, own.pulses),
      };
      const given = await driver.open(wanted);
      for (const kind of ['outlets', 'senses', 'pulses'] as const) {
        for (const [i, { at }] of wanted[kind].entries())
          opened[kind][at] = given[kind][i] as never;
      }
    }
    outlets.set(own.host, opened.outlets);
    senses.set(own.host, opened.senses);
    pulses.set(own.host, opened.pulses);
  }
  return {
    outlets,
    senses,
    pulses,
    close: async () => {
      await Promise.all([...drivers.values()].map((driver) => driver.close()));
    },
  };
}

function namesIn({ outlets, senses, pulses }: HostDevices): Set<Name> {
  return new Set([...outlets, ...senses, ...pulses].map(({ driver }) => driver));
}

/** Those of one driver, with their place in the list of the host. */
function ofDriver<T extends object, D extends { driver: Name }>(
  name: Name,
  settings: readonly T[],
  devices: readonly D[],
): (T & { device: D; at: number })[] {
  return devices.flatMap((device, at) => {
    const own = settings[at];
    return device.driver === name && own !== undefined ? [{ ...own, device, at }] : [];
  });
}
