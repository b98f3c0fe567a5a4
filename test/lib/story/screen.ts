/**
 * What a newcomer sees while the story runs: on a terminal a live table with the story below it,
 * elsewhere one line after the other, with the table at the start of each chapter.
 */
import { BACK, OWN_SCREEN, redraw } from '../../../host-shim/cli/live-screen.ts';
import { every } from '../../../protocol/link/timers.ts';

export interface Screen {
  /** One line of the story. */
  say(line: string): void;
  /** A new chapter; the table is shown once `ready` has resolved. */
  chapter(title: string, ready?: Promise<unknown>): Promise<void>;
  /** What always shows below everything else, on a terminal; elsewhere it is said. */
  footer(lines: string[]): void;
  /** Stops redrawing, and leaves the story on the screen that was there before. */
  close(): void;
}

const REDRAW_MS = 500;

/** `table` answers with the table as it is now. */
export function storyScreen(
  live: boolean,
  table: () => Promise<string>,
  write: (text: string) => void,
): Screen {
  const lines: string[] = [];
  let footer: string[] = [];
  const say = (line: string): void => {
    lines.push(line);
    if (!live) write(`${line}\n`);
  };
  const draw = async (): Promise<void> => {
    const { columns = 80, rows = 24 } = process.stdout;
    const head = [...(await table()).trimEnd().split('\n'), ''];
    // The newest lines matter most: the table stays, the story scrolls below it.
    const room = Math.max(1, rows - head.length - footer.length);
    if (timer !== undefined)
      write(redraw([...head, ...lines.slice(-room)], footer, { columns, rows }));
  };
  if (live) write(OWN_SCREEN);
  let timer = live ? every(REDRAW_MS, () => void draw()) : undefined;
  return {
    say,
    chapter: async (title, ready) => {
      say('');
      say(`== ${title}`);
      await ready;
      if (!live) write(`${await table()}\n`);
    },
    footer: (shown) => {
      footer = shown;
      if (!live) for (const line of shown) say(line);
    },
    close: () => {
      if (timer === undefined) return;
      timer.cancel();
      timer = undefined;
      write(`${BACK}${lines.join('\n')}\n`);
    },
  };
}
