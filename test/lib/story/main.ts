/**
 * The main job, for a newcomer: two hosts, their cables, a broker and a board, all real processes
 * on this machine, and a short story of what can happen to them.
 *
 * `DEADTIME=8s` moves the timers; `STORY=welded` and `STORY=mute-sense` show hardware that fails,
 * end with exit 1 and never say `fenced`. On a terminal everything stays up afterwards to be
 * played with. The summary is computed from the bench's log.
 */
import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import * as v from 'valibot';
import { boardAtSocket } from '../../../host-shim/cli/board-socket.ts';
import { hostsText } from '../../../host-shim/cli/tables.ts';
import { durationSchema } from '../../../protocol/config-fields.ts';
import { after } from '../../../protocol/link/timers.ts';
import type { BenchClient } from '../bench/client.ts';
import { built } from '../built.ts';
import { type AgentLine, type Rack, startRack } from '../rack.ts';
import { play } from './play.ts';
import { type Screen, storyScreen } from './screen.ts';
import {
  cableFindings,
  type Finding,
  failureFindings,
  hangFindings,
  orderFindings,
  type StoryTimes,
  words,
} from './summary.ts';

const STORIES = ['main', 'welded', 'mute-sense'] as const;
type Story = (typeof STORIES)[number];

const [HANGS, ORDERED] = ['deimos', 'phobos'];

/** The exit code of whoever was ended by Ctrl-C. */
const INTERRUPTED = 130;

interface Stage {
  rack: Rack;
  screen: Screen;
  times: StoryTimes;
}

async function main(): Promise<number> {
  const choice = choose();
  if (typeof choice === 'string') {
    process.stderr.write(`${choice}\n`);
    return 2;
  }
  const { story, times } = choice;
  const broker = await startBroker();
  const rack = await startRack({
    hosts: [HANGS, ORDERED],
    timing: timingOf(times),
    broker: { url: broker.url, protocol: 4 },
  });
  const live = process.stdout.isTTY === true && process.stdin.isTTY === true;
  const table = await tableOf(rack);
  const screen = storyScreen(live, table, (text) => process.stdout.write(text));
  followAgent(rack, screen);
  followBench(rack.bench, screen);
  process.once('SIGINT', () => {
    screen.close();
    // After the listeners that end the processes which write there.
    process.once('exit', () => rmSync(rack.dir, { recursive: true, force: true }));
    process.exit(INTERRUPTED);
  });
  const findings = await tell(story, { rack, screen, times });
  if (live && story === 'main') await play(rack, screen, [HANGS, ORDERED]);
  screen.close();
  await rack.close();
  broker.close();
  return summarise(findings);
}

function choose(): { story: Story; times: StoryTimes } | string {
  const story = STORIES.find((name) => name === (process.env['STORY'] || 'main'));
  if (story === undefined) return `STORY is one of ${STORIES.join(', ')}.`;
  const deadtime = v.safeParse(durationSchema, process.env['DEADTIME'] || '4s');
  if (!deadtime.success || deadtime.output < 4_000 || deadtime.output > 60_000) {
    return 'DEADTIME is from "4s" to "60s".';
  }
  const deadtimeMs = deadtime.output;
  return {
    story,
    times: { keepaliveMs: 1_000, warntimeMs: deadtimeMs / 2, deadtimeMs, offHoldMs: 2_000 },
  };
}

function timingOf(times: StoryTimes): Parameters<typeof startRack>[0]['timing'] {
  return {
    keepalive: `${times.keepaliveMs}ms`,
    warntime: `${times.warntimeMs}ms`,
    deadtime: `${times.deadtimeMs}ms`,
    initdead: `${times.deadtimeMs * 1.5}ms`,
    off_hold: `${times.offHoldMs}ms`,
    drain: '2s',
  };
}

/** A process of its own, so that nothing it does can be mistaken for the agent's doing. */
function startBroker(): Promise<{ url: string; close: () => void }> {
  const child = spawn(process.execPath, [built('test/lib/brokers/main.ts')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  return new Promise((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the broker ended with ${code}`)));
    child.stdout.once('data', (text) => {
      const { port }: { port: number } = JSON.parse(String(text));
      resolve({ url: `mqtt://127.0.0.1:${port}`, close: () => child.stdin.end() });
    });
  });
}

async function tableOf(rack: Rack): Promise<() => Promise<string>> {
  const board = await boardAtSocket(`${rack.dir}/agent.sock`, 'story');
  if (!board.ok) throw new Error(board.detail);
  return async () => {
    const view = await board.value.view();
    return view.ok ? hostsText(view.value) : '';
  };
}

/** The agent's words go to the screen, and into the bench's log, where the summary finds them. */
function followAgent(rack: Rack, screen: Screen): void {
  const told = new Set<AgentLine>();
  const look = (line: AgentLine): boolean => {
    if (told.has(line)) return false;
    told.add(line);
    if (line.code === undefined) return false;
    screen.say(`  agent  ${(line.host ?? '').padEnd(8)} ${line.text}`);
    if (line.host !== undefined && line.over !== true) {
      void rack.bench.mark(words(line.code, line.host));
    }
    return false;
  };
  rack.agent.waitFor('', look, 2 ** 31 - 1).catch(() => undefined);
}

