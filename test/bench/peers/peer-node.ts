/**
 * A node of somebody else's cluster, as a machine of its own: processes, mounts, host name and network,
 * on a disk that lies over the one below (enter.sh) and outlives its boots.
 *
 * It can hang, as a machine does whose processor stands still, and it can lose its power; what its
 * daemons say comes back line by line with the time at which it came. Whatever starts a reboot on a
 * real node (sysrq, reboot(2)) ends these namespaces at most.
 */
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { attempt, attemptSync } from '../../../protocol/attempt.ts';
import { until } from '../../lib/until.ts';
import { type Child, startChild } from '../child.ts';
import { BUNDLES } from '../site.ts';

export interface PeerSetup {
  name: string;
  /** A network namespace; without one it has the bench's own. */
  network?: string;
  /** Path on its disk, and text. */
  files: Readonly<Record<string, { text: string; mode?: number }>>;
  /** Shell that starts the daemons; what it prints are the node's lines. */
  boot: string;
}

export interface PeerNode {
  readonly name: string;
  /** The first line said after `sinceMs` that holds `words`; throws after `limitMs`. */
  said(words: string, sinceMs: number, limitMs: number): Promise<{ atMs: number; text: string }>;
  /** How many lines since then hold the words. */
  count(words: string, sinceMs: number): number;
  /** Every process on it; throws where it runs no more. */
  pids(): number[];
  /** Stops all of them at once. */
  hang(): void;
  /** Runs a command on it and gives what it printed; undefined where it failed. */
  ask(command: readonly string[]): string | undefined;
  /** Takes its power away; harmless when it is off. */
  cut(): Promise<void>;
  /** Starts it, with its disk as it was. */
  boot(): void;
}

const HOME = '/run/peers';
/** What each node said in all its boots, for whoever wonders why it failed. */
const LOGS = join(BUNDLES, '..', 'peers', 'logs');
const UP_MS_MAX = 10_000;

/** Mounts its disk and goes there; the last boot may be about to let go of it. */
const ENTER = `set -e
cd "$1"
for try in 1 2 3 4 5 6 7 8 9 last; do
  mount -t overlay overlay -o lowerdir=/,upperdir=$1/disk,workdir=$1/work root && break
  [ $try != last ]; sleep 0.2
done
cd root
mount -t proc proc proc
if [ -e proc/sysrq-trigger ]; then mount --bind /dev/null proc/sysrq-trigger; fi
mount --rbind /dev dev
mount -t tmpfs tmpfs dev/shm
mount -t tmpfs tmpfs run
mount -t tmpfs tmpfs tmp
hostname "$2"
exec chroot . /bin/sh -e /peer-boot`;

