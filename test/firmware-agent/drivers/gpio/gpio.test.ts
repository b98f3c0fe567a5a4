/** The GPIO driver against chips in memory: what it takes, how, and what it says when it cannot. */
import type {
  GpioLine,
  GpioOutlet,
  GpioPulse,
  GpioSense,
} from '../../../../firmware-agent/config/devices/device.ts';
import { gpioDriver } from '../../../../firmware-agent/drivers/gpio.ts';
import type { Opened } from '../../../../firmware-agent/ports/power.ts';
import { assert, suite } from '../../../lib/suite.ts';
import { pause, until } from '../../../lib/until.ts';
import { ERRNO, type FakeKernel, fakeChip, fakeKernel, levelOf } from './fake-kernel.ts';

const test = suite('gpio driver');

interface Want {
  host?: string;
  outlets?: GpioOutlet[];
  senses?: GpioSense[];
  pulses?: GpioPulse[];
}

const line = (name: string | number, chip = 'soc'): GpioLine => ({
  driver: 'gpio',
  same: `line ${name} of ${chip}`,
  isLine: true,
  chip,
  line: name,
  active: 'high',
  bias: 'as-is',
});
const outlet = (name: string | number, chip?: string): GpioOutlet => ({
  ...line(name, chip),
  contact: 'normally-closed',
});
const sense = (name: string | number): GpioSense => ({ ...line(name), debounceMs: 0 });
const pulse = (name: string): GpioPulse => ({ ...line(name), lengthMs: 20 });

async function withLines(
  kernel: FakeKernel,
  want: Want,
  body: (opened: Opened, said: string[]) => Promise<void> | void,
): Promise<void> {
  const said: string[] = [];
  const driver = gpioDriver((sentence) => said.push(sentence), kernel);
  const asked = <D extends GpioLine>(devices: D[] = []) =>
    devices.map((device) => ({ name: String(device.line), periodMs: 20, device }));
  const opened = await driver.open({
    host: want.host ?? 'web',
    outlets: asked(want.outlets),
    senses: asked(want.senses),
    pulses: asked(want.pulses),
  });
  try {
    await body(opened, said);
  } finally {
    await driver.close();
  }
  assert.is(kernel.openFds(), 0, 'nothing stays open');
}

const soc = (): FakeKernel => fakeKernel(fakeChip('soc', ['R1', 'R2', 'S1', 'B1']));
const pinOf = (kernel: FakeKernel, name: string) => {
  const pin = kernel.plugged.flatMap(({ pins }) => pins).find((one) => one.name === name);
  if (pin === undefined) throw new Error(`there is no ${name}`);
  return pin;
};

test('an energised relay is taken over without an edge, and so is one that is not', async () => {
  const kernel = soc();
  pinOf(kernel, 'R2').driven = true;
  const want = { outlets: [outlet('R1'), outlet('R2')], senses: [sense('S1')] };
  await withLines(kernel, want, async ({ outlets }) => {
    assert.equal(kernel.deeds, ['get-line', 'get-values', 'set-config']);
    assert.equal(kernel.edges, []);
    assert.is(await outlets[0]?.read(), 'closed');
    assert.is(await outlets[1]?.read(), 'open');
    assert.is(pinOf(kernel, 'R2').driven, true);
    assert.is(pinOf(kernel, 'S1').driven, undefined, 'a sense stays an input');
    assert.is(pinOf(kernel, 'S1').consumer, 'fencepost:web relay+sense');
    assert.is(pinOf(kernel, 'S1').flags, 4n);
  });
});

test('a contact opens by the level and the kind of contact that were configured', async () => {
  for (const active of ['high', 'low'] as const) {
    for (const contact of ['normally-closed', 'normally-open'] as const) {
      const kernel = soc();
      pinOf(kernel, 'R1').outside = active === 'low';
      await withLines(
        kernel,
        { outlets: [{ ...outlet('R1'), active, contact }] },
        async ({ outlets: [relay] }) => {
          for (const to of ['open', 'closed', 'open'] as const) {
            assert.ok((await relay?.turn(to))?.ok);
            assert.is(await relay?.read(), to);
            const energised = (to === 'open') === (contact === 'normally-closed');
            assert.is(levelOf(pinOf(kernel, 'R1')), energised === (active === 'high'));
          }
        },
      );
    }
  }
});

