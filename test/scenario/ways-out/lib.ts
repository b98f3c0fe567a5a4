/**
 * The three things that every row of ways-out.ts shows: the host stays as it is, an alarm stands
 * that names the way out, and the way out works. What moved is told by the bench's log, what
 * stands by the board's view; that somebody said so counts for nothing.
 */
import assert from 'node:assert/strict';
import { attempt } from '../../../protocol/attempt.ts';
import { monotonicMs } from '../../../protocol/link/timers.ts';
import type { BoardView } from '../../../protocol/wire/view.ts';
import type { Rack, RackSetup } from '../../lib/rack.ts';
import { pause, until } from '../../lib/until.ts';
import { allBeat, type Channel, viewOf } from '../lib/hearing.ts';
import { linesOf, movesSince, wasDark } from '../lib/judge.ts';
import { farFromBroker, onBothPaths } from '../lib/racks.ts';
import type { Stage } from '../lib/scenario.ts';
import { holdMsOf, type Millis, SHORT_MS } from '../lib/timing.ts';

/** One reason for which a dead host is not fenced; it tells its promises on racks of its own. */
export type Row = (stage: Stage) => Promise<void>;

export type Alarm = BoardView['alarms'][number];

/**
 * Quick beats: a board that was stalled by a busy machine judges again after three of them, and
 * one that cannot do so for four deadtimes ends itself. A long drain, so that samples that come too
 * late do not fail a fence.
 */
export const MILLIS: Millis = { ...SHORT_MS, keepaliveMs: 250, drainMs: 3_000 };

/** Two hosts on both paths, with a broker that is another machine's. */
export function farPair(broker: { url: string }, millis: Millis = MILLIS): RackSetup {
  return farFromBroker(onBothPaths(2, broker, millis));
}

/** A verdict after a gap between two of them, a fence and a boot, on a machine that is busy. */
export const LONG_MS = 50_000;
const ALARM_MS_MAX = 25_000;
const BOOT_MS_MAX = 25_000;

/** Plays the rows, some at a time: they wait far more than they work. */
export async function playRows(stage: Stage, rows: Row[], atATime: number): Promise<void> {
  const queue = [...rows];
  const work = async (): Promise<void> => {
    for (let row = queue.shift(); row !== undefined; row = queue.shift()) {
      const played = await attempt(() => row(stage));
      // One rack that does not start must not take the racks of the other rows along.
      if (!played.ok) {
        await stage.promise('a row reaches its end', () => {
          throw new Error(played.detail);
        });
      }
    }
  };
  await Promise.all(Array.from({ length: atATime }, work));
}

/** The timer that decides how long nothing may happen. */
export function deadtimeMsOf(rack: Rack): number {
  return Number.parseInt(rack.setup.timing.deadtime, 10);
}

/** Hangs a host that has shown its pace; resolves with the time of it. */
export async function hang(rack: Rack, host: string): Promise<number> {
  await pause(2.5 * Number.parseInt(rack.setup.timing.keepalive, 10));
  const atMs = monotonicMs();
  await rack.bench.host(host, 'hang');
  return atMs;
}

/** The alarm of a host, or of the board where no host is named. */
export async function alarmOf(
  rack: Rack,
  host: string | null,
  code: string,
): Promise<Alarm | undefined> {
  const alarms = (await viewOf(rack))?.alarms ?? [];
  return alarms.find((alarm) => alarm.host === host && alarm.code === code);
}

/** Waits for an alarm whose remedy names this way out. */
export async function raised(
  rack: Rack,
  host: string | null,
  code: string,
  remedy: RegExp,
): Promise<void> {
  const alarm = await until(`alarm ${code}`, () => alarmOf(rack, host, code), ALARM_MS_MAX);
  assert.match(alarm.remedy, remedy);
}

export async function over(rack: Rack, host: string | null, code: string): Promise<void> {
  const isOver = async (): Promise<boolean> => (await alarmOf(rack, host, code)) === undefined;
  await until(`alarm ${code} is over`, isOver, ALARM_MS_MAX);
}

