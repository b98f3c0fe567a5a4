/**
 * Watchdog timers and pulses: what beats say of a host is not all that there is to know of it.
 *
 * One host has a timer that its own programs kick through its shim; another one has a timer of the
 * board's configuration, shorter than its deadtime; a third is reset. The bench's log says when
 * power went and when a machine began a new life.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { monotonicMs } from '../../protocol/link/timers.ts';
import type { TimerView } from '../../protocol/wire/view.ts';
import { built } from '../lib/built.ts';
import { type Rack, run } from '../lib/rack.ts';
import { pause, until } from '../lib/until.ts';
import { allBeat, shimLines, viewOf } from './lib/hearing.ts';
import { commandsOf, linesOf } from './lib/judge.ts';
import { onBothPaths } from './lib/racks.ts';
import type { Scenario } from './lib/scenario.ts';
import { MQTT_MS, SHORT_MS, TOLERANCE_MS } from './lib/timing.ts';

const { keepaliveMs } = SHORT_MS;
const KICK_MS = 4_000;
const PRE_MS = 1_500;
const BEAT_MS = 2_500;
const [KICKED, TIMED, RESET] = ['deimos', 'phobos', 'io'];
const JOURNAL_MS = 500;

const KICK_TIMER = [
  '[timer]',
  `timeout = "${KICK_MS}ms"`,
  'action = "cycle"',
  'mode = "kick"',
  `pretimeout = "${PRE_MS}ms"`,
];

async function timerOf(rack: Rack, host: string): Promise<TimerView | null | undefined> {
  return (await viewOf(rack))?.hosts.find(({ name }) => name === host)?.timer;
}

async function untilTimer(rack: Rack, host: string, state: string): Promise<void> {
  const is = async (): Promise<boolean> => (await timerOf(rack, host))?.state === state;
  await until(`the timer of ${host} is ${state}`, is, 10_000);
}

function kickOnce(rack: Rack): Promise<{ code: number; stderr: string }> {
  const socket = join(rack.dir, `${KICKED}.sock`);
  return run([built('host-shim/main.ts'), 'kick', '--socket', socket]);
}

/** One kick by the shim's own command; throws where no shim takes it. */
async function kick(rack: Rack): Promise<void> {
  const { code, stderr } = await kickOnce(rack);
  assert.equal(code, 0, stderr);
}

interface Kicker {
  go(): void;
  /** Answers when the last kick had reached the shim at the latest. */
  stop(): Promise<number>;
}

/** A program on the host that is well as long as it goes; nobody minds when its shim is down. */
function kickerOf(rack: Rack): Kicker {
  let isOn = false;
  let lastMs = 0;
  let working = Promise.resolve();
  const work = async (): Promise<void> => {
    while (isOn) {
      const { code } = await kickOnce(rack);
      if (code === 0) lastMs = monotonicMs();
      await pause(500);
    }
  };
  return {
    go: () => {
      isOn = true;
      working = work();
    },
    stop: async () => {
      isOn = false;
      await working;
      return lastMs;
    },
  };
}

async function nobodyKicks(rack: Rack, kicker: Kicker): Promise<void> {
  await pause(3 * KICK_MS);
  const sinceMs = await kicker.stop();
  assert.deepEqual(linesOf(rack, 'pretimeout'), [], 'while it was kicked nothing was said');
  assert.deepEqual(commandsOf(rack.bench, KICKED, 'open'), []);
  const isCut = (): boolean => commandsOf(rack.bench, KICKED, 'open').length > 0;
  await until('its power is cut', isCut, KICK_MS + 5_000);
  const [cutMs = 0] = commandsOf(rack.bench, KICKED, 'open');
  const [warned] = linesOf(rack, 'pretimeout');
  const warnedMs = (warned?.atMs ?? 0) - sinceMs;
  assert.ok(Math.abs(warnedMs - (KICK_MS - PRE_MS)) < 600, `warned ${warnedMs} ms after the kick`);
  const warnings = shimLines(rack, KICKED).filter(({ text }) =>
    text.includes('watchdog timer was not'),
  );
  for (const channel of ['serial', 'mqtt']) {
    const onIt = warnings.some(({ text, atMs }) => text.includes(channel) && atMs < cutMs);
    assert.ok(onIt, `the host was warned on ${channel}`);
  }
  const lateMs = cutMs - sinceMs - KICK_MS;
  const mostMs = keepaliveMs + MQTT_MS + 50 + JOURNAL_MS + TOLERANCE_MS;
  assert.ok(lateMs >= -600 && lateMs <= mostMs, `cut ${lateMs} ms after its timeout`);
  await rack.agent.waitFor('fenced', ({ code, host }) => code === 'fenced' && host === KICKED);
  assert.deepEqual(
    linesOf(rack, 'dead').filter(({ host }) => host === KICKED),
    [],
    'it beat on',
  );
}

async function lastMoment(rack: Rack, kicker: Kicker): Promise<void> {
  const cuts = commandsOf(rack.bench, KICKED, 'open').length;
  await kicker.stop();
  await untilTimer(rack, KICKED, 'pretimeout');
  await pause(PRE_MS - 700);
  await kick(rack);
  await untilTimer(rack, KICKED, 'armed');
  kicker.go();
  await pause(KICK_MS);
  assert.equal(commandsOf(rack.bench, KICKED, 'open').length, cuts);
}

