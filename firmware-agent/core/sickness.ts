/**
 * A host that beats and says of itself that it is useless (a check of its shim fails).
 *
 * Usually people are told, and that is all. Where the user wants it to be acted upon
 * (`sick = "act"`), beats that have been flagged for longer than sicktime are no sign of life any
 * more: they end no silence and avert nothing, and since they arrive, they prove that the channel
 * would have carried a good one. So a verdict follows by the same rule as for any silent host.
 */
import type { Instant } from '../../protocol/wire/instant.ts';
import { FLAG_SICK } from '../../protocol/wire/messages.ts';
import { type Board, chainName, type Host } from './board.ts';
import { awake } from './clock.ts';
import { type BeatChannel, extendProof } from './hearing.ts';
import { powerLossMs, proofGapMs } from './limits.ts';

/**
 * Takes note of what a fresh message says of its host; true where it is no sign of life any more. A
 * kick carries no flags, and changes nothing of what is known.
 */
export function isUseless(
  board: Board,
  host: Host,
  message: { flags?: number; incarnation: number },
  now: Instant,
): boolean {
  const nowAwake = awake(board.clock, now);
  const { incarnation, flags = host.sick === undefined ? 0 : FLAG_SICK } = message;
  if ((flags & FLAG_SICK) === 0 || host.sick?.incarnation !== incarnation) {
    host.sick = undefined;
    for (const hearing of host.hearings) hearing.sick = undefined;
  }
  if ((flags & FLAG_SICK) === 0) return false;
  host.sick ??= { incarnation, sinceAwake: nowAwake };
  const { sick } = host.settings;
  // Who came back is a member first, and judged from then on.
  if (host.life.at === 'absent' || host.life.at === 'left') return false;
  return sick !== undefined && nowAwake - host.sick.sinceAwake > sick.timeMs;
}

/** It was heard, and that proves the channel: for itself, and for others that share it. */
export function markSick(board: Board, host: Host, channel: BeatChannel, now: Instant): void {
  const nowAwake = awake(board.clock, now);
  const name = chainName(host, channel);
  if (name !== undefined) {
    board.chains.set(name, extendProof(board.chains.get(name), nowAwake, now));
  }
  const gapMaxMs = proofGapMs(host.settings.timing, host.delayMs);
  for (const hearing of host.hearings) {
    if (hearing.channel !== channel) continue;
    const { sick: was } = hearing;
    const runs = was !== undefined && nowAwake - was.lastAwake <= gapMaxMs;
    const sinceAwake = runs ? was.sinceAwake : nowAwake;
    hearing.sick = { at: now, sinceAwake, lastAwake: nowAwake };
  }
}

/**
 * For how long it has been judged as silent for it; undefined where it is not. Once its beats stay
 * away nobody knows whether it is well again, and its silence is one like any other.
 */
export function uselessMs(board: Board, host: Host, now: Instant): number | undefined {
  const nowAwake = awake(board.clock, now);
  const soonMs = powerLossMs(host.settings.timing, host.delayMs);
  const says = host.hearings.some(
    ({ sick }) => sick !== undefined && nowAwake - sick.lastAwake <= soonMs,
  );
  return host.sick === undefined || !says ? undefined : nowAwake - host.sick.sinceAwake;
}
