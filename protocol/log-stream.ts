/**
 * A stream to a descriptor that never blocks the loop.
 *
 * On Linux Node writes to a terminal, a pipe and a socket at once and waits for it: a journal that
 * stalls, or a terminal stopped with Ctrl-S, would stop the board from hearing its hosts. Here one
 * write at a time is with the thread pool, and what comes meanwhile waits; `logger` drops lines
 * when too much does.
 */
import { write, writeSync } from 'node:fs';
import { attemptSync } from './attempt.ts';
import { after } from './link/timers.ts';
import type { LogStream } from './log.ts';

export interface FdStream extends LogStream {
  /** Writes what waits, now, and may wait for the reader: for the end of the process. */
  flush(): void;
}

/** A descriptor that takes nothing now is asked again after this. */
const AGAIN_MS = 20;

/** A stream to an open descriptor, such as 1 or 2; the descriptor stays the caller's. */
export function fdStream(fd: number): FdStream {
  let waiting: Buffer[] = [];
  let waitingBytes = 0;
  /** With the thread pool now; nothing else may write meanwhile. */
  let flying: Buffer | undefined;

  function pump(): void {
    if (flying !== undefined || waiting.length === 0) return;
    const chunk = Buffer.concat(waiting);
    waiting = [];
    flying = chunk;
    write(fd, chunk, 0, chunk.length, null, (error, wroteBytes) => {
      flying = undefined;
      // The reader is gone: what it did not take is lost, and there is nobody to tell.
      const gone = error !== null && error.code !== 'EAGAIN';
      const rest = gone ? Buffer.alloc(0) : chunk.subarray(error === null ? wroteBytes : 0);
      waitingBytes -= chunk.length - rest.length;
      if (rest.length > 0) waiting.unshift(rest);
      if (error !== null && !gone) after(AGAIN_MS, pump);
      else pump();
    });
  }

  return {
    write(line: string): void {
      const bytes = Buffer.from(line);
      waiting.push(bytes);
      waitingBytes += bytes.length;
      pump();
    },
    get writableLength(): number {
      return waitingBytes;
    },
    flush(): void {
      const rest = Buffer.concat(waiting);
      waiting = [];
      waitingBytes = flying?.length ?? 0;
      if (rest.length > 0) attemptSync(() => writeSync(fd, rest));
    },
  };
}