async function shorterThanDeadtime(rack: Rack): Promise<void> {
  const sinceMs = monotonicMs();
  await rack.bench.host(TIMED, 'hang');
  const isCut = (): boolean => commandsOf(rack.bench, TIMED, 'open').length > 0;
  await until('its power is cut', isCut, 10_000);
  const [cutMs = 0] = commandsOf(rack.bench, TIMED, 'open');
  const tookMs = cutMs - sinceMs;
  const mostMs = BEAT_MS + 50 + MQTT_MS + JOURNAL_MS + TOLERANCE_MS;
  assert.ok(tookMs >= BEAT_MS - keepaliveMs - 100 && tookMs <= mostMs, `${tookMs} ms`);
  await rack.agent.waitFor('fenced', ({ code, host }) => code === 'fenced' && host === TIMED);
}

async function agentRestarts(rack: Rack): Promise<void> {
  // What stands is on disk within a second.
  await pause(1_100);
  rack.agent.signal('SIGKILL');
  await rack.agent.ended;
  await rack.startAgent();
  await rack.agent.waitFor('lost', ({ code, host }) => code === 'timer-lost' && host === KICKED);
  await untilTimer(rack, KICKED, 'armed');
  await rack.agent.waitFor(
    'armed again',
    ({ code, host, over }) => code === 'timer-lost' && host === KICKED && over === true,
  );
}

async function reset(rack: Rack, word: 'reset' | 'diag'): Promise<void> {
  const startsOf = (): number[] =>
    rack.bench
      .log()
      .filter((one) => one.kind === 'process' && one.host === RESET && one.what === 'start')
      .map(({ atMs }) => atMs);
  const before = startsOf().length;
  const ordered = rack.fencepost(
    [word, RESET, '--yes', '--json'],
    word === 'diag' ? 'mqtt' : 'socket',
  );
  const { code, stdout } = await ordered;
  const doneMs = monotonicMs();
  assert.equal(code, 0, stdout);
  assert.match(stdout, /"outcome":"done".*"proof":"none"/);
  const starts = startsOf();
  assert.equal(starts.length, before + 1, 'it began one new life');
  assert.ok(doneMs > (starts.at(-1) ?? 0), 'done was said after that');
  assert.deepEqual(commandsOf(rack.bench, RESET, 'open'), [], 'its power was never cut');
}

async function byCommand(rack: Rack): Promise<void> {
  const set = ['timer', 'set', RESET, '--timeout', '60', '--action', 'off', '--nowayout'];
  const done = await rack.fencepost(set, 'mqtt');
  assert.equal(done.code, 0, done.stderr + done.stdout);
  const { stdout } = await rack.fencepost(['timer', 'get', RESET]);
  assert.match(stdout, /Watchdog Timer Is: +Started\/Running/);
  assert.match(stdout, /Watchdog Timer Action: +Power Down \(0x02\)/);
  assert.match(stdout, /Initial Countdown: +60\.0 sec/);
  assert.equal((await rack.fencepost(['timer', 'reset', RESET])).code, 0);
  assert.equal((await rack.fencepost(['timer', 'off', RESET])).code, 1, 'nowayout');
  assert.equal((await timerOf(rack, RESET))?.state, 'armed');
}

export const timers: Scenario = {
  name: 'timers',
  aboutS: 75,
  run: async (stage) => {
    const rack = await stage.rack({
      ...onBothPaths(3, await stage.broker()),
      hostLines: (host) =>
        host === TIMED ? [`timer = { timeout = "${BEAT_MS}ms", action = "cycle" }`] : [],
      shimLines: (host) => (host === KICKED ? KICK_TIMER : []),
    });
    const { hosts } = rack.setup;
    const kicker = kickerOf(rack);
    kicker.go();
    await stage.promise('three hosts beat, and the timers of two are armed', async () => {
      await allBeat(rack, hosts);
      await untilTimer(rack, KICKED, 'armed');
      await untilTimer(rack, TIMED, 'armed');
    });
    await stage.promise('nobody kicks while it beats on: warned on both paths, then cut', () =>
      nobodyKicks(rack, kicker),
    );
    kicker.go();
    await stage.promise('its next life has its timer again', async () => {
      await allBeat(rack, hosts, ['serial', 'mqtt'], 20_000);
      await untilTimer(rack, KICKED, 'armed');
    });
    await stage.promise('a kick just before the expiry averts it', () => lastMoment(rack, kicker));
    await stage.promise('after a restart of the agent it is lost, until the shim arms it', () =>
      agentRestarts(rack),
    );
    await stage.promise('a timer shorter than the deadtime cuts by its own time', async () => {
      await allBeat(rack, hosts);
      // A host that was heard only once since the restart may be booting, and has initdead.
      await pause(4 * keepaliveMs);
      await shorterThanDeadtime(rack);
    });
    await stage.promise('a reset is done when a new life is heard, and never called a fence', () =>
      reset(rack, 'reset'),
    );
    await stage.promise('so is a diagnostic interrupt that makes the kernel panic', () =>
      reset(rack, 'diag'),
    );
    await stage.promise('people set, see and refresh a timer; nowayout they do not disarm', () =>
      byCommand(rack),
    );
    await kicker.stop();
  },
};
