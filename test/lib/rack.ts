/**
 * A whole installation on one machine: bench, shims with their cables, agent, and the command.
 *
 * Everything is a process of its own and is configured by files, as it would be by a user. Stories,
 * scenarios and benchmarks start from here and differ only in what they then do to it.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { setPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { attemptSync } from '../../protocol/attempt.ts';
import { after, monotonicMs } from '../../protocol/link/timers.ts';
import { type BenchClient, type BenchConfig, startBench } from './bench/client.ts';
import type { BenchProgram } from './bench/config.ts';
import { built } from './built.ts';
import { writeFiles } from './rack-files.ts';
import { wallClockEnv } from './wall-clock/env.ts';

export interface RackTiming {
  keepalive: string;
  warntime: string;
  deadtime: string;
  initdead: string;
  off_hold: string;
  drain: string;
}

export interface RackSetup {
  hosts: string[];
  timing: RackTiming;
  /** `elsewhere` makes this machine's address pass for another's, so that our own echo is a proof. */
  broker?: { url: string; protocol: 4 | 5; elsewhere?: boolean };
  /** Two hosts that hang on each other's relays, against what agent.toml says. */
  crossed?: readonly [string, string];
  /** Hosts that have no outlets, senses or lines for agent.toml. */
  bare?: boolean;
  /** False leaves the hosts without a serial line. */
  serial?: boolean;
  /** What relays do when the agent dies. */
  line?: BenchConfig['line'];
  holdUpMs?: number;
  bootMs?: number;
  /** What a diagnostic interrupt does to a host; by default its kernel panics, and it boots. */
  nmi?: 'reboot' | 'nothing';
  /** More lines for every `[hosts.NAME]`, or for the one asked about. */
  hostLines?: string[] | ((host: string) => string[]);
  /** More text at the end of a shim.toml. */
  shimLines?: (host: string) => string[];
  /** More text at the end of agent.toml. */
  agentLines?: string[];
  /** Where the broker is for the shims, if not where it is for the agent. */
  shimBroker?: (host: string) => string;
  /** Where the agent keeps its state; a folder of the rack by default. */
  stateDir?: string;
  /** Called with the rack's folder before anything starts. */
  prepare?: (dir: string) => void;
  /** What runs on a host in place of its shim alone, made from the command that starts the shim. */
  program?: (host: string, shim: string[], dir: string) => BenchProgram;
  /** How far the agent's wall clock is ahead of ours. */
  wallAheadMs?: number;
}

/** One line of the agent's log. */
export interface AgentLine {
  time: string;
  /** When it was said, by the monotonic clock of the bench's log. */
  atMs: number;
  /** Which life of the agent said it. */
  pid: number;
  level: string;
  text: string;
  host?: string;
  code?: string;
  over?: boolean;
}

export interface AgentProcess {
  readonly pid: number;
  lines(): readonly AgentLine[];
  /** The first line, past or to come, for which `is` holds; throws after `limitMs`. */
  waitFor(what: string, is: (line: AgentLine) => boolean, limitMs?: number): Promise<AgentLine>;
  signal(name: NodeJS.Signals): void;
  /** Resolves with the exit code when the process has ended. */
  ended: Promise<number>;
}

export interface Rack {
  readonly dir: string;
  readonly setup: RackSetup;
  readonly bench: BenchClient;
  readonly agent: AgentProcess;
  /** What the agent said in all its lives so far. */
  said(): readonly AgentLine[];
  /** Starts the agent, again where it has ended; resolves when it guards. */
  startAgent(): Promise<AgentProcess>;
  /** The same, and does not wait: `agent` is the new one at once. `under` is a command to start it. */
  launchAgent(under?: readonly string[]): AgentProcess;
  /** Runs `fencepost` over the local socket, or over MQTT with the operator's key. */
  fencepost(args: string[], over?: 'socket' | 'mqtt'): Promise<Ran>;
  /** Plays the tape of the last fence of a host once more. */
  replay(host: string): Promise<Ran>;
  /** Ends everything that was started and removes the directory, unless it is to be kept. */
  close(keep?: 'keep'): Promise<void>;
}

