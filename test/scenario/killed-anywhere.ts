/**
 * The agent is killed at any instant of a fence, an order or a restore, and started again.
 *
 * Its own death must be harmless at every instruction, so the instants are drawn and not chosen:
 * from the sending of an order, or from the verdict on a host that hangs, to the end of the
 * restore; sometimes the next life is killed as well, sometimes the disk is torn, lost or was
 * never there. Boards with both kinds of line play at the same time. No life may cut for what an
 * earlier one was told, nobody may hear of a fence that was not so, and in the end each host has
 * power or was left off with an alarm. `KILLS` and `SEED` are yours to give.
 */
import assert from 'node:assert/strict';
import { monotonicMs } from '../../protocol/link/timers.ts';
import type { OrderClient } from '../../protocol/order-client.ts';
import type { OrderEnd } from '../../protocol/order-step.ts';
import type { Operation } from '../../protocol/wire/messages.ts';
import type { BoardView } from '../../protocol/wire/view.ts';
import { type Prng, prng } from '../lib/prng.ts';
import type { Rack, RackSetup } from '../lib/rack.ts';
import { pause } from '../lib/until.ts';
import { given, givenSeed } from './lib/given.ts';
import { allBeat, viewOf } from './lib/hearing.ts';
import { linesOf } from './lib/judge.ts';
import { howLeft, type Left } from './lib/left.ts';
import { numberOf, OPS, opsKeys, ordererOf, type Tap, tapOf } from './lib/orderer.ts';
import { onBothPaths } from './lib/racks.ts';
import type { Scenario, Stage } from './lib/scenario.ts';
import { type Disk, type Supervisor, supervise } from './lib/supervisor.ts';
import { type Counts, count, words } from './lib/tally.ts';
import { SHORT_MS } from './lib/timing.ts';
import {
  answersIn,
  type Claim,
  claimsOfAnswers,
  claimsOfEvents,
  claimsOfLog,
  claimsOfRecords,
  type Deed,
  judgeClaims,
  judgeMoves,
  judgeSeen,
} from './lib/truth.ts';

const { deadtimeMs, keepaliveMs } = SHORT_MS;
const HOSTS = 3;

/** A kernel lets nobody make a file there, root included. */
const NO_DISK: Partial<RackSetup> = { stateDir: '/proc/fs' };

const KINDS: Partial<RackSetup>[] = [
  { line: 'latching' },
  { line: 'non-latching' },
  { line: 'latching' },
  { line: 'non-latching' },
  { line: 'latching', ...NO_DISK },
  { line: 'non-latching', ...NO_DISK },
];

/** An order's fence takes 1.3 s here, its restore and the boot another. */
const FENCE_MS = 2_500;
const ORDER_MS_MAX = 20_000;
const SETTLED_MS_MAX = 40_000;
const OFF_TRIES_MAX = 3;

type Cause = 'fence' | 'off' | 'on' | 'hang';

interface Kill {
  cause: Cause;
  host: number;
  /** From the cause to the kill. */
  afterMs: number;
  restartMs: number;
  disk: Disk;
  /** From the start of the next life to its own kill. */
  againMs: number | undefined;
}

function draw(random: Prng): Kill {
  const cause = random.pick<Cause>(['fence', 'fence', 'fence', 'off', 'on', 'hang']);
  const spread = random.pick([20, 400, FENCE_MS, FENCE_MS]);
  const startMs = cause === 'hang' ? deadtimeMs - keepaliveMs : 0;
  return {
    cause,
    host: random.between(0, HOSTS - 1),
    afterMs: startMs + random.next() * (cause === 'hang' ? FENCE_MS + keepaliveMs : spread),
    restartMs: random.pick([0, 50, 400]),
    disk: random.pick<Disk>(['kept', 'kept', 'kept', 'kept', 'torn', 'lost']),
    againMs: random.chance(0.25) ? random.next() * FENCE_MS : undefined,
  };
}

interface Board {
  rack: Rack;
  supervisor: Supervisor;
  client: OrderClient;
  tap: Tap;
  deeds: Deed[];
  /** What orderers were told, beside what can be read in the log. */
  claims: Claim[];
  tally: Tally;
}

interface Tally {
  kills: number;
  moments: Counts;
  ends: Counts;
  states: Counts;
}

