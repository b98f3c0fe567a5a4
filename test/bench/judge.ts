/**
 * What a judge tick costs, and how late it finds a silence, on boards of one to five thousand hosts.
 *
 * In one process and on purpose: the core and its loop are the real ones, with real timers; beats
 * are handed in as the wire would hand them, so that what is measured is the judge and not frames,
 * sockets or a broker. Five thousand hosts over real channels would measure this machine.
 */

import { advance } from '../../firmware-agent/core/advance.ts';
import { type Board, newBoard } from '../../firmware-agent/core/board.ts';
import { viewHost } from '../../firmware-agent/core/view.ts';
import { runShell } from '../../firmware-agent/shell.ts';
import { recorder } from '../../firmware-agent/tape.ts';
import { after, monotonicMs } from '../../protocol/link/timers.ts';
import { guarded } from '../firmware-agent/core/world/settings.ts';
import { pause } from '../lib/until.ts';
import { most, type Section, TAIL_HEAD, tailCells } from './section.ts';
import { type Tail, tailOf } from './spread.ts';

const COUNTS = [1, 10, 100, 1_000, 5_000] as const;
/** The last board once more, with every twentieth host late: each of those is weighed at every tick. */
const LATE_EVERY = 20;
const TICKS = 400;
const KEEPALIVE_MS = 1_000;
const WARNTIME_MS = 2_500;
const TICK_MS = 50;
/** A loop that is later than this distrusts itself and judges nobody. */
const LAG_MS = 250;
/** Silences on the largest board, one each so many ms. */
const SILENCES = 150;
/** They are all said each round, beside all that is heard. */
const WORDS_US_MAX = 50;
const EVERY_MS = 80;

interface Cost {
  hosts: number;
  /** Whether some of them are late. */
  isLate: boolean;
  us: Tail;
}

/** Measures all boards, in turn at each round so that a busy moment falls on all of them. */
export async function measureJudge(tell: (what: string) => void): Promise<Section> {
  tell(`judge ticks of up to ${COUNTS.at(-1)} hosts`);
  const costs = tickCosts();
  const hosts = COUNTS.at(-1) ?? 0;
  tell(`silences of ${hosts} hosts in one process`);
  const late = tailOf(await silences(hosts));
  const [all, some] = costs.slice(-2).map(({ us }) => us.p50);
  const shown = tailOf(viewCosts(hosts));
  return {
    name: 'judge',
    title: 'a judge tick, µs, and a silence, ms; core and loop are real, beats are handed in',
    head: TAIL_HEAD,
    rows: [
      ...costs.map(({ hosts: count, isLate, us }) => [
        `tick of ${count} hosts${isLate ? `, each ${LATE_EVERY}th late` : ''}, µs`,
        ...tailCells(us),
      ]),
      [`all words of one of ${hosts} hosts, µs`, ...tailCells(shown)],
      [`warning at warntime, ${hosts} hosts, ms late`, ...tailCells(late)],
    ],
    verdicts: [
      most(`µs of a judge tick of ${hosts} hosts, median`, all ?? 0, 500 * TICK_MS),
      most(`the same, each ${LATE_EVERY}th late`, some ?? 0, 500 * TICK_MS),
      most(`µs of the words of one of ${hosts} hosts, median`, shown.p50, WORDS_US_MAX),
      most(`ms of lateness with ${hosts} hosts in one process, p99`, late.p99, TICK_MS + LAG_MS),
    ],
    figures: { costs, late },
  };
}

function boardOf(count: number, now: number): Board {
  const times = { keepaliveMs: KEEPALIVE_MS, warntimeMs: WARNTIME_MS };
  const hosts = Array.from({ length: count }, (_, i) =>
    guarded(i + 1, `host${i + 1}`, { times, senses: [], outlets: [], silence: 'act' }),
  );
  const settings = { agent: 1, name: 'board', brokerOnBoard: true, hosts, orderers: [] };
  const board = newBoard(settings, 'life', now);
  advance(board, { kind: 'start', wallMs: 0 }, now);
  advance(board, { kind: 'listening', channel: 'mqtt', on: true }, now);
  return board;
}

