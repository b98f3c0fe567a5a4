/** Values in the words that people read, and that programs read. */

/** A span of time: `850 ms`, `2.0 s`, `4 min 10 s`, `3 h 5 min`, `12 days`. */
export function span(ms: number): string {
  if (!Number.isFinite(ms) || ms < 0) return 'unknown';
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 99_950) return `${(ms / 1_000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1_000);
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} days`;
}

/** An incarnation as it is shown everywhere: eight hex digits; 0 and null stand for none. */
export function incarnationName(incarnation: number | null): string {
  return incarnation === null || incarnation === 0
    ? '-'
    : incarnation.toString(16).padStart(8, '0');
}

/** Several things in a row, or a word for none. */
export function list(things: readonly string[], none: string): string {
  return things.length === 0 ? none : things.join(', ');
}

/** One document of JSON on a line of its own. */
export function jsonLine(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
}
