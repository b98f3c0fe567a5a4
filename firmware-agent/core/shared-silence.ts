/**
 * Silence that others share is suspect: when a hub, a cable duct or a broker fails, hosts fall
 * silent together and none of them is dead.
 *
 * At its verdict a host waits until everybody of the same fate was heard after its first missed
 * beat, or is missed too; and where one that beats seldom was heard first after a pause in which the
 * path may have failed, as long again as it may take to come back. It is held if another host of the
 * same fate fell silent on that medium not long ago, or reached its own verdict within a deadtime. What
 * frees it again is evidence that the silence is its own: power seen to fall, its own line proven, the others back while it is not. Paths
 * do not come back for all at once, so for a deadtime "back" says nothing; and what is mended first
 * does not speak for what is broken still, so the others have to be back on all that they share.
 */
import type { Instant } from '../../protocol/wire/instant.ts';
import { type Board, fatesOf, type Held, type Host } from './board.ts';
import { awake } from './clock.ts';
import { hasCarried, lastCarriedAt, lastFreshAt, testimonies } from './evidence.ts';
import type { Hearing, Mark, Pause } from './hearing.ts';
import { comebackMs, missedMs, pauseMs, powerLossMs } from './limits.ts';
import { allFell } from './power.ts';
import { uselessMs } from './sickness.ts';

/** Enough names to see what failed; with thousands of hosts nobody reads more. */
const SUSPECTS_MAX = 8;

/** Hosts whose silence makes that of `host` suspect now, the first few. */
export function suspects(board: Board, host: Host, now: Instant): number[] {
  if (isItsOwn(board, host, now)) return [];
  const found: number[] = [];
  for (const other of board.hosts.values()) {
    if (other === host) continue;
    if (!sharesSilence(board, host, other, now) && !judgedTogether(host, other, now)) continue;
    found.push(other.settings.host);
    if (found.length === SUSPECTS_MAX) break;
  }
  return found;
}

/** Its power fell, or it is heard to call itself useless: nobody shares that. */
function isItsOwn(board: Board, host: Host, now: Instant): boolean {
  return lostPower(host, now) || uselessMs(board, host, now) !== undefined;
}

/** All its senses, covering every outlet, fell from on to off during this silence. */
function lostPower(host: Host, now: Instant): boolean {
  const fell = allFell(host.power, host.settings, now);
  const lastAt = lastFreshAt(host);
  if (fell === undefined || lastAt === undefined) return false;
  return fell.firstAt >= lastAt - powerLossMs(host.settings.timing, host.delayMs);
}

/**
 * The other fell silent at most I before this one, or after it. Not "at most I ago": where this
 * one had to be silent for I, or the board slept through it, all of them would be out of sight.
 */
function sharesSilence(board: Board, host: Host, other: Host, now: Instant): boolean {
  const soonMs = powerLossMs(other.settings.timing, other.delayMs);
  return onSharedPath(
    host,
    other,
    (mineAt, theirsAt, theirs) =>
      now - theirsAt > soonMs ||
      theirs.some((one) => isJustBack(board, host, one, { mineAt, now })),
  );
}

/** It was silent during this silence, too, and is heard again for less than a deadtime. */
function isJustBack(
  board: Board,
  host: Host,
  { outage, resumedAwake }: Hearing,
  { mineAt, now }: { mineAt: Instant; now: Instant },
): boolean {
  const { deadtimeMs, initdeadMs } = host.settings.timing;
  if (outage === undefined || resumedAwake === undefined) return false;
  if (outage.untilAt <= mineAt || mineAt - outage.fromAt > initdeadMs) return false;
  return awake(board.clock, now) - resumedAwake < deadtimeMs;
}

/**
 * Whether somebody that shares a path was not heard there since the first beat that this host
 * missed. A slow one may be silent for long before its silence is suspect, and until it has beaten
 * nobody knows that the path still works. Ends by itself: it is heard, or it becomes a suspect.
 */
export function awaitsCompany(board: Board, host: Host, now: Instant): boolean {
  if (isItsOwn(board, host, now)) return false;
  const missedAfterMs = missedMs(host.settings);
  return [...board.hosts.values()].some(
    (other) =>
      other !== host &&
      onSharedPath(host, other, (mineAt, theirsAt, theirs) => {
        const missedAt = mineAt + missedAfterMs;
        if (theirsAt < missedAt) return true;
        const ended = theirs.flatMap(({ pauses }) => pauses.filter((it) => it.fromAt < missedAt));
        return ended.some((pause) => mayStillComeBack(board, host, pause, { mineAt, now }));
      }),
  );
}

/** The path may have failed in that pause, for both, and this host is not back yet. */
function mayStillComeBack(
  board: Board,
  { settings }: Host,
  { fromAt, untilAt, untilAwake }: Pause,
  { mineAt, now }: { mineAt: Instant; now: Instant },
): boolean {
  const outageMs = untilAt - Math.max(fromAt, mineAt);
  if (outageMs <= pauseMs(settings)) return false;
  return awake(board.clock, now) - untilAwake < comebackMs(settings.timing, outageMs);
}

