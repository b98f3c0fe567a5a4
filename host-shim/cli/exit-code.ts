/**
 * What the shell script that called us learns, in one number.
 *
 * `1` and `3` are kept apart because they ask for different deeds: what was certainly not done may
 * be tried again; what is unknown must be looked at first.
 */
import type { OrderEnd } from '../../protocol/order-step.ts';

export const EXIT = {
  /** It is so: the order is carried out, the question is answered. */
  done: 0,
  /** It is certainly not so: refused, failed, cancelled, or never sent. */
  notDone: 1,
  /** The command line or a configuration file is wrong; nothing was sent. */
  wrongUse: 2,
  /** Neither is proven: the answer did not come, or the agent itself does not know. */
  unknown: 3,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** The exit code of an order that ended so. */
export function exitCodeOf(outcome: OrderEnd['outcome']): ExitCode {
  switch (outcome) {
    case 'done':
    case 'already':
      return EXIT.done;
    case 'failed':
    case 'refused':
    case 'busy':
    case 'expired':
    case 'stale':
      return EXIT.notDone;
    case 'unknown':
    case 'interrupted':
    case 'no-answer':
      return EXIT.unknown;
  }
}
