/**
 * From a trace to the points at which an agent is killed: each kind of deed once a phase.
 *
 * A deed is a call that the world outside of the process can see, or that outlives it: bytes for a relay, a
 * line, the broker, a client or the log; a file made, written, synced, renamed; a connection or a
 * terminal opened or set. Calls that only read, and those between the threads of the process, are
 * none. A loop does the same deed again and again (a beacon a round, a sample every few ms), and the
 * next one changes nothing that the last did not, so of deeds with one name the first of each phase
 * stands for all. The phases of a fence are told apart by what a relay was told last.
 */
import type { Call, Trap } from './strace.ts';

/** What a file descriptor leads to, in the words of the board. */
export type Kind = 'relays' | 'line' | 'broker' | 'client' | 'log' | 'state' | 'keys';

export type Phase = 'start' | 'dark' | 'after';

export interface Deed {
  call: Call;
  kind: Kind;
  /** `write relays turn open`: what it is, without numbers that differ between two runs. */
  name: string;
}

export interface Point {
  name: string;
  phase: Phase;
  kind: Kind;
  syscall: string;
  /** Among the calls of this name in its thread that strace is told to count. */
  nth: number;
}

/** Opening for writing makes or changes something; for reading it does not, but on a terminal. */
const OPENS = /O_CREAT|O_TRUNC|\/dev\/pts|\/cables\//;
const SETS = /TCSET|TIOCEXCL|TIOCNXCL|TIOCM|TCFLSH|TCSBRK/;
/** Of the connections; those of clients come and go with every question that this program asks. */
const ON_ENDS: ReadonlySet<string> = new Set(['close', 'shutdown', 'accept4']);
const ENDS: ReadonlySet<Kind> = new Set(['relays', 'line', 'broker']);

/** The deed that a call is; undefined where it is none. */
export function deedOf(call: Call): Deed | undefined {
  const kind = kindOf(call);
  if (kind === undefined) return undefined;
  const { syscall, rest } = call;
  if (syscall === 'openat' && !OPENS.test(rest)) return undefined;
  if (syscall === 'ioctl' && !SETS.test(rest)) return undefined;
  if (ON_ENDS.has(syscall) && !ENDS.has(kind)) return undefined;
  if (kind === 'client' && syscall === 'write' && !rest.includes('order')) return undefined;
  const word = wordOf(kind, syscall, rest);
  return { call, kind, name: `${syscall} ${kind}${word === '' ? '' : ` ${word}`}` };
}

function kindOf({ syscall, rest }: Call): Kind | undefined {
  const fd = /^(\d+)</.exec(rest)?.[1];
  if (syscall === 'socket') return undefined;
  if (/keys(\.\d+\.new)?["><]/.test(rest)) return 'keys';
  if (/\/state["/>]/.test(rest)) return 'state';
  if (/agent\.sock/.test(rest)) return 'client';
  if (/bench\.sock/.test(rest)) return 'relays';
  if (/\/dev\/pts\/|\/cables\//.test(rest)) return 'line';
  if (/TCP(v6)?:|AF_INET/.test(rest)) return 'broker';
  if (fd === '2') return 'log';
  return fd !== undefined && /^\d+<UNIX/.test(rest) ? 'relays' : undefined;
}

function wordOf(kind: Kind, syscall: string, rest: string): string {
  const plain = rest.replaceAll('\\"', '"');
  if (kind === 'state' || kind === 'keys') return fileWord(plain);
  if (syscall === 'ioctl') return /TC\w+|TIOC\w+/.exec(rest)?.[0] ?? '';
  if (kind === 'relays') {
    const [, what = ''] = /"do":"(\w+)"/.exec(plain) ?? [];
    const [, to = ''] = /"to":"(\w+)"/.exec(plain) ?? [];
    return `${what} ${to}`.trim();
  }
  return kind === 'client' ? (/"is":"(order)"/.exec(plain)?.[1] ?? '') : '';
}

/** The last path of the arguments, with numbers of records and processes left out. */
function fileWord(plain: string): string {
  const paths = [...plain.matchAll(/[<"]([^<>"]*\/(?:state|[\w.-]*keys)[^<>"]*)[>"]/g)];
  const path = paths.at(-1)?.[1] ?? '';
  return (path.split('/').at(-1) ?? '').replace(/^state-[ab]$/, 'slot').replace(/\d{3,}/, 'N');
}

/** What the relays were told by these calls. */
export function phaseAfter(was: Phase, deed: Deed | undefined): Phase {
  if (deed?.name.endsWith('turn open')) return 'dark';
  return deed?.name.endsWith('turn closed') ? 'after' : was;
}

/**
 * The points of a trace, in the order of their first deeds. Calls of the kinds in `known` are counted alone,
 * others among all of their name. A trap springs in whichever thread comes to that count first, so a
 * deed that another thread comes before cannot be aimed at, and is left to its neighbours.
 */
export function pointsOf(calls: readonly Call[], known: readonly Kind[]): Point[] {
  const points = new Map<string, Point>();
  const counts = new Map<string, Map<number, number>>();
  /** Counts a call for its thread; the count, and whether it is the first thread to have it. */
  const next = (what: string, tid: number): { nth: number; isFirst: boolean } => {
    const ofThreads = counts.get(what) ?? new Map<number, number>();
    counts.set(what, ofThreads);
    const most = Math.max(0, ...ofThreads.values());
    const nth = (ofThreads.get(tid) ?? 0) + 1;
    ofThreads.set(tid, nth);
    return { nth, isFirst: nth > most };
  };
  let phase: Phase = 'start';
  for (const call of calls) {
    const { syscall, tid } = call;
    const kind = kindOf(call);
    const ofAll = next(syscall, tid);
    const ofKind = kind === undefined ? ofAll : next(`${syscall} ${kind}`, tid);
    const { nth, isFirst } = kind !== undefined && known.includes(kind) ? ofKind : ofAll;
    const deed = deedOf(call);
    const key = `${phase} ${deed?.name}`;
    if (deed !== undefined && isFirst && !points.has(key)) {
      points.set(key, { name: deed.name, phase, kind: deed.kind, syscall, nth });
    }
    phase = phaseAfter(phase, deed);
  }
  return [...points.values()];
}

/** The trap for a point, by the paths of its kind where they are known. */
export function trapOf(
  { syscall, kind, nth }: Point,
  paths: ReadonlyMap<Kind, readonly string[]>,
): Trap {
  return { syscall, nth, paths: paths.get(kind) ?? [] };
}

/**
 * The same point for another try, after a trap that hit something else: a sample more or less came
 * before it, so it is counted anew in the trace that was cut short.
 */
export function aimedAnew(point: Point, calls: readonly Call[]): Point {
  const counts = new Map<number, number>();
  let phase: Phase = 'start';
  let last = 0;
  for (const call of calls) {
    const deed = deedOf(call);
    if (call.syscall === point.syscall) {
      last = (counts.get(call.tid) ?? 0) + 1;
      counts.set(call.tid, last);
      if (deed?.name === point.name && phase === point.phase) return { ...point, nth: last };
    }
    phase = phaseAfter(phase, deed);
  }
  return { ...point, nth: Math.max(last, point.nth) + 1 };
}

/** The deed at whose entry a trace ends; undefined where it does not end in one. */
export function lastDeed(calls: readonly Call[], syscall: string): Deed | undefined {
  const last = calls.findLast((call) => call.syscall === syscall && call.cut);
  return last === undefined ? undefined : deedOf(last);
}
