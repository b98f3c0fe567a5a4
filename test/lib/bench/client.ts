/**
 * The test's side of the bench: starts it, gives orders to the hardware, and asks for the truth.
 *
 * The log is followed as it is written, so `log()` holds every deed that came before the answer to
 * the last request, and waiting for a deed needs no polling.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { after } from '../../../protocol/link/timers.ts';
import type { CableState } from '../pty.ts';
import type { BenchConfig, RelayFault, SenseFault } from './config.ts';
import type { BenchEntry } from './log.ts';
import type { BenchAnswer, DirectorRequest, HostDeed, HostState } from './requests.ts';

export type { BenchConfig, BenchHost } from './config.ts';
export type { BenchEntry } from './log.ts';
export type { HostState } from './requests.ts';

export interface BenchClient {
  readonly pid: number;
  relayFault(host: string, outlet: string, fault: RelayFault): Promise<void>;
  senseFault(host: string, sense: string, fault: SenseFault): Promise<void>;
  /** Mains before the outlet: a tripped fuse, or a cut that is not ours. */
  feed(host: string, outlet: string, on: boolean): Promise<void>;
  host(host: string, what: HostDeed): Promise<void>;
  cable(name: string, change: Partial<CableState>): Promise<void>;
  plug(name: string, end: 'a' | 'b', plugged: boolean): Promise<void>;
  inject(name: string, end: 'a' | 'b', bytes: Uint8Array): Promise<void>;
  /** Writes a line of the story into the log. */
  mark(text: string): Promise<void>;
  state(): Promise<HostState[]>;
  /** How things stand with one host now. */
  truth(host: string): Promise<HostState>;
  /** The log so far, oldest first. */
  log(): readonly BenchEntry[];
  /** The power edges of one host so far. */
  edges(host: string): Extract<BenchEntry, { kind: 'power' }>[];
  /** The contact edges of all outlets of one host so far, or of every host. */
  contacts(host?: string): Extract<BenchEntry, { kind: 'contact' }>[];
  /** Whether the host had power at that time, by the log. */
  hadPower(host: string, atMs: number): boolean;
  /** The first entry, past or to come, for which `is` holds; throws after `limitMs`. */
  waitFor(what: string, is: (entry: BenchEntry) => boolean, limitMs?: number): Promise<BenchEntry>;
  /** Stops the process as a machine that hangs, and lets it go on. */
  signal(name: 'SIGSTOP' | 'SIGCONT'): void;
  close(): Promise<void>;
}

/** How long the bench may take to start, to answer and to end. */
const BENCH_MS_MAX = 20_000;

