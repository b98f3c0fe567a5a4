/**
 * The only place that sets a timer.
 *
 * Node turns a delay that it does not understand (NaN, negative, 2^31 and more) into 1 ms without
 * a word, so one wrong number makes a busy loop or a deadline that has always passed. Here such a
 * number is our own mistake and throws. A timer may fire up to 1 ms early, so nobody who counts on
 * a deadline trusts that it fired: read `monotonicMs` again.
 */
import { assert } from '../assert.ts';
import type { Instant } from '../wire/instant.ts';

/** The first delay that Node cannot hold: it would fire after 1 ms. */
const DELAY_MS_END = 2 ** 31;

export interface Timer {
  /** Stops it; harmless when it has fired or was cancelled. */
  cancel(): void;
}

/** Calls `fn` once, after `ms` milliseconds. */
export function after(ms: number, fn: () => void): Timer {
  checkDelay(ms);
  const timer = setTimeout(fn, ms);
  return { cancel: () => clearTimeout(timer) };
}

/** Calls `fn` every `ms` milliseconds until it is cancelled; turns that were missed are not made up. */
export function every(ms: number, fn: () => void): Timer {
  checkDelay(ms);
  assert(ms > 0, 'an interval of 0 ms would be a busy loop');
  const timer = setInterval(fn, ms);
  return { cancel: () => clearInterval(timer) };
}

/**
 * Calls `fn` once, after all input that was ready at this call has reached its readers, as far as
 * their byte budgets allow. A link hands over in the check phase what the poll phase found, and an
 * immediate set before would overtake it: so this waits for the check phase of the next turn.
 */
export function soon(fn: () => void): Timer {
  let turn = nextTurn(() => {
    turn = nextTurn(fn);
  });
  return { cancel: () => turn.cancel() };
}

/** Calls `fn` once, in the next check phase of the event loop: after at most one look at input. */
export function nextTurn(fn: () => void): Timer {
  const immediate = setImmediate(fn);
  return { cancel: () => clearImmediate(immediate) };
}

/** So many at once, and so long between: to seal and send the messages of one takes some 30 us. */
const SLICE = 64;
const SLICE_MS = 6;

/**
 * Does `work` for each, a few at once and the next a little later. In one burst what thousands are told would
 * keep everybody from being heard, and fill the broker, behind which a verdict would wait for its turn.
 */
export function inSlices<T>(all: readonly T[], work: (one: T) => void): void {
  for (const one of all.slice(0, SLICE)) work(one);
  if (all.length > SLICE) after(SLICE_MS, () => inSlices(all.slice(SLICE), work));
}

/**
 * Now, by CLOCK_MONOTONIC, in milliseconds with a fraction. It never jumps, does not run while the
 * machine is suspended, and is the same clock in every process of one machine.
 */
export function monotonicMs(): Instant {
  return Number(process.hrtime.bigint()) / 1e6;
}

function checkDelay(ms: number): void {
  assert(
    Number.isFinite(ms) && ms >= 0 && ms < DELAY_MS_END,
    `a timer needs a delay from 0 to ${DELAY_MS_END - 1} ms, not ${ms}`,
  );
}
