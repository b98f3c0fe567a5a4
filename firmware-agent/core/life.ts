/**
 * Whether a host is a member, and in which life: what it said of itself, never how long it is
 * silent (verdict.ts judges that, and only of a `present` host).
 *
 * | life    | event   | guard                         | next    | news       |
 * |---------|---------|-------------------------------|---------|------------|
 * | absent  | beat    |                               | present | arrived    |
 * | absent  | leaving | its stop failed               | present | stop-failed|
 * | absent  | leaving |                               | leaving | leaving    |
 * | absent  | left    |                               | left    | left       |
 * | absent  | over, tick |                            | absent  |            |
 * | present | beat    | another incarnation           | present | reborn     |
 * | present | beat    | the same                      | present |            |
 * | present | leaving | its stop failed               | present | stop-failed|
 * | present | leaving |                               | leaving | leaving    |
 * | present | left    |                               | left    | left       |
 * | present | over    |                               | absent  |            |
 * | present | tick    |                               | present |            |
 * | leaving | beat    | another incarnation           | present | reborn     |
 * | leaving | beat    | the same                      | leaving |            |
 * | leaving | beat    | the same, and it stays        | present | back       |
 * | leaving | leaving | its stop failed               | present | stop-failed|
 * | leaving | leaving |                               | leaving |            |
 * | leaving | left    |                               | left    | left       |
 * | leaving | over    |                               | absent  |            |
 * | leaving | tick    | its grace is over             | present | overdue    |
 * | left    | beat    | another incarnation           | present | reborn     |
 * | left    | beat    | the same                      | present | arrived    |
 * | left    | leaving, left |                         | left    |            |
 * | left    | over    |                               | absent  |            |
 * | left    | tick    | initdead is over              | absent  |            |
 *
 * It stays where another shim of the same life, as after a restart of that alone, speaks later than
 * the last LEAVING was heard: its beat echoes a tick that the board gave out after that.
 *
 * `over` is the end of a life by our own hand (fenced). A host that left and does not come back is
 * absent like any other, with the same alarm, and is never cut for it.
 */
import type { Instant } from '../../protocol/wire/instant.ts';
import type { LeaveReason } from '../../protocol/wire/messages.ts';
import { unreachable } from './assert.ts';
import { LEAVE_MAX_MS } from './limits.ts';

export type Life =
  | { at: 'absent'; since: Instant }
  | { at: 'present'; incarnation: number; since: Instant }
  /** `tick` is the latest that was given out when LEAVING was last heard. */
  | { at: 'leaving'; incarnation: number; since: Instant; byAt: Instant; tick: number }
  | { at: 'left'; incarnation: number; since: Instant };

export type LifeEvent =
  /** `stays` is what a shim echoes that has not begun to leave, where it says so. */
  | { kind: 'beat'; incarnation: number; stays?: number }
  | {
      kind: 'leaving';
      incarnation: number;
      reason: LeaveReason;
      returnByMs: number;
      tick: number;
    }
  | { kind: 'left'; incarnation: number }
  | { kind: 'over' }
  | { kind: 'tick' };

export type LifeNews =
  | 'arrived'
  | 'reborn'
  | 'back'
  | 'leaving'
  | 'stop-failed'
  | 'left'
  | 'overdue';

export interface LifeStep {
  life: Life;
  news?: LifeNews;
}

/** `now` is awake time: a grace does not run out while the board sleeps. */
export function stepLife(
  was: Life,
  event: LifeEvent,
  now: Instant,
  timing: { initdeadMs: number },
): LifeStep {
  if (event.kind === 'over') {
    return { life: was.at === 'absent' ? was : { at: 'absent', since: now } };
  }
  switch (was.at) {
    case 'absent':
      return event.kind === 'tick' ? { life: was } : said(event, now, 'arrived');
    case 'present':
      if (event.kind === 'tick') return { life: was };
      if (event.kind === 'beat' && event.incarnation === was.incarnation) return { life: was };
      return said(event, now, 'reborn');
    case 'leaving':
      if (event.kind === 'tick') return graceOf(was, now);
      if (event.kind === 'leaving' && event.reason !== 'stop-failed') {
        return { life: { ...was, tick: event.tick } };
      }
      if (event.kind !== 'beat' || event.incarnation !== was.incarnation) {
        return said(event, now, 'reborn');
      }
      return (event.stays ?? 0) > was.tick ? said(event, now, 'back') : { life: was };
    case 'left':
      if (event.kind === 'tick') {
        const gone = now - was.since > timing.initdeadMs;
        return { life: gone ? { at: 'absent', since: was.since } : was };
      }
      if (event.kind !== 'beat') return { life: was };
      return said(event, now, event.incarnation === was.incarnation ? 'arrived' : 'reborn');
    default:
      return unreachable(was);
  }
}

function graceOf(was: Life & { at: 'leaving' }, now: Instant): LifeStep {
  if (now < was.byAt) return { life: was };
  const { incarnation } = was;
  return { life: { at: 'present', incarnation, since: now }, news: 'overdue' };
}

/** Takes a host at its word. */
function said(
  event: Exclude<LifeEvent, { kind: 'over' | 'tick' }>,
  now: Instant,
  onBeat: LifeNews,
): LifeStep {
  const { incarnation } = event;
  switch (event.kind) {
    case 'beat':
      return { life: { at: 'present', incarnation, since: now }, news: onBeat };
    case 'left':
      return { life: { at: 'left', incarnation, since: now }, news: 'left' };
    case 'leaving': {
      if (event.reason === 'stop-failed') {
        return { life: { at: 'present', incarnation, since: now }, news: 'stop-failed' };
      }
      const graceMs = Math.min(event.returnByMs, LEAVE_MAX_MS);
      const { tick } = event;
      const life: Life = { at: 'leaving', incarnation, since: now, byAt: now + graceMs, tick };
      return { life, news: 'leaving' };
    }
    default:
      return unreachable(event);
  }
}
