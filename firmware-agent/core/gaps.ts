/**
 * Stretches in which something could not be heard, kept only as far as they can still matter.
 *
 * After a long outage silence must count anew, and for longer: hosts back off while the broker is
 * away, so the first minute after an outage proves less than any other (safety rule S3). Each gap
 * asks for `max(D, min(its length, I))` of silence after its end. An older gap that is no longer
 * than a later one asks for nothing more, so the list keeps falling lengths and stays short.
 */
import type { Instant } from '../../protocol/wire/instant.ts';

export interface Gap {
  /** When hearing began again, in plain time and in awake time (see clock.ts). */
  endAt: Instant;
  endAwake: Instant;
  lengthMs: number;
}

/** Sixteen outages, each shorter than the one before, fit between two beats; more are merged. */
const GAPS_MAX = 16;

/** The list with one more gap, which must end last. */
export function withGap(gaps: readonly Gap[], gap: Gap): Gap[] {
  const kept = [...gaps.filter((old) => old.lengthMs > gap.lengthMs), gap];
  return kept.length <= GAPS_MAX ? kept : merged(kept);
}

/**
 * Two become one of the longer length and the later end, which asks for more than either did. So they
 * are the two that differ least: clocks that drift apart make gaps that shrink for hours, and these
 * must not carry one long outage with them.
 */
function merged(gaps: readonly Gap[]): Gap[] {
  const ratioAt = (i: number): number => (gaps[i] as Gap).lengthMs / (gaps[i + 1] as Gap).lengthMs;
  let least = 0;
  for (let i = 1; i < gaps.length - 1; i += 1) if (ratioAt(i) < ratioAt(least)) least = i;
  const { lengthMs } = gaps[least] as Gap;
  return gaps.flatMap((gap, i) => {
    if (i === least) return [];
    return i === least + 1 ? [{ ...gap, lengthMs }] : [gap];
  });
}

export interface Restart {
  /** Nothing before this counts. */
  fromAwake: Instant;
  /** How much is needed since, at least. */
  needMs: number;
}

/** What the gaps longer than `ignoredMs` that ended after `sinceAt` ask of a silence since then. */
export function afterGaps(
  gaps: readonly Gap[],
  since: Restart & { at: Instant },
  { ignoredMs, lengthMaxMs }: { ignoredMs: number; lengthMaxMs: number },
): Restart & { at: Instant } {
  let { fromAwake, needMs } = since;
  for (const gap of gaps) {
    // Plain time decides the order: awake time steps back by up to L when a stall is noticed.
    if (gap.lengthMs <= ignoredMs || gap.endAt <= since.at) continue;
    fromAwake = Math.max(fromAwake, gap.endAwake);
    needMs = Math.max(needMs, Math.min(gap.lengthMs, lengthMaxMs));
  }
  return { at: since.at, fromAwake, needMs };
}
