/**
 * This machine, as far as the self-fence needs it: its time, its sleep, and how it is restarted.
 *
 * The restart asks the kernel by the letter b in /proc/sysrq-trigger, which acts in the call itself:
 * no process is ended, no disk is synced, nothing can be waited for. A sync would be kinder to
 * file systems and would hang with the very disks whose loss may be the reason; file systems with
 * journals bear a power cut, and this is one. Where the kernel refuses (no such file, a service
 * that may not write there), the watchdog, no longer fed, does the same in its own time.
 */
import { writeFileSync } from 'node:fs';
import { uptime } from 'node:os';
import { attemptSync } from '../../protocol/attempt.ts';
import { monotonicMs } from '../../protocol/link/timers.ts';
import { openWatchdog, type Watchdog, type WatchdogSetup } from '../../protocol/native/watchdog.ts';
import type { Result } from '../../protocol/result.ts';
import type { Moment } from '../core/lease.ts';
import { canHibernate } from './hibernation.ts';

export interface Machine {
  openWatchdog(setup: WatchdogSetup): Result<Watchdog>;
  /** Restarts the machine at once; what comes back is why it did not. */
  restart(): Result<void>;
  /** What time it is, and how long the machine slept since its boot. */
  moment(): Moment;
  canHibernate(): boolean;
}

const SYSRQ_PATH = '/proc/sysrq-trigger';
/** The kernel says its boot time in hundredths of a second. */
const UPTIME_STEP_MS = 10;

export const thisMachine: Machine = {
  openWatchdog,
  canHibernate,
  restart: () => attemptSync(() => writeFileSync(SYSRQ_PATH, 'b')),
  moment: () => {
    // Two clocks cannot be read at once; what passes between the readings must not look like sleep.
    const before = monotonicMs();
    const bootMs = uptime() * 1_000;
    const now = monotonicMs();
    return { now, slept: { leastMs: bootMs - now, mostMs: bootMs + UPTIME_STEP_MS - before } };
  },
};
