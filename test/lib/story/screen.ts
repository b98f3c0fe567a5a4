/**
 * What a newcomer sees while the story runs: on a terminal a live table with the story below it,
 * elsewhere one line after the other, with the table at the start of each chapter.
 */
import { every } from '../../../protocol/link/timers.ts';

export interface Screen {
  /** One line of the story. */
  say(line: string): void;
  /** A new chapter. */
  chapter(title: string): Promise<void>;
  /** Puts the cursor below everything, and stops redrawing. */
  close(): void;
}

const HOME = '\x1b[H';
const REST_OF_LINE = '\x1b[K';
const REST_OF_SCREEN = '\x1b[J';
const CLEAR = '\x1b[2J';
const REDRAW_MS = 500;

/** `table` answers with the table as it is now. */
export function storyScreen(
  live: boolean,
  table: () => Promise<string>,
  write: (text: string) => void,
): Screen {
  const lines: string[] = [];
  const say = (line: string): void => {
    lines.push(line);
    if (!live) write(`${line}\n`);
  };
  const redraw = async (): Promise<void> => {
    const room = Math.max(6, (process.stdout.rows ?? 40) - 16);
    const shown = [...(await table()).split('\n'), ...lines.slice(-room)];
    write(`${HOME}${shown.map((line) => `${line}${REST_OF_LINE}`).join('\n')}\n${REST_OF_SCREEN}`);
  };
  if (live) write(CLEAR);
  const timer = live ? every(REDRAW_MS, () => void redraw()) : undefined;
  return {
    say,
    chapter: async (title) => {
      say('');
      say(`== ${title}`);
      if (!live) write(`${await table()}\n`);
    },
    close: () => timer?.cancel(),
  };
}
