/**
 * The live table.
 *
 * On a terminal it redraws in place until Ctrl-C, on a screen of its own, so that what stood there
 * before is back afterwards. In a pipe a stream of screens would be useless: there it prints one
 * table, or with `follow` one more each time that something but the clock changed.
 */
import { after } from '../../protocol/link/timers.ts';
import type { Result } from '../../protocol/result.ts';
import type { BoardView } from '../../protocol/wire/view.ts';
import type { Board, BoardFailure } from './board.ts';
import { BACK, OWN_SCREEN, redraw } from './live-screen.ts';
import { domainOf, hostsText } from './tables.ts';
import type { Terminal } from './terminal.ts';
import { jsonLine } from './words.ts';

export interface WatchChoice {
  json: boolean;
  follow: boolean;
  /** Between two looks at the board. */
  periodMs: number;
}

/** Shows the board until the person stops it; the failure is the one of a board that went away. */
export async function watch(
  board: Board,
  terminal: Terminal,
  choice: WatchChoice,
): Promise<Result<void, BoardFailure>> {
  const live = terminal.interactive && !choice.json;
  if (!live && !choice.follow) {
    const view = await board.view();
    if (view.ok) terminal.out(choice.json ? jsonLine(view.value) : screen(view.value));
    return view.ok ? { ok: true, value: undefined } : view;
  }
  const stop = stopper(terminal);
  if (live) terminal.out(OWN_SCREEN);
  const end = await loop(board, terminal, choice, live, stop);
  if (live) terminal.out(BACK);
  return end;
}

interface Stopper {
  stopped: boolean;
  /** Waits `ms`, or until the person stops. */
  pause(ms: number): Promise<void>;
}

function stopper(terminal: Terminal): Stopper {
  let wake = (): void => {};
  const stop: Stopper = {
    stopped: false,
    pause: (ms) =>
      new Promise((resolve) => {
        const timer = after(ms, resolve);
        wake = () => {
          timer.cancel();
          resolve();
        };
      }),
  };
  terminal.onStop(() => {
    stop.stopped = true;
    wake();
  });
  return stop;
}

async function loop(
  board: Board,
  terminal: Terminal,
  { json, periodMs }: WatchChoice,
  live: boolean,
  stop: Stopper,
): Promise<Result<void, BoardFailure>> {
  let shown = '';
  while (!stop.stopped) {
    const view = await board.view();
    if (!view.ok) return view;
    const sign = withoutClocks(view.value);
    if (live) {
      const body = screen(view.value).trimEnd().split('\n');
      terminal.out(redraw(body, ['', 'Ctrl-C ends this.'], terminal.size()));
    }
    if (!live && sign !== shown) terminal.out(json ? jsonLine(view.value) : screen(view.value));
    shown = sign;
    await stop.pause(periodMs);
  }
  return { ok: true, value: undefined };
}

function screen(view: BoardView): string {
  const { memberCount, victimCount, victimNow, master, waitState } = domainOf(view);
  const victim = victimNow === null ? '' : `, victim now ${victimNow}`;
  const counts = `members ${memberCount}, victims ${victimCount}${victim}, wait state ${waitState}`;
  return `${master}: ${counts}\n${hostsText(view)}`;
}

/** Two views with one sign differ in ages only. */
function withoutClocks(view: BoardView): string {
  return JSON.stringify(view, (key, value: unknown) => (key.endsWith('Ms') ? undefined : value));
}
