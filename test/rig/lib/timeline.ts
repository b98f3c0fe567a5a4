/** What happened in a run, by one clock: read by people as it goes, and by the checks afterwards. */
import { appendFileSync } from 'node:fs';
import { monotonicMs } from '../../../protocol/link/timers.ts';

export interface Entry {
  atMs: number;
  source: string;
  text: string;
}

export interface Timeline {
  entries: Entry[];
  add(source: string, text: string): void;
}

/** Keeps entries, and writes each to the end of `path`. */
export function timeline(path: string): Timeline {
  const startedAt = monotonicMs();
  const entries: Entry[] = [];
  return {
    entries,
    add: (source, text) => {
      const atMs = monotonicMs();
      entries.push({ atMs, source, text });
      const seconds = ((atMs - startedAt) / 1_000).toFixed(3).padStart(8);
      appendFileSync(path, `${seconds}  ${source.padEnd(8)} ${text}\n`);
    },
  };
}
