/**
 * The board's watchdog: what resets a board on which the agent does not work any more.
 *
 * A hanging agent hurts nobody at once, but it guards nobody, and it may have left a host dark in the
 * middle of a fence. The port promises to be armed from `arm` on, if the device can be had at all,
 * and to end the board unless `well` is called again and again. It does not promise that there is
 * a device: a board that guards without one is worth more than a board that does not guard.
 */
import type { News } from '../core/alarms.ts';

export interface BoardWatchdog {
  /**
   * Due at the beginning of each life of the agent, before any relay is touched. Arms it, or feeds it
   * where it is armed; one that cannot be had is told, and tried again.
   */
  arm(): void;
  /**
   * Said after a turn of the loop in which every self-check passed, and only then. Answers what the
   * world should be told.
   */
  well(): News | undefined;
  /** The agent ends in order. Where the configuration does not want it stopped, it counts on. */
  end(): void;
}