/** Whether `isSo` of their last fresh beats on a path that both share, at most I apart. */
function onSharedPath(
  host: Host,
  other: Host,
  isSo: (mineAt: Instant, theirsAt: Instant, theirs: Hearing[]) => boolean,
): boolean {
  // The silence of the others, who left, are off, in maintenance or were reset, is explained.
  if (other.life.at !== 'present' || other.fence !== undefined) return false;
  if (other.maintenance !== undefined || other.pulse?.step.at === 'waiting') return false;
  const isNear = (mineAt: Instant, theirsAt: Instant, theirs: Hearing[]): boolean =>
    mineAt - theirsAt <= host.settings.timing.initdeadMs && isSo(mineAt, theirsAt, theirs);
  const declared = host.settings.fate.some((fate) => other.settings.fate.includes(fate));
  if (declared) {
    const mineAt = lastFreshAt(host);
    const theirsAt = lastCarriedAt(other);
    const isKnown = mineAt !== undefined && theirsAt !== undefined;
    if (isKnown && isNear(mineAt, theirsAt, other.hearings)) return true;
  }
  return host.hearings.some((mine) => {
    if (!mine.carried || mine.fresh === undefined) return false;
    const theirs = other.hearings.find((h) => h.channel === mine.channel);
    // Where a session was ended by us, the silence that follows is explained.
    if (theirs?.fresh === undefined || !theirs.carried) return false;
    if (fatesOf(host, mine.channel) !== fatesOf(other, theirs.channel)) return false;
    // What it says of itself is no life, but it came this way.
    const heardAt = Math.max(theirs.fresh.at, theirs.sick?.at ?? theirs.fresh.at);
    return isNear(mine.fresh.at, heardAt, [theirs]);
  });
}

/** Two deaths at once are rarer than one broken path, whoever wanted the first fence. */
function judgedTogether(host: Host, other: Host, now: Instant): boolean {
  const { deadtimeMs, initdeadMs } = host.settings.timing;
  const verdictAt = other.verdictsAt.at(-1) ?? Number.NEGATIVE_INFINITY;
  const silentCutAt = other.silentCutAt ?? Number.NEGATIVE_INFINITY;
  const lately = now - verdictAt <= deadtimeMs || now - silentCutAt <= initdeadMs;
  if (!lately) return false;
  // Once it is heard again, what silenced it does not silence it any more.
  const lastAt = lastFreshAt(other) ?? Number.NEGATIVE_INFINITY;
  if (lastAt > Math.max(verdictAt, silentCutAt)) return false;
  return host.hearings.some((mine) =>
    other.hearings.some(
      (theirs) =>
        mine.channel === theirs.channel &&
        fatesOf(host, mine.channel) === fatesOf(other, theirs.channel),
    ),
  );
}

/** Whether a hold is over; the host itself is still silent. */
export function isReleased(board: Board, host: Host, held: Held, now: Instant): boolean {
  if (isItsOwn(board, host, now)) return true;
  const witnesses = testimonies(board, host, now);
  if (witnesses.some((w) => w.channel === 'serial' && w.farMs >= w.needMs)) return true;
  return othersAreBack(board, host, held, now);
}

/** Such a host beats again on all that they share, and this one stays silent a deadtime more. */
function othersAreBack(board: Board, host: Host, held: Held, now: Instant): boolean {
  const { deadtimeMs, initdeadMs } = host.settings.timing;
  const nowAwake = awake(board.clock, now);
  return held.by.some((number) => {
    const other = board.hosts.get(number);
    if (other === undefined) return false;
    // Where it was silent long before, that is its own affair.
    const shared = sharedWith(host, other).filter(
      ({ mine, theirs }) => theirs.fresh === undefined || mine.at - theirs.fresh.at <= initdeadMs,
    );
    const isBack = ({ mine, theirs }: Shared): boolean =>
      theirs.resumedAwake !== undefined && theirs.resumedAwake > mine.awake;
    const isSteadyFor = ({ theirs }: Shared): boolean =>
      isSteady(theirs.fresh?.awake, nowAwake, other) &&
      nowAwake - (theirs.resumedAwake ?? nowAwake) >= deadtimeMs;
    return shared.some(isBack) && shared.every(isSteadyFor);
  });
}

interface Shared {
  /** The last fresh beat of the one that is silent. */
  mine: Mark;
  theirs: Hearing;
}

/** The paths that both share; all of the other's where only a declared fate joins them. */
function sharedWith(host: Host, other: Host): Shared[] {
  const heard = host.hearings.filter(hasCarried);
  const shared = heard.flatMap(({ channel, fresh: mine }) =>
    other.hearings
      .filter((theirs) => theirs.channel === channel)
      .filter(() => fatesOf(host, channel) === fatesOf(other, channel))
      .map((theirs) => ({ mine, theirs })),
  );
  const latest = heard.reduce<Mark | undefined>(
    (was, { fresh }) => (was === undefined || fresh.at > was.at ? fresh : was),
    undefined,
  );
  if (shared.length > 0 || latest === undefined) return shared;
  return other.hearings.filter(hasCarried).map((theirs) => ({ mine: latest, theirs }));
}

function isSteady(freshAwake: Instant | undefined, nowAwake: Instant, other: Host): boolean {
  const soonMs = powerLossMs(other.settings.timing, other.delayMs);
  return freshAwake !== undefined && nowAwake - freshAwake <= soonMs;
}