const NO_BYTES = new Uint8Array(0);

function beatOf(board: Board, host: number, seq: number): Parameters<typeof advance>[1] {
  const session = { host, channel: 'mqtt', session: host, incarnation: host, seq } as const;
  const opened = { kind: 'beat', flags: 0, bytes: NO_BYTES, ...session } as const;
  return { kind: 'heard', opened: { ...opened, echo: board.ticks.latest } };
}

/** Ticks of boards on which everybody beats; only the tick is timed, not the beats between. */
function tickCosts(): Cost[] {
  const made = (count: number, isLate: boolean) => ({
    ...{ count, isLate, us: [] as number[], board: boardOf(count, 0) },
  });
  const boards = [...COUNTS.map((count) => made(count, false)), made(COUNTS.at(-1) ?? 0, true)];
  for (let tick = 1; tick <= TICKS; tick += 1) {
    const now = tick * TICK_MS;
    for (const { board, count, isLate, us } of boards) {
      if (now % KEEPALIVE_MS === 0) advance(board, { kind: 'round' }, now);
      for (let host = 1 + (tick % 20); host <= count; host += 20) {
        if (isLate && tick > TICKS / 4 && host % LATE_EVERY === 0) continue;
        advance(board, beatOf(board, host, tick), now);
      }
      const startedAt = performance.now();
      advance(board, { kind: 'judge', drained: true }, now);
      us.push(1_000 * (performance.now() - startedAt));
    }
  }
  // The first quarter warms up the compiler.
  return boards.map(({ count, isLate, us }) => ({
    ...{ hosts: count, isLate },
    us: tailOf(us.slice(isLate ? TICKS / 2 : TICKS / 4)),
  }));
}

/** What it takes to say how a host is, for every host of a board at once. */
function viewCosts(count: number): number[] {
  const board = boardOf(count, 0);
  for (let host = 1; host <= count; host += 1) advance(board, beatOf(board, host, 1), TICK_MS);
  const hosts = [...board.hosts.values()];
  return Array.from({ length: 12 }, () => {
    const startedAt = performance.now();
    for (const host of hosts) viewHost(board, host, 2 * TICK_MS);
    return (1_000 * (performance.now() - startedAt)) / count;
  }).slice(4);
}

/** Real time: one host after the other falls silent until it is told; ms late of each. */
async function silences(count: number): Promise<number[]> {
  const board = boardOf(count, monotonicMs());
  const lastMs = new Float64Array(count + 1);
  const mute = new Set<number>();
  const lateness: number[] = [];
  const shell = runShell(
    board,
    {
      ...{ journal: async () => true, save: () => undefined, turn: () => undefined },
      ...{ pulse: () => undefined, end: () => undefined, well: () => undefined },
      carry: (effect) => {
        if (effect.kind !== 'news' || effect.code !== 'late' || effect.over === true) return;
        const host = effect.host ?? 0;
        lateness.push(monotonicMs() - (lastMs[host] ?? 0) - WARNTIME_MS);
        mute.delete(host);
      },
    },
    recorder(board),
  );
  let seq = 0;
  let goesOn = true;
  const beats = (): void => {
    seq += 1;
    // A twentieth of all, twenty times a keepalive.
    for (let host = 1 + (seq % 20); host <= count; host += 20) {
      if (mute.has(host)) continue;
      lastMs[host] = monotonicMs();
      shell.take(beatOf(board, host, seq));
    }
    if (goesOn) after(KEEPALIVE_MS / 20, beats);
  };
  beats();
  await pause(2 * KEEPALIVE_MS);
  for (let n = 1; n <= SILENCES; n += 1) {
    mute.add(1 + ((n * 31) % count));
    await pause(EVERY_MS);
  }
  await pause(2 * WARNTIME_MS);
  goesOn = false;
  shell.close();
  return lateness;
}
