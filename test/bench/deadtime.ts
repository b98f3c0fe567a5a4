/**
 * The shortest deadtime that we promise, 300 ms, on a machine that is busy: is anybody found dead who lives?
 *
 * Eight hosts beat every 50 ms on a serial line each, and silence alone is enough for a verdict. Beside
 * them each core has a process that wants it whole, one writes and syncs without end, and one
 * floods the broker. Agent, broker and hosts go before these where they may, as a board that has a
 * processor of its own. At the end one host does fall silent: a judge that is asleep has no false verdicts, either.
 */
import { cpus } from 'node:os';
import { built } from '../lib/built.ts';
import { pause, until } from '../lib/until.ts';
import { type Child, startChild } from './child.ts';
import { favour } from './favour.ts';
import { most, type Section } from './section.ts';
import { openSite } from './site.ts';

const HOSTS = 8;
const KEEPALIVE_MS = 50;
const DEADTIME_MS = 300;
const TIMING = ['warntime = "150ms"', `deadtime = "${DEADTIME_MS}ms"`, 'initdead = "2s"'];
const PUBLISHED_A_SECOND = 1_000;
const CONTACT_MS_MAX = 30_000;
/** After the deadtime: judge tick, loop lag, journal and the way of the event, on a busy machine. */
const TOLD_MS_MAX = 1_000;

/** Guards for so many seconds. */
export async function measureDeadtime(
  node: string,
  seconds: number,
  tell: (what: string) => void,
): Promise<Section> {
  tell(`a deadtime of ${DEADTIME_MS} ms on a busy machine for ${seconds} s`);
  const site = await openSite({
    ...{ hostCount: HOSTS, keepaliveMs: KEEPALIVE_MS, node, serialOnly: true, timing: TIMING },
  });
  const agent = site.startAgent();
  for (const pid of [agent.pid, ...site.pids]) favour(pid);
  await agent.line('"started"');
  await site.load('begin');
  const isHeard = async (): Promise<boolean> => (await site.load('count')).inContact === HOSTS;
  await until('all hosts are heard', isHeard, CONTACT_MS_MAX);
  const hogs = hogsOf(site.url, site.dir);
  await Promise.all(hogs.map((hog) => hog.line('ready')));
  await site.load('mark');
  await pause(1_000 * seconds);
  const heard = await site.load('count');
  const told = (code: string): number =>
    agent.lines.filter(({ text }) => text.includes(`"code":"${code}"`)).length;
  const [dead, late, stalls, moved] = [told('dead'), told('late'), told('stalled'), site.moved()];
  const setup = { code: 'dead', thresholdMs: DEADTIME_MS, count: 1, everyMs: 0 };
  const { latenessMs, untold } = await site.sample(setup);
  await Promise.all(hogs.map((hog) => hog.end()));
  await agent.end();
  await site.close();
  const { median = 0, p99 = 0, max = 0 } = heard.aliveGap ?? {};
  return {
    name: 'deadtime',
    title: `deadtime ${DEADTIME_MS} ms, keepalive ${KEEPALIVE_MS} ms, ${HOSTS} hosts, ${seconds} s beside ${hogs.length} hogs`,
    head: ['median', 'p99', 'max'],
    rows: [
      ['between two ALIVEs of a path, ms', ...[median, p99, max].map((ms) => ms.toFixed(0))],
      [`${heard.sent} beats sent, ${late} late warnings, ${stalls} stalls of the board`],
      [`a real silence, told so many ms after deadtime: ${latenessMs.map(Math.round).join(', ')}`],
    ],
    verdicts: [
      most(`hosts that lived and were found dead in ${seconds} s`, dead, 0),
      most(`contacts moved in ${seconds} s`, moved, 0),
      most('real silences that were never told', untold, 0),
      most('ms from deadtime to a real verdict', latenessMs[0] ?? 0, TOLD_MS_MAX),
    ],
    figures: { heard, dead, late, stalls, latenessMs },
  };
}

function hogsOf(url: string, dir: string): Child[] {
  const hog = (...words: string[]): Child =>
    startChild(process.execPath, [built('test/bench/hog.ts'), ...words]);
  return [
    ...cpus().map(() => hog('spin')),
    hog('disk', dir),
    hog('publish', url, String(PUBLISHED_A_SECOND)),
  ];
}
