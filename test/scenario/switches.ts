/**
 * Power switches that are not the bench: plugs on a real broker, fence agents that everybody has, and
 * a fence by the whole program through four kinds of them at once.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fenceAgentDriver } from '../../firmware-agent/drivers/fence-agent.ts';
import type { PowerSwitch } from '../../firmware-agent/ports/power.ts';
import { monotonicMs } from '../../protocol/link/timers.ts';
import { plugTests } from '../contract/mqtt-plug.ts';
import { type SwitchContract, switchContract } from '../contract/power-switch.ts';
import type { Mosquitto } from '../lib/brokers/mosquitto.ts';
import { type StandIn, standInAgent } from '../lib/devices/fence-agent.ts';
import {
  FENCE_DUMMY,
  FENCE_IPMILAN,
  missingAgents,
  PASSWORD,
  simulateController,
  USER,
} from '../lib/devices/ipmi.ts';
import { type SimulatedPlug, simulatePlug } from '../lib/devices/mqtt-plug.ts';
import { type SimulatedSwitch, simulateSwitch } from '../lib/devices/serial-switch.ts';
import type { Rack } from '../lib/rack.ts';
import type { Body, Suite } from '../lib/suite.ts';
import { pause, until } from '../lib/until.ts';
import { figure } from './lib/figures.ts';
import { allBeat, allClear } from './lib/hearing.ts';
import { onBothPaths } from './lib/racks.ts';
import type { Scenario, Stage } from './lib/scenario.ts';
import { MQTT_MS, SHORT_MS, silenceToCut } from './lib/timing.ts';

/** Python needs a while to start. */
const AGENT_PERIOD_MS = 3_000;
const AGENT_TURN_MS = 12_000;

/** Shows the tests of a contract as promises. */
async function show(stage: Stage, register: (test: Suite) => void): Promise<void> {
  const tests: [title: string, body: Body][] = [];
  const none = Object.assign(() => undefined, { each: () => undefined });
  const take = (title: string, body: Body): void => void tests.push([title, body]);
  const more = { skip: () => undefined, before: none, after: none, run: () => undefined };
  register(Object.assign(take, more));
  for (const [title, body] of tests) await stage.promise(title, body);
}

async function openAgent(
  program: string,
  options: Record<string, string>,
  password?: string,
): Promise<{ outlet: PowerSwitch; closeDriver(): Promise<void> }> {
  const silent = { info: () => undefined, warn: () => undefined };
  const driver = fenceAgentDriver({ log: silent });
  const device = {
    driver: 'fence-agent' as const,
    same: program,
    program,
    options,
    ...(password !== undefined && { password: { file: password } }),
    timeLimitMs: AGENT_TURN_MS,
  };
  const outlets = [{ name: 'psu', periodMs: AGENT_PERIOD_MS, device }];
  const opened = await driver.open({ host: 'web', outlets, senses: [], pulses: [] });
  return { outlet: opened.outlets[0] as PowerSwitch, closeDriver: driver.close };
}

const dummy: SwitchContract = {
  without: ['mute', 'late', 'garbled', 'stuck', 'gone'],
  open: async () => {
    const dir = mkdtempSync(join(tmpdir(), 'fencepost-dummy-'));
    const file = join(dir, 'status');
    writeFileSync(file, 'on');
    return {
      ...(await openAgent(FENCE_DUMMY, { status_file: file })),
      turnMs: AGENT_TURN_MS,
      contact: () => (readFileSync(file, 'utf8') === 'off' ? 'open' : 'closed'),
      move: (to) => writeFileSync(file, to === 'open' ? 'off' : 'on'),
      spoil: () => undefined,
      close: async () => rmSync(dir, { recursive: true }),
    };
  },
};