/** From then on no relay of the host was told anything, its power did not move, and it was not found dead. */
export function untouched(rack: Rack, host: string, sinceMs: number): void {
  const moves = movesSince(rack.bench, sinceMs).filter((move) => move.host === host);
  const words = moves.map(({ kind, to }) => `${kind} ${to}`);
  assert.deepEqual(words, [], `${host}: something moved`);
  const dead = linesOf(rack, 'dead', sinceMs).filter((line) => line.host === host);
  assert.deepEqual(dead, [], `${host} was found dead`);
}

/** The alarm is raised and stands for two deadtimes more, and since `sinceMs` nothing moves. */
export async function standsStill(
  rack: Rack,
  host: string,
  sinceMs: number,
  alarm: { code: string; remedy: RegExp; ofBoard?: true },
): Promise<void> {
  const of = alarm.ofBoard === true ? null : host;
  await raised(rack, of, alarm.code, alarm.remedy);
  await pause(2 * deadtimeMsOf(rack));
  untouched(rack, host, sinceMs);
  assert.ok(await alarmOf(rack, of, alarm.code), `the alarm ${alarm.code} stands no more`);
}

export type Over = 'socket' | 'mqtt';

/** Orders through the command; resolves with its exit code and its words. */
export async function ordered(
  rack: Rack,
  args: string[],
  way: Over = 'socket',
): Promise<{ code: number; words: string }> {
  const { code, stdout, stderr } = await rack.fencepost(args, way);
  return { code, words: stdout + stderr };
}

/** The command does it: exit 0. */
export async function obeyed(rack: Rack, args: string[], way: Over = 'socket'): Promise<string> {
  const { code, words } = await ordered(rack, args, way);
  assert.equal(code, 0, `fencepost ${args.join(' ')}: ${words}`);
  return words;
}

/** As `obeyed`, for what the disk keeps; on a busy machine that may be late, and the command says so. */
export async function stored(rack: Rack, args: string[], way: Over = 'socket'): Promise<void> {
  const { code, words } = await ordered(rack, args, way);
  const isKept = code === 0 || /its disk did not take it/.test(words);
  assert.ok(isKept, `fencepost ${args.join(' ')}: ${words}`);
}

/** The command says no, and why: exit 1. */
export async function refused(
  rack: Rack,
  args: string[],
  why: RegExp,
  way: Over = 'socket',
): Promise<void> {
  const { code, words } = await ordered(rack, args, way);
  assert.equal(code, 1, `fencepost ${args.join(' ')}: ${words}`);
  assert.match(words, why);
}

/** Throws unless the host was without power for the whole hold since then. */
export function wasOff(rack: Rack, host: string, sinceMs: number): void {
  const window = { fromMs: sinceMs, toMs: monotonicMs(), holdMs: holdMsOf(rack) };
  assert.ok(wasDark(rack.bench, host, window), `${host} was not off for the hold`);
}

/** The order of a fence is a way out: it was really off, and the host comes back to beat. */
export async function fencedByOrder(
  rack: Rack,
  host: string,
  { way = 'socket', more = [] }: { way?: Over; more?: string[] } = {},
): Promise<void> {
  const sinceMs = monotonicMs();
  await obeyed(rack, ['fence', host, '--yes', ...more], way);
  wasOff(rack, host, sinceMs);
  await beats(rack, host);
}

/** It is found dead, was really off, and comes back to beat. */
export async function fencedByVerdict(rack: Rack, host: string, sinceMs: number): Promise<void> {
  const said = (code: string): Promise<unknown> =>
    rack.agent.waitFor(
      `${host}: ${code}`,
      (line) => line.code === code && line.host === host && line.atMs >= sinceMs,
      LONG_MS,
    );
  await said('dead');
  await said('fenced');
  wasOff(rack, host, sinceMs);
  await beats(rack, host);
}

/** Heard again on every path that it has. */
export async function beats(rack: Rack, host: string, channels?: Channel[]): Promise<void> {
  await allBeat(rack, [host], channels ?? channelsOf(rack), BOOT_MS_MAX);
}

function channelsOf({ setup }: Rack): Channel[] {
  const serial: Channel[] = setup.serial === false ? [] : ['serial'];
  return setup.broker === undefined ? serial : [...serial, 'mqtt'];
}
