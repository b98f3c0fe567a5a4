/**
 * What a host's channels and senses say of its silence; verdict.ts and shared-silence.ts weigh it.
 */

import type { Instant } from '../../protocol/wire/instant.ts';
import type { ChannelEvidence } from '../../protocol/wire/view.ts';
import { type Board, chainName, type Host, mediumOf } from './board.ts';
import { type BeatChannel, type Hearing, type Mark, type Testimony, testify } from './hearing.ts';
import { missedMs, powerLossMs } from './limits.ts';
import { allFell } from './power.ts';
import type { Timing } from './settings.ts';

/** What each channel that ever carried this host says of its silence. */
export function testimonies(
  board: Board,
  host: Host,
  now: Instant,
  timing: Timing = host.settings.timing,
): Testimony[] {
  const powerLoss = powerLossOf(board, host, now);
  return host.hearings.filter(hasCarried).map((hearing) => {
    const name = chainName(host, hearing.channel);
    const ear = {
      clock: board.clock,
      medium: mediumOf(board, host, hearing.channel),
      chain: name === undefined ? undefined : board.chains.get(name),
      powerLoss,
      delayMs: host.delayMs,
      lullMs: lullMs(board, host, hearing.channel),
    };
    return testify(hearing, ear, timing, now);
  });
}

/**
 * The longest pause between beats of those on this path, one of which may be all that proves it. Asked at
 * every tick for each host that is late, so the first that counts has to be the longest.
 */
function lullMs(board: Board, host: Host, channel: BeatChannel): number {
  // Our own echo makes no pause.
  if (channel === 'mqtt' && !board.settings.brokerOnBoard) return 0;
  const name = chainName(host, channel);
  for (const number of board.derived.slowestFirst) {
    const other = board.hosts.get(number);
    if (other === undefined || other === host || chainName(other, channel) !== name) continue;
    const isOn = other.hearings.some((one) => one.channel === channel && one.carried);
    if (isOn) return missedMs(other.settings);
  }
  return 0;
}

export function hasCarried(hearing: Hearing): hearing is Hearing & { fresh: Mark } {
  return hearing.carried && hearing.fresh !== undefined;
}

/** All senses fell together with the last beat: electrical evidence that silence is death. */
export function powerLossOf(
  board: Board,
  host: Host,
  now: Instant,
): { sinceAwake: Instant } | undefined {
  const fell = allFell(host.power, host.settings, now);
  const lastAt = lastFreshAt(host);
  if (fell === undefined || lastAt === undefined) return undefined;
  const withinMs = powerLossMs(host.settings.timing, host.delayMs);
  const together =
    Math.abs(fell.firstAt - lastAt) <= withinMs && Math.abs(fell.lastAt - lastAt) <= withinMs;
  return together ? { sinceAwake: fell.lastAt - board.clock.stalledMs } : undefined;
}

export function lastFreshAt({ hearings }: Host): Instant | undefined {
  return latestOf(hearings, () => true);
}

/** Asked of every host for each that is silent, at every tick. */
function latestOf(
  hearings: readonly Hearing[],
  counts: (hearing: Hearing) => boolean,
): Instant | undefined {
  let latest: Instant | undefined;
  for (const hearing of hearings) {
    const at = counts(hearing) ? hearing.fresh?.at : undefined;
    if (at !== undefined && (latest === undefined || at > latest)) latest = at;
  }
  return latest;
}

/** The same, a host that calls itself useless included: it speaks. */
export function lastHeardAt(host: Host): Instant | undefined {
  const sickAt = host.hearings.flatMap(({ sick }) => sick?.at ?? []);
  const instants = [...sickAt, lastFreshAt(host) ?? []].flat();
  return instants.length === 0 ? undefined : Math.max(...instants);
}

/** The same, on channels whose silence would say something: not where we ended the session. */
export function lastCarriedAt({ hearings }: Host): Instant | undefined {
  return latestOf(hearings, hasCarried);
}

/** A testimony as the record of a fence keeps it. */
export function evidenceOf(w: Testimony): ChannelEvidence {
  const proof = w.farMs >= w.needMs ? 'far' : w.nearMs >= w.needMs ? 'near' : 'none';
  return {
    channel: w.channel,
    quietMs: w.quietMs,
    provenMs: Math.max(w.nearMs, w.farMs),
    proof,
    listening: w.listening,
  };
}
