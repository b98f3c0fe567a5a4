/** What a process needs in its environment so that its wall clock is wrong, in whatever way. */
import { built } from '../built.ts';

export interface WallClock {
  /** Constantly ahead of the machine's. */
  aheadMs?: number;
  /** Leaps by years in both directions, each second to another place. */
  leaps?: boolean;
  /** A time zone, such as `Pacific/Chatham`. */
  zone?: string;
}

/** Empty where the clock is right. */
export function wallClockEnv({
  aheadMs = 0,
  leaps = false,
  zone,
}: WallClock): Record<string, string> {
  const isWrong = aheadMs !== 0 || leaps;
  return {
    ...(zone === undefined ? {} : { TZ: zone }),
    ...(isWrong
      ? {
          NODE_OPTIONS: `--require=${built('test/lib/wall-clock/main.ts')}`,
          WALL_AHEAD_MS: String(aheadMs),
          WALL_LEAPS: leaps ? '1' : '',
        }
      : {}),
  };
}
