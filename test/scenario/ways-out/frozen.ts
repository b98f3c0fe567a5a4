/** Rows in which the board does not know which machine it would cut. */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { monotonicMs } from '../../../protocol/link/timers.ts';
import { built } from '../../lib/built.ts';
import { type AgentLine, NODE_FLAGS, type Rack, runAgent } from '../../lib/rack.ts';
import { pause } from '../../lib/until.ts';
import { allBeat } from '../lib/hearing.ts';
import { onBothPaths } from '../lib/racks.ts';
import type { Stage } from '../lib/scenario.ts';
import {
  beats,
  farPair,
  fencedByOrder,
  fencedByVerdict,
  hang,
  MILLIS,
  obeyed,
  over,
  raised,
  refused,
  standsStill,
  untouched,
} from './lib.ts';

const OVERRIDE = /--override, as an operator/;

/** The flag of two agents falls a minute after the last sign of the second. */
const TWO_AGENTS_MS = 60_000;

/** Writes the table of a configuration away, and single lines. */
function without(dir: string, file: string, parts: RegExp[], to = file): void {
  const text = readFileSync(join(dir, file), 'utf8');
  const rest = parts.reduce((words, part) => words.replace(part, ''), text);
  writeFileSync(join(dir, to), rest, { mode: 0o600 });
}

