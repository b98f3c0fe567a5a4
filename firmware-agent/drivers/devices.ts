/**
 * Opens what the configuration names: the one place that knows every driver by name.
 *
 * A driver is loaded when a host has a device of it, from a file of its own beside the program
 * (bundle/build.mjs): a board keeps in its memory, and trusts, what it uses.
 */
import { isDeepStrictEqual } from 'node:util';
import { mqttLink } from '../../protocol/link/mqtt.ts';
import { openSerialPort } from '../../protocol/link/serial-port.ts';
import type { MqttAccess } from '../../protocol/mqtt-secrets.ts';
import type { HostDevices } from '../config/config.ts';
import type { OutletDevice, PulseDevice, SenseDevice } from '../config/devices/device.ts';
import type { BoardSettings } from '../core/settings.ts';
import type {
  Asked,
  Driver,
  Opened,
  PowerSwitch,
  PulseLine,
  Sense,
  Wanted,
} from '../ports/power.ts';
import type { DriverLog } from './trouble.ts';

export interface Devices {
  /** By host number, in the order of the settings. */
  outlets: Map<number, PowerSwitch[]>;
  senses: Map<number, Sense[]>;
  pulses: Map<number, PulseLine[]>;
  /** What each driver has open, for the life that follows a reload. */
  held: ReadonlyMap<Name, Held>;
  close(): Promise<void>;
}

const KINDS = ['outlets', 'senses', 'pulses'] as const;
type Kind = (typeof KINDS)[number];
type AnyDevice = OutletDevice | SenseDevice | PulseDevice;
type Name = AnyDevice['driver'];
type Wish = Wanted<AnyDevice, AnyDevice, AnyDevice>;
/** Each driver is given devices of its own kind only, by their `driver`. */
// biome-ignore lint/suspicious/noExplicitAny: TypeScript cannot tie a key of a table to its value.
type AnyDriver = Driver<any, any, any>;

interface Held {
  driver: AnyDriver;
  /** The way to the broker with which the driver was made, if it uses one. */
  access: MqttAccess | undefined | false;
  /** By number. */
  hosts: ReadonlyMap<number, HeldHost>;
}

interface HeldHost {
  wish: Wish;
  opened: Opened;
}

/** What drivers get from the agent. */
export interface DriverTools {
  log: DriverLog;
  /** Its name. */
  agent: string;
  /** Absent where the configuration has no broker, and so no device on it. */
  access: MqttAccess | undefined;
}

export type Drivers = Record<Name, (tools: DriverTools) => Promise<AnyDriver>>;

const DRIVERS: Drivers = {
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

const ON_BROKER: ReadonlySet<Name> = new Set(['mqtt-plug']);

/**
 * Opens every device of every host; one that is not there reads `unknown` until it is.
 *
 * After a reload, what is wanted as before is handed over as it stands: a line that was let go in between
 * could fall to a level that cuts a host.
 */
export async function openDevices(
  board: BoardSettings,
  devices: readonly HostDevices[],
  tools: DriverTools,
  before?: Devices,
  drivers: Drivers = DRIVERS,
): Promise<Devices> {
  const held = new Map<Name, Held>();
  const wanted = wantedOf(board, devices);
  for (const [name, old] of before?.held ?? []) if (!wanted.has(name)) await old.driver.close();
  for (const [name, hosts] of wanted) {
    const made = { by: () => drivers[name](tools), access: ON_BROKER.has(name) && tools.access };
    held.set(name, await take(hosts, made, before?.held.get(name)));
  }
  return {
    ...arranged(devices, held),
    held,
    close: async () => {
      await Promise.all([...held.values()].map(({ driver }) => driver.close()));
    },
  };
}

/** What each driver is to open, by host number. */
function wantedOf(
  board: BoardSettings,
  devices: readonly HostDevices[],
): Map<Name, Map<number, Wish>> {
  const wanted = new Map<Name, Map<number, Wish>>();
  for (const { host, ...own } of devices) {
    const settings = board.hosts.find((one) => one.host === host);
    if (settings === undefined) continue;
    for (const name of new Set(KINDS.flatMap((kind) => own[kind].map(({ driver }) => driver)))) {
      const asked = (kind: Kind): Asked<AnyDevice>[] =>
        own[kind].flatMap((device, at) => {
          if (device.driver !== name) return [];
          const { name: called = '', periodMs = 0 } = settings[kind][at] as Partial<Asked<unknown>>;
          return [{ name: called, periodMs, device }];
        });
      const [outlets, senses, pulses] = [asked('outlets'), asked('senses'), asked('pulses')];
      const hosts = wanted.get(name) ?? new Map<number, Wish>();
      wanted.set(name, hosts.set(host, { host: settings.name, outlets, senses, pulses }));
    }
  }
  return wanted;
}

/** Opens what one driver is to open; of what it holds from before it keeps all that it can. */
async function take(
  wanted: ReadonlyMap<number, Wish>,
  { by: make, access }: { by: () => Promise<AnyDriver>; access: Held['access'] },
  was: Held | undefined,
): Promise<Held> {
  const before = [...(was?.hosts ?? [])];
  const kept = before.filter(([host, { wish }]) => isDeepStrictEqual(wanted.get(host), wish));
  const isSame = kept.length === before.length && kept.length === wanted.size;
  const canStay = isSame || was?.driver.letGo !== undefined;
  if (was === undefined || !canStay || !isDeepStrictEqual(access, was.access)) {
    await was?.driver.close();
    return open(await make(), access, wanted, new Map());
  }
  const hosts = new Map(kept);
  for (const [host, { wish }] of before) if (!hosts.has(host)) was.driver.letGo?.(wish.host);
  return open(was.driver, access, wanted, hosts);
}

async function open(
  driver: AnyDriver,
  access: Held['access'],
  wanted: ReadonlyMap<number, Wish>,
  hosts: Map<number, HeldHost>,
): Promise<Held> {
  for (const [host, wish] of wanted) {
    if (!hosts.has(host)) hosts.set(host, { wish, opened: await driver.open(wish) });
  }
  return { driver, access, hosts };
}

/** The devices of each host in the order of its settings, whatever drives them. */
function arranged(
  devices: readonly HostDevices[],
  held: ReadonlyMap<Name, Held>,
): Pick<Devices, Kind> {
  const lists = <K extends Kind>(kind: K): Devices[K] =>
    new Map(
      devices.map(({ host, [kind]: own }) => {
        const next = new Map<Name, number>();
        const list = own.map(({ driver }) => {
          const place = next.get(driver) ?? 0;
          next.set(driver, place + 1);
          return held.get(driver)?.hosts.get(host)?.opened[kind][place];
        });
        return [host, list];
      }),
    ) as Devices[K];
  return { outlets: lists('outlets'), senses: lists('senses'), pulses: lists('pulses') };
}
