/** The sentences that most stories share. */
import assert from 'node:assert/strict';
import { monotonicMs } from '../../../protocol/link/timers.ts';
import { pause } from '../../lib/until.ts';
import { beats, type Site, TIMES_MS } from './site.ts';

const { deadtimeMs, holdMs } = TIMES_MS;

/** From the instant at which the verdict is due to `fenced`: journal, hold, and what a host may be slow by. */
const FENCED_MS_MAX = 6_000;
/** The whole loop, without deadtime, off-hold and boot. */
const LOOP_MS_MAX = 5_000;
/** How long a board listens, after it stood still itself, before it finds anybody dead. */
const DEFERRED_MS = 3_000;
/** Three times over, and some, for what only has to come. */
export const PATIENCE_MS = 90_000;

/** The server is up and heard, and has been for so long that every verdict is possible. */
export async function settled(site: Site): Promise<void> {
  await beats(site, 0);
  await pause(4_000);
  nothingMoved(site);
}

/** No relay line has risen, and nobody was found dead. */
export function nothingMoved(site: Site): void {
  const rose = site.mains.trace.filter(({ isHigh }) => isHigh).length;
  assert.equal(rose, 0, `a relay line rose ${rose} times`);
  const found = site.said().filter(({ code }) => code === 'dead');
  assert.equal(found.length, 0, found[0]?.text);
}

/** Calls it what it is in the timeline, and answers when. */
export function happens(site: Site, what: string, deed: () => void): number {
  site.timeline.add('rig', what);
  const atMs = monotonicMs();
  deed();
  return atMs;
}

/** The kernel of the server panics, and stays so. */
export function panics(site: Site): number {
  return happens(site, 'the kernel of the server panics', () =>
    site.server.type('echo c >/proc/sysrq-trigger'),
  );
}

/**
 * Found dead, cut, proven off by its sense and reported, all in time. An emulator that gets no
 * processor is a board that stands still, and such a board defers its verdict: that is allowed for.
 */
export async function isFenced(site: Site, sinceMs: number): Promise<void> {
  const { atMs, text } = await site.waitFor('fenced', sinceMs, PATIENCE_MS);
  assert.match(text, /verified/);
  const [cutAt = atMs, ...more] = cuts(site);
  assert.deepEqual(more, [], 'it was cut once');
  const took = `fenced after ${Math.round(atMs - sinceMs)} ms`;
  site.timeline.add('rig', took);
  assert.ok(atMs - judgedBy(site, sinceMs, cutAt) <= FENCED_MS_MAX, took);
}

/** Power is back, and the server beats in another life than before. */
export async function isBack(site: Site, sinceMs: number): Promise<void> {
  await beats(site, sinceMs);
  const lives = site.server.said.flatMap(
    ({ text }) => /incarnation ([0-9a-f]+)/.exec(text)?.[1] ?? [],
  );
  assert.ok(lives.length >= 2 && lives.at(-1) !== lives.at(-2), `lives: ${lives.join(', ')}`);
}

/** The same, and as soon as promised: deadtime, off-hold and boot, and what a board may be slow by. */
export async function isBackInTime(site: Site, sinceMs: number): Promise<void> {
  await isBack(site, sinceMs);
  const backAt = monotonicMs();
  const poweredAt = site.mains.power.findLast(({ isOn }) => isOn)?.atMs ?? sinceMs;
  const bootMs = backAt - poweredAt;
  const took = `beats again after ${Math.round(backAt - sinceMs)} ms, of which it booted ${Math.round(bootMs)} ms`;
  site.timeline.add('rig', took);
  const judgedAt = judgedBy(site, sinceMs, poweredAt);
  assert.ok(backAt - judgedAt <= holdMs + bootMs + LOOP_MS_MAX, took);
}

/** When a verdict was due: a deadtime later, or when a board that stood still itself had listened. */
function judgedBy(site: Site, sinceMs: number, beforeMs: number): number {
  const stalls = site
    .said(sinceMs)
    .filter((line) => line.code === 'stalled' && line.atMs < beforeMs);
  return Math.max(sinceMs + deadtimeMs, (stalls.at(-1)?.atMs ?? 0) + DEFERRED_MS);
}

/** The times at which the server lost its power. */
export function cuts(site: Site): number[] {
  return site.mains.power.filter(({ isOn }) => !isOn).map(({ atMs }) => atMs);
}