async function give(board: Board, host: string, op: Operation): Promise<OrderEnd> {
  const atMs = monotonicMs();
  if (op === 'fence' || op === 'off') board.deeds.push({ host, what: op, atMs });
  const about = { host: numberOf(board.rack, host), incarnation: 0, waitMs: ORDER_MS_MAX };
  const end = await board.client.order({ op, ...about });
  const isClaim = op !== 'on' && (end.outcome === 'done' || end.outcome === 'already');
  if (isClaim) board.claims.push({ by: 'an answer', host, atMs: monotonicMs(), sinceMs: atMs });
  return end;
}

/** What may be answered to an order whose agent is killed: the truth, or that it is not known. */
const ENDS = ['done', 'interrupted', 'no-answer', 'busy', 'failed', 'stale'];

async function killOnce(board: Board, kill: Kill): Promise<void> {
  const { rack, supervisor, tally } = board;
  const host = rack.setup.hosts[kill.host] ?? '';
  // One that was heard only once may still be booting, and gets more time.
  if (kill.cause === 'hang') await pause(2.5 * keepaliveMs);
  if (kill.cause === 'on') await keepOff(board, host);
  const fromMs = monotonicMs();
  let ending: Promise<OrderEnd> | undefined;
  if (kill.cause === 'hang') {
    board.deeds.push({ host, what: 'hang', atMs: fromMs });
    await rack.bench.host(host, 'hang');
  } else ending = give(board, host, kill.cause);
  await pause(kill.afterMs);
  count(tally.moments, momentOf(rack, host, fromMs));
  supervisor.kill(kill.restartMs, kill.disk);
  await rack.agent.ended;
  tally.kills += 1;
  if (kill.againMs !== undefined) {
    await pause(kill.restartMs + kill.againMs);
    supervisor.kill(0, 'kept');
    await rack.agent.ended;
    tally.kills += 1;
  }
  await pause(kill.restartMs + 20);
  await supervisor.guards(SETTLED_MS_MAX);
  // An order whose question was lost may reach the next life, so its end comes first.
  const end = await ending;
  const state = await settled(board, host);
  if (end !== undefined) {
    count(tally.ends, end.outcome);
    assert.ok(ENDS.includes(end.outcome), `${kill.cause} ended with ${end.outcome} ${end.detail}`);
  }
  judgeState(board, kill, { host, state, fromMs });
  await mend(board, host, state);
}

/** On a machine that is too busy to read in time a fence fails, honestly; it is ordered again. */
async function keepOff(board: Board, host: string): Promise<void> {
  const told: string[] = [];
  while (told.length < OFF_TRIES_MAX) {
    const { outcome, detail } = await give(board, host, 'off');
    if (outcome === 'done') return;
    told.push(`${outcome} ${detail}`);
  }
  throw new Error(`${host} cannot be kept off: ${told.join(', ')}`);
}

/** Where the fence was when its agent was killed, by the bench's log. */
function momentOf(rack: Rack, host: string, fromMs: number): string {
  const last = rack.bench
    .log()
    .findLast((entry) => entry.atMs >= fromMs && 'host' in entry && entry.host === host);
  if (last?.kind === 'command') return last.to === 'open' ? 'told to open' : 'told to close';
  if (last?.kind === 'contact') return last.to === 'open' ? 'draining' : 'closed';
  if (last?.kind === 'power') return last.to === 'off' ? 'dark' : 'light';
  if (last?.kind !== 'process') return 'nothing moved';
  return last.what === 'kill' ? 'dark' : last.what === 'hang' ? 'hung' : 'booting';
}

async function settled(board: Board, host: string): Promise<Left> {
  const endMs = monotonicMs() + SETTLED_MS_MAX;
  let view: BoardView | undefined;
  while (monotonicMs() < endMs) {
    view = await viewOf(board.rack);
    const state = view === undefined ? undefined : await howLeft(board.rack, host, view);
    if (state !== undefined) return state;
    await pause(60);
  }
  const shown = view?.hosts.find(({ name }) => name === host);
  throw new Error(`${host} is not settled: ${JSON.stringify([shown, view?.alarms])}`);
}

interface Outcome {
  host: string;
  state: Left;
  fromMs: number;
}

