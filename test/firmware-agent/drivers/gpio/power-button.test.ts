/** A power button: pressed only in the state that it changes, and never for longer than it takes. */
import type { GpioSense, PowerButton } from '../../../../firmware-agent/config/devices/device.ts';
import { gpioDriver } from '../../../../firmware-agent/drivers/gpio.ts';
import type { PowerSwitch } from '../../../../firmware-agent/ports/power.ts';
import { monotonicMs } from '../../../../protocol/link/timers.ts';
import { assert, suite } from '../../../lib/suite.ts';
import { pause, until } from '../../../lib/until.ts';
import { ERRNO, type FakeKernel, fakeChip, fakeKernel } from './fake-kernel.ts';

const test = suite('power button');
const line = (name: string) => ({
  driver: 'gpio' as const,
  same: name,
  isLine: true as const,
  chip: 'soc',
  line: name,
  active: 'high' as const,
  bias: 'as-is' as const,
});
const BUTTON: PowerButton = { ...line('BTN'), shownBy: 'led', pressMs: 30, softMs: 0, holdMs: 300 };
const SOFT: PowerButton = { ...BUTTON, softMs: 150 };
const LED: GpioSense = { ...line('LED'), debounceMs: 0 };

interface Machine {
  kernel: FakeKernel;
  button: PowerSwitch;
  power(on: boolean): void;
  edges(): string[];
}

async function withMachine(
  on: boolean,
  body: (machine: Machine) => Promise<void>,
  device = BUTTON,
): Promise<void> {
  const kernel = fakeKernel(fakeChip('soc', ['BTN', 'LED']));
  const power = (is: boolean): void => {
    for (const pin of kernel.plugged[0]?.pins ?? []) if (pin.name === 'LED') pin.outside = is;
  };
  power(on);
  const driver = gpioDriver(() => {}, kernel);
  const { outlets } = await driver.open({
    host: 'web',
    outlets: [{ name: 'button', periodMs: 20, device }],
    senses: [{ name: 'led', periodMs: 20, device: LED }],
    pulses: [],
  });
  const edges = (): string[] => kernel.edges.filter((edge) => edge.startsWith('BTN'));
  try {
    await body({ kernel, button: outlets[0] as PowerSwitch, power, edges });
  } finally {
    await driver.close();
  }
}

test('a long press ends when power is gone, and not before', () =>
  withMachine(true, async ({ button, power, edges }) => {
    assert.is(await button.read(), 'closed');
    assert.ok((await button.turn('open')).ok);
    await pause(100);
    assert.ok((await button.turn('open')).ok, 'told again while it is held: nothing more');
    assert.equal(edges(), ['BTN rose']);
    power(false);
    await until('it is let go', () => edges().length === 2);
    assert.is(await button.read(), 'open');
  }));

test('a machine that is asked first and goes by itself is not forced', () =>
  withMachine(
    true,
    async ({ button, power, edges }) => {
      assert.ok((await button.turn('open')).ok);
      await until('it was asked', () => edges().length === 2);
      assert.is(await button.read(), 'closed');
      assert.ok((await button.turn('open')).ok, 'told again while it is asked: nothing more');
      power(false);
      await until('it is open', async () => (await button.read()) === 'open');
      await pause(SOFT.softMs + 50);
      assert.equal(edges(), ['BTN rose', 'BTN fell']);
    },
    SOFT,
  ));

test('one that was asked and stays is forced when its time is over', () =>
  withMachine(
    true,
    async ({ button, power, edges }) => {
      const from = monotonicMs();
      await button.turn('open');
      await until('it is held', () => edges().length === 3);
      assert.ok(monotonicMs() - from >= SOFT.softMs, 'it had its time');
      power(false);
      await until('it is let go', () => edges().length === 4);
      assert.is(await button.read(), 'open');
    },
    SOFT,
  ));

test('who is to have power again is not forced, whether it was asked or is held', async () => {
  for (const [device, presses] of [
    [SOFT, 2],
    [BUTTON, 1],
  ] as const) {
    await withMachine(
      true,
      async ({ button, edges }) => {
        await button.turn('open');
        await until('it is pressed', () => edges().length === presses);
        assert.ok((await button.turn('closed')).ok);
        await pause(SOFT.softMs + 50);
        assert.equal(edges(), ['BTN rose', 'BTN fell']);
        assert.is(await button.read(), 'closed');
      },
      device,
    );
  }
});

test('a line that does not take it at once is let go as soon as it does', () =>
  withMachine(true, async ({ kernel, button, edges }) => {
    await button.turn('open');
    kernel.faults = { 'set-values': ERRNO.EIO };
    await button.turn('closed');
    kernel.faults = {};
    await until('it is let go', () => edges().length === 2, BUTTON.holdMs);
    assert.is(await button.read(), 'closed');
  }));

test('a machine that does not go off is let go all the same', () =>
  withMachine(true, async ({ button, edges }) => {
    const from = monotonicMs();
    await button.turn('open');
    await until('it is let go', () => edges().length === 2);
    assert.ok(monotonicMs() - from >= BUTTON.holdMs, 'held for as long as it may be');
    assert.is(await button.read(), 'closed');
  }));

test('a short press gives power, and is none where power is', () =>
  withMachine(false, async ({ button, power, edges }) => {
    await button.turn('closed');
    await until('it is let go', () => edges().length === 2);
    power(true);
    assert.ok((await button.turn('closed')).ok);
    assert.equal(edges(), ['BTN rose', 'BTN fell'], 'a second press would shut it down');
  }));

test('told to give power again in the middle of a press, it presses once', () =>
  withMachine(false, async ({ button, edges }) => {
    assert.ok((await button.turn('closed')).ok);
    const again = await button.turn('closed');
    assert.is(again.ok ? 'ok' : again.kind, 'busy');
    await until('it is let go', () => edges().length === 2);
    await pause(2 * BUTTON.pressMs);
    assert.equal(edges(), ['BTN rose', 'BTN fell'], 'a second press could shut it down');
  }));

test('a machine that reads off, unpressed, is neither pressed nor called open', () =>
  withMachine(false, async ({ button, power, edges }) => {
    const turned = await button.turn('open');
    assert.is(turned.ok ? 'ok' : turned.kind, 'dark');
    assert.equal(edges(), [], 'a press would switch it on');
    assert.is(await button.read(), 'unknown', 'the wire of its sense may be broken');
    power(true);
    assert.is(await button.read(), 'closed');
  }));

test('what went dark under a press is open until power is back, and no longer', () =>
  withMachine(true, async ({ button, power, edges }) => {
    await button.turn('open');
    power(false);
    await until('it is let go', () => edges().length === 2);
    assert.is(await button.read(), 'open');
    assert.ok((await button.turn('open')).ok, 'it is open already');
    power(true);
    assert.is(await button.read(), 'closed');
    power(false);
    assert.is(await button.read(), 'unknown', 'nobody pressed this time');
  }));

test('where power cannot be read nothing is pressed, and the contact is unknown', () =>
  withMachine(true, async ({ kernel, button, edges }) => {
    kernel.faults = { 'get-values': ERRNO.EIO };
    const turned = await button.turn('open');
    assert.is(turned.ok ? 'ok' : turned.kind, 'blind');
    assert.is(await button.read(), 'unknown');
    assert.equal(edges(), []);
  }));

test('the end of the agent lets go', async () => {
  let seen: string[] = [];
  await withMachine(true, async ({ kernel, button }) => {
    seen = kernel.edges;
    await button.turn('open');
  });
  assert.equal(seen, ['BTN rose', 'BTN fell']);
});

test.run();
