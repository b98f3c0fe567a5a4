/** The board’s own attention (S4), the age of what it hears (S6), and who is not judged at all. */
import type { Guard } from '../guard.ts';

const CORE = 'firmware-agent/core';

export const OBSERVER: readonly Guard[] = [
  {
    name: 'only a present host is judged',
    rule: 'Absent: a host with no live incarnation is missed, never cut',
    file: `${CORE}/judging.ts`,
    find: "if (life.at !== 'present' || host.fence !== undefined || host.frozen !== undefined) {",
    put: 'if (host.fence !== undefined || host.frozen !== undefined) {',
  },
  {
    name: 'an absent host is missed after I, not before',
    rule: 'Absent: a host with no live incarnation is missed, never cut',
    file: `${CORE}/judging.ts`,
    find: 'if (nowAwake - host.life.since < host.settings.timing.initdeadMs) return [];',
    put: '',
  },
  {
    name: 'after its fence a host is absent',
    rule: 'Absent: after its one fence a host is absent until it beats',
    file: `${CORE}/carry-out.ts`,
    find: `  forgetLife(board, host, now);
  host.holdEndTick`,
    put: '  host.holdEndTick',
  },
  {
    name: 'a host whose power was switched is missed, not judged',
    rule: 'Absent: after its one fence a host is absent until it beats',
    file: `${CORE}/carry-out.ts`,
    find: `  forgetLife(board, host, now);
  return forgetSilence(board, host, 'its power was switched`,
    put: "  return forgetSilence(board, host, 'its power was switched",
  },
  {
    name: 'a host that was given a pulse is missed, not judged',
    rule: 'Absent: after its one fence a host is absent until it beats',
    file: `${CORE}/pulse-run.ts`,
    find: `  forgetLife(board, host, now);
  return forgetSilence`,
    put: '  return forgetSilence',
  },
  {
    name: 'a host that waits for its pulse is not judged',
    rule: 'Absent: after its one fence a host is absent until it beats',
    file: `${CORE}/judging.ts`,
    find: "if (host.pulse?.step.at === 'waiting') return effects;",
    put: '',
  },
  {
    name: 'no verdict within 3K of a stall',
    rule: 'S4: no verdict within 3K of listening after a gap over L',
    file: `${CORE}/verdict.ts`,
    find: "if (isUnsettled(board, host, nowAwake)) return 'deferred';",
    put: '',
  },
  {
    name: 'a stall is noticed',
    rule: 'S4: no verdict within 3K of listening after a gap over L',
    file: `${CORE}/clock.ts`,
    find: 'if (sinceJudgeMs <= loopLagMs) return 0;',
    put: 'if (loopLagMs > 0) return 0;',
  },
  {
    name: 'a stall is no time in which anybody was heard',
    rule: 'S4: our own sleep is nobody else’s silence',
    file: `${CORE}/clock.ts`,
    find: 'clock.stalledMs += sinceJudgeMs;',
    put: '',
  },
  {
    name: 'no verdict before the input is drained',
    rule: 'S4: inputs are drained first',
    file: `${CORE}/judging.ts`,
    find: 'if (!drained || !board.started) return [];',
    put: 'if (!board.started) return [];',
  },
  {
    name: 'no verdict before everything was read once',
    rule: 'S4: inputs are drained first',
    file: `${CORE}/judging.ts`,
    find: 'if (!drained || !board.started) return [];',
    put: 'if (!drained) return [];',
  },
  {
    name: 'a board that stalls on and on says so',
    rule: 'S4: deferral alarms after 2D and restarts the agent after 4D',
    file: `${CORE}/judging.ts`,
    find: 'if (deferredMs <= SICK_OBSERVER_ALARM_DEADTIMES * deadtimeMs) return [];',
    put: 'if (deadtimeMs > 0) return [];',
  },
  {
    name: 'a board that stalls for too long starts anew',
    rule: 'S4: deferral alarms after 2D and restarts the agent after 4D',
    file: `${CORE}/judging.ts`,
    find: 'if (deferredMs > SICK_OBSERVER_RESTART_DEADTIMES * deadtimeMs) {',
    put: 'if (deadtimeMs < 0) {',
  },
  {
    name: 'input that is never drained is a deferral',
    rule: 'S4: deferral alarms after 2D and restarts the agent after 4D',
    file: `${CORE}/judging.ts`,
    find: 'if (!drained) board.deferredSince ??= now;',
    put: 'if (!drained) board.deferredSince;',
  },
  {
    name: 'one long stall alone is no sickness',
    rule: 'S4: deferral alarms after 2D and restarts the agent after 4D',
    file: `${CORE}/advance.ts`,
    find: 'board.deferredSince === undefined ? now : board.deferredSince + longMs;',
    put: 'board.deferredSince === undefined ? now : board.deferredSince;',
  },
  {
    name: 'time that runs backwards ends the process',
    rule: 'S4: time that leaps back ends the process',
    file: `${CORE}/advance.ts`,
    find: "if (now < board.clock.seenAt) return [{ kind: 'end', why: 'monotonic time ran backwards' }];",
    put: '',
  },
  {
    name: 'a stale beat is no life',
    rule: 'S6: nothing sent more than F + T before its receipt ends quiet',
    file: `${CORE}/hear.ts`,
    find: 'const fresh = ageMs !== undefined && ageMs <= host.freshnessMs;',
    put: 'const fresh = ageMs !== undefined;',
  },
  {
    name: 'an echo that nobody knows is no life',
    rule: 'S6: nothing sent more than F + T before its receipt ends quiet',
    file: `${CORE}/hear.ts`,
    find: 'const fresh = ageMs !== undefined && ageMs <= host.freshnessMs;',
    put: 'const fresh = (ageMs ?? 0) <= host.freshnessMs;',
  },
  {
    name: 'a tick that was not issued yet has no age',
    rule: 'S6: nothing sent more than F + T before its receipt ends quiet',
    file: 'protocol/wire/ticks.ts',
    find: ' || tick > ticks.latest) return undefined;',
    put: ') return undefined;',
  },
  {
    name: 'a tick that the ring forgot has no age',
    rule: 'S6: nothing sent more than F + T before its receipt ends quiet',
    file: 'protocol/wire/ticks.ts',
    find: 'if (ticks.latest - tick >= CAPACITY) return undefined;',
    put: '',
  },
  {
    name: 'a tick over 60 s old has no age',
    rule: 'S6: nothing sent more than F + T before its receipt ends quiet',
    file: 'protocol/wire/ticks.ts',
    find: 'return ageMs <= TICK_MEMORY_MS ? ageMs : undefined;',
    put: 'return ageMs;',
  },
  {
    name: 'a timer acts when the input is drained, after the start',
    rule: 'S4: inputs are drained first',
    file: `${CORE}/timer-run.ts`,
    find: "if (timer.at === 'off' || !drained || !board.started) return [];",
    put: "if (timer.at === 'off') return [];",
  },
];