test('a line that nobody drives and that reads active is not taken, until it is pulled right', async () => {
  for (const active of ['high', 'low'] as const) {
    for (const want of [
      { outlets: [{ ...outlet('R1'), active }] },
      { pulses: [{ ...pulse('R1'), active }] },
    ]) {
      const kernel = soc();
      pinOf(kernel, 'R1').outside = active === 'high';
      await withLines(kernel, want, async ({ outlets: [relay] }, said) => {
        assert.match(said[0] ?? '', /nobody drives line "R1", and it reads active/);
        assert.not(kernel.deeds.includes('set-config'));
        if (relay !== undefined) assert.is(await relay.read(), 'unknown');
        pinOf(kernel, 'R1').outside = active !== 'high';
        await until('it is taken', () => kernel.deeds.includes('set-config'));
      });
      assert.equal(kernel.edges, []);
    }
  }
});

test('one relay moves and its neighbours do not', async () => {
  const kernel = soc();
  pinOf(kernel, 'R1').driven = true;
  await withLines(kernel, { outlets: [outlet('R1'), outlet('R2')] }, async ({ outlets }) => {
    await outlets[1]?.turn('open');
    assert.equal(kernel.edges, ['R2 rose']);
    await outlets[1]?.turn('closed');
    assert.equal(kernel.edges, ['R2 rose', 'R2 fell']);
  });
});

test('a contact is read at the line, never remembered', async () => {
  const kernel = soc();
  await withLines(kernel, { outlets: [outlet('R1')] }, async ({ outlets: [relay] }) => {
    await relay?.turn('open');
    pinOf(kernel, 'R1').driven = false;
    assert.is(await relay?.read(), 'closed');
  });
});

test('a sense is on at its active level, with its bias and its debounce', async () => {
  const kernel = soc();
  const low = { ...sense('S1'), active: 'low', bias: 'pull-up', debounceMs: 5 } as const;
  await withLines(kernel, { senses: [low] }, async ({ senses: [rail] }) => {
    assert.is(await rail?.read(), 'on');
    pinOf(kernel, 'S1').outside = true;
    assert.is(await rail?.read(), 'off');
    assert.is(pinOf(kernel, 'S1').flags, 0x104n);
    assert.is(pinOf(kernel, 'S1').debounceUs, 5_000);
  });
});

test('who holds a line is told by name, once, and the lines are taken when they are free', async () => {
  const kernel = soc();
  pinOf(kernel, 'R2').consumer = 'kvmd::atx';
  const want = { outlets: [outlet('R1'), outlet('R2')] };
  await withLines(kernel, want, async ({ outlets: [relay] }, said) => {
    assert.is(await relay?.read(), 'unknown');
    const turned = await relay?.turn('open');
    assert.is(turned?.ok, false);
    assert.equal(kernel.edges, []);
    await pause(250);
    assert.equal(said, ['lines of web are not to be had: soc: line 1 is held by "kvmd::atx"']);
    pinOf(kernel, 'R2').consumer = undefined;
    await until('the lines are ours', () => said.length === 2);
    assert.is(await relay?.read(), 'closed');
  });
});

test('a chip that comes late is taken as it is then', async () => {
  const kernel = soc();
  const [chip] = kernel.plugged.splice(0);
  await withLines(kernel, { outlets: [outlet('R1')] }, async ({ outlets: [relay] }, said) => {
    assert.is(await relay?.read(), 'unknown');
    assert.match(said[0] ?? '', 'no GPIO chip is labelled "soc": there is none');
    if (chip !== undefined) kernel.plugged.push(chip);
    pinOf(kernel, 'R1').driven = true;
    await until('it is read', async () => (await relay?.read()) === 'open');
    assert.equal(kernel.edges, []);
  });
});

test('a request that fails is unknown and lets no line go', async () => {
  const kernel = soc();
  await withLines(kernel, { outlets: [outlet('R1')], senses: [sense('S1')] }, async (opened) => {
    const [relay] = opened.outlets;
    await relay?.turn('open');
    kernel.faults = { 'get-values': ERRNO.EIO, 'set-values': ERRNO.EIO };
    assert.is(await relay?.read(), 'unknown');
    assert.is(await opened.senses[0]?.read(), 'unknown');
    assert.is((await relay?.turn('closed'))?.ok, false);
    kernel.faults = {};
    assert.is(await relay?.read(), 'open');
    assert.equal(kernel.edges, ['R1 rose']);
  });
});

test('a chip that was pulled out reads unknown, and is taken again where it comes back', async () => {
  const kernel = soc();
  await withLines(kernel, { outlets: [outlet('R1')] }, async ({ outlets: [relay] }, said) => {
    kernel.plugged.splice(0);
    assert.is(await relay?.read(), 'unknown');
    assert.match(said[0] ?? '', 'soc went away');
    kernel.plugged.push(fakeChip('soc', ['R1'], '/dev/gpiochip7'));
    await until('it is read', async () => (await relay?.read()) === 'closed');
  });
});

