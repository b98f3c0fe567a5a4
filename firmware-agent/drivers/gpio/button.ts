/**
 * A button that a line presses, as a finger would: it is always let go again.
 *
 * What must not be held for long is let go by this process, so a line that cannot be released is
 * tried again until it can, and told.
 */
import { after, monotonicMs, type Timer } from '../../../protocol/link/timers.ts';
import { failure, ok, type Result } from '../../../protocol/result.ts';
import type { Bank } from './bank.ts';

export interface Button {
  /** Presses until `isEnough`, for `mostMs` at most; resolves when the line took it. */
  press(mostMs: number, isEnough?: () => boolean): Result<void>;
  /** Presses for `shortMs`, and where that was not enough within `waitMs`, as `press` does. */
  askAndPress(
    ask: { shortMs: number; waitMs: number },
    mostMs: number,
    isEnough: () => boolean,
  ): Result<void>;
  /** It is pressed, or waits to be. */
  isBusy(): boolean;
  /** Lets go at once, and presses no more of what was asked. */
  letGo(): void;
  /** The last that is asked of it; it is let go, if the line takes it. */
  close(): void;
}

/** How often a held button is asked whether it is enough, and one that hangs is let go again. */
const LOOK_MS = 20;
const RELEASE_AGAIN_MS = 100;

export function buttonOn(
  { bank, at }: { bank: Bank; at: number },
  { name, active }: { name: string; active: boolean },
  say: (sentence: string) => void,
): Button {
  let ending: Timer | undefined;
  let failures = 0;
  const release = (): void => {
    const released = bank.drive(at, !active);
    ending = released.ok ? undefined : after(RELEASE_AGAIN_MS, release);
    failures = released.ok ? 0 : failures + 1;
    if (!released.ok && failures === 1) say(`"${name}" is still pressed: ${released.detail}`);
  };
  const hold = (untilMs: number, isEnough: () => boolean): void => {
    const leftMs = untilMs - monotonicMs();
    if (leftMs <= 0 || isEnough()) return release();
    ending = after(Math.min(leftMs, LOOK_MS), () => hold(untilMs, isEnough));
  };
  const press: Button['press'] = (mostMs, isEnough) => {
    if (ending !== undefined) return failure('busy', `"${name}" is pressed already`);
    const taken = bank.drive(at, active);
    if (!taken.ok) return taken;
    if (isEnough === undefined) ending = after(mostMs, release);
    else hold(monotonicMs() + mostMs, isEnough);
    return ok(undefined);
  };
  const wait = (untilMs: number, mostMs: number, isEnough: () => boolean): void => {
    // While it cannot be let go there is nothing to press.
    if (failures > 0) return;
    ending = undefined;
    if (isEnough()) return;
    if (monotonicMs() < untilMs) {
      ending = after(LOOK_MS, () => wait(untilMs, mostMs, isEnough));
      return;
    }
    const pressed = press(mostMs, isEnough);
    if (!pressed.ok) say(`"${name}" was not pressed: ${pressed.detail}`);
  };
  return {
    isBusy: () => ending !== undefined,
    press,
    askAndPress: ({ shortMs, waitMs }, mostMs, isEnough) => {
      const asked = press(shortMs);
      if (!asked.ok) return asked;
      ending?.cancel();
      ending = after(shortMs, () => {
        release();
        wait(monotonicMs() + waitMs, mostMs, isEnough);
      });
      return asked;
    },
    letGo: () => {
      if (ending === undefined) return;
      ending.cancel();
      release();
    },
    close: () => {
      if (ending === undefined) return;
      ending.cancel();
      ending = undefined;
      bank.drive(at, !active);
    },
  };
}