/** Starts `program` (the built `test/lib/bench/main.ts`) as a process with the given bench. */
export async function startBench(program: string, config: BenchConfig): Promise<BenchClient> {
  const configPath = join(config.dir, 'bench.json');
  writeFileSync(configPath, JSON.stringify(config, null, 2));
  const child = spawn(process.execPath, [program, configPath], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const gone = new Promise<void>((resolve) => {
    child.on('exit', () => resolve());
  });
  await listening(child);
  const log: BenchEntry[] = [];
  const seen = new Set<(entry: BenchEntry) => void>();
  const { ask, close } = await director(config.socket, (entry) => {
    log.push(entry);
    for (const look of seen) look(entry);
  });
  await ask({ do: 'watch' });
  const edges = (host: string) =>
    log.filter((entry) => entry.kind === 'power').filter((entry) => entry.host === host);

  return {
    pid: child.pid ?? 0,
    ...directing(ask),
    log: () => log,
    edges,
    contacts: (host) =>
      log
        .filter((entry) => entry.kind === 'contact')
        .filter((entry) => host === undefined || entry.host === host),
    hadPower: (host, atMs) =>
      edges(host)
        .filter((edge) => edge.atMs <= atMs)
        .at(-1)?.to !== 'off',
    waitFor: (what, is, limitMs = BENCH_MS_MAX) => waitIn(log, seen, { what, is, limitMs }),
    signal: (name) => {
      child.kill(name);
    },
    close: async () => {
      close();
      child.kill('SIGCONT');
      child.stdin?.end();
      const limit = after(BENCH_MS_MAX, () => child.kill('SIGKILL'));
      await gone;
      limit.cancel();
    },
  };
}

type Ask = (request: DirectorRequest) => Promise<unknown>;
type Directing = Pick<
  BenchClient,
  | 'relayFault'
  | 'senseFault'
  | 'feed'
  | 'host'
  | 'cable'
  | 'plug'
  | 'inject'
  | 'mark'
  | 'state'
  | 'truth'
>;

function directing(ask: Ask): Directing {
  const tell = async (request: DirectorRequest): Promise<void> => {
    await ask(request);
  };
  const state = async (): Promise<HostState[]> => (await ask({ do: 'state' })) as HostState[];
  return {
    relayFault: (host, outlet, fault) => tell({ do: 'relay-fault', host, outlet, fault }),
    senseFault: (host, sense, fault) => tell({ do: 'sense-fault', host, sense, fault }),
    feed: (host, outlet, on) => tell({ do: 'feed', host, outlet, on }),
    host: (host, what) => tell({ do: 'host', host, what }),
    cable: (name, change) => tell({ do: 'cable', name, change }),
    plug: (name, end, plugged) => tell({ do: 'plug', name, end, plugged }),
    inject: (name, end, bytes) =>
      tell({ do: 'inject', name, end, hex: Buffer.from(bytes).toString('hex') }),
    mark: (text) => tell({ do: 'mark', text }),
    state,
    truth: async (host) => {
      const found = (await state()).find((one) => one.host === host);
      if (found === undefined) throw new Error(`the bench has no host ${host}`);
      return found;
    },
  };
}

function listening(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    const limit = after(BENCH_MS_MAX, () => {
      child.kill('SIGTERM');
      reject(new Error('the bench does not start'));
    });
    child.stdout?.once('data', () => {
      limit.cancel();
      resolve();
    });
    child.once('exit', (code) => {
      limit.cancel();
      reject(new Error(`the bench ended at its start with code ${code}`));
    });
  });
}

async function director(
  path: string,
  onEntry: (entry: BenchEntry) => void,
): Promise<{ ask: Ask; close(): void }> {
  const socket: Socket = connect(path);
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve).once('error', reject);
  });
  const asked = new Map<number, (answer: BenchAnswer) => void>();
  let lastId = 0;
  let rest = '';
  socket.setEncoding('utf8').on('data', (text) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const answer: BenchAnswer = JSON.parse(line);
      if ('entry' in answer) onEntry(answer.entry);
      else asked.get(answer.id)?.(answer);
    }
  });
  socket.on('error', () => undefined);
  const ask: Ask = (request) =>
    new Promise((resolve, reject) => {
      lastId += 1;
      const id = lastId;
      const settle = (answer: BenchAnswer): void => {
        limit.cancel();
        asked.delete(id);
        if ('error' in answer) reject(new Error(answer.error));
        else resolve('value' in answer ? answer.value : undefined);
      };
      const limit = after(BENCH_MS_MAX, () =>
        settle({ id, error: `the bench does not answer ${request.do}` }),
      );
      asked.set(id, settle);
      socket.write(`${JSON.stringify({ ...request, id })}\n`);
    });
  return { ask, close: () => socket.destroy() };
}

function waitIn(
  log: readonly BenchEntry[],
  seen: Set<(entry: BenchEntry) => void>,
  wanted: { what: string; is: (entry: BenchEntry) => boolean; limitMs: number },
): Promise<BenchEntry> {
  const past = log.find(wanted.is);
  if (past !== undefined) return Promise.resolve(past);
  return new Promise((resolve, reject) => {
    const look = (entry: BenchEntry): void => {
      if (!wanted.is(entry)) return;
      limit.cancel();
      seen.delete(look);
      resolve(entry);
    };
    const limit = after(wanted.limitMs, () => {
      seen.delete(look);
      reject(new Error(`not in the bench's log within ${wanted.limitMs} ms: ${wanted.what}`));
    });
    seen.add(look);
  });
}
