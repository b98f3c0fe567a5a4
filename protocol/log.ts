/**
 * One line for each thing worth telling: aligned for people at a terminal, JSON everywhere else.
 *
 * A log must never be what stops the board: a reader that does not read makes lines drop, counted,
 * instead of filling the memory. It must never be what betrays it: only scalars are taken, what
 * looks like a key is masked, and what a stranger sent cannot forge a line or move the cursor.
 *
 * Own code, because pino would take 56 KB of the 300 KB that the agent may have.
 */

export type Level = 'info' | 'warn' | 'error';

/** What a line is about. `host` has its own column; the rest follows the text. */
export interface About {
  host?: string | undefined;
  [name: string]: string | number | boolean | null | undefined;
}

export interface Logger {
  info(text: string, about?: About): void;
  warn(text: string, about?: About): void;
  error(text: string, about?: About): void;
  /** Lines dropped since the start because nobody took them. */
  dropped(): number;
}

/** Any `Writable`, or `fdStream`. */
export interface LogStream {
  write(line: string): unknown;
  readonly writableLength: number;
}

export interface LogSetup {
  stream: LogStream;
  /** For people, aligned; otherwise JSON lines. */
  tty: boolean;
  /** Wall clock; it is for readers only. */
  now: () => Date;
  /** Colours, which need a terminal; give false where NO_COLOR is set. */
  colour?: boolean;
}

/** A few thousand lines; more behind a reader that stopped would be nothing but memory. */
const BACKLOG_BYTES_MAX = 262_144;
const TEXT_CHARS_MAX = 2_000;
const LEVEL_COLOUR: Record<Level, number> = { info: 36, warn: 33, error: 31 };
const HOST_COLUMNS = 10;

/** Makes a logger; it writes nothing of its own except how many lines were dropped. */
export function logger(setup: LogSetup): Logger {
  const { stream, tty, now, colour = false } = setup;
  let dropped = 0;
  let unsaid = 0;

  function line(level: Level, text: string, about: About): string {
    const at = now();
    return tty ? forPeople(at, level, text, about, colour) : forPrograms(at, level, text, about);
  }

  function say(level: Level, text: string, about: About = {}): void {
    if (stream.writableLength > BACKLOG_BYTES_MAX) {
      dropped += 1;
      unsaid += 1;
      return;
    }
    if (unsaid > 0) {
      const count = unsaid;
      unsaid = 0;
      stream.write(line('warn', `${count} log lines were dropped: nobody read them.`, { count }));
    }
    stream.write(line(level, text, about));
  }

  return {
    info: (text, about) => say('info', text, about),
    warn: (text, about) => say('warn', text, about),
    error: (text, about) => say('error', text, about),
    dropped: () => dropped,
  };
}

function forPrograms(at: Date, level: Level, text: string, about: About): string {
  const fields = Object.entries(about).map(([name, value]) => [name, safeValue(name, value)]);
  const own = { time: at.toISOString(), level, text: safeText(text) };
  return `${JSON.stringify({ ...Object.fromEntries(fields), ...own })}\n`;
}

function forPeople(at: Date, level: Level, text: string, about: About, colour: boolean): string {
  const { host = '', ...rest } = about;
  const word = level.padEnd(5);
  const fields = Object.entries(rest)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ` ${name}=${safeValue(name, value)}`)
    .join('');
  const column = safeText(host).padEnd(HOST_COLUMNS);
  const shown = colour ? `\u001b[${LEVEL_COLOUR[level]}m${word}\u001b[0m` : word;
  return `${clockTime(at)} ${shown} ${column} ${safeText(text)}${fields}\n`;
}

/** Local time to the millisecond; the date is in the JSON form. */
function clockTime(at: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const ms = String(at.getMilliseconds()).padStart(3, '0');
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}.${ms}`;
}

function safeValue(name: string, value: About[string]): About[string] {
  if (/secret|password|private|^key$|base64/i.test(name)) return '(hidden)';
  return typeof value === 'string' ? safeText(value) : value;
}

/** One line of printable text, without anything that looks like 32 bytes in Base64 or hex. */
function safeText(text: string): string {
  const cut = text.length > TEXT_CHARS_MAX ? `${text.slice(0, TEXT_CHARS_MAX)}...` : text;
  return cut
    .replace(/(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{43}=/g, '(key)')
    .replace(/(?<![0-9A-Fa-f])[0-9A-Fa-f]{64}(?![0-9A-Fa-f])/g, '(key)')
    .replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (char) => {
      return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
    });
}
