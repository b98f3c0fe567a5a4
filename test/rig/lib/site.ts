/**
 * A whole installation on emulated hardware: a board, a server, the cable between them, relays, sense,
 * and a broker that both reach. On them run the programs as they ship, configured by files.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Mosquitto, mosquittoBroker } from '../../lib/brokers/mosquitto.ts';
import { built } from '../../lib/built.ts';
import { prng } from '../../lib/prng.ts';
import { type Ran, run } from '../../lib/rack.ts';
import { until } from '../../lib/until.ts';
import { type Cable, cable } from './cable.ts';
import { type Guest, isLog } from './guest.ts';
import { type Board, raspiBoard, server as serverMachine, virtBoard } from './machines.ts';
import { type Mains, mains } from './mains.ts';
import { writeInitrd } from './payload.ts';
import { type Timeline, timeline } from './timeline.ts';

export interface SiteSetup {
  machine?: 'virt' | 'raspi3b';
  supplies?: 1 | 2;
}

/** One line of the agent's log, at the time when it came out of the board. */
export interface AgentLine {
  atMs: number;
  level: string;
  text: string;
  code?: string;
  over?: boolean;
}

export interface Site {
  readonly board: Board;
  readonly server: Guest;
  readonly cable: Cable;
  readonly mains: Mains;
  readonly broker: Mosquitto;
  readonly timeline: Timeline;
  readonly dir: string;
  /** What the agents of all lives of the board said since then. */
  said(sinceMs?: number): AgentLine[];
  /** The first line of this code since then. */
  waitFor(code: string, sinceMs: number, limitMs: number): Promise<AgentLine>;
  /** Runs `fencepost` on this machine, over the broker. */
  fencepost(...args: string[]): Promise<Ran>;
  close(): Promise<void>;
}

export const TIMES_MS = { deadtimeMs: 6_000, holdMs: 2_000, drainMs: 2_000 };
/** Three times what a boot takes on a busy machine of two cores. */
const BOOT_MS_MAX = 120_000;

const HOST = 'web';

/** Starts everything; resolves when the server is heard on both channels. `logs` is its folder. */
export async function startSite(
  { machine = 'virt', supplies = 1 }: SiteSetup,
  logs: string,
): Promise<Site> {
  rmSync(logs, { recursive: true, force: true });
  mkdirSync(logs, { recursive: true });
  const dir = mkdtempSync(join(tmpdir(), 'fencepost-vm-'));
  const events = timeline(join(logs, 'timeline.txt'));
  events.add('rig', `${machine}, supplies: ${supplies}`);
  const broker = await mosquittoBroker();
  const makeBoard = machine === 'virt' ? virtBoard : raspiBoard;
  const shared = { dir, logs, timeline: events };
  const board = makeBoard({ ...shared, name: 'board', initrd: join(dir, 'board.initrd') });
  const server = serverMachine({ ...shared, name: 'server', initrd: join(dir, 'server.initrd') });
  writePayloads(dir, board, { supplies, port: broker.port });
  const wire = cable(server, board.guest, prng(1));
  const supply = mains(board, server, { supplies, timeline: events });
  const agent: AgentLine[] = [];
  board.guest.onLine(({ atMs, text }) => {
    if (isLog(text)) agent.push({ ...JSON.parse(text), atMs });
  });
  const said = (sinceMs = 0): AgentLine[] => agent.filter(({ atMs }) => atMs >= sinceMs);
  await Promise.all([board.guest.on(), server.on()]);
  const site: Site = {
    ...{ board, server, cable: wire, mains: supply, broker, timeline: events, dir, said },
    waitFor: (code, sinceMs, limitMs) =>
      until(
        `the agent says "${code}"`,
        () => said(sinceMs).find((line) => line.code === code && line.over !== true),
        limitMs,
      ),
    fencepost: (...args) =>
      run([built('host-shim/cli/main.ts'), ...args, '--config', join(dir, 'fencepost.toml')]),
    close: async () => {
      await supply.stop();
      await Promise.all([board.guest.off(), server.off()]);
      await broker.close();
      rmSync(dir, { recursive: true });
    },
  };
  return site;
}

