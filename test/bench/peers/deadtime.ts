/**
 * The smallest deadtime without a false death on a loaded machine of two processors, beside corosync
 * with the same time for its token.
 *
 * Both sides run at once, for so many seconds at each setting, while twice as many programs as there
 * are processors compute for ever; then a node really hangs and must be found, because a tool that finds
 * nobody kills nobody. Ours is two hosts on serial lines with `silence = "act"`: no proof is asked for, as
 * corosync asks for none, so that time alone decides. Corosync needs the token and then its consensus,
 * 1.2 tokens by default, until a node is gone; ours needs the deadtime.
 */
import { monotonicMs } from '../../../protocol/link/timers.ts';
import { type Rack, startRack } from '../../lib/rack.ts';
import { pause } from '../../lib/until.ts';
import { allBeat } from '../../scenario/lib/hearing.ts';
import { onSerialAlone } from '../../scenario/lib/racks.ts';
import { type Millis, SERIAL_MS, silenceToCut } from '../../scenario/lib/timing.ts';
import { type Child, startChild } from '../child.ts';
import type { Verdict } from '../report.ts';
import { most } from '../section.ts';
import { COROSYNC_NEEDS, NODE_LEFT, startRing, TOKEN_LOST } from './corosync.ts';
import { type Outcome, outcomeOf, type Part, rowsOf } from './outcome.ts';

/** From the largest; keepalive is a third. */
const DEADTIMES_MS = [1_000, 300, 150] as const;
/** At which ours must not kill: what corosync is said to be too fast at. */
const BAR_MS = 300;
const LOADS = 4;
const [OURS, THEIRS] = ['fencepost', 'corosync'] as const;
/** Deadtimes; corosync's token and consensus take 2.2 of them. */
const FOUND_IN = 3;
const SETTLE_MS = 3_000;
const FOUND_MS_MAX = 30_000;
const SECONDS_MIN = 10;
const LOAD = 'process.stdout.write("computes\\n"); for (;;);';

interface Found {
  deadtimeMs: number;
  seconds: number;
  /** How often a node that lived was declared dead. */
  falseDeaths: number;
  /** How often the ring broke for want of its token; ours has no ring. */
  tokensLost?: number;
  /** From the moment a node really hung to its verdict; absent where there was none. */
  foundAfterMs?: number;
}

/** Takes about so long in all. */
export async function measureDeadtime(ms: number, tell: (what: string) => void): Promise<Part> {
  const outcomes: Outcome<Found>[] = [];
  for (const deadtimeMs of DEADTIMES_MS) {
    const seconds = Math.max(SECONDS_MIN, Math.round(ms / DEADTIMES_MS.length / 1_000) - 15);
    tell(`${seconds} s at ${deadtimeMs} ms under load, beside corosync`);
    const at = { deadtimeMs, seconds };
    const loads = await startLoads();
    outcomes.push(
      ...(await Promise.all([
        outcomeOf({ of: `${OURS}, deadtime ${deadtimeMs}` }, () => ours(at)),
        outcomeOf({ of: `${THEIRS}, token ${deadtimeMs}`, needs: COROSYNC_NEEDS }, () =>
          corosync(at),
        ),
      ])),
    );
    for (const load of loads) await load.end();
  }
  const verdicts = outcomes.flatMap((one) => verdictsOf(one));
  return {
    section: {
      name: 'deadtime',
      title: `two nodes that live, beside ${LOADS} programs that compute: who is declared dead; then one hangs`,
      head: ['seconds', 'dead', 'tokens lost', 'found, ms'],
      rows: [
        ...outcomes.flatMap((one) => rowsOf(one, (found) => [[one.of, ...cells(found)]])),
        ...[OURS, THEIRS].map((who) => [`smallest that held, ${who}`, smallestOf(outcomes, who)]),
      ],
      ...{ verdicts, figures: outcomes },
    },
    outcomes,
  };
}

function cells({ seconds, falseDeaths, tokensLost, foundAfterMs }: Found): string[] {
  const shown = [seconds, falseDeaths, tokensLost, foundAfterMs];
  return shown.map((value) => value?.toFixed(0) ?? '-');
}