/** Makes its disk and boots it. */
export function startPeer(setup: PeerSetup): PeerNode {
  const { name, network, files, boot } = setup;
  const home = join(HOME, name);
  makeDisk(home, { ...files, '/peer-boot': { text: boot } });
  const apart = ['unshare', '--mount', '--pid', '--fork', '--kill-child', '--ipc', '--uts'];
  const inside = network === undefined ? [] : ['ip', 'netns', 'exec', network];
  const [command = '', ...args] = [...inside, ...apart, 'sh', '-c', ENTER, 'enter', home, name];
  let child: Child | undefined;
  let hasEnded = false;
  const running = (): Child => {
    if (child === undefined) throw new Error(`${name} has no power`);
    return child;
  };
  const start = (): void => {
    const started = startChild(command, args);
    child = started;
    hasEnded = false;
    void attempt(() => started.gone).then(() => {
      if (child === started) hasEnded = true;
    });
  };
  const pids = (): number[] => pidsWithin(running().pid, name);
  start();
  return {
    name,
    said: (words, sinceMs, limitMs) => {
      const { lines } = running();
      const last = (): string =>
        lines
          .slice(-3)
          .map(({ text }) => text)
          .join(' | ');
      const find = (): { atMs: number; text: string } | undefined => {
        const found = lines.find(({ atMs, text }) => atMs >= sinceMs && text.includes(words));
        if (found !== undefined || !hasEnded) return found;
        throw new Error(`${name} ended and never said "${words}"`);
      };
      return until(`${name} says "${words}"`, find, limitMs).catch((thrown: Error) => {
        throw new Error(`${thrown.message}; it said last: ${last()}`);
      });
    },
    count: (words, sinceMs) =>
      running().lines.filter(({ atMs, text }) => atMs >= sinceMs && text.includes(words)).length,
    pids,
    hang: () => {
      for (const pid of pids()) attemptSync(() => process.kill(pid, 'SIGSTOP'));
    },
    ask: (words) => {
      const first = pids()[0];
      const ran = attemptSync(() =>
        execFileSync('nsenter', ['--target', String(first), '--all', '--root', '--wd', ...words], {
          encoding: 'utf8',
          stdio: ['ignore', 'pipe', 'ignore'],
        }),
      );
      return ran.ok ? ran.value : undefined;
    },
    cut: async () => {
      const ending = child;
      child = undefined;
      if (ending === undefined) return;
      attemptSync(() => process.kill(ending.pid, 'SIGKILL'));
      await ending.gone;
      const said = ending.lines.map(({ atMs, text }) => `${atMs.toFixed(0)} ${text}\n`).join('');
      mkdirSync(LOGS, { recursive: true });
      appendFileSync(join(LOGS, `${name}.log`), said);
    },
    boot: start,
  };
}

function makeDisk(home: string, files: PeerSetup['files']): void {
  for (const part of ['disk', 'work', 'root']) mkdirSync(join(home, part), { recursive: true });
  for (const [path, { text, mode = 0o644 }] of Object.entries(files)) {
    mkdirSync(dirname(join(home, 'disk', path)), { recursive: true });
    writeFileSync(join(home, 'disk', path), text, { mode });
  }
}

/** Its processes as we number them, the first one first; none for a node whose daemons are all gone. */
function pidsWithin(starter: number, name: string): number[] {
  const first = processes().find((pid) => parentOf(pid) === starter);
  const space = first === undefined ? undefined : spaceOf(first);
  if (first === undefined || space === undefined) throw new Error(`${name} does not run`);
  return [first, ...processes().filter((pid) => pid !== first && spaceOf(pid) === space)];
}

function processes(): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => Number.isInteger(pid));
}

function parentOf(pid: number): number {
  const stat = attemptSync(() => readFileSync(`/proc/${pid}/stat`, 'utf8'));
  return stat.ok ? Number(stat.value.slice(stat.value.lastIndexOf(')') + 2).split(' ')[1]) : 0;
}

function spaceOf(pid: number): string | undefined {
  const space = attemptSync(() => readlinkSync(`/proc/${pid}/ns/pid`));
  return space.ok ? space.value : undefined;
}

export interface Wire {
  /** The network of each of its two ends, in which they have `address` as eth0. */
  readonly ends: readonly { network: string; address: string }[];
  cut(): void;
}

/** A cable between two networks that nobody else is on. */
export function layWire(name: string): Wire {
  const ip = (words: string): void => void execFileSync('ip', words.split(' '));
  const ends = [1, 2].map((n) => ({ network: `${name}${n}`, address: `10.0.0.${n}` }));
  const [one, two] = ends.map(({ network }) => network);
  for (const { network } of ends) ip(`netns add ${network}`);
  ip(`-n ${one} link add eth0 type veth peer name eth0 netns ${two}`);
  for (const { network, address } of ends) {
    ip(`-n ${network} addr add ${address}/24 broadcast + dev eth0`);
    ip(`-n ${network} link set lo up`);
    ip(`-n ${network} link set eth0 up`);
  }
  return {
    ends,
    cut: () => {
      for (const { network } of ends) attemptSync(() => ip(`netns del ${network}`));
    },
  };
}

/** Resolves when a condition holds that only asking can tell. */
export function untilAsked(what: string, look: () => boolean): Promise<true> {
  return until(what, async () => look(), 6 * UP_MS_MAX);
}
