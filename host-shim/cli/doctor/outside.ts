/**
 * What anybody on this machine can see without the agent: files, ports, who holds them, the clock.
 *
 * Only reads. What this user may not see is left out rather than guessed.
 */
import { readdirSync, readFileSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import { attemptSync } from '../../../protocol/attempt.ts';
import { canHibernate } from '../../drivers/hibernation.ts';

export interface Outside {
  /** By path as the configuration has it. */
  ports: ReadonlyMap<string, PortSeen>;
  /** Permission bits of the keys file; absent where this user may not look. */
  keysMode?: number;
  wallMs: number;
  /** When this program was put onto this machine; the clock cannot honestly be earlier. */
  installedMs?: number;
  /** Absent where nobody keeps a note of it. */
  synchronised?: true;
  /** This machine can sleep on its disk, and guards nobody then. */
  hibernates?: true;
}

export interface PortSeen {
  is: 'port' | 'absent' | 'other' | 'hidden';
  /** Processes other than the agent that have it open, as far as this user may see. */
  holders: string[];
}

/** Where systemd-timesyncd notes that the clock follows a server. */
const SYNCHRONISED = '/run/systemd/timesync/synchronized';

/** Looks at the ports and the keys file that the agent `agentPid` uses. */
export function lookOutside(paths: readonly string[], keysPath: string, agentPid: number): Outside {
  const holders = paths.length > 0 ? holdersOf(agentPid) : new Map<string, string[]>();
  const keysMode = modeOf(keysPath);
  const program = process.argv[1];
  const installed = program === undefined ? undefined : statOf(program)?.mtimeMs;
  return {
    ports: new Map(paths.map((path) => [path, portSeen(path, holders)])),
    ...(keysMode !== undefined && { keysMode }),
    wallMs: Date.now(),
    ...(installed !== undefined && { installedMs: installed }),
    ...(statOf(SYNCHRONISED) !== undefined && { synchronised: true }),
    ...(canHibernate() && { hibernates: true }),
  };
}

/** Whether there is a socket at `path`, and whether anybody listens on it. */
export function socketSeen(path: string): 'absent' | 'other' | 'deserted' | 'served' | 'hidden' {
  const stat = attemptSync(() => statSync(path));
  if (!stat.ok) return stat.kind === 'eacces' ? 'hidden' : 'absent';
  if (!stat.value.isSocket()) return 'other';
  const sockets = attemptSync(() => readFileSync('/proc/net/unix', 'utf8'));
  if (!sockets.ok) return 'hidden';
  return sockets.value.split('\n').some((line) => line.endsWith(` ${path}`))
    ? 'served'
    : 'deserted';
}

function portSeen(path: string, holders: ReadonlyMap<string, string[]>): PortSeen {
  const stat = attemptSync(() => statSync(path));
  if (!stat.ok) {
    return { is: ['enoent', 'enotdir'].includes(stat.kind) ? 'absent' : 'hidden', holders: [] };
  }
  const real = attemptSync(() => realpathSync(path));
  return {
    is: stat.value.isCharacterDevice() ? 'port' : 'other',
    holders: (real.ok && holders.get(real.value)) || [],
  };
}

/** Devices by path, with the processes that have them open. */
function holdersOf(agentPid: number): Map<string, string[]> {
  const held = new Map<string, string[]>();
  for (const pid of namesIn('/proc').filter((name) => /^\d+$/.test(name))) {
    if (Number(pid) === agentPid || Number(pid) === process.pid) continue;
    for (const fd of namesIn(`/proc/${pid}/fd`)) {
      const link = attemptSync(() => readlinkSync(`/proc/${pid}/fd/${fd}`));
      // A pseudo-terminal is always held by whoever made it.
      if (!link.ok || !/^\/dev\/(?!pts\/)/.test(link.value)) continue;
      const name = attemptSync(() => readFileSync(`/proc/${pid}/comm`, 'utf8').trim());
      const words = `${name.ok ? name.value : 'a program'} (process ${pid})`;
      const known = held.get(link.value) ?? [];
      if (!known.includes(words)) held.set(link.value, [...known, words]);
    }
  }
  return held;
}

function namesIn(dir: string): string[] {
  const names = attemptSync(() => readdirSync(dir));
  return names.ok ? names.value : [];
}

function statOf(path: string): { mtimeMs: number; mode: number } | undefined {
  const stat = attemptSync(() => statSync(path));
  return stat.ok ? stat.value : undefined;
}

function modeOf(path: string): number | undefined {
  const stat = statOf(path);
  return stat === undefined ? undefined : stat.mode & 0o777;
}
