/** Each model of serial switch keeps the contract on a line of its own; and what lines do beside that. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SerialSwitchDevice } from '../../firmware-agent/config/devices/device.ts';
import {
  SERIAL_WORDS,
  type SerialWords,
} from '../../firmware-agent/config/devices/serial-models.ts';
import { serialSwitchDriver } from '../../firmware-agent/drivers/serial-switch.ts';
import type { PowerSwitch } from '../../firmware-agent/ports/power.ts';
import { openSerialPort } from '../../protocol/link/serial-port.ts';
import { monotonicMs } from '../../protocol/link/timers.ts';
import { type Model, type SimulatedSwitch, simulateSwitch } from '../lib/devices/serial-switch.ts';
import { assert, suite } from '../lib/suite.ts';
import { until } from '../lib/until.ts';
import { switchContract } from './power-switch.ts';

const test = suite('serial switch');
const PLUGS: Record<Model, [string, string]> = {
  lcus: ['2', '3'],
  numato: ['1', '0'],
  'wti-rps10': ['1', '0'],
};
/** A busy machine is slower than a line; the RPS-10 would take ten times as long. */
const ANSWER_MS = 120;

interface Rig {
  device: SimulatedSwitch;
  outlets: PowerSwitch[];
  lines: string[];
  closeDriver(): Promise<void>;
  close(): void;
}

function wordsOf(model: Model): SerialWords {
  const its = SERIAL_WORDS[model] as SerialWords;
  return { ...its, ...(its.readyMs !== undefined && { readyMs: 600 }) };
}

async function opened(
  model: Model,
  contact: 'normally-closed' | 'normally-open' = 'normally-open',
): Promise<Rig> {
  const dir = mkdtempSync(join(tmpdir(), 'fencepost-switch-'));
  // Within what the driver waits after an answer that did not come.
  const device = simulateSwitch(dir, model, ANSWER_MS * 1.5);
  const lines: string[] = [];
  const note = (text: string): void => void lines.push(text);
  const driver = serialSwitchDriver({ log: { info: note, warn: note }, openPort: openSerialPort });
  const asked = PLUGS[model].map((plug) => {
    const settings: SerialSwitchDevice = {
      driver: 'serial-switch',
      same: plug,
      path: device.path,
      plug,
      contact,
      answerMs: ANSWER_MS,
      model: wordsOf(model),
    };
    return { name: `psu${plug}`, periodMs: 2 * ANSWER_MS, device: settings };
  });
  const { outlets } = await driver.open({ host: 'web', outlets: asked, senses: [], pulses: [] });
  const known = async (): Promise<boolean> => (await outlets[0]?.read()) !== 'unknown';
  await until('it is read', known);
  return {
    device,
    outlets,
    lines,
    closeDriver: driver.close,
    close: () => {
      device.close();
      rmSync(dir, { recursive: true });
    },
  };
}

for (const model of ['lcus', 'numato', 'wti-rps10'] as const) {
  const [plug] = PLUGS[model];
  switchContract(test, model, {
    isAcknowledged: model !== 'lcus',
    open: async () => {
      const { device, outlets, closeDriver, close } = await opened(model);
      return {
        outlet: outlets[0] as PowerSwitch,
        turnMs: 4 * ANSWER_MS + (wordsOf(model).readyMs ?? 0),
        contact: () => (device.isOn(plug) ? 'closed' : 'open'),
        move: (to) => device.set(plug, to === 'closed'),
        spoil: (fault) => device.spoil(fault),
        closeDriver,
        close: async () => close(),
      };
    },
  });
}

async function withSwitch(
  model: Model,
  body: (rig: Rig) => Promise<void>,
  contact?: 'normally-closed' | 'normally-open',
): Promise<void> {
  const rig = await opened(model, contact);
  try {
    await body(rig);
  } finally {
    await rig.closeDriver();
    rig.close();
  }
}

