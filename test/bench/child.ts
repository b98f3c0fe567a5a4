/**
 * Processes that a bench starts: followed line by line, and gone when the bench is gone.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { after, monotonicMs } from '../../protocol/link/timers.ts';

export interface Child {
  readonly pid: number;
  /** When it was about to be made, by the machine's monotonic clock. */
  readonly spawnedAtMs: number;
  /** Every line so far of the output that is followed, with its time. */
  readonly lines: readonly { atMs: number; text: string }[];
  /** The first line, past or to come, that holds `words`; throws when the child ends before. */
  line(words: string): Promise<{ atMs: number; text: string }>;
  /** Says a line on its input and resolves with the next line of its output, due after half a minute more. */
  ask(words: string, takesMs?: number): Promise<string>;
  /** Resolves when it has ended. */
  readonly gone: Promise<void>;
  /** Asks it to end, waits, and kills it after 5 s. */
  end(): Promise<void>;
}

const LINE_MS_MAX = 30_000;
const END_MS_MAX = 5_000;

/** Starts a program and follows its standard output, or its standard error. */
export function startChild(
  command: string,
  args: readonly string[],
  follow: 'stdout' | 'stderr' = 'stdout',
): Child {
  const spawnedAtMs = monotonicMs();
  const child = spawn(command, args, {
    stdio: [
      'pipe',
      follow === 'stdout' ? 'pipe' : 'ignore',
      follow === 'stderr' ? 'pipe' : 'inherit',
    ],
  });
  const lines: { atMs: number; text: string }[] = [];
  const looks = new Set<() => void>();
  const gone = ended(child);
  const output = child[follow];
  if (output === null) throw new Error('the output that is followed must be a pipe');
  createInterface({ input: output }).on('line', (text) => {
    lines.push({ atMs: monotonicMs(), text });
    for (const look of looks) look();
  });
  const next = (
    what: string,
    find: () => { atMs: number; text: string } | undefined,
    takesMs = 0,
  ): Promise<{ atMs: number; text: string }> =>
    new Promise((resolve, reject) => {
      const settle = (result: () => void): void => {
        limit.cancel();
        looks.delete(look);
        result();
      };
      const look = (): void => {
        const found = find();
        if (found !== undefined) settle(() => resolve(found));
      };
      const tail = (): string =>
        lines
          .slice(-3)
          .map(({ text }) => text)
          .join(' | ');
      const fail = (why: string): void =>
        settle(() => reject(new Error(`${args.join(' ')} ${why}: ${what}; it said: ${tail()}`)));
      const limit = after(takesMs + LINE_MS_MAX, () => fail('did not say in time'));
      looks.add(look);
      look();
      void gone.then(() => fail('ended without saying'));
    });
  return {
    pid: child.pid ?? 0,
    spawnedAtMs,
    lines,
    gone,
    line: (words) => next(words, () => lines.find(({ text }) => text.includes(words))),
    ask: async (words, takesMs) => {
      const before = lines.length;
      child.stdin?.write(`${words}\n`);
      return (await next(words, () => lines[before], takesMs)).text;
    },
    end: async () => {
      child.kill('SIGTERM');
      const limit = after(END_MS_MAX, () => child.kill('SIGKILL'));
      await gone;
      limit.cancel();
    },
  };
}

/** Resolves when it is gone and all its output was read; a bench that fails half-way must not leave it behind. */
function ended(child: ChildProcess): Promise<void> {
  const killer = (): void => {
    child.kill('SIGKILL');
  };
  process.on('exit', killer);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', () => {
      process.off('exit', killer);
      resolve();
    });
  });
}
