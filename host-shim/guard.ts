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
 *
 * Where the board may report this host as fenced by timeout, its word binds the whole boot: a shim
 * that finds such a lease on record keeps its terms, whatever its own configuration says by now.
 */
import { every } from '../protocol/link/timers.ts';
import {
  isSoftdog,
  limitsOf,
  type Watchdog,
  type WatchdogSetup,
} from '../protocol/native/watchdog.ts';
import { type WatchdogKeeper, watchdogKeeper } from '../protocol/native/watchdog-keeper.ts';
import type { Instant } from '../protocol/wire/instant.ts';
import { PLEDGE } from '../protocol/wire/messages.ts';
import { TIMEOUT_MAX_MS } from '../protocol/wire/timer.ts';
import {
  deadlineOf,
  type Lease,
  type LeaseEvent,
  orderOf,
  type Running,
  stepLease,
  type Terms,
} from './core/lease.ts';
import { LOOK_MS } from './core/limits.ts';
import type { LeaseFile, LeaseRecord } from './drivers/lease-record.ts';
import type { Machine } from './drivers/machine.ts';

export interface GuardSetup {
  selfFenceMs?: number | undefined;
  /** The board may count on it: no other contact renews the lease. */
  byTimeout?: boolean;
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
  /** The agent stops on purpose. */
  away(returnByS: number): void;
  /** What the board is to know of this guard now. */
  words(): GuardWords;
  /** Whether this machine restarts if the shim ends unheard. */
  isArmed(): boolean;
  /** The shim ends as it should; `told` when the board acknowledged that this host left. */
  end(told: boolean): void;
}

export interface GuardWords {
  suspended: boolean;
  /** What ends this life without contact; nothing while nothing does. */
  pledge?: { timeoutMs: number; watchdogMs: number; flags: number };
}

/** Begins to guard; the lease of an earlier shim of this boot is taken up. */
export function hostGuard(setup: GuardSetup): HostGuard {
  const dog = setup.watchdog && keeperOf(setup.watchdog, setup);
  const left = setup.record.read();
  const terms = termsOf(setup, left);
  return terms === undefined ? aliveGuard(dog, setup) : leaseGuard(terms, left, dog, setup);
}

function termsOf(
  { selfFenceMs, byTimeout = false }: GuardSetup,
  left: LeaseRecord | undefined,
): Terms | undefined {
  const own = selfFenceMs && { timeoutMs: selfFenceMs, boardAlone: byTimeout };
  if (!left?.boardAlone) return own || undefined;
  const promisedMs = left.deadlineAt - left.contact.askedAt;
  return { timeoutMs: Math.min(promisedMs, selfFenceMs ?? promisedMs), boardAlone: true };
}

/** Guards against one thing: that this program does not go round any more. */
function aliveGuard(dog: WatchdogKeeper | undefined, setup: GuardSetup): HostGuard {
  const feed = (): void => dog?.feed();
  const timer = every(LOOK_MS, feed);
  feed();
  return {
    look: () => undefined,
    contact: () => undefined,
    away: () => undefined,
    words: () => ({ suspended: false }),
    isArmed: () => false,
    end: () => {
      timer.cancel();
      stop(dog, setup);
    },
  };
}

function leaseGuard(
  terms: Terms,
  left: LeaseRecord | undefined,
  dog: WatchdogKeeper | undefined,
  setup: GuardSetup,
): HostGuard {
  const { machine, say } = setup;
  const { timeoutMs } = terms;
  const record = recorder(terms, setup);
  const warner = warnerOf(timeoutMs, setup);
  let lease: Lease = { at: 'unarmed' };
  let tried = false;

  const step = (event: LeaseEvent): void => {
    const was = lease;
    lease = stepLease(was, event, machine.moment(), terms);
    tellSuspension(was, lease, say);
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
    warner(lease);
  };

  const timer = every(LOOK_MS, look);
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
    away: (returnByS) => {
      step({ kind: 'away', returnByMs: returnByS * 1_000 });
      record(lease);
    },
    words: () => wordsOf(lease, dog?.dog(), terms),
    isArmed: () => lease.at === 'armed',
    end: (told) => {
      timer.cancel();
      if (told) step({ kind: 'left' });
      if (orderOf(lease) !== 'not armed') return stays(dog, setup);
      // One that has run out binds the next shim, too: by its own file it might feed the watchdog.
      if (lease.at === 'ended') setup.record.remove();
      stop(dog, setup);
    },
  };
}

