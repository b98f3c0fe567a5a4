/**
 * A screen that is drawn again and again in place, as large as the terminal is at that moment.
 *
 * Tables are wider than many terminals, and a line that wraps, or one line too many, would push
 * everything else out of place. So lines are cut at the right edge, and what does not fit below is
 * left out with a word about it; the footer, which says how to get out, always shows.
 */

export interface ScreenSize {
  columns: number;
  rows: number;
}

/** Shown instead of what stood there, until `BACK`. */
export const OWN_SCREEN = '\x1b[?1049h\x1b[?25l';
/** Brings back what stood there before, and the cursor. */
export const BACK = '\x1b[?25h\x1b[?1049l';

const HOME = '\x1b[H';
const REST_OF_LINE = '\x1b[K';
const REST_OF_SCREEN = '\x1b[J';

/** What to write to a terminal of this size to show these lines, and nothing else. */
export function redraw(
  body: readonly string[],
  footer: readonly string[],
  { columns, rows }: ScreenSize,
): string {
  const room = Math.max(1, rows - footer.length);
  const hidden = body.length - room;
  const shown =
    hidden > 0 ? [...body.slice(0, room - 1), `... and ${hidden + 1} lines more`] : body;
  const lines = [...shown, ...footer].map((line) => `${clip(line, columns)}${REST_OF_LINE}`);
  // No line end after the last line: on a full screen it would scroll.
  return `${HOME}${lines.join('\r\n')}${REST_OF_SCREEN}`;
}

/** By characters, each of which is one column wide in everything we print. */
function clip(line: string, columns: number): string {
  const chars = [...line];
  return chars.length <= columns ? line : chars.slice(0, columns).join('');
}
