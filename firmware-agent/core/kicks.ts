/**
 * What beats say of kicks. Each carries the low four bits of a count that grows with every kick, at
 * most once a keepalive, so a kick is heard wherever a beat is; but four bits are few, a restarted
 * shim counts from zero, and one kick is heard once on every channel.
 *
 * So a count says something only against the last one of the same session, and the same count on
 * another channel says nothing new. Where it cannot be known whether somebody kicked (after a gap
 * in which the bits may have gone round, or where a new session tells another count), somebody
 * did: an expiry that comes late costs time, one that comes early kills.
 */
import type { Instant } from '../../protocol/wire/instant.ts';
import type { BeatChannel } from './hearing.ts';

export interface Kicks {
  count: number;
  /** The last kick, the last word of any channel, since when there was no gap; a stall is one. */
  countAt: Instant;
  heardAt: Instant;
  steadySince: Instant;
  channels: Partial<Record<BeatChannel, { session: number; count: number; at: Instant }>>;
}

export interface CountHeard {
  channel: BeatChannel;
  session: number;
  count: number;
}

/** Fewer keepalives than the count takes to go round. */
const ROUND_KEEPALIVES = 15;

/** A pause longer than this, and older words may still come before newer ones. */
const STEADY_KEEPALIVES = 3;

/** Takes the count of one fresh beat. `kicked` is `perhaps` where a kick cannot be ruled out. */
export function hearCount(
  was: Kicks | undefined,
  heard: CountHeard,
  now: Instant,
  keepaliveMs: number,
): { kicks: Kicks; kicked: 'no' | 'perhaps' | 'yes' } {
  const { channel, session, count } = heard;
  const channels = { ...was?.channels, [channel]: { session, count, at: now } };
  if (was === undefined) {
    const first = { count, countAt: now, heardAt: now, steadySince: now, channels };
    return { kicks: first, kicked: 'no' };
  }
  const gapMs = now - was.heardAt;
  const kicked = gapMs >= ROUND_KEEPALIVES * keepaliveMs ? 'perhaps' : judge(was, heard);
  return {
    kicked,
    kicks: {
      count: kicked === 'no' ? was.count : count,
      countAt: kicked === 'no' ? was.countAt : now,
      heardAt: now,
      steadySince: gapMs > STEADY_KEEPALIVES * keepaliveMs ? now : was.steadySince,
      channels,
    },
  };
}

function judge(was: Kicks, { channel, session, count }: CountHeard): 'no' | 'perhaps' | 'yes' {
  const known = was.channels[channel];
  if (known?.session !== session) return count === was.count ? 'no' : 'perhaps';
  const toldAlready = count === was.count && was.countAt >= known.at;
  return count === known.count || toldAlready ? 'no' : 'yes';
}

/**
 * Whether an old count says that nobody kicked in time: the host is heard without a gap, for long
 * enough for anything older to have come, and was heard once more after the time was over.
 */
export function repeatsOldCount(
  { heardAt, steadySince }: Kicks,
  now: Instant,
  {
    keepaliveMs,
    freshnessMs,
    overAt,
  }: { keepaliveMs: number; freshnessMs: number; overAt: Instant },
): boolean {
  const isHeard = heardAt >= overAt && now - heardAt <= 2 * keepaliveMs;
  return isHeard && now - steadySince >= freshnessMs + 2 * keepaliveMs;
}
