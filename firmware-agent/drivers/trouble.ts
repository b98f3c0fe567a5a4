/**
 * A device that fails is asked again and again: its trouble is told when it begins and when it is
 * over, not at each question.
 */
import type { Logger } from '../../protocol/log.ts';

export type DriverLog = Pick<Logger, 'info' | 'warn'>;

/** Takes what each call came to: the end of a sentence about the device, or nothing where all went well. */
export type Trouble = (problem?: string) => void;

/** Different words are told once each; a device that finds ever new ones is not heard to the end. */
const WORDS_MAX = 8;

export function troubleOf(log: DriverLog, device: string, host: string): Trouble {
  const told = new Set<string>();
  return (problem) => {
    if (problem === undefined) {
      if (told.size > 0) log.info(`${device} answers again`, { host });
      told.clear();
    } else if (!told.has(problem) && told.size < WORDS_MAX) {
      told.add(problem);
      log.warn(`${device}: ${problem}`, { host });
    }
  };
}
