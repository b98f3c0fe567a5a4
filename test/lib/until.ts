/**
 * Waiting in a test for something that another process or the kernel does.
 *
 * A fixed sleep is too short on a busy machine and too long on any other. Here the condition is
 * looked at every few milliseconds, and what did not come in time fails with its name.
 */
import { after, monotonicMs } from '../../protocol/link/timers.ts';

const LOOK_EVERY_MS = 4;

/** Resolves with the first value that is neither undefined nor false; throws after `limitMs`. */
export async function until<T>(
  what: string,
  look: () => T | undefined | false | Promise<T | undefined | false>,
  limitMs = 5_000,
): Promise<T> {
  const startedAt = monotonicMs();
  for (;;) {
    const seen = await look();
    if (seen !== undefined && seen !== false) return seen;
    if (monotonicMs() - startedAt > limitMs) throw new Error(`not within ${limitMs} ms: ${what}`);
    await pause(LOOK_EVERY_MS);
  }
}

/** For the rare test whose promise is that nothing happens for a while. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    after(ms, resolve);
  });
}
