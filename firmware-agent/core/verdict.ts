/**
 * Whether a host is dead: the one place that decides an autonomous fence (S3 to S5).
 *
 * A present host is due when it was quiet for its deadtime on every channel that carried it and is
 * listened to, *and* something other than its silence shows that it would have been heard: its own
 * leg works (far proof), or our side of a channel works (near proof) while two channels of
 * different fate fell silent together. Everything that stands between `due` and a cut is a named
 * bar, so that a dead host that is not fenced always says why.
 *
 * The expiry of a watchdog timer is the same verdict with the timer's timeout for deadtime; a host's
 * own standing order keeps only those bars that protect from a fault of the board.
 */
import type { Instant } from '../../protocol/wire/instant.ts';
import { type Board, fatesOf, type Host, mediumOf } from './board.ts';
import { awake, listenedMs } from './clock.ts';
import { evidenceOf, hasCarried, testimonies } from './evidence.ts';
import type { Bar, Finding } from './finding.ts';
import type { Hearing, Testimony } from './hearing.ts';
import {
  FENCE_BUDGET_WINDOW_MS,
  FENCE_GAP_MS,
  FENCES_PER_BOARD_MAX,
  FENCES_PER_HOST_MAX,
  settleMs,
} from './limits.ts';
import type { Timing } from './settings.ts';
import { awaitsCompany, suspects } from './shared-silence.ts';

/** Judges one present host by its own timers, or by a shorter deadtime. Changes nothing. */
export function judge(
  board: Board,
  host: Host,
  now: Instant,
  timing: Timing = host.settings.timing,
): Finding {
  const { deadtimeMs, warntimeMs } = timing;
  const quick = quickestQuiet(board, host, now);
  if (quick !== undefined && quick < warntimeMs) return { at: 'alive', quietMs: quick };
  const witnesses = testimonies(board, host, now, timing);
  if (witnesses.length === 0) return { at: 'unknown' };
  // A channel that was not listened to for a deadtime no longer has a say.
  const counted = witnesses.filter((w) => w.listening || w.deafMs <= deadtimeMs);
  const listening = counted.filter((w) => w.listening);
  if (listening.length === 0) return { at: 'unknown' };
  const quietMs = Math.min(...listening.map((w) => w.quietMs));
  const silent = listening.every((w) => w.quietMs >= w.needMs);
  if (!silent) return { at: quietMs < warntimeMs ? 'alive' : 'late', quietMs };
  const elsewhereMs = heardElsewhereMs(board, host, now);
  if (elsewhereMs < host.settings.timing.initdeadMs) {
    return { at: elsewhereMs < warntimeMs ? 'alive' : 'late', quietMs: elsewhereMs };
  }
  const bar = barOf(board, host, { counted, listening, now });
  return { at: 'silent', quietMs, bar, evidence: witnesses.map(evidenceOf) };
}

/**
 * Since a fresh beat on a channel whose session we ended: that it is silent there says nothing, but
 * that it spoke does, and until initdead is over it may be about to speak again.
 */
function heardElsewhereMs(board: Board, host: Host, now: Instant): number {
  const ended = host.hearings.filter(({ carried }) => !carried);
  const nowAwake = awake(board.clock, now);
  return Math.min(
    ...ended.flatMap(({ fresh }) => (fresh === undefined ? [] : [nowAwake - fresh.awake])),
  );
}

/** The usual case, decided without weighing anything: some channel was heard a moment ago. */
function quickestQuiet(board: Board, host: Host, now: Instant): number | undefined {
  let quickest: number | undefined;
  for (const hearing of host.hearings) {
    const quietMs = quietOn(board, host, hearing, now);
    if (quietMs !== undefined && quietMs < (quickest ?? Infinity)) quickest = quietMs;
  }
  return quickest;
}

/** Listening time since the last fresh beat, on a channel that carried it and is listened to. */
export function quietOn(
  board: Board,
  host: Host,
  hearing: Hearing,
  now: Instant,
): number | undefined {
  if (!hasCarried(hearing)) return undefined;
  const medium = mediumOf(board, host, hearing.channel);
  if (!medium.listening) return undefined;
  return listenedMs(medium, board.clock, now) - hearing.fresh.listenedMs;
}

interface Case {
  counted: Testimony[];
  listening: Testimony[];
  now: Instant;
}

function barOf(board: Board, host: Host, { counted, listening, now }: Case): Bar {
  const nowAwake = awake(board.clock, now);
  if (board.disabled !== undefined) return 'disabled';
  if (counted.some((w) => !w.listening)) return 'deaf';
  if (host.doubtUntilAwake !== undefined && nowAwake < host.doubtUntilAwake) return 'doubt';
  if (host.twoAgents) return 'two-agents';
  if (host.life.at === 'present' && host.spent === host.life.incarnation) return 'spent';
  if (isUnsettled(board, host, nowAwake)) return 'deferred';
  if (host.settings.silence === 'prove' && !isProven(host, listening)) return 'unproven';
  const isHeld =
    host.held === undefined ? suspects(board, host, now).length > 0 : !host.held.released;
  if (isHeld) return 'held';
  if (host.held === undefined && awaitsCompany(board, host, now)) return 'company';
  return pastLimits(board, host, now);
}

/** After its own stall the board hears what waits before it judges anybody (S4). */
function isUnsettled(board: Board, host: Host, nowAwake: Instant): boolean {
  return nowAwake - board.clock.stallEndAwake < settleMs(host.settings.timing.keepaliveMs);
}

/** What bars a host's own standing order: it needs no proof of silence, S3 and S5 do not hold. */
export function barOfStandingOrder(board: Board, host: Host, now: Instant): Bar {
  if (board.disabled !== undefined) return 'disabled';
  if (host.twoAgents) return 'two-agents';
  if (isUnsettled(board, host, awake(board.clock, now))) return 'deferred';
  return pastLimits(board, host, now);
}

/** Fences already begun by verdict: too close together, or too many. */
function pastLimits(board: Board, host: Host, now: Instant): Bar {
  const lastElsewhere = board.verdictsAt.at(-1);
  if (lastElsewhere !== undefined && now - lastElsewhere < FENCE_GAP_MS) return 'gap';
  const recent = (starts: readonly Instant[]): number =>
    starts.filter((at) => now - at < FENCE_BUDGET_WINDOW_MS).length;
  const spent =
    recent(host.verdictsAt) >= FENCES_PER_HOST_MAX ||
    recent(board.verdictsAt) >= FENCES_PER_BOARD_MAX;
  return spent ? 'budget' : 'none';
}

function isProven(host: Host, listening: Testimony[]): boolean {
  if (listening.some((w) => w.farMs >= w.needMs)) return true;
  const near = listening.some((w) => w.nearMs >= w.needMs);
  return near && fellTogether(host, listening);
}

/** Two channels of different fate, whose last fresh beats lie within initdead of each other. */
function fellTogether(host: Host, listening: Testimony[]): boolean {
  const heard = host.hearings.filter(
    (h) => hasCarried(h) && listening.some((w) => w.channel === h.channel),
  );
  return heard.some((a) =>
    heard.some(
      (b) =>
        fatesOf(host, a.channel) !== fatesOf(host, b.channel) &&
        Math.abs((a.fresh?.at ?? 0) - (b.fresh?.at ?? 0)) <= host.settings.timing.initdeadMs,
    ),
  );
}