const MQTT_TABLE = /\[mqtt\]\n(?:[^[\n].*\n)*/;
const SERIAL_TABLE = /\[serial\]\n(?:[^[\n].*\n)*/;
const SERIAL_LINES = /^serial = .*\n/gm;

/** A sense that reads on after `fenced` was said; and a host that fell silent with that cut. */
export async function integrity(stage: Stage): Promise<void> {
  // Long enough that the second host is silent for sure and not yet found dead.
  const millis = { ...MILLIS, deadtimeMs: 6_000 };
  const rack = await stage.rack(farPair(await stage.broker(), millis));
  const [host = '', other = ''] = rack.setup.hosts;
  let atMs = 0;
  await stage.promise('frozen: what was reported is contradicted, alarms for both', async () => {
    await allBeat(rack, rack.setup.hosts);
    const off = obeyed(rack, ['off', host, '--yes']);
    await rack.bench.waitFor('the cut', (entry) => entry.kind === 'command' && entry.host === host);
    const hungAt = monotonicMs();
    await rack.bench.host(other, 'hang');
    await off;
    await pause(Math.max(0, hungAt + 2_500 - monotonicMs()));
    atMs = monotonicMs();
    await rack.bench.senseFault(host, 'rail', 'on');
    await Promise.all([
      standsStill(rack, host, atMs, { code: 'integrity', remedy: OVERRIDE }),
      standsStill(rack, other, atMs, { code: 'crossed', remedy: OVERRIDE }),
    ]);
  });
  await stage.promise('frozen: orders without --override move nothing', async () => {
    await refused(rack, ['fence', other, '--yes'], /frozen/);
    await refused(rack, ['on', host, '--yes'], /frozen/, 'mqtt');
    for (const one of rack.setup.hosts) untouched(rack, one, atMs);
  });
  await stage.promise(
    'frozen by integrity: a fence with --override, the sense mended',
    async () => {
      await rack.bench.senseFault(host, 'rail', 'none');
      await fencedByOrder(rack, host, { more: ['--override'] });
      await over(rack, host, 'integrity');
    },
  );
  await stage.promise('frozen by crossed wires: a fence with --override over MQTT', async () => {
    await fencedByOrder(rack, other, { way: 'mqtt', more: ['--override'] });
    await over(rack, other, 'crossed');
  });
  await stage.promise('frozen no more: it is guarded as before', async () => {
    await fencedByVerdict(rack, other, await hang(rack, other));
  });
}

/** A shim, as it would run on a clone of the host's disk. */
function startClone(rack: Rack, host: string): { end(): void } {
  without(rack.dir, `${host}-clone.toml`, [SERIAL_TABLE]);
  const program = [...NODE_FLAGS, built('host-shim/main.ts'), 'run'];
  const files = ['--config', join(rack.dir, `${host}-clone.toml`), '--socket', '/dev/null/none'];
  const child = spawn(process.execPath, [...program, ...files], {
    stdio: 'ignore',
    env: { ...process.env, FENCEPOST_BOOT_ID: randomUUID() },
  });
  const end = (): void => {
    child.kill('SIGKILL');
  };
  process.once('exit', end);
  return { end };
}

/** The host is on the serial line, its clone on the network: two lives that speak at once. */
export async function twoLives(stage: Stage): Promise<void> {
  const setup = farPair(await stage.broker());
  const [host = ''] = setup.hosts;
  const prepare = (dir: string): void => {
    without(dir, `${host}.toml`, [], `${host}-clone.toml`);
    without(dir, `${host}.toml`, [MQTT_TABLE]);
  };
  const rack = await stage.rack({ ...setup, prepare });
  await stage.promise(
    'frozen: two lives speak at once, then it dies: it stands still',
    async () => {
      await beats(rack, host, ['serial']);
      const atMs = monotonicMs();
      const clone = startClone(rack, host);
      await raised(rack, host, 'two-lives', OVERRIDE);
      clone.end();
      await rack.bench.host(host, 'hang');
      await standsStill(rack, host, atMs, { code: 'two-lives', remedy: OVERRIDE });
      await refused(rack, ['fence', host, '--yes'], /frozen/, 'mqtt');
      untouched(rack, host, atMs);
    },
  );
  await stage.promise('frozen by two lives: a fence with --override over MQTT', async () => {
    const sinceMs = monotonicMs();
    await obeyed(rack, ['fence', host, '--yes', '--override'], 'mqtt');
    await beats(rack, host, ['serial']);
    await over(rack, host, 'two-lives');
    await rack.agent.waitFor('fenced', ({ code, atMs }) => code === 'fenced' && atMs >= sinceMs);
  });
}

/** Two boards with one number: the one has the serial line, the other the network. */
export async function twoAgents(stage: Stage): Promise<void> {
  const setup = { ...onBothPaths(1, await stage.broker(), MILLIS), hostLines: ['silence = "act"'] };
  const [host = ''] = setup.hosts;
  const prepare = (dir: string): void => {
    without(dir, 'agent.toml', [SERIAL_LINES], 'second.toml');
    const path = join(dir, 'second.toml');
    const text = readFileSync(path, 'utf8');
    writeFileSync(path, text.replace('/agent.sock', '/second.sock').replace('/state"', '/state2"'));
    without(dir, 'agent.toml', [MQTT_TABLE]);
  };
  const rack = await stage.rack({ ...setup, prepare });
  const said: AgentLine[] = [];
  await beats(rack, host, ['serial']);
  const second = runAgent(rack.dir, { name: 'second', wallAheadMs: 0 }, said);
  const alarm = { code: 'two-agents', remedy: /stop the agent that is not its own/ };
  await stage.promise('two agents: both stand still, with an alarm each', async () => {
    await raised(rack, host, 'two-agents', alarm.remedy);
    await second.waitFor('two agents', ({ code }) => code === 'two-agents');
    await standsStill(rack, host, await hang(rack, host), alarm);
  });
  await stage.promise('two agents: it is fenced by order', async () => {
    await raised(rack, host, 'two-agents', /order/);
    const sinceMs = monotonicMs();
    await obeyed(rack, ['fence', host, '--yes']);
    await beats(rack, host, ['serial']);
    await rack.agent.waitFor('fenced', ({ code, atMs }) => code === 'fenced' && atMs >= sinceMs);
  });
  await stage.promise(
    'two agents: the other is stopped, and a minute later it is guarded',
    async () => {
      second.signal('SIGTERM');
      await second.ended;
      await pause(TWO_AGENTS_MS);
      await over(rack, host, 'two-agents');
      const atMs = await hang(rack, host);
      await rack.agent.waitFor('fenced', (line) => line.code === 'fenced' && line.atMs >= atMs);
      await beats(rack, host, ['serial']);
    },
  );
  const dead = said.filter(({ code }) => code === 'dead');
  await stage.promise('two agents: the second never found it dead', () => {
    if (dead.length > 0) throw new Error(dead[0]?.text);
  });
}
