/**
 * What the agent takes of a board: bytes, time to start, memory and processor; and how it keeps time:
 * silences, fences, orders, judge ticks, frames; and what it bears: noise, restarts, a busy machine.
 *
 * It prints each figure with its spread and its limit, and ends with 1 where a limit is missed or
 * where the run was not honest: hosts that were not heard, contacts that moved, a loop that stood
 * still. Nothing of it is simulated; site.ts says what stands around the agent.
 *
 *   main.cjs [--json] [--seconds=60] [--runs=11] [--flags="--cpu-prof ..."] [words of parts]     NODE=path
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { mosquittoAvailable } from '../lib/brokers/mosquitto.ts';
import { pause } from '../lib/until.ts';
import { startChild } from './child.ts';
import { measureDeadtime } from './deadtime.ts';
import { measureJudge } from './judge.ts';
import { measureLateness } from './lateness.ts';
import { machineOf } from './machine.ts';
import { bareMemory, bareStart, guard, type OneStart, startTimes } from './measure.ts';
import { measureNoise } from './noise.ts';
import { measureOrders } from './orders.ts';
import { measureProvenOff } from './proven-off.ts';
import { type BoardReport, judged, print, type Report } from './report.ts';
import { measureRestarts } from './restarts.ts';
import { BUNDLES, openSite } from './site.ts';
import { measuringFlags, type Size, sizeOf } from './sizes.ts';
import { spreadOf } from './spread.ts';
import { measureWire } from './wire.ts';

interface Options {
  node: string;
  json: boolean;
  seconds: number;
  /** What was asked for, where it was. */
  secondsGiven?: number;
  runs: number;
  flags: string[];
  /** Parts to measure: `board`, or the name of a section; all where none is named. */
  parts: string[];
}

/** Hosts of the two boards: a small one, and the largest that serial lines are meant for. */
const FEW = 2;
const MANY = 100;
const SETTLED_MS = 500;
const KEEPALIVE_MS = 1_000;
/** A board with two hosts is settled by then; the long run is for the many. */
const FEW_SECONDS_MAX = 20;
/** A look; ten minutes are `ONLY=deadtime SECONDS=600`. */
const DEADTIME_SECONDS = 15;

async function main(options: Options): Promise<void> {
  if (!mosquittoAvailable()) {
    process.stderr.write('There is no mosquitto on this machine; run: apt-get install mosquitto\n');
    process.exitCode = 1;
    return;
  }
  const isWanted = (part: string): boolean =>
    options.parts.length === 0 || options.parts.some((word) => part.includes(word));
  const report: Report = { machine: machineOf(options.node), sections: [] };
  if (isWanted('board')) report.board = await measureBoard(options);
  if (isWanted('wire') || isWanted('bytes')) report.sections.push(...measureWire(tell));
  if (isWanted('judge')) report.sections.push(await measureJudge(tell));
  if (isWanted('orders')) report.sections.push(await measureOrders(tell));
  if (isWanted('proven-off')) report.sections.push(await measureProvenOff(tell));
  if (isWanted('noise')) report.sections.push(await measureNoise(options.node, tell));
  if (isWanted('restarts')) report.sections.push(await measureRestarts(options.node, tell));
  if (isWanted('deadtime')) {
    const seconds = options.secondsGiven ?? DEADTIME_SECONDS;
    report.sections.push(await measureDeadtime(options.node, seconds, tell));
  }
  if (isWanted('lateness')) report.sections.push(await measureLateness(options.node, tell));
  report.machine.loadAtEnd = loadavg()[0] ?? 0;
  const verdicts = judged(report);
  if (options.json) process.stdout.write(`${JSON.stringify({ ...report, verdicts }, null, 2)}\n`);
  else print(report, verdicts);
  process.exitCode = verdicts.every(({ ok }) => ok) ? 0 : 1;
}

async function measureBoard(options: Options): Promise<BoardReport> {
  const { node, seconds, runs, flags } = options;
  const bare: OneStart[] = [];
  const bareOnce = async (): Promise<OneStart> => {
    const took = await bareStart(node);
    bare.push(took);
    return took;
  };
  const starts: BoardReport['starts'] = [];
  const guarding: BoardReport['guarding'] = [];
  const sizes: Size[] = [];
  for (const hosts of [FEW, MANY]) {
    const site = await openSite({ hostCount: hosts, keepaliveMs: KEEPALIVE_MS, node });
    if (hosts === FEW) {
      tell('bytes of each program');
      sizes.push(...(await sizesOf(node, (more) => site.startAgent(more))));
    }
    tell(`${runs} starts with ${hosts} hosts`);
    starts.push(await startTimes(site, { hosts, count: runs }, bareOnce));
    const time = hosts === FEW ? Math.min(seconds, FEW_SECONDS_MAX) : seconds;
    tell(`${hosts} hosts for ${time} s`);
    guarding.push(await guard(site, { hosts, seconds: time, flags: hosts === FEW ? [] : flags }));
    await site.close();
  }
  return {
    ...{ sizes, starts, guarding },
    bare: {
      wall: spreadOf(bare.map(({ wallMs }) => wallMs)),
      own: spreadOf(bare.map(({ ownMs }) => ownMs)),
      memory: await bareMemory(node),
    },
  };
}

type StartAgent = (flags: readonly string[]) => ReturnType<typeof startChild>;

async function sizesOf(node: string, startAgent: StartAgent): Promise<Size[]> {
  const dir = mkdtempSync(join(tmpdir(), 'fencepost-bench-'));
  const flags = measuringFlags(dir);
  const agent = startAgent(flags);
  await agent.line('"started"');
  // It answers signals a moment later.
  await pause(SETTLED_MS);
  await agent.end();
  const sizes = [await sizeOf('fencepost-agent', agent)];
  for (const program of ['fencepost-shim', 'fencepost']) {
    const path = join(BUNDLES, `${program}.cjs`);
    sizes.push(await sizeOf(program, startChild(node, [...flags, path, '--help'], 'stderr')));
  }
  rmSync(dir, { recursive: true });
  return sizes;
}

function tell(what: string): void {
  process.stderr.write(`  ${what} ...\n`);
}

function optionsOf(args: string[]): Options {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      json: { type: 'boolean' },
      seconds: { type: 'string' },
      runs: { type: 'string' },
      flags: { type: 'string' },
    },
  });
  return {
    node: process.env['NODE'] ?? process.execPath,
    json: values.json === true,
    seconds: wholeOf('seconds', values.seconds ?? '60'),
    ...(values.seconds && { secondsGiven: wholeOf('seconds', values.seconds) }),
    runs: wholeOf('runs', values.runs ?? '11'),
    flags: (values.flags ?? '').split(' ').filter((flag) => flag !== ''),
    parts: positionals,
  };
}

function wholeOf(name: string, text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0 && value <= 86_400) return value;
  throw new Error(`--${name} must be a whole number from 1 to 86400, not "${text}"`);
}

void main(optionsOf(process.argv.slice(2)));
