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
 * | unarmed | look             |                                 | unarmed                         |
 * | armed   | contact, either  | asked for later than the last   | armed, from when it was asked   |
 * | armed   | look             | the deadline has passed         | expired                         |
 * | armed   | look             | slept longer than SLEEP_MS_MAX  | expired                         |
 * | unarmed, armed | left      |                                 | ended                           |
 * | expired, ended | any       |                                 | same                            |
 *
 * Pure: the times come in with each event, and what to do is read off the state (`orderOf`).
 */
import type { Instant } from '../../protocol/wire/instant.ts';
import { SLEEP_MS_MAX } from './limits.ts';

export type Lease =
  | { at: 'unarmed' }
  | { at: 'armed'; contact: Contact }
  /** Final: the machine is to go down now. */
  | { at: 'expired'; why: 'no-contact' | 'slept' }
  /** Final: this host is no member any more. */
  | { at: 'ended' };

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
  | { kind: 'resume'; contact: Contact; deadlineAt: Instant }
  /** Time has passed; due before every other event, so that nothing is done by a lease that ran out. */
  | { kind: 'look' }
  /** The board has acknowledged LEFT. */
  | { kind: 'left' };

/** Takes one event. */
export function stepLease(
  was: Lease,
  event: LeaseEvent,
  { now, slept }: Moment,
  timeoutMs: number,
): Lease {
  if (was.at === 'expired' || was.at === 'ended') return was;
  switch (event.kind) {
    case 'left':
      return { at: 'ended' };
    case 'contact': {
      const { askedAt } = event;
      // An answer that was long on its way must not begin a lease that has run out.
      const counts =
        was.at === 'armed'
          ? askedAt > was.contact.askedAt
          : event.with === 'board' && now - askedAt < timeoutMs;
      return counts ? { at: 'armed', contact: { askedAt, sleptMs: slept.mostMs } } : was;
    }
    case 'resume': {
      if (was.at === 'armed' || event.deadlineAt <= now) return was;
      // A shorter timeout than that of the shim before counts from now on.
      const askedAt = Math.min(event.deadlineAt - timeoutMs, now);
      return { at: 'armed', contact: { ...event.contact, askedAt } };
    }
    case 'look': {
      if (was.at === 'unarmed') return was;
      const { askedAt, sleptMs } = was.contact;
      if (slept.leastMs - sleptMs > SLEEP_MS_MAX) return { at: 'expired', why: 'slept' };
      return now - askedAt >= timeoutMs ? { at: 'expired', why: 'no-contact' } : was;
    }
    default:
      return event satisfies never;
  }
}

/** What the lease says about this machine, as it was looked at last. */
export function orderOf({ at }: Lease): 'feed' | 'not armed' | 'reboot now' {
  if (at === 'armed') return 'feed';
  return at === 'expired' ? 'reboot now' : 'not armed';
}