function followBench(bench: BenchClient, screen: Screen): void {
  const told = new Set<object>();
  bench
    .waitFor(
      '',
      (entry) => {
        if (told.has(entry)) return false;
        told.add(entry);
        if (entry.kind === 'power')
          screen.say(`  bench  ${entry.host.padEnd(8)} power ${entry.to}`);
        return false;
      },
      2 ** 31 - 1,
    )
    .catch(() => undefined);
}

async function tell(story: Story, stage: Stage): Promise<Finding[]> {
  const { rack, screen, times } = stage;
  const { agent } = rack;
  const heard = Promise.all(
    [HANGS, ORDERED].map((host) => agent.waitFor(`${host} is heard`, isOf('heard', host))),
  );
  // A host counts as silent on two channels only if both carried it.
  const carried = heard.then(() => pause(2 * times.keepaliveMs + 1_000));
  await screen.chapter('Two hosts beat over a serial line and over the broker', carried);
  if (story !== 'main') return tellFailure(story, stage);
  const hang = await tellHang(stage);
  const order = await tellOrder(stage);
  return [...hang, ...order, ...(await tellCable(stage))];
}

async function tellHang({ rack, screen, times }: Stage): Promise<Finding[]> {
  const { bench } = rack;
  await screen.chapter(`${HANGS} hangs: its processes are stopped, its power stays on`);
  await bench.host(HANGS, 'hang');
  const limitMs = times.deadtimeMs + 20_000;
  const isBack = await laterHeard(rack, HANGS);
  await bench.waitFor(`${HANGS} beats again`, isBack, limitMs);
  const played = await rack.replay(HANGS);
  const ending = played.stdout.trim().split('\n').at(-1) ?? '';
  screen.say(`  $ fencepost-agent replay: ${ending}`);
  const replay = { what: 'its record plays again to the same end', holds: played.code === 0 };
  return [...hangFindings(bench.log(), HANGS, times), { ...replay, how: ending }];
}

async function tellOrder({ rack, screen, times }: Stage): Promise<Finding[]> {
  const { bench } = rack;
  await screen.chapter(`An operator fences ${ORDERED} over MQTT`);
  const isBack = await laterHeard(rack, ORDERED);
  await bench.mark('order given');
  const ran = await rack.fencepost(['fence', ORDERED, '--yes'], 'mqtt');
  await bench.mark('order answered');
  const answer = `${ran.stdout}${ran.stderr}`.trim().split('\n').at(-1) ?? '';
  screen.say(`  $ fencepost fence ${ORDERED} --yes`);
  screen.say(`  ${answer}`);
  await bench.waitFor(`${ORDERED} beats again`, isBack, 20_000);
  return orderFindings(bench.log(), ORDERED, { code: ran.code, words: answer }, times);
}

async function tellCable({ rack, screen, times }: Stage): Promise<Finding[]> {
  const { bench } = rack;
  await pause(2 * times.keepaliveMs);
  await screen.chapter(`The serial cable of ${HANGS} is pulled; the host is healthy`);
  await bench.cable(HANGS, { pulled: true });
  await bench.mark('cable pulled');
  await pause(2 * times.deadtimeMs + 500);
  await bench.mark('cable watched');
  await bench.cable(HANGS, { pulled: false });
  return cableFindings(bench.log(), times);
}

async function tellFailure(story: Story, { rack, screen, times }: Stage): Promise<Finding[]> {
  const { bench } = rack;
  if (story === 'welded') {
    await screen.chapter(`The relay of ${HANGS} is welded shut, and then ${HANGS} hangs`);
    await bench.relayFault(HANGS, 'psu', { stuck: 'closed' });
  } else {
    await screen.chapter(`The sense of ${HANGS} does not answer, and then ${HANGS} hangs`);
    await bench.senseFault(HANGS, 'rail', 'mute');
  }
  await bench.host(HANGS, 'hang');
  const isOver = isOneOf([words('failed', HANGS), words('fenced', HANGS)]);
  await bench.waitFor('the fence ends', isOver, times.deadtimeMs + 20_000);
  await pause(1_000);
  return failureFindings(bench.log(), HANGS);
}

/** Holds for the next time that the host is heard anew, seen from now. */
async function laterHeard(
  rack: Rack,
  host: string,
): Promise<(entry: ReturnType<BenchClient['log']>[number]) => boolean> {
  const before = rack.bench.log().length;
  return (entry) =>
    entry.kind === 'mark' &&
    entry.text === words('heard', host) &&
    rack.bench.log().indexOf(entry) >= before;
}

function isOneOf(marks: string[]): Parameters<BenchClient['waitFor']>[1] {
  return (entry) => entry.kind === 'mark' && marks.includes(entry.text);
}

function isOf(code: string, host: string): (line: AgentLine) => boolean {
  return (line) => line.code === code && line.host === host;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    after(ms, resolve);
  });
}

function summarise(findings: Finding[]): number {
  process.stdout.write("\nWhat happened, by the bench's log:\n");
  for (const { what, holds, how } of findings) {
    process.stdout.write(`  ${holds ? 'yes' : 'NO '}  ${what}: ${how}\n`);
  }
  const good = findings.every(({ holds }) => holds);
  process.stdout.write(good ? '\nAll of it as it should be.\n' : '\nNot all of it went well.\n');
  return good ? 0 : 1;
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  },
);
