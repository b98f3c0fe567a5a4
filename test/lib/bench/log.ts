/**
 * The truth about a run: what the contacts, the power and the processes really did, and when.
 *
 * Tests judge by this log and never by the agent's word. It is only appended to, each line reaches
 * the file before anything follows from it, and its clock is the machine's monotonic one, so other
 * processes' times can be compared with it.
 */
import { appendFileSync } from 'node:fs';
import { monotonicMs } from '../../../protocol/link/timers.ts';
import type { BenchContact } from './config.ts';

export type BenchDeed =
  | { kind: 'command'; host: string; outlet: string; to: BenchContact }
  | { kind: 'contact'; host: string; outlet: string; to: BenchContact }
  | { kind: 'pulse'; host: string; line: string }
  /** What a sense answered, where it is not what it answered before. */
  | { kind: 'read'; host: string; sense: string; value: 'on' | 'off' | 'unknown' }
  | { kind: 'power'; host: string; to: 'on' | 'off' }
  | {
      kind: 'process';
      host: string;
      what: 'start' | 'kill' | 'hang' | 'resume' | 'exit';
      pid: number;
      bootId: string;
    }
  | { kind: 'fault'; host: string; part: string; fault: unknown }
  | { kind: 'cable'; name: string; change: unknown }
  | { kind: 'owner'; what: 'connected' | 'lost' }
  | { kind: 'mark'; text: string };

export type BenchEntry = BenchDeed & { atMs: number };

export interface BenchLog {
  write(deed: BenchDeed): void;
  /** All entries so far, oldest first. */
  entries(): readonly BenchEntry[];
}

/** Opens the log; `onEntry` is told of each entry after it was written. */
export function benchLog(path: string, onEntry: (entry: BenchEntry) => void): BenchLog {
  const entries: BenchEntry[] = [];
  return {
    write: (deed) => {
      const entry = { atMs: monotonicMs(), ...deed };
      appendFileSync(path, `${JSON.stringify(entry)}\n`);
      entries.push(entry);
      onEntry(entry);
    },
    entries: () => entries,
  };
}
