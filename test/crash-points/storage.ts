/**
 * Storage that fails, and an agent that is killed in mid-fence over it: absent, read-only, full of noise,
 * full, or refusing to sync. The disk then knows nothing of the fence, so a host whose relay stays
 * open is left open and told of; nobody cuts again, and nobody is said to be off who was not.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SLOT_NAMES } from '../../firmware-agent/drivers/state-file.ts';
import { monotonicMs } from '../../protocol/link/timers.ts';
import type { RackSetup } from '../lib/rack.ts';
import { pause } from '../lib/until.ts';
import { linesOf } from '../scenario/lib/judge.ts';
import type { Left } from '../scenario/lib/left.ts';
import { judgePoint } from './judge.ts';
import {
  beat,
  connectClient,
  killAgent,
  type Line,
  MILLIS,
  openSite,
  order,
  pathsOf,
  type Site,
} from './site.ts';
import { follow, type Trap } from './strace.ts';

export interface Storage {
  name: string;
  setup?: Partial<RackSetup>;
  /** How each of these calls on the state files fails. */
  error?: NonNullable<Trap['error']>;
  syscalls?: string;
  /** A cut over it must be told as `unlogged`. */
  unlogged: boolean;
  /** The next life may read of the fence all the same: what was not synced can be there. */
  remembers: boolean;
}

const FORGETS = { unlogged: true, remembers: false };

export const STORAGES: readonly Storage[] = [
  // Nothing can be made below a file, whoever we are; and the kernel lets nobody make a file in /proc.
  { name: 'absent', setup: { stateDir: '/dev/null/fencepost' }, ...FORGETS },
  { name: 'read-only', setup: { stateDir: '/proc/fs' }, ...FORGETS },
  { name: 'random', setup: { prepare: noise }, unlogged: false, remembers: true },
  { name: 'full', error: 'ENOSPC', syscalls: 'write', ...FORGETS },
  { name: 'not-synced', error: 'EIO', syscalls: 'fsync', unlogged: true, remembers: true },
];

function noise(dir: string): void {
  mkdirSync(join(dir, 'state'));
  for (const name of SLOT_NAMES) writeFileSync(join(dir, 'state', name), randomBytes(4_096));
}

/** Kills an agent in mid-fence over this storage, starts it again over the same, and judges. */
export async function killOver(line: Line, storage: Storage): Promise<Left> {
  const site = await openSite(line, storage.setup);
  try {
    const left = await killAndJudge(site, storage);
    await site.close();
    return left;
  } catch (thrown) {
    await site.close('keep');
    throw thrown;
  }
}

async function killAndJudge(
  site: Site,
  { error, syscalls = '', unlogged, remembers }: Storage,
): Promise<Left> {
  const { rack, line } = site;
  await beat(site);
  await pause(2.5 * MILLIS.keepaliveMs);
  await connectClient(site);
  const paths = pathsOf(site, false).get('state') ?? [];
  const trap = error === undefined ? undefined : { syscall: syscalls, error, paths };
  const { pid } = rack.agent;
  const follower =
    trap === undefined ? undefined : await follow(pid, join(rack.dir, 'trace'), trap);
  const fromMs = monotonicMs();
  const ending = order(site, 'fence');
  await rack.bench.waitFor('it is dark', (entry) => entry.kind === 'power' && entry.to === 'off');
  // What an agent says in its last instants goes down with it.
  await pause(MILLIS.keepaliveMs);
  const told = linesOf(rack, 'unlogged', fromMs).length > 0;
  assert.equal(told, unlogged, 'whether the cut is told as unlogged');
  await killAgent(site);
  await follower?.detach();
  await ending;
  const isOn = line === 'non-latching' || remembers;
  const left: Left[] = isOn ? ['beats'] : ['found open'];
  const killed = { fromMs, atMs: monotonicMs(), counter: undefined };
  return judgePoint(site, { left, moves: true }, killed);
}
