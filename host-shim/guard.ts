/**
 * This host's guard over itself: the lease decides (core/lease.ts), the watchdog and the kernel act.
 *
 * With a self-fence the watchdog is opened when the lease begins, and fed while it stands. When the
 * lease has run out the machine is restarted, and the watchdog starves: whichever is first. Without
 * a self-fence it is fed as long as this program goes round, so that a machine on which no program
 * runs any more restarts itself.
 *
 * The watchdog is stopped only where this host goes in good order: the board acknowledged that it
 * left, or no self-fence is at stake. After every other end of the shim it counts on. It is never
 * closed while it starves, because closing a watchdog feeds it once more.
 */
import { every } from '../protocol/link/timers.ts';
import { limitsOf, type Watchdog, type WatchdogSetup } from '../protocol/native/watchdog.ts';
import { type WatchdogKeeper, watchdogKeeper } from '../protocol/native/watchdog-keeper.ts';
import type { Instant } from '../protocol/wire/instant.ts';
import { type Lease, type LeaseEvent, orderOf, stepLease } from './core/lease.ts';
import { LOOK_MS } from './core/limits.ts';
import type { LeaseFile } from './drivers/lease-record.ts';
import type { Machine } from './drivers/machine.ts';

export interface GuardSetup {
  selfFenceMs?: number | undefined;
  watchdog?: WatchdogSetup | undefined;
  machine: Machine;
  record: LeaseFile;
  say: (level: 'info' | 'warn', sentence: string) => void;
  /** Says with the line of shim.toml why the watchdog does not do its work. */
  blame: (problem: string) => void;
}

export interface HostGuard {
  /** Due before anything is done about an event, so that no deed follows a lease that ran out. */
  look(): void;
  /** `by` is known to have heard what was sent at `askedAt`. */
  contact(by: 'board' | 'broker', askedAt: Instant): void;
  /** Whether this machine restarts if the shim ends unheard. */
  isArmed(): boolean;
  /** The shim ends as it should; `told` when the board acknowledged that this host left. */
  end(told: boolean): void;
}

/** Begins to guard; the lease of an earlier shim of this boot is taken up. */
export function hostGuard(setup: GuardSetup): HostGuard {
  const dog = setup.watchdog && keeperOf(setup.watchdog, setup);
  return setup.selfFenceMs === undefined
    ? aliveGuard(dog, setup)
    : leaseGuard(setup.selfFenceMs, dog, setup);
}

/** Guards against one thing: that this program does not go round any more. */
function aliveGuard(dog: WatchdogKeeper | undefined, setup: GuardSetup): HostGuard {
  const feed = (): void => dog?.feed();
  const timer = every(LOOK_MS, feed);
  feed();
  return {
    look: () => undefined,
    contact: () => undefined,
    isArmed: () => false,
    end: () => {
      timer.cancel();
      stop(dog, setup);
    },
  };
}

function leaseGuard(
  timeoutMs: number,
  dog: WatchdogKeeper | undefined,
  setup: GuardSetup,
): HostGuard {
  const { machine, say } = setup;
  const record = recorder(timeoutMs, setup);
  const warner = warnerOf(timeoutMs, setup);
  let lease: Lease = { at: 'unarmed' };
  let tried = false;

  const step = (event: LeaseEvent): void => {
    const was = lease;
    lease = stepLease(was, event, machine.moment(), timeoutMs);
    if (was.at === 'unarmed' && lease.at === 'armed')
      say('info', `self-fence: armed; ${sentence(timeoutMs)} without contact.`);
  };
  const restart = (why: string): void => {
    if (!tried) say('warn', `self-fence: ${why}: this machine restarts now.`);
    const asked = machine.restart();
    if (!tried && !asked.ok)
      say('warn', `self-fence: the kernel refuses (${asked.detail}); the watchdog will do it.`);
    tried = true;
  };
  const look = (): void => {
    step({ kind: 'look' });
    const order = orderOf(lease);
    if (order === 'reboot now') restart(whyOf(lease, timeoutMs));
    if (order !== 'feed' || lease.at !== 'armed') return;
    dog?.feed();
    warner(lease.contact.askedAt);
  };

  const timer = every(LOOK_MS, look);
  const left = setup.record.read();
  if (left !== undefined) step({ kind: 'resume', ...left });
  if (left !== undefined && lease.at === 'unarmed')
    say('warn', 'self-fence: it ran out while no shim ran; a new session arms it again.');
  look();
  return {
    look,
    contact: (by, askedAt) => {
      step({ kind: 'contact', with: by, askedAt });
      look();
      record(lease);
    },
    isArmed: () => lease.at === 'armed',
    end: (told) => {
      timer.cancel();
      if (told) step({ kind: 'left' });
      if (orderOf(lease) !== 'not armed') return stays(dog, setup);
      setup.record.remove();
      stop(dog, setup);
    },
  };
}

