/** A reload hands devices over as they stand: what is wanted as before is not let go for a moment. */
import { parseAgentConfig } from '../../../firmware-agent/config/parse.ts';
import {
  type Devices,
  type Drivers,
  openDevices,
} from '../../../firmware-agent/drivers/devices.ts';
import { gpioDriver } from '../../../firmware-agent/drivers/gpio.ts';
import type { MqttAccess } from '../../../protocol/mqtt-secrets.ts';
import { assert, suite } from '../../lib/suite.ts';
import { type FakeKernel, fakeChip, fakeKernel } from './gpio/fake-kernel.ts';

const test = suite('devices');

const HEAD = `
schema = 1
version = 1
[agent]
name = "board"
id = 1
[mqtt]
url = "mqtt://192.0.2.1"
`;

/** A host whose relay must be energised for it to have power: let go, it falls. */
function host(name: string, id: number, line: string, extra = ''): string {
  return `
[hosts.${name}]
id = ${id}
proof = "by-hold"
serial = { path = "/dev/ttyS${id}" }
${extra}
[[hosts.${name}.outlets]]
driver = "gpio"
chip = "soc"
line = "${line}"
contact = "normally-open"
active = "high"
`;
}

const plug = (name: string): string => `
[[hosts.${name}.outlets]]
driver = "mqtt-plug"
style = "tasmota"
topic = "rack/${name}"
level = 2
`;

const access = (password: string): MqttAccess =>
  ({ url: 'mqtt://192.0.2.1', password }) as unknown as MqttAccess;

/** What was opened and closed of the plug's driver, which needs no broker here. */
interface Played {
  kernel: FakeKernel;
  plugs: string[];
  drivers: Drivers;
}

function played(): Played {
  const chip = fakeChip('soc', ['web', 'db', 'spare']);
  const kernel = fakeKernel(chip);
  const plugs: string[] = [];
  const none = async (): Promise<never> => {
    throw new Error('not wanted here');
  };
  const drivers: Drivers = {
    ...{ bench: none, 'fence-agent': none, 'serial-switch': none },
    gpio: async () => gpioDriver(() => undefined, kernel),
    'mqtt-plug': async () => ({
      open: async ({ host: name }) => {
        plugs.push(`open ${name}`);
        return { outlets: [{ name: 'plug' } as never], senses: [], pulses: [] };
      },
      close: async () => void plugs.push('close'),
    }),
  };
  return { kernel, plugs, drivers };
}

function opened(
  text: string,
  { drivers }: Played,
  before?: Devices,
  password = 'old',
): Promise<Devices> {
  const parsed = parseAgentConfig(HEAD + text, 'agent.toml');
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  const { board, devices } = parsed.config;
  const log = { warn: () => undefined, info: () => undefined } as never;
  const tools = { log, agent: 'board', access: access(password) };
  return openDevices(board, devices, tools, before, drivers);
}

const WEB = host('web', 1, 'web');
const DB = host('db', 2, 'db');

test('what is wanted as before is handed over: no line is let go, and each is the same object', async () => {
  const play = played();
  const first = await opened(WEB + DB, play);
  const [deeds, fds] = [[...play.kernel.deeds], play.kernel.openFds()];
  const second = await opened(`${WEB}${DB}`.replace('ttyS1', 'ttyS7'), play, first, 'new');
  assert.equal(play.kernel.deeds, deeds, 'the chip was asked for nothing');
  assert.equal(play.kernel.edges, []);
  assert.is(play.kernel.openFds(), fds);
  for (const number of [1, 2]) {
    assert.is(second.outlets.get(number)?.[0], first.outlets.get(number)?.[0]);
  }
  await second.close();
  assert.is(play.kernel.openFds(), 0, 'the last life closes what the first opened');
});

test('of a host whose lines changed only those are let go; one that is new or gone moves no other', async () => {
  const play = played();
  const first = await opened(WEB + DB, play);
  const second = await opened(WEB + host('db', 2, 'spare'), play, first);
  const [web] = first.outlets.get(1) ?? [];
  assert.is(second.outlets.get(1)?.[0], web);
  assert.is.not(second.outlets.get(2)?.[0], first.outlets.get(2)?.[0]);
  const pins = play.kernel.plugged[0]?.pins ?? [];
  assert.equal(
    pins.map(({ name, consumer }) => [name, consumer !== undefined]),
    [
      ['web', true],
      ['db', false],
      ['spare', true],
    ],
  );
  const third = await opened(WEB, play, second);
  assert.is(third.outlets.get(1)?.[0], web);
  await third.close();
  assert.is(play.kernel.openFds(), 0);
});

test('a driver on the broker begins anew with another way to it, and one that cannot let go of a host whole', async () => {
  const play = played();
  const text = WEB + plug('web') + DB;
  const first = await opened(text, play);
  const same = await opened(text, play, first);
  assert.equal(play.plugs, ['open web']);
  const moved = await opened(text, play, same, 'new');
  assert.equal(play.plugs, ['open web', 'close', 'open web']);
  assert.is(moved.outlets.get(1)?.[0], first.outlets.get(1)?.[0], 'the relay beside it stays');
  const more = await opened(text + plug('db'), play, moved, 'new');
  assert.equal(play.plugs.slice(3), ['close', 'open web', 'open db']);
  const none = await opened(WEB + DB, play, more, 'new');
  assert.equal(play.plugs.slice(6), ['close']);
  await none.close();
});

test.run();
