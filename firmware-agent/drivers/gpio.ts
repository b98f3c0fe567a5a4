/**
 * Relays, power senses and buttons on GPIO lines.
 *
 * A contact is read back as the level of our own line, which says what the coil is told and not
 * where the contact is: a welded one reads open, and only a sense tells. A pulse is ended by this
 * driver; whoever is killed in the middle of one leaves the line to the chip.
 *
 * What a line does when its holder dies differs from chip to chip (gpio/release.ts), so relays are
 * wired to leave the host powered when nobody holds them.
 */
import { after, type Timer } from '../../protocol/link/timers.ts';
import { failure, ok, type Result } from '../../protocol/result.ts';
import type { GpioLine, GpioOutlet, GpioPulse, GpioSense } from '../config/devices/device.ts';
import type { Contact, Driver, Opened, PulseLine, Wanted } from '../ports/power.ts';
import { type Bank, openBank } from './gpio/bank.ts';
import { linux } from './gpio/chip.ts';
import type { Kernel, LineSetup } from './gpio/uapi.ts';

type GpioWanted = Wanted<GpioOutlet, GpioSense, GpioPulse>;

/** A line of the host, and where it lies in its bank. */
interface Wired {
  bank: Bank;
  at: number;
}

interface Button extends PulseLine {
  close(): void;
}

/** A button that could not be let go is tried again so often. */
const RELEASE_AGAIN_MS = 100;

/** `say` hears what people should know; `kernel` is the operating system's own unless a test plays it. */
export function gpioDriver(
  say: (sentence: string) => void,
  kernel: Kernel = linux,
): Driver<GpioOutlet, GpioSense, GpioPulse> {
  const banks: Bank[] = [];
  const buttons: Button[] = [];
  return {
    open: async (wanted) => {
      const wired = wire(wanted, { kernel, say, banks });
      const own = wanted.pulses.map((pulse) => buttonOf(wired(pulse.device), pulse, say));
      buttons.push(...own);
      return { ...contactsOf(wanted, wired), pulses: own };
    },
    close: async () => {
      for (const button of buttons) button.close();
      for (const bank of banks) bank.close();
    },
  };
}

/** Opens one bank for each chip; answers where each line went. */
function wire(
  { host, outlets, senses, pulses }: GpioWanted,
  { kernel, say, banks }: { kernel: Kernel; say: (sentence: string) => void; banks: Bank[] },
): (device: GpioLine) => Wired {
  const lines: { device: GpioLine; setup: LineSetup; name?: string }[] = [
    ...outlets.map(({ device }) => ({ device, setup: setupOf(device, 'output') })),
    ...senses.map(({ device }) => ({ device, setup: setupOf(device, 'input', device.debounceMs) })),
    ...pulses.map(({ name, device }) => ({ device, setup: setupOf(device, 'output'), name })),
  ];
  const wired = new Map<GpioLine, Wired>();
  for (const chip of new Set(lines.map(({ device }) => device.chip))) {
    const own = lines.filter(({ device }) => device.chip === chip);
    const bank = openBank({
      host,
      chip,
      kernel,
      say,
      lines: own.map(({ device, setup }) => ({ ...setup, line: device.line })),
      taken: (isHigh) => {
        for (const [at, { device, name }] of own.entries()) {
          if (name !== undefined && isHigh(at) === isActiveHigh(device)) say(pressed(host, name));
        }
      },
    });
    banks.push(bank);
    for (const [at, { device }] of own.entries()) wired.set(device, { bank, at });
  }
  return (device) => wired.get(device) as Wired;
}

/** Nothing is let go on a guess: where `active` is wrong, that would press it. */
function pressed(host: string, name: string): string {
  return (
    `"${name}" of ${host} is pressed: a pulse was cut short and will hold it until the next one, ` +
    'or its "active" is wrong'
  );
}

function setupOf({ bias }: GpioLine, direction: 'input' | 'output', debounceMs = 0): LineSetup {
  return { direction, bias, debounceMs };
}

function contactsOf(
  { outlets, senses }: GpioWanted,
  wired: (device: GpioLine) => Wired,
): Pick<Opened, 'outlets' | 'senses'> {
  return {
    outlets: outlets.map(({ name, periodMs, device }) => {
      const { bank, at } = wired(device);
      return {
        name,
        periodMs,
        turn: async (to) => done(bank.drive(at, levelFor(device, to))),
        read: async () => {
          const high = bank.isHigh(at);
          return high.ok ? contactAt(device, high.value) : 'unknown';
        },
      };
    }),
    senses: senses.map(({ name, periodMs, device }) => {
      const { bank, at } = wired(device);
      return {
        name,
        periodMs,
        read: async () => {
          const high = bank.isHigh(at);
          if (!high.ok) return 'unknown';
          return high.value === isActiveHigh(device) ? 'on' : 'off';
        },
      };
    }),
  };
}

function buttonOf(
  { bank, at }: Wired,
  { name, device }: { name: string; device: GpioPulse },
  say: (sentence: string) => void,
): Button {
  const active = isActiveHigh(device);
  let ending: Timer | undefined;
  let failures = 0;
  const release = (): void => {
    const released = bank.drive(at, !active);
    ending = released.ok ? undefined : after(RELEASE_AGAIN_MS, release);
    failures = released.ok ? 0 : failures + 1;
    if (!released.ok && failures === 1) say(`"${name}" is still pressed: ${released.detail}`);
  };
  return {
    name,
    pulse: async () => {
      if (ending !== undefined) return failure('busy', 'the pulse before has not ended');
      const taken = bank.drive(at, active);
      if (taken.ok) ending = after(device.lengthMs, release);
      return done(taken);
    },
    close: () => {
      if (ending === undefined) return;
      ending.cancel();
      bank.drive(at, !active);
    },
  };
}

function contactAt({ active, contact }: GpioOutlet, high: boolean): Contact {
  const energised = high === (active === 'high');
  return energised === (contact === 'normally-closed') ? 'open' : 'closed';
}

function levelFor({ active, contact }: GpioOutlet, to: 'open' | 'closed'): boolean {
  const energised = (to === 'open') === (contact === 'normally-closed');
  return energised === (active === 'high');
}

function isActiveHigh({ active }: GpioLine): boolean {
  return active === 'high';
}

function done(taken: Result<unknown>): Result<void> {
  return taken.ok ? ok(undefined) : taken;
}
