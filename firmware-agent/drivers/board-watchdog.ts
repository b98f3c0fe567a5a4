/** The board's watchdog by a device of the kernel; a reload neither closes nor opens it. */
import type { Logger } from '../../protocol/log.ts';
import { limitsOf, openWatchdog, type WatchdogSystem } from '../../protocol/native/watchdog.ts';
import { watchdogKeeper } from '../../protocol/native/watchdog-keeper.ts';
import type { WatchdogConfig } from '../config/config.ts';
import type { News } from '../core/alarms.ts';
import type { BoardWatchdog } from '../ports/watchdog.ts';

const REMEDY = 'The agent guards on and tries again every 10 s. Free the device or name another.';

/** The watchdog that `config` names; nothing is opened yet. `at` gives a problem its place there. */
export function boardWatchdog(
  config: WatchdogConfig,
  at: (said: { problem: string; remedy: string }) => string,
  log: Pick<Logger, 'info' | 'warn' | 'error'>,
  system?: WatchdogSystem,
): BoardWatchdog {
  const { device } = config;
  let news: News | undefined;
  let missed = false;
  const keeper = watchdogKeeper(config, (setup) => openWatchdog(setup, system), {
    well: (dog) => {
      log.info(`watchdog: "${dog.identity}", ${device}, resets after ${dog.timeoutMs / 1_000} s`);
      for (const limit of limitsOf(dog, config)) log.warn(`watchdog: ${limit}`);
      if (missed) news = tell('info', `the watchdog ${device} guards this board`, { over: true });
    },
    ill: (problem) => {
      missed = true;
      log.error(at({ problem, remedy: REMEDY }));
      const remedy = 'free the device, or name another';
      news = tell('alarm', `no watchdog guards this board: ${problem}`, { remedy });
    },
  });
  return {
    arm: keeper.feed,
    well: () => {
      keeper.feed();
      const told = news;
      news = undefined;
      return told;
    },
    end: () => {
      const dog = keeper.dog();
      if (dog === undefined) return;
      const stopped = config.magicClose ? dog.stop() : undefined;
      if (stopped?.ok) return log.info('watchdog: stopped');
      log.warn(`watchdog: resets this board in ${dog.timeoutMs / 1_000} s unless it is fed again`);
    },
  };
}

function tell(level: News['level'], text: string, more: Partial<News>): News {
  return { kind: 'news', level, code: 'watchdog', text, ...more };
}
