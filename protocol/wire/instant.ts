/**
 * A point in monotonic time, in milliseconds since some start that stays put while the process
 * lives. It may carry a fraction, so that a deadline is never met early by rounding.
 */
export type Instant = number;
