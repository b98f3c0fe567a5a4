/**
 * Whether what a watchdog timer has pending is right now, and which expiry of a timer may still cut.
 *
 * A timer that ran out says only that nobody refreshed it: perhaps because the host hangs, perhaps
 * because its beats are lost. So it is no rule of its own. Either the silence of the host is judged
 * as any other, with the timer's time for deadtime (verdict.ts); or it is no silence at all but the
 * host's own standing order, which needs no proof:
 *
 * - in mode `kick`, the host is heard, once more after the time was over too, and every beat repeats
 *   the count of the last kick: its shim says itself that the program which should kick does not;
 * - the host has left to go off, and has not been heard since.
 *
 * Any other host that left, or was never heard in this life of the board, is judged in neither way.
 */
import type { Instant } from '../../protocol/wire/instant.ts';
import type { ChannelEvidence } from '../../protocol/wire/view.ts';
import { type Board, type Host, incarnationOf } from './board.ts';
import { awake } from './clock.ts';
import type { Bar } from './finding.ts';
import { repeatsOldCount } from './kicks.ts';
import { timingWith } from './limits.ts';
import type { Running, Timer } from './timer.ts';
import { barOfStandingOrder, judge } from './verdict.ts';

export interface Due {
  /** `none`: it is right now. `alive`: the host is not silent for long enough. */
  bar: Bar | 'alive' | 'gone';
  /** The host's own order: beats do not avert it, a kick does. */
  standing: boolean;
  evidence: ChannelEvidence[];
}

/** Judges a timer that nobody refreshed for `spanMs`. Reads the board, changes nothing. */
export function dueOf(
  board: Board,
  host: Host,
  timer: Timer & Running,
  spanMs: number,
  now: Instant,
): Due {
  if (incarnationOf(host) !== timer.incarnation)
    return { bar: 'gone', standing: false, evidence: [] };
  if (isStanding(board, host, { timer, spanMs, now })) {
    return { bar: barOfStandingOrder(board, host, now), standing: true, evidence: [] };
  }
  // Who asked for grace has it, unless he goes off: then the timer ends a shutdown that hangs.
  const isJudged = host.life.at === 'present' || (host.life.at === 'leaving' && host.goesOff);
  if (!isJudged) {
    const bar = host.life.at === 'leaving' ? 'alive' : 'gone';
    return { bar, standing: false, evidence: [] };
  }
  const finding = judge(board, host, now, timingWith(host.settings.timing, spanMs));
  if (finding.at !== 'silent') {
    const bar = finding.at === 'unknown' ? 'unproven' : 'alive';
    return { bar, standing: false, evidence: [] };
  }
  return { bar: finding.bar, standing: false, evidence: finding.evidence };
}

function isStanding(
  board: Board,
  host: Host,
  { timer, spanMs, now }: { timer: Running; spanMs: number; now: Instant },
): boolean {
  if (host.goesOff && host.life.at === 'left') return true;
  const isHere = host.life.at === 'present' || (host.life.at === 'leaving' && host.goesOff);
  if (timer.settings.mode !== 'kick' || host.kicks === undefined || !isHere) return false;
  const { keepaliveMs } = host.settings.timing;
  const overdueMs = awake(board.clock, now) - timer.since - spanMs;
  const limits = { keepaliveMs, freshnessMs: host.freshnessMs, overAt: now - overdueMs };
  return repeatsOldCount(host.kicks, now, limits);
}
