/** The tests of plugs over MQTT, for any broker: aedes in the quick tests, mosquitto in the scenarios. */
import assert from 'node:assert/strict';
import { mqttPlugDriver } from '../../firmware-agent/drivers/mqtt-plug.ts';
import type { PowerSwitch, Sense } from '../../firmware-agent/ports/power.ts';
import { mqttLink } from '../../protocol/link/mqtt.ts';
import { type PlugStyle, type SimulatedPlug, simulatePlug } from '../lib/devices/mqtt-plug.ts';
import type { Suite } from '../lib/suite.ts';
import { until } from '../lib/until.ts';
import { switchContract } from './power-switch.ts';
import { senseContract } from './sense.ts';

export interface PlugBroker {
  url: string;
  protocol: 4 | 5;
}

const STYLES: PlugStyle[] = ['tasmota', 'shelly', 'zigbee2mqtt'];
const PERIOD_MS = 200;
const TURN_MS = 500;

interface Rig {
  plug: SimulatedPlug;
  outlet: PowerSwitch;
  sense: Sense;
  lines: string[];
  closeDriver(): Promise<void>;
  close(): Promise<void>;
}

async function opened(broker: PlugBroker, style: PlugStyle): Promise<Rig> {
  const plug = await simulatePlug({ ...broker, style, lateMs: 1.5 * PERIOD_MS });
  const lines: string[] = [];
  const note = (text: string): void => void lines.push(text);
  const driver = mqttPlugDriver({
    log: { info: note, warn: note },
    agent: `board-${plug.topic.replaceAll('/', '-')}`,
    turnMs: TURN_MS,
    connect: (setup, events) => mqttLink({ ...broker, ...setup }, events),
  });
  const place = {
    driver: 'mqtt-plug' as const,
    same: plug.topic,
    style,
    topic: plug.topic,
    plug: { tasmota: '1', shelly: '0', zigbee2mqtt: '' }[style],
  };
  const { outlets, senses } = await driver.open({
    host: 'web',
    outlets: [{ name: 'psu', periodMs: PERIOD_MS, device: place }],
    senses: [
      { name: 'meter', periodMs: PERIOD_MS, device: { ...place, onAboveW: 8, offBelowW: 3 } },
    ],
    pulses: [],
  });
  const [outlet, sense] = [outlets[0] as PowerSwitch, senses[0] as Sense];
  await until('it is read', async () => (await outlet.read()) !== 'unknown');
  return { plug, outlet, sense, lines, closeDriver: driver.close, close: () => plug.close() };
}

/** Registers them all; `broker` is asked when the tests run. */
export function plugTests(test: Suite, broker: () => PlugBroker): void {
  for (const style of STYLES) {
    const open = async () => {
      const { plug, outlet, sense, closeDriver, close } = await opened(broker(), style);
      return {
        outlet,
        sense,
        turnMs: TURN_MS,
        contact: () => (plug.isOn() ? ('closed' as const) : ('open' as const)),
        move: (to: 'open' | 'closed') => plug.set(to === 'closed'),
        power: (is: 'on' | 'off') => plug.draws(is === 'on' ? 60 : 0.4),
        spoil: plug.spoil,
        closeDriver,
        close,
      };
    };
    switchContract(test, style, { open });
    senseContract(test, style, { open });
  }
  const withPlug: WithPlug = async (style, body) => {
    const rig = await opened(broker(), style);
    try {
      await body(rig);
    } finally {
      await rig.closeDriver();
      await rig.close();
    }
  };
  freshTests(test, withPlug);
  ownTests(test, withPlug);
}

type WithPlug = (style: PlugStyle, body: (rig: Rig) => Promise<void>) => Promise<void>;

function freshTests(test: Suite, withPlug: WithPlug): void {
  test('what the broker kept, or somebody said before, is no reading', async () => {
    await withPlug('tasmota', async ({ plug, outlet }) => {
      const topic = `stat/${plug.topic}/RESULT`;
      plug.say(topic, { POWER: 'OFF' }, true);
      await plug.spoil('mute');
      const reading = outlet.read();
      plug.say(topic, { POWER: 'OFF' });
      plug.say(topic, { Var16: '1' });
      plug.say(topic, { POWER: 'OFF' });
      assert.equal(await reading, 'unknown');
    });
    await withPlug('zigbee2mqtt', async ({ plug, outlet }) => {
      await plug.spoil('mute');
      const reading = outlet.read();
      plug.say(plug.topic, { state: 'OFF', power: 0 });
      assert.equal(await reading, 'unknown');
    });
    await withPlug('shelly', async ({ plug, outlet }) => {
      await plug.spoil('mute');
      const reading = outlet.read();
      plug.say(`fencepost/board-${plug.topic}/plugs/rpc`, { id: 1, result: { output: false } });
      assert.equal(await reading, 'unknown');
    });
  });
}

function ownTests(test: Suite, withPlug: WithPlug): void {
  for (const style of STYLES) {
    test(`${style}: no command is kept`, () =>
      withPlug(style, async ({ plug, outlet }) => {
        assert.ok((await outlet.turn('open')).ok);
        assert.equal(plug.keptCommands(), 0);
        // A plug that comes anew hears none of what was said before.
        plug.set(true);
        await plug.spoil('gone');
        await plug.spoil('well');
        await until('it reads closed', async () => (await outlet.read()) === 'closed');
        assert.ok(plug.isOn());
        assert.equal(plug.keptCommands(), 0);
      }));
  }

  test('between its thresholds a meter keeps the side it came from, and a lost one has none', () =>
    withPlug('shelly', async ({ plug, sense }) => {
      const steps: [watts: number, reading: string][] = [
        [5, 'unknown'],
        [60, 'on'],
        [5, 'on'],
        [2, 'off'],
        [5, 'off'],
        [8, 'off'],
        [8.1, 'on'],
      ];
      for (const [watts, reading] of steps) {
        plug.draws(watts);
        assert.equal(await sense.read(), reading, `${watts} W`);
      }
      plug.draws(5);
      await plug.spoil('mute');
      assert.equal(await sense.read(), 'unknown');
      await plug.spoil('well');
      assert.equal(await sense.read(), 'unknown');
    }));

  test('trouble is told once, and its end', () =>
    withPlug('shelly', async ({ plug, outlet, lines }) => {
      await plug.spoil('mute');
      for (let i = 0; i < 2; i += 1) assert.equal(await outlet.read(), 'unknown');
      await plug.spoil('well');
      await until('it is read', async () => (await outlet.read()) === 'closed');
      assert.deepEqual(lines, [
        `psu (${plug.topic}): it does not answer`,
        `psu (${plug.topic}) answers again`,
      ]);
    }));
}