const ipmi: SwitchContract = {
  without: ['late', 'garbled', 'stuck'],
  open: async () => {
    const bmc = await simulateController();
    const dir = mkdtempSync(join(tmpdir(), 'fencepost-secret-'));
    const secret = join(dir, 'password');
    writeFileSync(secret, `${PASSWORD}\n`, { mode: 0o600 });
    const options = { ip: '127.0.0.1', ipport: String(bmc.port), username: USER };
    const { outlet, closeDriver } = await openAgent(FENCE_IPMILAN, options, secret);
    await until('it is read', async () => (await outlet.read()) !== 'unknown', 20_000);
    return {
      outlet,
      closeDriver,
      turnMs: AGENT_TURN_MS,
      contact: () => (bmc.power() === 'off' ? 'open' : 'closed'),
      move: (to) => bmc.set(to === 'open' ? 'off' : 'on'),
      spoil: async (fault) => {
        bmc.signal(fault === 'mute' ? 'SIGSTOP' : 'SIGCONT');
        await bmc.isThere(fault !== 'gone');
      },
      close: async () => {
        await bmc.close();
        rmSync(dir, { recursive: true });
      },
    };
  },
};

/** Agents of the distribution, where it has them. */
async function realAgents(stage: Stage): Promise<void> {
  const missing = missingAgents();
  if (missing.length > 0) {
    const remedy = `there is no ${missing.join(', ')}: apt-get install openipmi fence-agents ipmitool`;
    if (process.env['CI'] === 'true') throw new Error(remedy);
    process.stdout.write(`skip          switches: ${remedy}\n`);
    return;
  }
  await show(stage, (test) => switchContract(test, 'fence_dummy', dummy));
  await show(stage, (test) => switchContract(test, 'fence_ipmilan', ipmi));
}

interface Four {
  rack: Rack;
  plug: SimulatedPlug;
  relay: SimulatedSwitch;
  agent: StandIn;
}

const HOST = 'deimos';
/** On the bench alone; it falls silent while the devices of the first one fail. */
const OTHER = 'phobos';
/** Long enough for a device that is asked every 0.4 s. */
const LONG_MS = { ...SHORT_MS, holdMs: 3_000, drainMs: 2_000 };
const WARNING_MS = { ...LONG_MS, deadtimeMs: LONG_MS.deadtimeMs / 2 };

/** The host's supplies hang on the bench, a plug, a relay board and a fence agent. */
async function startFour(stage: Stage, url: string, dir: string): Promise<Four> {
  const plug = await simulatePlug({ url, protocol: 5, style: 'shelly', lateMs: 0 });
  const relay = simulateSwitch(dir, 'lcus', 0);
  const agent = standInAgent();
  const outlets = [
    `driver = "mqtt-plug"\nname = "plug"\nstyle = "shelly"\ntopic = "${plug.topic}"`,
    `driver = "serial-switch"\nname = "relay"\npath = "${relay.path}"\nmodel = "lcus"\nplug = "1"\ncontact = "normally-open"`,
    `driver = "fence-agent"\nname = "agent"\nprogram = "${agent.program}"\nshares_power = false\nperiod = "400ms"\ntime_limit = "3s"`,
  ];
  const agentLines = outlets.map((lines) => `[[hosts.${HOST}.outlets]]\n${lines}`);
  const rack = await stage.rack({ ...onBothPaths(3, { url }, LONG_MS), agentLines });
  await allBeat(rack, rack.setup.hosts);
  return { rack, plug, relay, agent };
}

function contactsOf({ rack, plug, relay, agent }: Four): Promise<string[]> {
  return rack.bench
    .truth(HOST)
    .then(({ contacts }) => [
      contacts['psu'] ?? '',
      ...[plug.isOn(), relay.isOn('1'), agent.power() === 'on'].map((on) =>
        on ? 'closed' : 'open',
      ),
    ]);
}

async function ordered({ rack }: Four, op: string): Promise<{ outcome: string; proof: string }> {
  const { stdout, stderr } = await rack.fencepost([op, HOST, '--yes', '--json'], 'socket');
  assert.notEqual(stdout, '', stderr);
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '{}');
}