/** A device that is not open ends nothing, so there is nothing to pledge yet. */
function wordsOf(
  lease: Lease,
  dog: Watchdog | undefined,
  { timeoutMs, boardAlone }: Terms,
): GuardWords {
  if (lease.at !== 'armed') return { suspended: false };
  const suspended = lease.suspended !== undefined;
  if (dog === undefined) return { suspended };
  const watchdogMs = dog.timeoutMs;
  const isHardware = !isSoftdog(dog) && watchdogMs <= TIMEOUT_MAX_MS;
  const flags =
    (isHardware ? PLEDGE.hardware : 0) |
    (dog.nowayout === true ? PLEDGE.nowayout : 0) |
    (boardAlone ? PLEDGE.boardAlone : 0);
  return { suspended, pledge: { timeoutMs, watchdogMs, flags } };
}

function tellSuspension(was: Lease, now: Lease, say: GuardSetup['say']): void {
  const before = was.at === 'armed' ? was.suspended : undefined;
  const after = now.at === 'armed' ? now.suspended : undefined;
  if (before === undefined && after !== undefined) {
    const ms = after.untilAt - after.at;
    say('info', `self-fence: the agent stops on purpose; waits ${seconds(ms)} for the next.`);
  }
  if (before !== undefined && after === undefined && now.at === 'armed')
    say('info', 'self-fence: an agent is there again.');
}

function whyOf(lease: Lease, timeoutMs: number): string {
  const slept = lease.at === 'expired' && lease.why === 'slept';
  return slept ? 'it slept, unheard' : `no contact for ${seconds(timeoutMs)}`;
}

/** A warning at half of the time, so that the log has it on disk when the machine goes. */
function warnerOf(timeoutMs: number, { machine, say }: GuardSetup): (lease: Running) => void {
  let warned = false;
  return (lease) => {
    const leftMs = deadlineOf(lease, timeoutMs) - machine.moment().now;
    if (warned === leftMs < timeoutMs / 2) return;
    warned = !warned;
    if (warned) say('warn', `self-fence: no contact; ${sentence(leftMs)}.`);
    else say('info', 'self-fence: in contact again.');
  };
}

/** The record may lag behind by this: it then ends a lease so much too early, never too late. */
const RECORD_LAG_MS = 1_000;

function recorder(
  { timeoutMs, boardAlone }: Terms,
  { record, say }: GuardSetup,
): (lease: Lease) => void {
  let last: Running | undefined;
  let failed = false;
  return (lease) => {
    if (lease.at !== 'armed') return;
    const lagMs = lease.contact.askedAt - (last?.contact.askedAt ?? Number.NEGATIVE_INFINITY);
    if (lagMs < RECORD_LAG_MS && lease.suspended === last?.suspended) return;
    const { contact, suspended } = lease;
    last = lease;
    const deadlineAt = contact.askedAt + timeoutMs;
    const away = suspended === undefined ? {} : { suspended };
    const written = record.write({ contact, deadlineAt, ...away, boardAlone });
    if (!written.ok && !failed)
      say('warn', `self-fence: a restarted shim will not know of it: ${written.detail}.`);
    failed = !written.ok;
  };
}

function keeperOf(
  setup: WatchdogSetup,
  { machine, say, blame, byTimeout }: GuardSetup,
): WatchdogKeeper {
  const news = {
    well: (dog: Watchdog) => {
      const after = seconds(dog.timeoutMs);
      say('info', `watchdog: "${dog.identity}", ${setup.device}, restarts after ${after} unfed.`);
      for (const limit of limitsOf(dog, setup)) say('warn', `watchdog: ${limit}.`);
      const lacks = isSoftdog(dog) ? 'a hardware watchdog' : 'nowayout=1 of its driver';
      if (byTimeout && (isSoftdog(dog) || dog.nowayout !== true))
        say('warn', `self-fence: without ${lacks} the board reports nothing by timeout.`);
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
