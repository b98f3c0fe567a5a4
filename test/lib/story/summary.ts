/**
 * What really happened, computed from the bench's log: the times of power and processes as they
 * were, and of the agent's words as they were heard. Nothing here asks the agent.
 */
import type { BenchEntry } from '../bench/client.ts';

export interface Finding {
  what: string;
  holds: boolean;
  /** How it was, for people. */
  how: string;
}

export interface StoryTimes {
  keepaliveMs: number;
  warntimeMs: number;
  deadtimeMs: number;
  offHoldMs: number;
}

/** What the agent says, as the story writes it into the bench's log. */
export function words(code: string, host: string): string {
  return `agent says ${code} of ${host}`;
}

/** Allowed beyond the exact bound: the words pass through two processes on a busy machine. */
const SLACK_MS = 300;

/** From journal and judge tick to the contact. */
const CUT_MS = 600;

/** The chapter of the host that hangs; `t` is the time of the hang. */
export function hangFindings(
  log: readonly BenchEntry[],
  host: string,
  times: StoryTimes,
): Finding[] {
  const t = atOf(log, (e) => e.kind === 'process' && e.host === host && e.what === 'hang');
  const said = (code: string): number => saidAt(log, code, host, t);
  const cut = atOf(log, isContact(host, 'open'), t);
  const off = atOf(log, isPower(host, 'off'), t);
  const fenced = said('fenced');
  const on = atOf(log, isPower(host, 'on'), off);
  const { keepaliveMs, warntimeMs, deadtimeMs, offHoldMs } = times;
  const heard = saidAt(log, 'heard', host, Number.NEGATIVE_INFINITY);
  const again = saidAt(log, 'heard', host, on);
  return [
    { what: `${host} alive`, holds: heard < t, how: 'heard before it hung' },
    since('warned at warntime', said('late') - t, warntimeMs - keepaliveMs, warntimeMs),
    since('found dead at deadtime', said('dead') - t, deadtimeMs - keepaliveMs, deadtimeMs),
    since('cut', cut - t, deadtimeMs - keepaliveMs, deadtimeMs + CUT_MS),
    { what: 'power really off', holds: off > cut, how: `${seconds(off - cut)} after the cut` },
    {
      what: '`fenced` said only of a host without power',
      holds: fenced - off >= offHoldMs && !(on < fenced),
      how: `off for ${seconds(fenced - off)} when it was said; off-hold is ${seconds(offHoldMs)}`,
    },
    { what: 'restored', holds: on > fenced, how: `power back ${seconds(on - fenced)} later` },
    { what: 'beating again', holds: again > on, how: `${seconds(again - on)} after power` },
  ];
}

/** The chapter of the order; `code` is the exit code of the command that gave it. */
export function orderFindings(
  log: readonly BenchEntry[],
  host: string,
  order: { code: number; words: string },
  times: StoryTimes,
): Finding[] {
  const t = atOf(log, isMark('order given'));
  const answered = atOf(log, isMark('order answered'), t);
  const off = atOf(log, isPower(host, 'off'), t);
  const on = atOf(log, isPower(host, 'on'), off);
  const again = saidAt(log, 'heard', host, on);
  return [
    { what: 'the order was answered', holds: order.code === 0, how: order.words },
    {
      what: 'the answer was true',
      holds: answered - off >= times.offHoldMs,
      how: `off for ${seconds(answered - off)} when it came`,
    },
    { what: 'beating again', holds: again > on, how: `${seconds(again - on)} after power` },
  ];
}

/** The chapter of the pulled cable. */
export function cableFindings(log: readonly BenchEntry[], times: StoryTimes): Finding[] {
  const t = atOf(log, isMark('cable pulled'));
  const end = atOf(log, isMark('cable watched'), t);
  const moved = log.filter((e) => e.atMs > t && (e.kind === 'command' || e.kind === 'power'));
  return [
    {
      what: 'nobody was fenced for a pulled cable',
      holds: moved.length === 0 && end - t >= 2 * times.deadtimeMs,
      how: `${moved.length} relay commands in ${seconds(end - t)}`,
    },
  ];
}

/** A story in which the hardware fails: `fenced` must not be said. */
export function failureFindings(log: readonly BenchEntry[], host: string): Finding[] {
  const fenced = log.filter(isMark(words('fenced', host))).length;
  const failed = log.filter(isMark(words('failed', host))).length;
  return [
    { what: 'the fence succeeded', holds: fenced > 0, how: `failed was said ${failed} times` },
    { what: '`fenced` was never said untruly', holds: fenced === 0, how: `said ${fenced} times` },
  ];
}

type Is = (entry: BenchEntry) => boolean;

function isContact(host: string, to: 'open' | 'closed'): Is {
  return (e) => e.kind === 'contact' && e.host === host && e.to === to;
}

function isPower(host: string, to: 'on' | 'off'): Is {
  return (e) => e.kind === 'power' && e.host === host && e.to === to;
}

function isMark(text: string): Is {
  return (e) => e.kind === 'mark' && e.text === text;
}

function saidAt(log: readonly BenchEntry[], code: string, host: string, afterMs: number): number {
  return atOf(log, isMark(words(code, host)), afterMs);
}

/** The time of the first such entry after another; NaN, which satisfies no comparison, if none. */
function atOf(log: readonly BenchEntry[], is: Is, afterMs = Number.NEGATIVE_INFINITY): number {
  return log.find((entry) => entry.atMs > afterMs && is(entry))?.atMs ?? Number.NaN;
}

function since(what: string, ms: number, leastMs: number, mostMs: number): Finding {
  const holds = ms >= leastMs && ms <= mostMs + SLACK_MS;
  return { what, holds, how: `${seconds(ms)} after it hung` };
}

function seconds(ms: number): string {
  return Number.isNaN(ms) ? 'never' : `${(ms / 1000).toFixed(2)} s`;
}
