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
import { failure, ok, type Result } from '../../protocol/result.ts';
import type { Reading } from '../../protocol/wire/messages.ts';
import type {
  GpioLine,
  GpioOutlet,
  GpioPulse,
  GpioRelay,
  GpioSense,
  PowerButton,
} from '../config/devices/device.ts';
import type { Asked, Contact, Driver, PowerSwitch, Sense, Wanted } from '../ports/power.ts';
import { type Bank, openBank, type Role } from './gpio/bank.ts';
import { type Button, buttonOn } from './gpio/button.ts';
import { linux } from './gpio/chip.ts';
import type { Kernel, LineSetup } from './gpio/uapi.ts';

type GpioWanted = Wanted<GpioOutlet, GpioSense, GpioPulse>;

/** A line of the host, and where it lies in its bank. */
interface Wired {
  bank: Bank;
  at: number;
}

/** `say` hears what people should know; `kernel` is the operating system's own unless a test plays it. */
export function gpioDriver(
  say: (sentence: string) => void,
  kernel: Kernel = linux,
): Driver<GpioOutlet, GpioSense, GpioPulse> {
  const held = new Map<string, { banks: Bank[]; buttons: Button[] }>();
  const letGo = (host: string): void => {
    for (const button of held.get(host)?.buttons ?? []) button.close();
    for (const bank of held.get(host)?.banks ?? []) bank.close();
    held.delete(host);
  };
  return {
    open: async (wanted) => {
      const [banks, buttons]: [Bank[], Button[]] = [[], []];
      held.set(wanted.host, { banks, buttons });
      const wired = wire(wanted, { kernel, say, banks });
      const button = (name: string, device: GpioLine): Button => {
        const own = buttonOn(wired(device), { name, active: isActiveHigh(device) }, say);
        buttons.push(own);
        return own;
      };
      const senses = wanted.senses.map((sense) => senseOf(wired(sense.device), sense));
      return {
        senses,
        outlets: wanted.outlets.map(({ device, ...named }) => {
          if (!('shownBy' in device)) return relayOf(wired(device), { ...named, device });
          const shown = senses.find(({ name }) => name === device.shownBy);
          return powerButton(button(named.name, device), { ...named, device }, shown);
        }),
        pulses: wanted.pulses.map(({ name, device }) => {
          const own = button(name, device);
          return { name, pulse: async () => own.press(device.lengthMs) };
        }),
      };
    },
    letGo,
    close: async () => {
      for (const host of [...held.keys()]) letGo(host);
    },
  };
}

/** Opens one bank for each chip; answers where each line went. */
function wire(
  { host, outlets, senses, pulses }: GpioWanted,
  { kernel, say, banks }: { kernel: Kernel; say: (sentence: string) => void; banks: Bank[] },
): (device: GpioLine) => Wired {
  const lines: { device: GpioLine; setup: LineSetup; role: Role; name?: string }[] = [
    ...outlets.map(({ name, device }) => ({
      device,
      setup: setupOf(device, 'output'),
      ...('shownBy' in device ? { role: 'button' as const, name } : { role: 'relay' as const }),
    })),
    ...senses.map(({ device }) => ({
      device,
      setup: setupOf(device, 'input', device.debounceMs),
      role: 'sense' as const,
    })),
    ...pulses.map(({ name, device }) => ({
      device,
      setup: setupOf(device, 'output'),
      role: 'pulse' as const,
      name,
    })),
  ];
  const wired = new Map<GpioLine, Wired>();
  for (const chip of new Set(lines.map(({ device }) => device.chip))) {
    const own = lines.filter(({ device }) => device.chip === chip);
    const bank = openBank({
      host,
      roles: [...new Set(own.map(({ role }) => role))],
      chip,
      kernel,
      say,
      lines: own.map(({ device, setup }) => ({
        ...setup,
        line: device.line,
        isActiveHigh: isActiveHigh(device),
      })),
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

interface LineSense extends Sense {
  /** Now, and at once: a button is held for as long as it has to be. */
  look(): Reading;
}

function senseOf({ bank, at }: Wired, { name, periodMs, device }: Asked<GpioSense>): LineSense {
  const look = (): Reading => {
    const high = bank.isHigh(at);
    if (!high.ok) return 'unknown';
    return high.value === isActiveHigh(device) ? 'on' : 'off';
  };
  return { name, periodMs, look, read: async () => look() };
}

function relayOf({ bank, at }: Wired, { name, periodMs, device }: Asked<GpioRelay>): PowerSwitch {
  return {
    name,
    periodMs,
    turn: async (to) => done(bank.drive(at, levelFor(device, to))),
    read: async () => {
      const high = bank.isHigh(at);
      return high.ok ? contactAt(device, high.value) : 'unknown';
    },
  };
}

/**
 * A button has no contact of its own. It is closed while the sense shows power, and open once power
 * fell under a press of ours and has not been back. A machine that is dark for another reason is
 * `unknown`: a broken wire of the sense looks the same, and nothing was pressed that could have cut it.
 */
function powerButton(
  button: Button,
  { name, periodMs, device: { pressMs, holdMs, softMs, shownBy } }: Asked<PowerButton>,
  sense: LineSense | undefined,
): PowerSwitch {
  let fell = false;
  const look = (): Reading => {
    const power = sense?.look() ?? 'unknown';
    if (power === 'on') fell = false;
    return power;
  };
  const hasFallen = (): boolean => {
    fell = look() === 'off';
    return fell;
  };
  return {
    name,
    periodMs,
    turn: async (to) => {
      const power = look();
      if (power === 'unknown') {
        return failure('blind', `"${shownBy}" cannot be read, and a press could do the opposite`);
      }
      if (to === 'closed') {
        if (power === 'off') return button.press(pressMs);
        button.letGo();
        return ok(undefined);
      }
      if (power === 'off') {
        return fell ? ok(undefined) : failure('dark', `"${shownBy}" reads off already, unpressed`);
      }
      // Told again while it is asked or held: it is being done.
      if (button.isBusy()) return ok(undefined);
      if (softMs === 0) return button.press(holdMs, hasFallen);
      return button.askAndPress({ shortMs: pressMs, waitMs: softMs }, holdMs, hasFallen);
    },
    read: async () => {
      const power = look();
      if (power === 'on') return 'closed';
      return power === 'off' && fell ? 'open' : 'unknown';
    },
  };
}

function contactAt({ active, contact }: GpioRelay, high: boolean): Contact {
  const energised = high === (active === 'high');
  return energised === (contact === 'normally-closed') ? 'open' : 'closed';
}

function levelFor({ active, contact }: GpioRelay, to: 'open' | 'closed'): boolean {
  const energised = (to === 'open') === (contact === 'normally-closed');
  return energised === (active === 'high');
}

function isActiveHigh({ active }: GpioLine): boolean {
  return active === 'high';
}

function done(taken: Result<unknown>): Result<void> {
  return taken.ok ? ok(undefined) : taken;
}
