/**
 * How late a silence is found: at warntime again and again, at deadtime once in each life of the agent.
 *
 * A board fences by verdict ten times an hour and not twice within half a minute, so verdicts alone
 * would take a day. `late` at warntime is told by the same judge in the same tick, from the same
 * silence held against another time, and has no budget; the verdicts are few and lie beside it.
 * Agent, broker and load generator are real processes on one machine; hosts have the broker alone
 * and `silence = "act"`, so that no proof that is still missing makes a verdict later. They go before
 * other work of this machine where they may, as a board that has a processor of its own.
 */
import { until } from '../lib/until.ts';
import type { Child } from './child.ts';
import { favour } from './favour.ts';
import type { Verdict } from './report.ts';
import type { Samples } from './sample.ts';
import { least, most, type Section, TAIL_HEAD, tailCells } from './section.ts';
import { openSite, type Site } from './site.ts';
import { type Tail, tailOf } from './spread.ts';

interface Case {
  hosts: number;
  keepaliveMs: number;
  warntimeMs: number;
  deadtimeMs: number;
  /** Silences up to warntime, and how far apart; lives of the agent, with a verdict each. */
  warnings: number;
  everyMs: number;
  lives: number;
  /** Ten thousand outlets and senses are not read twice a second. */
  device?: { periodMs: number; offHold: string };
}

const CASES: readonly Case[] = [
  {
    ...{ hosts: 1, keepaliveMs: 200, warntimeMs: 600, deadtimeMs: 1_900 },
    // It must have beaten again before it falls silent again.
    ...{ warnings: 16, everyMs: 1_500, lives: 8 },
  },
  {
    ...{ hosts: 100, keepaliveMs: 1_000, warntimeMs: 2_500, deadtimeMs: 4_000 },
    ...{ warnings: 200, everyMs: 100, lives: 3 },
  },
  {
    // As they are by default: a board that can judge nobody for four deadtimes ends itself.
    ...{ hosts: 1_000, keepaliveMs: 1_000, warntimeMs: 5_000, deadtimeMs: 15_000 },
    ...{ warnings: 180, everyMs: 100, lives: 1 },
  },
  {
    // Two cores that play all hosts as well do no 5,000 beats a second twice, but a fifth of them.
    ...{ hosts: 5_000, keepaliveMs: 5_000, warntimeMs: 11_000, deadtimeMs: 16_000 },
    ...{ warnings: 1_500, everyMs: 40, lives: 1, device: { periodMs: 10_000, offHold: '60s' } },
  },
];

/** q of these deadtimes, and what a channel over a broker may delay: L1. */
const JUDGE_TICK_MS = 50;
const CHANNEL_MS = 500;
const CONTACT_MS_MAX = 60_000;
/** Hosts that fall silent in turn; they are a process of their own where there are more. */
const SAMPLED_MAX = 500;

/** A judge of so many hosts is late by no more than this, p99.9. */
const MANY_HOSTS = 5_000;
const BEYOND_MS = 10;

interface Found {
  hosts: number;
  keepaliveMs: number;
  late: Tail;
  dead: Tail;
  /** What broker and sockets alone take of a round trip at that load. */
  bare: Tail;
  lost: number;
  untold: number;
  /** How often the board itself stood still: for three keepalives after that it judges nobody. */
  stalls: number;
}

/** Samples all cases, one after the other. */
export async function measureLateness(
  node: string,
  tell: (what: string) => void,
): Promise<Section> {
  const found: Found[] = [];
  const failures: { hosts: number; why: string }[] = [];
  for (const one of CASES) {
    tell(`silences of ${one.hosts} hosts`);
    await measureCase(node, one).then(
      (measured) => found.push(measured),
      (thrown: Error) => failures.push({ hosts: one.hosts, why: thrown.message }),
    );
  }
  return {
    name: 'lateness',
    title:
      'lateness of a silence, ms: last beat to event, less the time after which it is due; real processes',
    head: TAIL_HEAD,
    rows: [
      ...found.flatMap(({ hosts, keepaliveMs, late, dead, bare, stalls }) => [
        [`warning at warntime, ${hosts} hosts, K ${keepaliveMs}`, ...tailCells(late)],
        [`  verdict at deadtime, ${stalls} stalls`, ...tailCells(dead)],
        ['  round trip of a bare message meanwhile', ...tailCells(bare)],
      ]),
      ...failures.map(({ hosts, why }) => [`${hosts} hosts: not measured, ${why}`]),
    ],
    verdicts: [
      most('boards that this machine was too busy for', failures.length, 0),
      ...verdictsOf(found),
    ],
    figures: { found, failures },
  };
}

