/**
 * What a story on emulated hardware is, and what is asked of every one at its end, whatever it looked
 * at itself: that `fenced` was so, and that no relay line moved without a cause.
 *
 * The truth is the emulator's: whether the server's process ran, and each edge of a relay line. What
 * the agent said is what is judged.
 */
import assert from 'node:assert/strict';
import { monotonicMs } from '../../../protocol/link/timers.ts';
import { type Site, type SiteSetup, startSite, TIMES_MS } from './site.ts';

export interface Scenario {
  name: string;
  site?: SiteSetup;
  /** `promise` shows one promise; what `check` throws is its failure. */
  run(site: Site, promise: Promising): Promise<void>;
}

export type Promising = (title: string, check: () => void | Promise<void>) => Promise<void>;

/** One promise and what became of it. */
export interface Shown {
  scenario: string;
  title: string;
  tookMs: number;
  /** Absent where it held. */
  failure?: string;
}

/** What passes between a deed on the board and its line in our hands. */
const CONSOLE_MS = 300;
/** What a cause may be ahead of the edge that it has: the journal, and a busy machine. */
const CAUSE_MS = 3_000;

/** Tells one story on a site of its own, whose logs go to `logs`. */
export async function play(
  scenario: Scenario,
  logs: string,
  show: (shown: Shown) => void,
): Promise<void> {
  const settle: Promising = async (title, check) => {
    const startedAt = monotonicMs();
    const failure = await failureOf(check);
    const tookMs = monotonicMs() - startedAt;
    show({
      ...{ scenario: scenario.name, title, tookMs },
      ...(failure === undefined ? {} : { failure }),
    });
  };
  let site: Site | undefined;
  const story = await failureOf(async () => {
    site = await startSite(scenario.site ?? {}, logs);
    await scenario.run(site, settle);
  });
  if (story !== undefined) {
    await settle('the story reaches its end', () => {
      throw new Error(story);
    });
  }
  const played = site;
  if (played === undefined) return;
  await settle('"fenced" was so, and no relay line rose without a cause', () => judge(played));
  await played.close();
}

async function failureOf(check: () => void | Promise<void>): Promise<string | undefined> {
  try {
    await check();
    return undefined;
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : String(thrown);
  }
}

function judge(site: Site): void {
  for (const { atMs, code, text } of site.said()) {
    if (code === 'fenced') assert.ok(wasOff(site, atMs), `it was not off: ${text}`);
  }
  const causes = site.said().filter(({ code }) => code === 'dead' || code === 'order');
  for (const { atMs: roseAt } of site.mains.trace.filter(({ isHigh }) => isHigh)) {
    const caused = causes.some(
      ({ atMs }) => atMs <= roseAt + CONSOLE_MS && atMs >= roseAt - CAUSE_MS,
    );
    assert.ok(caused, 'a relay line rose and nobody had said why');
  }
}

/** Whether the server had no power for the whole hold before this, or at least until just before. */
function wasOff({ mains: { power } }: Site, atMs: number): boolean {
  const last = power.findLast((edge) => edge.atMs <= atMs);
  // Power may be back when the word is out, but not before it was said.
  const off = last?.isOn ? power.findLast((edge) => !edge.isOn && edge.atMs < last.atMs) : last;
  if (off === undefined || off.isOn) return false;
  const until = last?.isOn ? last.atMs : atMs;
  return until - off.atMs >= TIMES_MS.holdMs - CONSOLE_MS && atMs - until <= CONSOLE_MS;
}