for (const model of ['lcus', 'numato', 'wti-rps10'] as const) {
  test(`${model}: half an answer, two at once, and noise before it are no reading`, () =>
    withSwitch(model, async ({ device, outlets: [outlet] }) => {
      device.set(PLUGS[model][0], false);
      for (const fault of ['half', 'twice', 'garbled'] as const) {
        device.spoil(fault);
        // Two whole lists of relays are nonsense only where one answer names one plug.
        if (model === 'lcus' && fault === 'twice') continue;
        assert.is(await outlet?.read(), 'unknown', fault);
      }
      device.spoil('well');
      await until('it reads open', async () => (await outlet?.read()) === 'open');
      const reading = outlet?.read();
      device.say('\r\nnoise ');
      assert.is(await reading, 'unknown');
      await until('it reads open again', async () => (await outlet?.read()) === 'open');
    }));

  test(`${model}: plugs of one switch share its line and are never mixed up`, () =>
    withSwitch(model, async ({ device, outlets: [one, other] }) => {
      const [onePlug, otherPlug] = PLUGS[model];
      device.set(onePlug, false);
      device.deeds.length = 0;
      const reads = Array.from({ length: 8 }, () => [one?.read(), other?.read()]).flat();
      const answers = await Promise.all(reads);
      assert.ok(
        answers.every(
          (answer, i) => answer === 'unknown' || answer === (i % 2 ? 'closed' : 'open'),
        ),
        answers.join(' '),
      );
      const turned = await Promise.all([one?.turn('closed'), other?.turn('open')]);
      assert.ok(turned.every((outcome) => outcome?.ok));
      await until('both are done', () => device.deeds.length === 2);
      assert.equal([device.isOn(onePlug), device.isOn(otherPlug)], [true, false]);
    }));
}

test('a normally closed contact cuts where the relay is on', () =>
  withSwitch(
    'lcus',
    async ({ device, outlets: [outlet] }) => {
      assert.is(await outlet?.read(), 'open');
      await outlet?.turn('closed');
      await until('the relay is off', () => !device.isOn('2'));
      await until('it reads closed', async () => (await outlet?.read()) === 'closed');
      await outlet?.turn('open');
      await until('the relay is on', () => device.isOn('2'));
    },
    'normally-closed',
  ));

test('frames are those of the sheets, byte by byte', () =>
  withSwitch('lcus', async ({ device, outlets }) => {
    await outlets[0]?.turn('open');
    await outlets[1]?.turn('open');
    await outlets[1]?.turn('closed');
    await until('all are done', () => device.deeds.length === 3);
    assert.equal(device.deeds, ['off 2', 'off 3', 'on 3']);
  }));

test('a cut waits for an adapter that is on its way back, and is given in its time', () =>
  withSwitch('wti-rps10', async ({ device, outlets: [outlet] }) => {
    device.spoil('gone');
    await until('it reads unknown', async () => (await outlet?.read()) === 'unknown');
    const turning = outlet?.turn('open');
    device.spoil('well');
    const outcome = await turning;
    assert.ok(outcome?.ok, outcome?.ok === false ? outcome.detail : '');
    assert.not(device.isOn('1'));
  }));

test('a line that floods stalls nobody and reads unknown', () =>
  withSwitch('numato', async ({ device, outlets: [outlet] }) => {
    let isFlooding = true;
    const flood = async (): Promise<void> => {
      while (isFlooding) {
        device.say('relay read 1\n\roff\n\r>'.repeat(20));
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    };
    const flooding = flood();
    const startedAt = monotonicMs();
    assert.is(await outlet?.read(), 'unknown');
    assert.ok(monotonicMs() - startedAt < 1_000);
    isFlooding = false;
    await flooding;
    await until('it reads closed', async () => (await outlet?.read()) === 'closed');
  }));

test('trouble is told once, and its end', () =>
  withSwitch('lcus', async ({ device, outlets: [outlet], lines }) => {
    lines.length = 0;
    device.spoil('mute');
    for (let i = 0; i < 3; i += 1) assert.is(await outlet?.read(), 'unknown');
    device.spoil('well');
    await until('it reads closed', async () => (await outlet?.read()) === 'closed');
    assert.is(lines.length, 2, lines.join('\n'));
    assert.match(lines[0] ?? '', /^psu2 \(plug 2 at .*\): it does not answer$/);
    assert.match(lines[1] ?? '', /answers again$/);
  }));

test.run();