function verdictsOf(found: readonly Found[]): Verdict[] {
  return found.flatMap(({ hosts, late, dead, untold }) => [
    least(
      `ms that a silence of ${hosts} hosts was ever told early`,
      Math.min(late.min, dead.min),
      0,
    ),
    most(`ms of lateness with ${hosts} hosts, p99`, late.p99, JUDGE_TICK_MS + CHANNEL_MS),
    ...(hosts < MANY_HOSTS
      ? []
      : [
          most(
            `ms beyond the judge tick with ${hosts} hosts, p99.9`,
            late.p999 - JUDGE_TICK_MS,
            BEYOND_MS,
          ),
        ]),
    most(`silences of ${hosts} hosts that were never told`, untold, 0),
  ]);
}

async function measureCase(node: string, one: Case): Promise<Found> {
  const { hosts, keepaliveMs, warntimeMs, deadtimeMs, warnings, everyMs, lives, device } = one;
  const timing = [
    `warntime = "${warntimeMs}ms"`,
    `deadtime = "${deadtimeMs}ms"`,
    `initdead = "${deadtimeMs}ms"`,
    ...(device === undefined ? [] : [`off_hold = "${device.offHold}"`]),
  ];
  const site = await openSite({
    ...{ hostCount: hosts, keepaliveMs, node, mqttOnly: true, timing },
    sampled: Math.min(hosts, SAMPLED_MAX),
    ...(device && { devicePeriodMs: device.periodMs }),
  });
  for (const pid of site.pids) favour(pid);
  const all: Record<'late' | 'dead', Samples> = { late: none(), dead: none() };
  let agent: Child | undefined;
  let stalls = 0;
  try {
    for (let life = 0; life < lives; life += 1) {
      agent = await startedAgent(site, life === 0);
      await heardBy(site, hosts, agent);
      if (life === 0) {
        const setup = { code: 'late', thresholdMs: warntimeMs, count: warnings, everyMs };
        addTo(all.late, await site.sample(setup));
        // Who fell silent for a warning must not seem to be silent together with who is to be dead.
        await heardBy(site, hosts, agent);
      }
      const setup = { code: 'dead', thresholdMs: deadtimeMs, count: 1, everyMs: 0 };
      addTo(all.dead, await site.sample(setup));
      stalls += agent.lines.filter(({ text }) => text.includes('"stalled"')).length;
      await agent.end();
    }
  } finally {
    await agent?.end();
    await site.close();
  }
  return {
    ...{ hosts, keepaliveMs },
    late: tailOf(all.late.latenessMs),
    dead: tailOf(all.dead.latenessMs),
    bare: tailOf(all.late.bareMs),
    lost: all.late.lost + all.dead.lost,
    untold: all.late.untold + all.dead.untold,
    stalls,
  };
}

/** An agent without memory. */
async function startedAgent(site: Site, isFirst: boolean): Promise<Child> {
  const agent = site.startAgent();
  favour(agent.pid);
  await agent.line('"started"');
  if (isFirst) await site.load('begin');
  return agent;
}

/** Resolves when every host was heard some times: one that was heard once may still be booting. */
async function heardBy(site: Site, hosts: number, agent: Child): Promise<void> {
  await site.load('mark');
  const isHeard = async (): Promise<boolean> => {
    const { inContact, acknowledged } = await site.load('count');
    return inContact === hosts && acknowledged >= 3 * hosts;
  };
  const ended = agent.gone.then(() => {
    throw new Error(`the agent ended; it said: ${agent.lines.at(-1)?.text}`);
  });
  await Promise.race([until('all hosts are heard', isHeard, CONTACT_MS_MAX), ended]);
}

function none(): Samples {
  return { latenessMs: [], lost: 0, untold: 0, bareMs: [] };
}

function addTo(all: Samples, more: Samples): void {
  all.latenessMs.push(...more.latenessMs);
  all.bareMs.push(...more.bareMs);
  all.lost += more.lost;
  all.untold += more.untold;
}
