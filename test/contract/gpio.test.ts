/** Lines of a GPIO chip keep the contracts, on chips in memory that can be pulled out. */
import { gpioDriver } from '../../firmware-agent/drivers/gpio.ts';
import type { PowerSwitch, PulseLine, Sense } from '../../firmware-agent/ports/power.ts';
import {
  ERRNO,
  fakeChip,
  fakeKernel,
  levelOf,
  type Pin,
} from '../firmware-agent/drivers/gpio/fake-kernel.ts';
import { suite } from '../lib/suite.ts';
import { switchContract } from './power-switch.ts';
import { pulseContract } from './pulse-line.ts';
import { senseContract } from './sense.ts';

const test = suite('gpio');
const PERIOD_MS = 20;
const PULSE_MS = 20;

async function opened() {
  const chip = fakeChip('soc', ['R1', 'S1', 'B1']);
  const kernel = fakeKernel(chip);
  const [relay, rail] = chip.pins as [Pin, Pin];
  rail.outside = true;
  const driver = gpioDriver(() => undefined, kernel);
  const asked = <M extends object>(line: string, more: M) => ({
    name: line,
    periodMs: PERIOD_MS,
    device: {
      driver: 'gpio' as const,
      same: line,
      isLine: true as const,
      chip: 'soc',
      line,
      active: 'high' as const,
      bias: 'as-is' as const,
      ...more,
    },
  });
  const { outlets, senses, pulses } = await driver.open({
    host: 'web',
    outlets: [asked('R1', { contact: 'normally-closed' as const })],
    senses: [asked('S1', { debounceMs: 0 })],
    pulses: [asked('B1', { lengthMs: PULSE_MS })],
  });
  return {
    outlet: outlets[0] as PowerSwitch,
    sense: senses[0] as Sense,
    line: pulses[0] as PulseLine,
    turnMs: PERIOD_MS,
    pulseMs: 2 * PULSE_MS,
    contact: () => (levelOf(relay) ? ('open' as const) : ('closed' as const)),
    move: (to: 'open' | 'closed') => {
      relay.driven = to === 'open';
    },
    power: (is: 'on' | 'off') => {
      rail.outside = is === 'on';
    },
    given: () => kernel.edges.filter((edge) => edge === 'B1 rose').length,
    spoil: (fault: string) => {
      kernel.plugged.splice(0);
      if (fault !== 'gone') kernel.plugged.push(chip);
      delete kernel.faults['set-values'];
      if (fault === 'refuse') kernel.faults['set-values'] = ERRNO.EIO;
    },
    closeDriver: driver.close,
    close: async () => undefined,
  };
}

// The kernel answers at once or not at all, and what it says of our own line is what we drive.
switchContract(test, 'gpio', { open: opened, without: ['mute', 'late', 'garbled', 'stuck'] });
senseContract(test, 'gpio', { open: opened, without: ['mute', 'late', 'garbled'] });
pulseContract(test, 'gpio', { open: opened, without: ['mute'] });

test.run();