/** Section 6: power is back, or it is off for a reason that is told. */
function judgeState(board: Board, kill: Kill, { host, state, fromMs }: Outcome): void {
  const { rack, tally, deeds } = board;
  count(tally.states, state);
  const about = `${JSON.stringify(kill)} on a ${rack.setup.line} line: ${host} ${state}`;
  const forgot = rack.setup.stateDir !== undefined || kill.disk !== 'kept';
  const unlogged = linesOf(rack, 'unlogged', fromMs).length > 0;
  if (state === 'found open') assert.ok(forgot || unlogged, `the disk knew why: ${about}`);
  // The slot before the torn one may know the host as kept off, from an order that `on` ended.
  const older =
    kill.disk === 'torn' && deeds.some((deed) => deed.host === host && deed.what === 'off');
  if (state === 'kept off') assert.ok(['off', 'on'].includes(kill.cause) || older, about);
  if (state === 'hangs') assert.equal(kill.cause, 'hang', about);
  if (rack.setup.line !== 'non-latching') return;
  assert.ok(state !== 'found open', `its line fell back: ${about}`);
}

/** Whatever was left off, hanging or frozen is made to beat for the next kill. */
async function mend(board: Board, host: string, state: Left): Promise<void> {
  const { rack, supervisor } = board;
  if (state === 'hangs') await rack.bench.host(host, 'resume');
  if (state === 'frozen') {
    // A new life thaws it; without its memory three interruptions more are forgiven.
    supervisor.kill(0, 'lost');
    await rack.agent.ended;
    await pause(100);
    await supervisor.guards(SETTLED_MS_MAX);
  }
  if (state === 'kept off' || state === 'found open') {
    const end = await give(board, host, 'on');
    assert.equal(end.outcome, 'done', `on was answered ${end.outcome} ${end.detail}`);
  }
  await allBeat(rack, rack.setup.hosts, ['serial', 'mqtt'], SETTLED_MS_MAX);
}

async function openBoard(stage: Stage, kind: Partial<RackSetup>, tally: Tally): Promise<Board> {
  const setup = onBothPaths(HOSTS, await stage.broker());
  const rack = await stage.rack({ ...setup, holdUpMs: 200, bootMs: 200, ...kind });
  const [client, tap] = [ordererOf(rack), await tapOf(rack)];
  await allBeat(rack, rack.setup.hosts, ['serial', 'mqtt'], SETTLED_MS_MAX);
  const supervisor = supervise(rack);
  return { rack, supervisor, client, tap, deeds: [], claims: [], tally };
}

const opsOrderer = { orderer: OPS.id, name: OPS.name };

async function judgeBoard({ rack, tap, deeds, claims }: Board): Promise<void> {
  const records = await claimsOfRecords(rack);
  const said = [...claimsOfLog(rack), ...claimsOfEvents(rack, tap.heard())];
  const answers = claimsOfAnswers(rack, answersIn(tap.heard(), opsOrderer, opsKeys(rack)));
  judgeClaims(rack, [...claims, ...said, ...answers, ...records]);
  judgeSeen(rack, [...said, ...answers]);
  judgeMoves(rack, deeds);
}

function summary({ kills, moments, ends, states }: Tally): string {
  return `${kills} kills; the host was: ${words(moments)}; orders ended: ${words(ends)}; left: ${words(states)}`;
}

const KILLS = given('KILLS', 42);

export const killedAnywhere: Scenario = {
  name: 'killed-anywhere',
  aboutS: 100,
  alone: true,
  limitMs: 120_000 + (KILLS / KINDS.length) * SETTLED_MS_MAX,
  run: async (stage) => {
    const seed = givenSeed();
    const tally: Tally = { kills: 0, moments: {}, ends: {}, states: {} };
    const boards: Board[] = [];
    await stage.promise('the hosts of six boards beat', async () => {
      for (const kind of KINDS) boards.push(await openBoard(stage, kind, tally));
    });
    const title = `killed ${KILLS} times (SEED=${seed}): no new cut, and power is back or told`;
    await stage.promise(title, async () => {
      const random = prng(seed);
      const draws = boards.map(() =>
        Array.from({ length: Math.ceil(KILLS / KINDS.length) }, () => draw(random)),
      );
      const ends = await Promise.allSettled(
        boards.map(async (board, i) => {
          for (const kill of draws[i] ?? []) await killOnce(board, kill);
        }),
      );
      process.stdout.write(`     ${summary(tally)}\n`);
      const failed = ends.find((end) => end.status === 'rejected');
      if (failed !== undefined) throw failed.reason;
    });
    await stage.promise('every word was so, and every move had one cause', async () => {
      for (const board of boards) await judgeBoard(board);
    });
    for (const { supervisor, client, tap } of boards) {
      supervisor.close();
      await Promise.all([client.close(), tap.close()]);
    }
  },
};
