/** The loop around the core: which of its turns may feed the board's watchdog. */
import { newBoard } from '../../firmware-agent/core/board.ts';
import type { Event } from '../../firmware-agent/core/events.ts';
import { type Hands, runShell, type Shell } from '../../firmware-agent/shell.ts';
import { monotonicMs } from '../../protocol/link/timers.ts';
import { assert, suite } from '../lib/suite.ts';
import { until } from '../lib/until.ts';
import { boardOf, guarded } from './core/world/settings.ts';

const test = suite('the loop');

interface Loop {
  shell: Shell;
  /** Judge turns and calls of `well`, in order, with the time of each. */
  log: { what: 'judged' | 'well'; at: number }[];
  loopLagMs: number;
}

function loop(): Loop {
  const log: Loop['log'] = [];
  const board = newBoard(boardOf([guarded(1, 'alpha')]), '00'.repeat(8), monotonicMs());
  const idle = (): void => undefined;
  const hands: Hands = {
    journal: async () => true,
    save: idle,
    turn: idle,
    pulse: idle,
    carry: idle,
    well: () => void log.push({ what: 'well', at: monotonicMs() }),
    end: idle,
  };
  const shell = runShell(board, hands, {
    before: idle,
    after: ({ event }: { event: Event }) => {
      if (event.kind === 'judge') log.push({ what: 'judged', at: monotonicMs() });
    },
    tape: () => undefined,
  });
  shell.take({ kind: 'start', wallMs: 0 });
  return { shell, log, loopLagMs: board.derived.loopLagMs };
}

/** Blocks the loop as an endless computation would. */
function stall(ms: number): number {
  const endAt = monotonicMs() + ms;
  while (monotonicMs() < endAt);
  return endAt;
}

test('every turn that came in time is a good one, after it has judged', async () => {
  const { shell, log } = loop();
  await until('some turns', () => log.length >= 10);
  shell.close();
  assert.equal(
    log.slice(0, 10).map(({ what }) => what),
    Array.from({ length: 5 }, () => ['judged', 'well']).flat(),
  );
});

test('the turn after a stall of our own feeds nothing, and the one after it does', async () => {
  const { shell, log, loopLagMs } = loop();
  await until('a turn', () => log.length >= 2);
  const stalledAt = stall(loopLagMs + 100);
  const since = (): Loop['log'] => log.filter(({ at }) => at > stalledAt);
  await until('two turns', () => since().filter(({ what }) => what === 'judged').length >= 2);
  shell.close();
  assert.equal(
    since()
      .slice(0, 3)
      .map(({ what }) => what),
    ['judged', 'judged', 'well'],
  );
});

test('a closed loop says no more that it is well', async () => {
  const { shell, log } = loop();
  await until('a turn', () => log.length >= 2);
  shell.close();
  const { length } = log;
  await new Promise(setImmediate);
  assert.is(log.length, length);
});

test.run();