export interface Ran {
  code: number;
  stdout: string;
  stderr: string;
}

/** The flags that everything of ours must bear. */
export const NODE_FLAGS: string[] = [
  '--disallow-code-generation-from-strings',
  '--disable-proto=delete',
];
const WAIT_MS_MAX = 30_000;
const BOARD_NICENESS = -10;

/** Writes all files, starts bench, shims and agent; resolves when the agent guards. */
export async function startRack(setup: RackSetup): Promise<Rack> {
  const dir = mkdtempSync(join(tmpdir(), 'fencepost-'));
  mkdirSync(join(dir, 'cables'));
  writeFiles(dir, setup);
  setup.prepare?.(dir);
  const bench = await startBench(built('test/lib/bench/main.ts'), benchConfig(dir, setup));
  const said: AgentLine[] = [];
  const socket = ['--socket', join(dir, 'agent.sock')];
  const ours = { name: 'agent', wallAheadMs: setup.wallAheadMs ?? 0 };
  let agent = runAgent(dir, ours, said);
  await guards(agent);
  return {
    dir,
    setup,
    bench,
    get agent() {
      return agent;
    },
    said: () => said,
    startAgent: async () => {
      agent = runAgent(dir, ours, said);
      await guards(agent);
      return agent;
    },
    launchAgent: (under) => {
      agent = runAgent(dir, ours, said, under);
      return agent;
    },
    fencepost: (args, over = 'socket') => {
      const where = over === 'socket' ? socket : ['--config', join(dir, 'fencepost.toml')];
      return run([built('host-shim/cli/main.ts'), ...args, ...where]);
    },
    replay: async (host) => {
      const why = await run([built('host-shim/cli/main.ts'), 'why', host, '--json', ...socket]);
      const { tape } = JSON.parse(why.stdout) as { tape?: string };
      return run([built('firmware-agent/main.ts'), 'replay', tape ?? 'no tape']);
    },
    close: async (keep) => {
      agent.signal('SIGCONT');
      agent.signal('SIGTERM');
      const limit = after(5_000, () => agent.signal('SIGKILL'));
      await agent.ended;
      limit.cancel();
      await bench.close();
      if (keep === undefined) rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** Starts the agent of NAME.toml in `dir`; what it says goes into NAME.log and into `said`. */
export function runAgent(
  dir: string,
  { name, wallAheadMs }: { name: string; wallAheadMs: number },
  said: AgentLine[],
  under: readonly string[] = [],
): AgentProcess {
  const program = built('firmware-agent/main.ts');
  const file = join(dir, `${name}.toml`);
  const command = [...under, process.execPath, ...NODE_FLAGS, program, 'run', file];
  const child = spawn(command[0] ?? '', command.slice(1), {
    env: { ...process.env, ...wallClockEnv({ aheadMs: wallAheadMs }) },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  // A board has a processor of its own; where we may, it goes before what this machine plays.
  attemptSync(() => setPriority(child.pid ?? 0, BOARD_NICENESS));
  return followed(child, { logPath: join(dir, `${name}.log`), wallAheadMs }, said);
}

function guards(agent: AgentProcess): Promise<AgentLine> {
  return agent.waitFor('guarding begins', (line) => line.code === 'started');
}

function followed(
  child: ChildProcess,
  { logPath, wallAheadMs }: { logPath: string; wallAheadMs: number },
  said: AgentLine[],
): AgentProcess {
  const pid = child.pid ?? 0;
  const file = createWriteStream(logPath, { flags: 'a' });
  const lines: AgentLine[] = [];
  const looks = new Set<(line: AgentLine) => void>();
  let rest = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    file.write(text);
    const whole = (rest + text).split('\n');
    rest = whole.pop() ?? '';
    for (const words of whole) {
      const heard = agentLine(words);
      const line = { ...heard, atMs: heard.atMs - wallAheadMs, pid };
      lines.push(line);
      said.push(line);
      for (const look of looks) look(line);
    }
  });
  // A test that fails half-way must not leave an agent behind.
  const killer = (): void => {
    child.kill('SIGKILL');
  };
  process.on('exit', killer);
  child.on('close', () => file.end());
  const ended = new Promise<number>((resolve) => {
    child.on('exit', (code, signal) => {
      process.off('exit', killer);
      resolve(code ?? (signal === null ? 1 : 128));
    });
  });
  return {
    pid,
    lines: () => lines,
    signal: (name) => {
      child.kill(name);
    },
    ended,
    waitFor: (what, is, limitMs = WAIT_MS_MAX) =>
      new Promise((resolve, reject) => {
        const past = lines.find(is);
        if (past !== undefined) return resolve(past);
        const settle = (result: () => void): void => {
          limit.cancel();
          looks.delete(look);
          result();
        };
        const look = (line: AgentLine): void => {
          if (is(line)) settle(() => resolve(line));
        };
        const tail = (): string =>
          lines
            .slice(-5)
            .map((line) => line.text)
            .join(' | ');
        const limit = after(limitMs, () =>
          settle(() => reject(new Error(`the agent did not say "${what}"; it said: ${tail()}`))),
        );
        looks.add(look);
        void ended.then((code) =>
          settle(() => reject(new Error(`the agent ended with ${code}; it said: ${tail()}`))),
        );
      }),
  };
}

/**
 * The two clocks are compared at each line, so that the wall clock may drift and even jump; and at
 * once, or what a busy machine does between the two would be added to the time.
 */
export function atMsOf(time: string): number {
  for (;;) {
    const nowMs = monotonicMs();
    const atMs = nowMs - (Date.now() - Date.parse(time));
    if (monotonicMs() - nowMs < CLOCKS_APART_MS) return atMs;
  }
}

const CLOCKS_APART_MS = 1;

function agentLine(words: string): Omit<AgentLine, 'pid'> {
  if (!words.startsWith('{')) return { time: '', atMs: monotonicMs(), level: 'error', text: words };
  const line: Omit<AgentLine, 'atMs' | 'pid'> = JSON.parse(words);
  return { ...line, atMs: atMsOf(line.time) };
}

/** Runs a program of ours to its end. */
export function run(args: string[]): Promise<Ran> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [...NODE_FLAGS, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text) => {
      stderr += text;
    });
    child.on('close', (code) => resolve({ code: code ?? 1, stdout, stderr }));
  });
}

function benchConfig(dir: string, setup: RackSetup): BenchConfig {
  return {
    socket: join(dir, 'bench.sock'),
    log: join(dir, 'bench.log'),
    dir: join(dir, 'cables'),
    line: setup.line ?? 'latching',
    hosts: setup.hosts.map((name) => ({
      name,
      holdUpMs: setup.holdUpMs ?? 300,
      bootMs: setup.bootMs ?? 1_000,
      outlets: [{ name: 'psu' }],
      senses: [{ name: 'rail', covers: 'host' as const }],
      pulses: [
        { name: 'reset', does: 'reboot' as const },
        { name: 'nmi', does: setup.nmi ?? 'reboot' },
      ],
      cable: setup.serial !== false,
      shim: hostProgram(dir, setup, name),
    })),
  };
}

function hostProgram(dir: string, setup: RackSetup, name: string): BenchProgram {
  const files = ['--config', join(dir, `${name}.toml`), '--socket', join(dir, `${name}.sock`)];
  const shim = [process.execPath, ...NODE_FLAGS, built('host-shim/main.ts'), 'run', ...files];
  const output = join(dir, `${name}.log`);
  return { output, ...(setup.program?.(name, shim, dir) ?? { command: shim }) };
}
