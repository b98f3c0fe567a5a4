/** Where a watchdog timer stands, in the words of the wire. */
import type { Instant } from '../../protocol/wire/instant.ts';
import type { MessageOf } from '../../protocol/wire/messages.ts';
import { encodeTimer, TIMER_STATE, tenths } from '../../protocol/wire/timer.ts';
import { remainingMs, type Timer } from '../core/timer.ts';

/** What TIMER says besides its tick and what it answers; `now` is awake time. */
export function timerWords(
  timer: Timer,
  now: Instant,
): Pick<MessageOf<'timer'>, 'timer' | 'remaining' | 'args'> {
  if (timer.at === 'off') return { timer: TIMER_STATE.off, remaining: 0, args: new Uint8Array() };
  const state = TIMER_STATE[timer.at === 'pre' ? 'pretimeout' : timer.at];
  const remaining = tenths(remainingMs(timer, now));
  return { timer: state, remaining, args: encodeTimer(timer.settings) };
}