test('a takeover that fails half-way holds nothing', async () => {
  for (const name of ['get-values', 'set-config']) {
    const kernel = soc();
    kernel.faults = { [name]: ERRNO.EINVAL };
    await withLines(kernel, { outlets: [outlet('R1')] }, async ({ outlets: [relay] }) => {
      assert.is(await relay?.read(), 'unknown');
      assert.is(kernel.openFds(), 0);
      assert.equal(kernel.edges, []);
    });
  }
});

test('where two answer to one name, nobody guesses', async () => {
  const refused: [FakeKernel, GpioOutlet[], RegExp][] = [
    [
      fakeKernel(fakeChip('soc', ['R1']), fakeChip('soc', ['R1'], '/dev/gpiochip1')),
      [outlet('R1')],
      /gpiochip0 and .*gpiochip1 are both labelled "soc"/,
    ],
    [fakeKernel(fakeChip('soc', ['R1', 'R1'])), [outlet('R1')], /lines 0 and 1 of soc are both/],
    [soc(), [outlet('R1'), outlet(0)], /"0" is line 0, which web has already/],
    [soc(), [outlet('GPIO99')], /no line of soc is called "GPIO99"/],
    [soc(), [outlet(4)], /soc has lines 0 to 3, and no 4/],
    [soc(), [outlet('R1', '/dev/gpiochip9')], /ENOENT.*gpiochip9/],
  ];
  for (const [kernel, outlets, why] of refused) {
    await withLines(kernel, { outlets }, async (opened, said) => {
      assert.match(said[0] ?? '', why);
      assert.is(await opened.outlets[0]?.read(), 'unknown');
      assert.not(kernel.deeds.includes('set-config'));
    });
  }
});

test('lines on several chips are one request a chip, under the name of the host', async () => {
  const kernel = soc();
  kernel.plugged.push(fakeChip('usb', ['U1'], '/dev/gpiochip1'));
  const host = 'a-name-that-is-longer-than-a-label-may-be';
  const want = { host, outlets: [outlet('R1'), outlet('U1', 'usb'), outlet('R2')] };
  await withLines(kernel, want, async ({ outlets }) => {
    assert.is(kernel.deeds.filter((deed) => deed === 'get-line').length, 2);
    for (const name of ['R1', 'U1', 'R2']) {
      assert.is(pinOf(kernel, name).consumer, 'fencepost:a-name-that-is-longer');
    }
    await outlets[1]?.turn('open');
    assert.equal(kernel.edges, ['U1 rose']);
  });
});

test('a pulse lasts its length, and a second one does not begin within it', async () => {
  const kernel = soc();
  await withLines(kernel, { pulses: [pulse('B1')] }, async ({ pulses: [button] }) => {
    assert.ok((await button?.pulse())?.ok);
    assert.equal(kernel.edges, ['B1 rose']);
    const second = await button?.pulse();
    assert.is(second?.ok === false && second.kind, 'busy');
    await until('it is let go', () => kernel.edges.length === 2);
    assert.equal(kernel.edges, ['B1 rose', 'B1 fell']);
    assert.ok((await button?.pulse())?.ok);
  });
  assert.equal(kernel.edges.slice(2), ['B1 rose', 'B1 fell'], 'the end of the agent ends it');
});

test('a button that cannot be let go is tried until it is', async () => {
  const kernel = soc();
  await withLines(kernel, { pulses: [pulse('B1')] }, async ({ pulses: [button] }, said) => {
    await button?.pulse();
    kernel.faults = { 'set-values': ERRNO.EIO };
    await until('it was said', () => said.length > 0);
    assert.match(said[0] ?? '', '"B1" is still pressed');
    kernel.faults = {};
    await until('it is let go', () => kernel.edges.length === 2);
  });
});

test('a button that is found pressed is told of and left alone', async () => {
  const kernel = soc();
  pinOf(kernel, 'B1').driven = true;
  await withLines(kernel, { pulses: [pulse('B1')] }, (_, said) => {
    assert.match(said[0] ?? '', '"B1" of web is pressed');
    assert.equal(kernel.edges, []);
  });
});

test('settings that do not fit into one request take nothing', async () => {
  const kernel = fakeKernel(
    fakeChip(
      'soc',
      Array.from({ length: 12 }, (_, i) => `S${i}`),
    ),
  );
  const senses = kernel.plugged[0]?.pins.map(({ name }, i) => ({ ...sense(name), debounceMs: i }));
  await withLines(kernel, { senses: senses ?? [] }, async (opened, said) => {
    assert.match(said[0] ?? '', 'differ in more ways than the kernel takes');
    assert.is(await opened.senses[3]?.read(), 'unknown');
  });
});

test.run();
