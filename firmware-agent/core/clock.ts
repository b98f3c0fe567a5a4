/**
 * The board's own attention, as a clock.
 *
 * A process that was stopped for a minute heard nothing in that minute, and must not take its own
 * sleep for the silence of others (S4). So nothing here is measured in plain time but in *awake*
 * time: monotonic time less every gap between two judge ticks that was longer than L. Each medium
 * has a clock of its own on top, which runs only while it is listened to.
 */

import type { Instant } from '../../protocol/wire/instant.ts';
import { assert } from './assert.ts';
import { type Gap, withGap } from './gaps.ts';

export interface BoardClock {
  startedAt: Instant;
  /** The latest time seen in any event. */
  seenAt: Instant;
  /** The latest judge tick, or the latest event after a stall. */
  judgedAt: Instant;
  /** All own stalls together. */
  stalledMs: number;
  /** Awake time of the end of the last stall; minus infinity where there was none. */
  stallEndAwake: Instant;
  stalls: Gap[];
  /** When all invariants were asserted last. */
  checkedAt: Instant;
}

export function startClock(now: Instant): BoardClock {
  return {
    startedAt: now,
    seenAt: now,
    judgedAt: now,
    stalledMs: 0,
    stallEndAwake: Number.NEGATIVE_INFINITY,
    stalls: [],
    checkedAt: now,
  };
}

/** Time in which this board was able to hear and to judge. */
export function awake(clock: BoardClock, now: Instant): Instant {
  return now - clock.stalledMs;
}

/** Takes note of the present time; answers the length of the stall that just ended, or 0. */
export function noticeTime(clock: BoardClock, now: Instant, loopLagMs: number): number {
  assert(now >= clock.seenAt, 'time never runs backwards here; the caller checked');
  clock.seenAt = now;
  const sinceJudgeMs = now - clock.judgedAt;
  if (sinceJudgeMs <= loopLagMs) return 0;
  clock.stalledMs += sinceJudgeMs;
  clock.judgedAt = now;
  clock.stallEndAwake = awake(clock, now);
  const gap = { endAt: now, endAwake: clock.stallEndAwake, lengthMs: sinceJudgeMs };
  clock.stalls = withGap(clock.stalls, gap);
  return sinceJudgeMs;
}

/** One thing that can be listened to: a serial port, or our subscription at the broker. */
export interface Medium {
  listening: boolean;
  /** Awake time of the last change of `listening`. */
  changedAwake: Instant;
  /** Plain time of it: an outage that we slept through was an outage all the same. */
  changedAt: Instant;
  /** Listening time up to the last change. */
  heardMs: number;
  gaps: Gap[];
  everListened: boolean;
}

export function newMedium(clock: BoardClock, now: Instant): Medium {
  return {
    listening: false,
    changedAwake: awake(clock, now),
    changedAt: now,
    heardMs: 0,
    gaps: [],
    everListened: false,
  };
}

/** Time for which the medium was listened to, by a board that was awake. */
export function listenedMs(medium: Medium, clock: BoardClock, now: Instant): number {
  const runningMs = medium.listening ? Math.max(0, awake(clock, now) - medium.changedAwake) : 0;
  return medium.heardMs + runningMs;
}

/** Starts or stops the listening clock of a medium. */
export function setListening(medium: Medium, on: boolean, clock: BoardClock, now: Instant): Medium {
  if (medium.listening === on) return medium;
  const nowAwake = awake(clock, now);
  const lostMs = now - medium.changedAt;
  const gaps =
    on && medium.everListened
      ? withGap(medium.gaps, { endAt: now, endAwake: nowAwake, lengthMs: lostMs })
      : medium.gaps;
  return {
    listening: on,
    changedAwake: nowAwake,
    changedAt: now,
    heardMs: listenedMs(medium, clock, now),
    gaps,
    everListened: medium.everListened || on,
  };
}