function whyOf(lease: Lease, timeoutMs: number): string {
  const slept = lease.at === 'expired' && lease.why === 'slept';
  return slept ? 'it slept, unheard' : `no contact for ${seconds(timeoutMs)}`;
}

/** A warning at half of the time, so that the log has it on disk when the machine goes. */
function warnerOf(timeoutMs: number, { machine, say }: GuardSetup): (askedAt: Instant) => void {
  let warned = false;
  return (askedAt) => {
    const leftMs = askedAt + timeoutMs - machine.moment().now;
    if (warned === leftMs < timeoutMs / 2) return;
    warned = !warned;
    if (warned) say('warn', `self-fence: no contact; ${sentence(leftMs)}.`);
    else say('info', 'self-fence: in contact again.');
  };
}

/** The record may lag behind by this: it then ends a lease so much too early, never too late. */
const RECORD_LAG_MS = 1_000;

function recorder(timeoutMs: number, { record, say }: GuardSetup): (lease: Lease) => void {
  let writtenAt = Number.NEGATIVE_INFINITY;
  let failed = false;
  return (lease) => {
    if (lease.at !== 'armed' || lease.contact.askedAt - writtenAt < RECORD_LAG_MS) return;
    const { contact } = lease;
    writtenAt = contact.askedAt;
    const written = record.write({ contact, deadlineAt: contact.askedAt + timeoutMs });
    if (!written.ok && !failed)
      say('warn', `self-fence: a restarted shim will not know of it: ${written.detail}.`);
    failed = !written.ok;
  };
}

function keeperOf(setup: WatchdogSetup, { machine, say, blame }: GuardSetup): WatchdogKeeper {
  const news = {
    well: (dog: Watchdog) => {
      const after = seconds(dog.timeoutMs);
      say('info', `watchdog: "${dog.identity}", ${setup.device}, restarts after ${after} unfed.`);
      for (const limit of limitsOf(dog, setup)) say('warn', `watchdog: ${limit}.`);
    },
    ill: blame,
  };
  return watchdogKeeper(setup, machine.openWatchdog, news, () => machine.moment().now);
}

function stop(dog: WatchdogKeeper | undefined, { say }: GuardSetup): void {
  const stopped = dog?.stop();
  if (stopped === undefined) return;
  if (stopped.ok) say('info', 'watchdog: stopped.');
  else say('warn', `watchdog: not stopped (${stopped.detail}); this machine will restart.`);
}

/** A cut-off host does not get free by a restart of its shim. */
function stays(dog: WatchdogKeeper | undefined, { say, watchdog }: GuardSetup): void {
  const open = dog?.dog();
  if (open === undefined) return;
  say(
    'warn',
    `self-fence: the board did not let this host go, so it stands: ${sentence(open.timeoutMs)} ` +
      `unless the shim runs again before. To stop it: printf V > ${watchdog?.device}`,
  );
}

function sentence(ms: number): string {
  return `this machine restarts after ${seconds(ms)}`;
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(ms < 10_000 ? 1 : 0)} s`;
}
