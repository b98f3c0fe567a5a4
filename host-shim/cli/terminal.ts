/** What the commands need of the terminal; a test hands in its own. */
import { createInterface } from 'node:readline';

export interface Terminal {
  out(text: string): void;
  err(text: string): void;
  /** A person sits there: both input and output are a terminal. */
  interactive: boolean;
  /** Asks one question and returns the line typed; empty where the input ended. */
  ask(question: string): Promise<string>;
  /** Calls `fn` when the person wants to stop (Ctrl-C, or a TERM signal). */
  onStop(fn: () => void): void;
}

/** The terminal of this process. */
export function processTerminal(): Terminal {
  return {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    interactive: process.stdin.isTTY === true && process.stdout.isTTY === true,
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
    },
  };
}
