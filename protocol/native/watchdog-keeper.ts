/**
 * Keeps one watchdog open and fed, and says when that begins and ends to work.
 *
 * A watchdog that is missing is no reason to stop working: what this program does is worth more than
 * what guards it. So the device is asked for again and again, and each change is told once. A device
 * that does not take its food is not closed and opened anew, because closing would feed it or stop
 * it; it is offered the next meal instead.
 */
import { monotonicMs } from '../link/timers.ts';
import type { Result } from '../result.ts';
import type { Instant } from '../wire/instant.ts';
import type { Watchdog, WatchdogSetup } from './watchdog.ts';

export interface WatchdogKeeper {
  /** Somebody finds that all is well now: opens the device, or feeds it, where it is time. */
  feed(): void;
  /** Stops the countdown; undefined where the device is not open. */
  stop(): Result<void> | undefined;
  /** The open device. */
  dog(): Watchdog | undefined;
}

export interface WatchdogNews {
  /** It is open and fed, for the first time or again. */
  well(dog: Watchdog): void;
  ill(detail: string): void;
}

/** A quarter of the timeout, and at most this: three meals may be late. */
const FEED_MS_MAX = 1_000;
const MEALS = 4;
/** A device that another program holds may be free later. */
const REOPEN_MS = 10_000;

/** Nothing is opened before the first `feed`. */
export function watchdogKeeper(
  setup: WatchdogSetup,
  open: (setup: WatchdogSetup) => Result<Watchdog>,
  news: WatchdogNews,
  clock: () => Instant = monotonicMs,
): WatchdogKeeper {
  let dog: Watchdog | undefined;
  let isWell: boolean | undefined;
  let nextAt = Number.NEGATIVE_INFINITY;

  const tell = (problem: string | undefined): void => {
    const was = isWell;
    isWell = problem === undefined;
    if (was === isWell) return;
    if (problem !== undefined) news.ill(problem);
    else if (dog !== undefined) news.well(dog);
  };
  return {
    feed: () => {
      const now = clock();
      if (now < nextAt) return;
      const done = dog === undefined ? open(setup) : dog.feed();
      if (done.ok && done.value !== undefined) dog = done.value;
      const gapMs = dog === undefined ? REOPEN_MS : Math.min(FEED_MS_MAX, dog.timeoutMs / MEALS);
      // From before the call, because a slow device must not be fed late.
      nextAt = now + gapMs;
      tell(done.ok ? undefined : done.detail);
    },
    stop: () => {
      const stopped = dog?.stop();
      nextAt = Number.POSITIVE_INFINITY;
      return stopped;
    },
    dog: () => dog,
  };
}
