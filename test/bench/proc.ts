/** What Linux says of a process: its memory, and the processor time that it took so far. */
import { readFileSync } from 'node:fs';

export interface Memory {
  /** All pages it has in memory now, those of Node's own file included. MiB. */
  rss: number;
  /** The most that `rss` ever was. MiB. */
  peak: number;
  /** Heap and stacks: what nobody else could use. MiB. */
  anonymous: number;
}

/** USER_HZ: Linux has told programs 100 on every processor we ship for, whatever its own ticks are. */
const TICKS_A_SECOND = 100;

/** Throws when the process is gone. */
export function memoryOf(pid: number): Memory {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const mib = (name: string): number => {
    const found = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1];
    if (found === undefined) throw new Error(`/proc/${pid}/status does not show ${name}`);
    return Number(found) / 1_024;
  };
  return { rss: mib('VmRSS'), peak: mib('VmHWM'), anonymous: mib('RssAnon') };
}

/** Seconds of processor time of all threads, in the program and in the kernel for it. */
export function cpuSecondsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The second field is a name and may hold blanks; utime and stime are the 14th and 15th.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND;
}

/** Milliseconds that its first thread wanted to run while others had the processors. */
export function waitedMsOf(pid: number): number {
  const [, waitedNs] = readFileSync(`/proc/${pid}/task/${pid}/schedstat`, 'utf8').split(' ');
  return Number(waitedNs) / 1e6;
}
