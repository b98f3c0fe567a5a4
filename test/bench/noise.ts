/**
 * Everything that can be shouted at a board at once: rubbish at line rate on 64 lines, a thousand forged
 * orders a second, and one host whose shim runs away and beats a hundred times a second.
 *
 * What must not suffer: how late a real silence is told, memory, and, when the noise is over, every beat.
 */
import { monotonicMs } from '../../protocol/link/timers.ts';
import { built } from '../lib/built.ts';
import { pause, until } from '../lib/until.ts';
import { type Child, startChild } from './child.ts';
import { favour } from './favour.ts';
import { memoryOf } from './proc.ts';
import type { Samples } from './sample.ts';
import { least, most, type Section, TAIL_HEAD, tailCells } from './section.ts';
import { openSite, type Site } from './site.ts';
import { spreadOf, tailOf } from './spread.ts';

const HOSTS = 64;
/** Of all but the one that has run away. */
const PATHS = 2 * (HOSTS - 1);
const KEEPALIVE_MS = 500;
const WARNTIME_MS = 1_500;
const TIMING = [`warntime = "${WARNTIME_MS}ms"`, 'deadtime = "30s"', 'initdead = "60s"'];
const RUNAWAY_KEEPALIVE_MS = 10;
const FORGED_A_SECOND = 1_000;
/** 115,200 baud, ten bits a byte. */
const LINE_BYTES_PER_S = 11_520;
const SILENCES = 150;
const EVERY_MS = 60;
const SETUP = { code: 'late', thresholdMs: WARNTIME_MS, count: SILENCES, everyMs: EVERY_MS };
const ALARMS = /"hostile"|"refused-orders"/;
const QUIET_MS = 8_000;
const CONTACT_MS_MAX = 30_000;

const JUDGE_TICK_MS = 50;
const LATE_MS_MAX = 20;
const RSS_MIB_MAX = 2;

interface Found {
  quiet: Samples;
  noisy: Samples;
  /** Before, in and after the noise, MiB. */
  rss: [number, number, number];
  /** From its end to every path answered. */
  backMs: number;
  /** Beats after that. */
  sent: number;
  acknowledged: number;
  alarms: number;
  moved: number;
}

/** Silences without the noise, silences in it, and beats after it. */
export async function measureNoise(node: string, tell: (what: string) => void): Promise<Section> {
  tell(`noise on ${HOSTS} lines and the broker`);
  const site = await openSite({
    ...{ hostCount: HOSTS, keepaliveMs: KEEPALIVE_MS, node, timing: TIMING },
    runawayKeepaliveMs: RUNAWAY_KEEPALIVE_MS,
  });
  const agent = site.startAgent();
  for (const pid of [agent.pid, ...site.pids]) favour(pid);
  await agent.line('"started"');
  const found = await listen(site, agent);
  await agent.end();
  await site.close();
  return sectionOf(found);
}

async function listen(site: Site, agent: Child): Promise<Found> {
  await site.load('begin');
  await answered(site);
  await pause(QUIET_MS);
  const quiet = await site.sample(SETUP);
  const rssBefore = await rssOf(agent);
  const forge = ['forge', site.url, String(FORGED_A_SECOND)];
  const forger = startChild(process.execPath, [built('test/bench/hog.ts'), ...forge]);
  await forger.line('ready');
  await site.load(`noise ${LINE_BYTES_PER_S}`);
  const noisy = await site.sample(SETUP);
  const rssIn = await rssOf(agent);
  await site.load('noise 0');
  await forger.end();
  const endedMs = monotonicMs();
  await site.load('mark');
  await answered(site);
  const backMs = monotonicMs() - endedMs;
  await site.load('mark');
  await pause(QUIET_MS);
  const { sent, acknowledged } = await site.load('count');
  return {
    ...{ quiet, noisy, rss: [rssBefore, rssIn, await rssOf(agent)], backMs, sent, acknowledged },
    alarms: agent.lines.filter(({ text }) => ALARMS.test(text)).length,
    moved: site.moved(),
  };
}

async function answered(site: Site): Promise<void> {
  const isSo = async (): Promise<boolean> => (await site.load('count')).answered === PATHS;
  await until('all hosts are answered on all paths', isSo, CONTACT_MS_MAX);
}

/** MiB, the median of a second. */
async function rssOf({ pid }: Child): Promise<number> {
  const samples: number[] = [];
  for (let n = 0; n < 10; n += 1) {
    samples.push(memoryOf(pid).rss);
    await pause(100);
  }
  return spreadOf(samples).median;
}

function sectionOf(found: Found): Section {
  const { quiet, noisy, rss, backMs, sent, acknowledged, alarms, moved } = found;
  const [rssBefore, rssIn] = rss;
  const late = tailOf(noisy.latenessMs);
  const mib = rss.map((one) => one.toFixed(1)).join(', ');
  return {
    name: 'noise',
    title: `lateness of a silence in noise, ms: ${HOSTS} lines at line rate, ${FORGED_A_SECOND} forged orders a second, a host that runs away`,
    head: TAIL_HEAD,
    rows: [
      ['warning at warntime, quiet', ...tailCells(tailOf(quiet.latenessMs))],
      ['warning at warntime, in noise', ...tailCells(late)],
      ['  round trip of a bare message meanwhile', ...tailCells(tailOf(noisy.bareMs))],
      [`RSS before, in and after it: ${mib} MiB; ${alarms} alarms about it`],
      [
        `all answered ${backMs.toFixed(0)} ms later; then of ${sent} beats ${acknowledged} acknowledged`,
      ],
    ],
    verdicts: [
      least('ms that a silence in noise was ever told early', late.min, 0),
      most('ms beyond the judge tick in noise, p99', late.p99 - JUDGE_TICK_MS, LATE_MS_MAX),
      most('silences in noise that were never told', noisy.untold, 0),
      most('MiB of RSS more in noise', rssIn - rssBefore, RSS_MIB_MAX),
      // The last of each path may be on its way.
      most('beats lost after it', Math.max(0, sent - acknowledged - PATHS), 0),
      most('contacts moved in noise', moved, 0),
    ],
    figures: found,
  };
}
