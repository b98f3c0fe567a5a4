/**
 * One thing at a time with a device that bears no more: a serial switch, a management controller.
 *
 * Such a device is slow, and may hang in the middle of an answer. Whoever asks must be answered in
 * his own time all the same, so each call has a limit, kept here and not by the device. A command goes
 * before all questions that wait, because a cut must not stand behind them; of two commands for one
 * outlet that both wait, only the later is given. A device that is not done with a call that was
 * given up gets nothing new until it is.
 */
import { attempt } from '../../protocol/attempt.ts';
import { after, monotonicMs } from '../../protocol/link/timers.ts';
import { failure, type Result } from '../../protocol/result.ts';

/**
 * One use of the device: it hands the outcome to `answer` as soon as it has it, and resolves when the
 * device may be used again. `leftMs` says what remains of the time of whoever waits; at 0 he has gone,
 * and what was not begun by then must not be.
 */
export type Use<T> = (leftMs: () => number, answer: (outcome: Result<T>) => void) => Promise<void>;

export interface DeviceQueue {
  /**
   * Waits its turn. Once `limitMs` are over it fails: with `timeout`, or with `waiting` where its turn had
   * not come; with `busy` where too many wait.
   */
  ask<T>(limitMs: number, use: Use<T>): Promise<Result<T>>;
  /** The same before all questions; what waits for the same `outlet` is `superseded`. */
  command(outlet: string, limitMs: number, use: Use<void>): Promise<Result<void>>;
  /** Fails all that waits, and all that comes later. */
  close(): void;
}

interface Entry {
  outlet?: string;
  start(): Promise<void>;
  settle(outcome: Result<never>): void;
}

/** More than the outlets of any one device, each of which is asked one question at a time. */
const WAITING_MAX = 64;

export function deviceQueue(): DeviceQueue {
  const waiting: Entry[] = [];
  let current: Entry | undefined;
  let closed = false;

  const next = (): void => {
    if (current !== undefined) return;
    const entry = waiting.shift();
    if (entry === undefined) return;
    current = entry;
    void attempt(entry.start).then((used) => {
      if (!used.ok) entry.settle(used);
      else entry.settle(failure('no-answer', 'the device gave no answer'));
      current = undefined;
      next();
    });
  };
  const enter = <T>(limitMs: number, use: Use<T>, outlet?: string): Promise<Result<T>> => {
    if (closed) return Promise.resolve(failure('closed', 'the device was closed'));
    if (waiting.length >= WAITING_MAX) {
      return Promise.resolve(failure('busy', 'too many calls of the device wait'));
    }
    const endMs = monotonicMs() + limitMs;
    return new Promise((resolve) => {
      let settled = false;
      const settle = (outcome: Result<T>): void => {
        settled = true;
        limit.cancel();
        const at = waiting.indexOf(entry);
        if (at >= 0) waiting.splice(at, 1);
        resolve(outcome);
      };
      const limit = after(limitMs, () => {
        const isWaiting = waiting.includes(entry);
        settle(
          isWaiting ? failure('waiting', 'it is busy') : failure('timeout', 'it does not answer'),
        );
      });
      const leftMs = (): number => (settled ? 0 : Math.max(0, endMs - monotonicMs()));
      const start = (): Promise<void> => use(leftMs, settle);
      const entry: Entry = { start, settle, ...(outlet !== undefined && { outlet }) };
      const before = waiting.findIndex((one) => outlet !== undefined && one.outlet === undefined);
      waiting.splice(before < 0 ? waiting.length : before, 0, entry);
      next();
    });
  };
  return {
    ask: (limitMs, use) => enter(limitMs, use),
    command: (outlet, limitMs, use) => {
      const older = waiting.find((one) => one.outlet === outlet);
      older?.settle(failure('superseded', 'a later command took its place'));
      return enter(limitMs, use, outlet);
    },
    close: () => {
      closed = true;
      const closing = failure('closed', 'the device was closed');
      current?.settle(closing);
      for (const entry of [...waiting]) entry.settle(closing);
    },
  };
}
