/**
 * A device that fails is asked again and again: its trouble is told when it begins and when it is
 * over, not at each question.
 */
import type { Logger } from '../../protocol/log.ts';
import type { Result } from '../../protocol/result.ts';

export type DriverLog = Pick<Logger, 'info' | 'warn'>;

/** Takes what each call came to, tells what is news, and hands it on; `what` goes before the words. */
export type Trouble = <T>(outcome: Result<T>, what?: string) => Result<T>;

/** Different words are told once each; a device that finds ever new ones is not heard to the end. */
const WORDS_MAX = 8;
/** Our own doing, and no fault of the device. */
const OURS = ['waiting', 'closed', 'superseded'];

export function troubleOf(log: DriverLog, device: string, host: string): Trouble {
  const told = new Set<string>();
  return (outcome, what = '') => {
    if (outcome.ok) {
      if (told.size > 0) log.info(`${device} answers again`, { host });
      told.clear();
      return outcome;
    }
    const words = what + outcome.detail;
    if (OURS.includes(outcome.kind) || told.has(words) || told.size >= WORDS_MAX) return outcome;
    told.add(words);
    log.warn(`${device}: ${words}`, { host });
    return outcome;
  };
}
