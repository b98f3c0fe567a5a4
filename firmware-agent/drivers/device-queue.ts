/**
 * One thing at a time with a device that bears no more: a serial switch, a management controller.
 *
 * Such a device is slow, and may hang in the middle of an answer. Whoever asks must be answered in
 * his own time all the same, so each call has a limit, kept here and not by the device. A command goes
 * before all questions that wait, because a cut must not stand behind them. The same command again
 * is the same call; the opposite one ends it, under way or not, because power that is to come back must
 * not wait for a cut that hangs. A device that is not done with a call that was given up gets nothing
 * new until it is.
 */
import { attempt } from '../../protocol/attempt.ts';
import { after, monotonicMs, soon } from '../../protocol/link/timers.ts';
import { failure, type Result } from '../../protocol/result.ts';

/** One call as the device's side sees it. */
export interface Call<T> {
  /** What remains of the time of whoever waits; at 0 he has gone, and nothing is begun for him. */
  leftMs(): number;
  /** Gives him the outcome; only the first counts. */
  answer(outcome: Result<T>): void;
  /** Has `fn` called once he has gone without an answer. */
  onGone(fn: () => void): void;
}

/** One use of the device; it resolves when the device may be used again. */
export type Use<T> = (call: Call<T>) => Promise<void>;

export interface DeviceQueue {
  /**
   * Waits its turn. Once `limitMs` are over it fails: with `timeout`, or with `waiting` where its turn had
   * not come; with `busy` where too many wait.
   */
  ask<T>(limitMs: number, use: Use<T>): Promise<Result<T>>;
  /** The same before all questions; the opposite `word` of the same `outlet` is `superseded`. */
  command(
    about: { outlet: string; word: string },
    limitMs: number,
    use: Use<void>,
  ): Promise<Result<void>>;
  /** Fails all that waits or is under way, and all that comes later. */
  close(): void;
}

interface Entry {
  about?: { outlet: string; word: string };
  outcome: Promise<Result<never>>;
  /** Whoever asked has his outcome. */
  isOver(): boolean;
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
    if (entry.isOver()) return next();
    current = entry;
    void attempt(entry.start).then((used) => {
      entry.settle(used.ok ? failure('no-answer', 'it gives no answer') : used);
      current = undefined;
      next();
    });
  };
  const enter = <T>(limitMs: number, use: Use<T>, about?: Entry['about']): Promise<Result<T>> => {
    if (closed) return Promise.resolve(failure('closed', 'the device was closed'));
    if (waiting.filter((one) => !one.isOver()).length >= WAITING_MAX) {
      return Promise.resolve(failure('busy', 'too many calls of the device wait'));
    }
    const entry: Entry = { ...entryOf(limitMs, use), ...(about && { about }) };
    const before = waiting.findIndex((one) => about !== undefined && one.about === undefined);
    waiting.splice(before < 0 ? waiting.length : before, 0, entry);
    next();
    return entry.outcome;
  };
  return {
    ask: (limitMs, use) => enter(limitMs, use),
    command: (about, limitMs, use) => {
      const its = [...(current === undefined ? [] : [current]), ...waiting].filter(
        (one) => one.about?.outlet === about.outlet && !one.isOver(),
      );
      const last = its.at(-1);
      if (last?.about?.word === about.word) return last.outcome;
      for (const one of its) one.settle(failure('superseded', 'its opposite took its place'));
      return enter(limitMs, use, about);
    },
    close: () => {
      closed = true;
      const closing = failure('closed', 'the device was closed');
      for (const entry of waiting) entry.settle(closing);
      current?.settle(closing);
    },
  };
}

function entryOf<T>(limitMs: number, use: Use<T>): Entry {
  const endMs = monotonicMs() + limitMs;
  const gone: (() => void)[] = [];
  let begun = false;
  let over = false;
  let resolve: (outcome: Result<T>) => void;
  const outcome = new Promise<Result<T>>((resolved) => {
    resolve = resolved;
  });
  const answer = (is: Result<T>): void => {
    over = true;
    limit.cancel();
    resolve(is);
  };
  const settle = (is: Result<T>): void => {
    if (over) return;
    answer(is);
    for (const fn of gone) fn();
  };
  // After a stall of ours the answer may lie there already.
  const limit = after(limitMs, () =>
    soon(() =>
      settle(begun ? failure('timeout', 'it does not answer') : failure('waiting', 'it is busy')),
    ),
  );
  return {
    outcome: outcome as Promise<Result<never>>,
    isOver: () => over,
    settle,
    start: () => {
      begun = true;
      return use({
        leftMs: () => (over ? 0 : Math.max(0, endMs - monotonicMs())),
        answer,
        onGone: (fn) => void gone.push(fn),
      });
    },
  };
}
