/** What the commands need of the terminal; a test hands in its own. */
import { createInterface } from 'node:readline';
import type { ScreenSize } from './live-screen.ts';

export interface Terminal {
  out(text: string): void;
  err(text: string): void;
  /** A person sits there: both input and output are a terminal. */
  interactive: boolean;
  /** What is printed appears on a screen. */
  outIsTerminal: boolean;
  /** Everything that comes in by standard input, up to a size that no list of keys has. */
  input(): Promise<string>;
  /** Asks one question and returns the line typed; empty where the input ended. */
  ask(question: string): Promise<string>;
  /** Calls `fn` when nobody wants more: Ctrl-C, a TERM signal, or a reader that went away. */
  onStop(fn: () => void): void;
  /** As it is now: a person may change it at any time. */
  size(): ScreenSize;
}

const INPUT_CHARS_MAX = 1 << 22;

/** The terminal of this process. */
export function processTerminal(): Terminal {
  // `fencepost status | head -1`: who stops reading has seen enough, and an order goes on.
  process.stdout.on('error', () => undefined);
  return {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    interactive: process.stdin.isTTY === true && process.stdout.isTTY === true,
    outIsTerminal: process.stdout.isTTY === true,
    async input() {
      let text = '';
      process.stdin.setEncoding('utf8');
      for await (const part of process.stdin) {
        text += part;
        if (text.length > INPUT_CHARS_MAX) break;
      }
      return text;
    },
    ask(question) {
      return new Promise((resolve) => {
        const reader = createInterface({ input: process.stdin, output: process.stdout });
        reader.once('close', () => resolve(''));
        reader.question(question, (line) => {
          resolve(line.trim());
          reader.close();
        });
      });
    },
    onStop(fn) {
      process.once('SIGINT', fn);
      process.once('SIGTERM', fn);
      process.stdout.once('error', fn);
    },
    size: () => ({ columns: process.stdout.columns ?? 80, rows: process.stdout.rows ?? 24 }),
  };
}
