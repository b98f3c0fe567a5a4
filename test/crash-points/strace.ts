/**
 * strace, as the hand that kills: it follows a process, writes down its calls, and ends it with SIGKILL at
 * the entry of one of them, so that this call and all after it never happen.
 *
 * A call is counted by each thread for itself. Files are written by a pool of threads, so whoever is
 * killed here is started with one thread in that pool; all else happens in the first thread.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { after } from '../../protocol/link/timers.ts';

/** What can change the world outside of a process, and what must be counted with it. */
export const CALLS: readonly string[] = [
  ...['openat', 'mkdir', 'rename', 'unlink', 'ftruncate', 'fchmod', 'chmod', 'fchown'],
  ...['write', 'writev', 'pwrite64', 'fsync', 'fdatasync', 'close', 'ioctl'],
  ...['socket', 'connect', 'bind', 'listen', 'accept4', 'sendto', 'sendmsg', 'shutdown'],
];

/** What befalls a process at a call. */
export interface Trap {
  syscall: string;
  /** The how manieth call of a thread, among those on `paths` where there are any; absent: each. */
  nth?: number;
  /** The call fails so; by default the process is killed. */
  error?: 'ENOSPC' | 'EIO';
  /** Paths and `socket:[inode]`; only calls on them are counted. */
  paths: readonly string[];
}

/** Letters of each argument that are kept: enough to tell what a message is. */
const STRING_CHARS = 160;
const ATTACH_MS_MAX = 5_000;

/** Why points cannot be tried on this machine, and the remedy; undefined where they can. */
export function whyNoStrace(): string | undefined {
  const tried = spawnSync('strace', ['-f', '-o', '/dev/null', 'true']);
  if (tried.error !== undefined) {
    return 'There is no strace on this machine. Remedy: apt-get install strace';
  }
  if (tried.status === 0) return undefined;
  const said = String(tried.stderr).trim().split('\n').at(-1) ?? '';
  return `strace may not follow a process here (${said}). Remedy: allow ptrace: in a container --cap-add=SYS_PTRACE, on a host sysctl kernel.yama.ptrace_scope=1 or root`;
}

/** The words before a command that start it under strace; the child keeps its own number. */
export function underStrace(file: string, trap: Trap | undefined): string[] {
  rmSync(file, { force: true });
  return ['strace', '-D', ...argsOf(file, trap)];
}

export interface Follower {
  /** Lets the process go, if it is still there, and resolves when the file is complete. */
  detach(): Promise<void>;
}

/** Follows a process that runs; resolves when all its threads are held. */
export async function follow(pid: number, file: string, trap: Trap | undefined): Promise<Follower> {
  rmSync(file, { force: true });
  const child = spawn('strace', [...argsOf(file, trap), '-p', String(pid)], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const gone = new Promise<void>((resolve) => child.on('close', () => resolve()));
  await attached(child);
  return {
    detach: async () => {
      child.kill('SIGTERM');
      await gone;
    },
  };
}

function argsOf(file: string, trap: Trap | undefined): string[] {
  const paths = trap?.paths ?? [];
  return [
    ...['-f', '-yy', '-s', String(STRING_CHARS), '-o', file, '-e', `trace=${CALLS.join(',')}`],
    ...paths.flatMap((path) => ['-P', path]),
    ...(trap === undefined ? [] : ['-e', injectionOf(trap)]),
  ];
}

function injectionOf({ syscall, nth, error }: Trap): string {
  const deed = error === undefined ? 'signal=SIGKILL' : `error=${error}`;
  return `inject=${syscall}:${deed}${nth === undefined ? '' : `:when=${nth}`}`;
}

function attached(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = '';
    const limit = after(ATTACH_MS_MAX, () => reject(new Error(`strace does not follow: ${said}`)));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      if (!/attached/.test(said)) return;
      limit.cancel();
      resolve();
    });
    child.on('error', reject);
  });
}

/** One line of a trace that begins a call. */
export interface Call {
  tid: number;
  syscall: string;
  /** Everything after the opening bracket. */
  rest: string;
  /** It never came back. */
  cut: boolean;
}

/** Reads the calls of a trace, in the order in which they were begun. */
export function callsIn(text: string): Call[] {
  const calls: Call[] = [];
  const open = new Map<number, Call>();
  for (const line of text.split('\n')) {
    const resumed = /^(\d+)\s+<\.\.\. \w+ resumed>(.*)$/.exec(line);
    if (resumed !== null) {
      const call = open.get(Number(resumed[1]));
      if (call !== undefined) call.cut = /= \?\s*$/.test(resumed[2] ?? '');
      continue;
    }
    const begun = /^(\d+)\s+(\w+)\((.*)$/.exec(line);
    if (begun === null) continue;
    const [, tid = '', syscall = '', rest = ''] = begun;
    const isOpen = rest.endsWith('<unfinished ...>');
    const call: Call = { tid: Number(tid), syscall, rest, cut: isOpen || /= \?\s*$/.test(rest) };
    if (isOpen) open.set(call.tid, call);
    calls.push(call);
  }
  return calls;
}

/** The calls of a trace file; none where it was never written. */
export function callsOf(file: string): Call[] {
  return callsIn(readFileSync(file, 'utf8'));
}
