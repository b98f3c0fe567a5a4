/**
 * Starts the agent again whenever it ends, as systemd would, and kills it when it is told to.
 *
 * Between two lives the disk may be found torn or empty: that costs words, never a relay.
 */
import { existsSync, rmSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { after, monotonicMs } from '../../../protocol/link/timers.ts';
import type { Rack } from '../../lib/rack.ts';
import { pause } from '../../lib/until.ts';

export interface Supervisor {
  /** Kills the agent at once; the next life begins `restartMs` later and finds the disk so. */
  kill(restartMs: number, disk: Disk): void;
  /** Resolves when the life that runs guards; throws after `limitMs`. */
  guards(limitMs: number): Promise<void>;
  /** The agent is left alone from now on. */
  close(): void;
}

export type Disk = 'kept' | 'torn' | 'lost';

const SLOTS = ['state-a', 'state-b'];

/** How soon it is started again where nobody said otherwise. */
const RESTART_MS = 100;

/** Takes over the agent of a rack. */
export function supervise(rack: Rack): Supervisor {
  let next = { restartMs: RESTART_MS, disk: 'kept' as Disk };
  let closed = false;
  const follow = (): void => {
    void rack.agent.ended.then(() => {
      const { restartMs, disk } = next;
      next = { restartMs: RESTART_MS, disk: 'kept' };
      after(restartMs, () => {
        if (closed) return;
        spoil(rack, disk);
        rack.launchAgent();
        follow();
      });
    });
  };
  follow();
  return {
    kill: (restartMs, disk) => {
      next = { restartMs, disk };
      rack.agent.signal('SIGKILL');
    },
    guards: async (limitMs) => {
      const endMs = monotonicMs() + limitMs;
      const started = (): boolean => rack.agent.lines().some(({ code }) => code === 'started');
      while (!started()) {
        if (monotonicMs() > endMs) throw new Error(`no agent guards within ${limitMs} ms`);
        await pause(20);
      }
    },
    close: () => {
      closed = true;
    },
  };
}

/** A torn write takes the youngest slot; a lost disk takes both. */
function spoil(rack: Rack, disk: Disk): void {
  const dir = rack.setup.stateDir ?? join(rack.dir, 'state');
  const slots = SLOTS.map((name) => join(dir, name)).filter((path) => existsSync(path));
  if (disk === 'lost') for (const path of slots) rmSync(path, { force: true });
  if (disk !== 'torn') return;
  const youngest = slots.toSorted((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs)[0];
  if (youngest !== undefined) truncateSync(youngest, Math.floor(statSync(youngest).size / 2));
}