/** Resolves when the server, in a life begun since then, is heard on both channels. */
export async function beats(site: Site, sinceMs: number): Promise<void> {
  const stands = (channel: string): boolean =>
    site.server.said.some(
      ({ atMs, text }) =>
        atMs >= sinceMs && text.includes(`${channel}: a session with the board stands`),
    );
  const heard = (): boolean =>
    site.said(sinceMs).some(({ code }) => code === 'heard' || code === 'reborn');
  await until(
    'the server beats on both channels',
    () => heard() && stands('serial') && stands('mqtt'),
    BOOT_MS_MAX,
  );
}

function writePayloads(
  dir: string,
  board: Board,
  { supplies, port }: { supplies: number; port: number },
): void {
  const key = (): string => randomBytes(32).toString('base64');
  const hostKey = `host ${HOST} 1 ${key()}\n`;
  const opsKey = `admin ops 1 ${key()}\n`;
  const mqtt = (address: string): string => `[mqtt]\nurl = "mqtt://${address}:${port}"\n`;
  const ids = 'schema = 1\n[agent]\nname = "board"\nid = 1\n';
  writeInitrd(join(dir, 'board.initrd'), {
    arch: 'arm64',
    bundle: 'dist/rig/board',
    program: ['/payload/bundle/fencepost-agent.cjs', 'run', '/payload/agent.toml'],
    files: { 'agent.toml': agentToml(board, supplies, mqtt('10.0.2.2')), keys: hostKey + opsKey },
  });
  writeInitrd(join(dir, 'server.initrd'), {
    arch: 'amd64',
    bundle: 'dist/rig/server',
    program: ['/payload/bundle/fencepost-shim.cjs', 'run', '--config', '/payload/shim.toml'],
    files: { 'shim.toml': shimToml(ids, mqtt('10.0.2.2')), keys: hostKey },
  });
  writeFileSync(join(dir, 'keys'), opsKey, { mode: 0o600 });
  writeFileSync(
    join(dir, 'fencepost.toml'),
    `${ids.replace('[agent]', `keys = "${join(dir, 'keys')}"\n[agent]`)}` +
      `[orderer]\nname = "ops"\nid = 10\n${mqtt('127.0.0.1')}`,
  );
}

function agentToml({ port, chip, relays, senses }: Board, supplies: number, mqtt: string): string {
  const { deadtimeMs, holdMs, drainMs } = TIMES_MS;
  const outlets = relays
    .slice(0, supplies)
    .map(
      ({ line }, i) =>
        `[[hosts.${HOST}.outlets]]\ndriver = "gpio"\nname = "psu${i + 1}"\nchip = "${chip}"\n` +
        `line = ${line}\nactive = "high"\ncontact = "normally-closed"\n`,
    );
  return `schema = 1
version = 1
[agent]
name = "board"
id = 1
keys = "/payload/keys"
state = "/run/state"
socket = "/run/agent.sock"
${mqtt}
[timing]
keepalive = "1s"
warntime = "2s"
deadtime = "${deadtimeMs}ms"
initdead = "60s"
off_hold = "${holdMs}ms"
drain = "${drainMs}ms"
[hosts.${HOST}]
id = 1
serial = { path = "${port}" }
${outlets.join('')}
[[hosts.${HOST}.senses]]
driver = "gpio"
name = "rail"
covers = "host"
chip = "${chip}"
line = ${senses[0]?.line}
active = "high"
[orderers.ops]
id = 10
operator = true
may = ["fence", "off", "on", "ack", "status"]
`;
}

function shimToml(ids: string, mqtt: string): string {
  return `${ids.replace('schema = 1', 'schema = 1\nversion = 1\nkeys = "/payload/keys"')}
[host]
name = "${HOST}"
id = 1
[serial]
path = "/dev/ttyS1"
${mqtt}
[timing]
keepalive = "1s"
`;
}