/**
 * Has the other host fall silent until the board warns of it. The warning comes from the tick that would
 * find it dead, and unlike a verdict it may come again at once.
 */
async function silence(rack: Rack, words: string): Promise<void> {
  const { bench, agent } = rack;
  const sinceMs = monotonicMs();
  await bench.host(OTHER, 'hang');
  const late = await agent.waitFor(
    `${OTHER} is late`,
    ({ code, host, atMs }) => code === 'late' && host === OTHER && atMs > sinceMs,
  );
  await bench.host(OTHER, 'resume');
  figure(`${words}: silence to warning`, late.atMs - sinceMs, silenceToCut(WARNING_MS, MQTT_MS));
  await allBeat(rack, [OTHER], ['serial']);
  await pause(2 * LONG_MS.keepaliveMs);
}

async function throughFour(stage: Stage, four: Four, broker: Mosquitto): Promise<void> {
  const all = (to: string) => Array.from({ length: 4 }, () => to);
  await stage.promise('a host on four kinds of switch is off when all four are open', async () => {
    const { outcome, proof } = await ordered(four, 'off');
    assert.deepEqual([outcome, proof], ['done', 'verified']);
    assert.deepEqual(await contactsOf(four), all('open'));
    assert.equal((await ordered(four, 'on')).outcome, 'done');
    await until('all are closed', async () =>
      (await contactsOf(four)).every((at) => at === 'closed'),
    );
    await allBeat(four.rack, four.rack.setup.hosts);
  });
  const spoil: [string, () => void | Promise<void>, () => void | Promise<void>][] = [
    ['a plug that lies', () => four.plug.spoil('stuck'), () => four.plug.spoil('well')],
    ['a relay that is unplugged', () => four.relay.spoil('gone'), () => four.relay.spoil('well')],
    ['an agent that hangs', () => four.agent.does('exec sleep 60'), () => four.agent.does('')],
    ['an agent that fills its pipe', () => four.agent.does('exec yes'), () => four.agent.does('')],
    ['a broker that stands still', () => broker.stop(), () => broker.continue()],
  ];
  for (const [words, begin, end] of spoil) {
    await stage.promise(`${words} fails the fence, and keeps no other host waiting`, async () => {
      await begin();
      let ended = false;
      const fence = ordered(four, 'fence').finally(() => {
        ended = true;
      });
      do await silence(four.rack, `beside ${words}`);
      while (!ended);
      assert.equal((await fence).outcome, 'failed');
      await end();
      await until(
        'all are closed',
        async () => (await contactsOf(four)).every((at) => at === 'closed'),
        30_000,
      );
      await allBeat(four.rack, four.rack.setup.hosts);
    });
  }
}

export const switches: Scenario = {
  name: 'switches',
  aboutS: 190,
  limitMs: 420_000,
  run: async (stage) => {
    const broker = await stage.broker();
    const dir = mkdtempSync(join(tmpdir(), 'fencepost-four-'));
    const four = await startFour(stage, broker.url, dir);
    await throughFour(stage, four, broker);
    await stage.promise('a broker that is started anew brings the plug back', async () => {
      await broker.restart();
      // The agent and the plug come back in their own time, later than the hosts if it so happens.
      const before = four.plug.questions();
      await until('the plug is asked again', () => four.plug.questions() > before, 30_000);
      await allBeat(four.rack, four.rack.setup.hosts);
      await allClear(four.rack, ['failed']);
      const { outcome, proof } = await ordered(four, 'fence');
      assert.deepEqual([outcome, proof], ['done', 'verified']);
      await allBeat(four.rack, four.rack.setup.hosts);
    });
    await four.plug.close();
    four.relay.close();
    four.agent.close();
    rmSync(dir, { recursive: true });
    await show(stage, (test) => plugTests(test, () => ({ url: broker.url, protocol: 5 })));
    await realAgents(stage);
  },
};
