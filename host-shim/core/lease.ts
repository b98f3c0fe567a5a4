/**
 * The self-fence: this host may run only while the world around it can know that it does.
 *
 * A host that is cut off from everybody cannot be told to stop, and whoever watches it sees silence.
 * So it holds its life on a lease. The lease is renewed by contact alone, and dated back to when the
 * contact was asked for: an ALIVE proves that the board heard the beat which it names, so the board
 * knows this host to have lived when that beat was sent, and not when the answer came. The broker's
 * answer to a ping counts from the ping in the same way. Thus nothing that lay in a buffer, and no
 * beat sent into nothing, makes the lease longer than others may believe.
 *
 * An agent that is stopped on purpose says so. That suspends the lease for the time that it asks, for
 * SUSPEND_MS_MAX at most, counted from when we took it; then the lease ends as if it had run on, if
 * it has run out meanwhile. The agent's next life ends the suspension sooner: an ALIVE that names a
 * beat from after the farewell. (One from before is still on its way, and says nothing of what comes.)
 * Where the lease is renewed by the board alone, because the board may report this host as fenced
 * when the time is over, no broker counts and nothing suspends it.
 *
 * It begins with the first beat that the board is known to have heard, since a host that never had
 * contact has lost none. It ends in good order when the board has acknowledged LEFT, and not before: a
 * shim that is stopped while nobody hears leaves the lease standing, so a restart of the shim does
 * not free a cut-off host. What follows a shim in the same boot resumes the lease from its record,
 * and only while its deadline is ahead; later the machine should be gone, and where it is not, the
 * lease begins anew with a session. A machine that slept was silent without knowing it: its boot time
 * has run ahead of its monotonic time, and it does not go on.
 *
 * | state   | event            | guard                           | next                            |
 * |---------|------------------|---------------------------------|---------------------------------|
 * | unarmed | contact, board   | its deadline would be ahead     | armed, from when it was asked   |
 * | unarmed | contact, broker  |                                 | unarmed                         |
 * | unarmed | resume           | its deadline is ahead           | armed, with that deadline       |
 * | unarmed | away, look       |                                 | unarmed                         |
 * | armed   | contact, board   | asked for later than the last   | armed, from when it was asked   |
 * | armed   | contact, board   | asked for after the farewell    | the same, not suspended         |
 * | armed   | contact, broker  | later, and not the board alone  | armed, from when it was asked   |
 * | armed   | away             | not suspended, nor board alone  | suspended                       |
 * | armed   | look             | deadline and suspension passed  | expired                         |
 * | armed   | look             | slept longer than SLEEP_MS_MAX  | expired                         |
 * | unarmed, armed | left      |                                 | ended                           |
 * | expired, ended | any       |                                 | same                            |
 *
 * Pure: the times come in with each event, and what to do is read off the state (`orderOf`).
 */
import type { Instant } from '../../protocol/wire/instant.ts';
import { SLEEP_MS_MAX, SUSPEND_MS_MAX } from './limits.ts';

export type Lease =
  | { at: 'unarmed' }
  | ({ at: 'armed' } & Running)
  /** Final: the machine is to go down now. */
  | { at: 'expired'; why: 'no-contact' | 'slept' }
  /** Final: this host is no member any more. */
  | { at: 'ended' };

/** What a lease stands on while it runs. */
export interface Running {
  contact: Contact;
  /** The agent said farewell at `at`, and is waited for. */
  suspended?: { at: Instant; untilAt: Instant };
}

/** How long it lasts without contact, and with whom. */
export interface Terms {
  timeoutMs: number;
  /** No broker counts, and nothing suspends it. */
  boardAlone: boolean;
}

/** The last contact; what a record keeps for the shim that comes after. */
export interface Contact {
  /** When it was asked for, by our own clock. */
  askedAt: Instant;
  /** How long the machine had slept by then, at most. */
  sleptMs: number;
}

/** The present: monotonic time, and between what bounds the machine's sleep since its boot lies. */
export interface Moment {
  now: Instant;
  slept: { leastMs: number; mostMs: number };
}

export type LeaseEvent =
  | { kind: 'contact'; with: 'board' | 'broker'; askedAt: Instant }
  /** What an earlier shim of this boot left. */
  | ({ kind: 'resume'; deadlineAt: Instant } & Running)
  /** The agent stops on purpose, and wants to be back in that time. */
  | { kind: 'away'; returnByMs: number }
  /** Time has passed; due before every other event, so that nothing is done by a lease that ran out. */
  | { kind: 'look' }
  /** The board has acknowledged LEFT. */
  | { kind: 'left' };

/** Takes one event. */
export function stepLease(
  was: Lease,
  event: LeaseEvent,
  { now, slept }: Moment,
  terms: Terms,
): Lease {
  if (was.at === 'expired' || was.at === 'ended') return was;
  const { timeoutMs, boardAlone } = terms;
  switch (event.kind) {
    case 'left':
      return { at: 'ended' };
    case 'contact': {
      const { askedAt } = event;
      if (event.with === 'broker' && (was.at === 'unarmed' || boardAlone)) return was;
      const contact = { askedAt, sleptMs: slept.mostMs };
      // An answer that was long on its way must not begin a lease that has run out.
      if (was.at === 'unarmed') return now - askedAt < timeoutMs ? { at: 'armed', contact } : was;
      const isBack = event.with === 'board' && askedAt > (was.suspended?.at ?? askedAt);
      const { suspended: _, ...rest } = was;
      const next: Lease = isBack ? rest : was;
      return askedAt > was.contact.askedAt ? { ...next, contact } : next;
    }
    case 'away': {
      if (was.at === 'unarmed' || was.suspended !== undefined || boardAlone) return was;
      const untilAt = now + Math.min(event.returnByMs, SUSPEND_MS_MAX);
      return { ...was, suspended: { at: now, untilAt } };
    }
    case 'resume':
      return was.at === 'armed' ? was : resumed(was, event, now, terms);
    case 'look': {
      if (was.at === 'unarmed') return was;
      const isAsleep = slept.leastMs - was.contact.sleptMs > SLEEP_MS_MAX;
      if (isAsleep) return { at: 'expired', why: 'slept' };
      return now >= deadlineOf(was, timeoutMs) ? { at: 'expired', why: 'no-contact' } : was;
    }
    default:
      return event satisfies never;
  }
}

function resumed(
  was: Lease,
  { contact, deadlineAt, suspended }: LeaseEvent & { kind: 'resume' },
  now: Instant,
  { timeoutMs, boardAlone }: Terms,
): Lease {
  const lease: Running = {
    // A shorter timeout than that of the shim before counts from now on.
    contact: { ...contact, askedAt: Math.min(deadlineAt - timeoutMs, now) },
    ...(suspended === undefined || boardAlone ? {} : { suspended }),
  };
  const isAhead = deadlineAt > now || (lease.suspended?.untilAt ?? now) > now;
  return isAhead ? { at: 'armed', ...lease } : was;
}

/** When the machine is to be down, unless there is contact before. */
export function deadlineOf({ contact, suspended }: Running, timeoutMs: number): Instant {
  return Math.max(contact.askedAt + timeoutMs, suspended?.untilAt ?? Number.NEGATIVE_INFINITY);
}

/** What the lease says about this machine, as it was looked at last. */
export function orderOf({ at }: Lease): 'feed' | 'not armed' | 'reboot now' {
  if (at === 'armed') return 'feed';
  return at === 'expired' ? 'reboot now' : 'not armed';
}