/** The smallest at which, and above which, nobody was killed and the dead was found in time. */
function smallestOf(outcomes: readonly Outcome<Found>[], who: string): string {
  let smallest = 'none';
  for (const one of outcomes.filter(({ of }) => of.startsWith(who))) {
    if (one.is !== 'measured') break;
    const { deadtimeMs, falseDeaths, foundAfterMs } = one.value;
    if (falseDeaths > 0 || !(Number(foundAfterMs) <= FOUND_IN * deadtimeMs)) break;
    smallest = `${deadtimeMs} ms`;
  }
  return smallest;
}

function verdictsOf(one: Outcome<Found>): Verdict[] {
  if (one.is !== 'measured' || !one.of.startsWith(OURS)) return [];
  const { deadtimeMs, falseDeaths, foundAfterMs } = one.value;
  if (deadtimeMs < BAR_MS) return [];
  const { mostMs } = silenceToCut(millisOf(deadtimeMs), SERIAL_MS);
  return [
    most(`living hosts that we killed at deadtime ${deadtimeMs} ms`, falseDeaths, 0),
    most(
      `ms until we found the one that hung, at ${deadtimeMs} ms`,
      foundAfterMs ?? Number.POSITIVE_INFINITY,
      mostMs,
    ),
  ];
}

interface At {
  deadtimeMs: number;
  seconds: number;
}

function millisOf(deadtimeMs: number): Millis {
  const keepaliveMs = Math.floor(deadtimeMs / 3);
  return { keepaliveMs, deadtimeMs, holdMs: 1_000, drainMs: 1_000 };
}

async function startLoads(): Promise<Child[]> {
  const loads = Array.from({ length: LOADS }, () => startChild(process.execPath, ['-e', LOAD]));
  for (const load of loads) await load.line('computes');
  return loads;
}

async function ours({ deadtimeMs, seconds }: At): Promise<Found> {
  const rack = await startRack({ ...onSerialAlone(2, millisOf(deadtimeMs)), holdUpMs: 100 });
  try {
    await allBeat(rack, rack.setup.hosts, ['serial'], 30_000);
    await pause(SETTLE_MS);
    const sinceMs = monotonicMs();
    await pause(1_000 * seconds);
    const falseDeaths = saidSince(rack, 'dead', sinceMs);
    return { deadtimeMs, seconds, falseDeaths, foundAfterMs: await findOurs(rack) };
  } finally {
    await rack.close();
  }
}

function saidSince(rack: Rack, code: string, sinceMs: number): number {
  const isOne = (line: { atMs: number; code?: string; over?: boolean }): boolean =>
    line.atMs >= sinceMs && line.code === code && line.over !== true;
  return rack.said().filter(isOne).length;
}

/** A life that has killed may not kill again for a while, so the real death is found by a new one. */
async function findOurs(rack: Rack): Promise<number> {
  const [host = ''] = rack.setup.hosts;
  rack.agent.signal('SIGTERM');
  await rack.agent.ended;
  await rack.startAgent();
  await allBeat(rack, rack.setup.hosts, ['serial'], 30_000);
  await pause(SETTLE_MS);
  const atMs = monotonicMs();
  await rack.bench.host(host, 'hang');
  await rack.agent.waitFor(
    `${host} is dead`,
    (line) => line.code === 'dead' && line.host === host && line.atMs >= atMs,
  );
  return monotonicMs() - atMs;
}

async function corosync({ deadtimeMs, seconds }: At): Promise<Found> {
  const ring = await startRing('corosync', deadtimeMs);
  try {
    const [judge, victim] = ring.nodes;
    if (judge === undefined || victim === undefined) throw new Error('a ring has two nodes');
    await pause(SETTLE_MS);
    const sinceMs = monotonicMs();
    await pause(1_000 * seconds);
    // What befell the ring is said by both of its nodes, and counts once.
    const count = (words: string): number =>
      Math.max(...ring.nodes.map((node) => node.count(words, sinceMs)));
    const [falseDeaths, tokensLost] = [count(NODE_LEFT), count(TOKEN_LOST)];
    const found = { deadtimeMs, seconds, falseDeaths, tokensLost };
    const atMs = monotonicMs();
    victim.hang();
    // Whoever put it out of the ring while it lived, and did not take it back, says nothing now.
    const left = await judge.said(NODE_LEFT, atMs, FOUND_MS_MAX).catch((thrown: Error) => {
      if (falseDeaths + tokensLost > 0) return undefined;
      throw thrown;
    });
    return left === undefined ? found : { ...found, foundAfterMs: left.atMs - atMs };
  } finally {
    await ring.close();
  }
}
