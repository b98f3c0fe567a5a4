/**
 * Two nodes order each other's fence in the same millisecond: exactly one of them loses.
 *
 * Each believes the other dead, and both are right to ask: the board is the arbiter. Whoever is
 * heard first wins; the other is a victim from that moment on, so its order is worth nothing, also
 * when it arrives seconds later, from a life that is over. Where the first fence fails, the victim
 * lives and may order again. Instants, delays, clocks and welded relays are drawn by SEED; several
 * boards play at the same time. The verdict is the bench's log and what the broker saw.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, monotonicMs } from '../../protocol/link/timers.ts';
import { built } from '../lib/built.ts';
import { type Prng, prng } from '../lib/prng.ts';
import { run } from '../lib/rack.ts';
import { pause, until } from '../lib/until.ts';
import {
  type Board,
  finalOf,
  first,
  isAccepted,
  judgeLoser,
  judgeRound,
  MILLIS,
  type Round,
  type Tally,
  type Told,
  told,
  victimOf,
} from './lib/duel-judge.ts';
import { figure } from './lib/figures.ts';
import { given, givenSeed } from './lib/given.ts';
import { allBeat } from './lib/hearing.ts';
import { type Node, startNodes } from './lib/nodes.ts';
import { tapOf } from './lib/orderer.ts';
import { onBothPaths } from './lib/racks.ts';
import type { Scenario, Stage } from './lib/scenario.ts';
import { words } from './lib/tally.ts';
import {
  claimsOfEvents,
  claimsOfLog,
  claimsOfRecords,
  judgeClaims,
  judgeMoves,
} from './lib/truth.ts';

const BOARDS = 6;
const HOLD_UP_MS = 100;
const BOOT_MS = 100;

/** From now until both orderers have their command. */
const AHEAD_MS = 60;
/** A fence that fails takes three seconds, a boot one, and a straggler comes as late as drawn. */
const ROUND_MS_MAX = 25_000;

function draw(random: Prng): Round {
  const sign = random.pick([-1, 1]);
  const skewMs = random.pick([
    0,
    0,
    sign * random.next(),
    sign * random.next() * 5,
    sign * random.between(0, 30),
  ]);
  const delay = (): number =>
    random.pick([0, 0, 0, random.between(0, 5), random.between(0, 20), random.between(20, 400)]);
  const delaysMs: [number, number] = [delay(), delay()];
  if (random.chance(0.15)) delaysMs[random.pick([0, 1])] = random.between(400, 3_500);
  const welded = random.chance(0.12) ? random.pick([0, 1] as const) : undefined;
  return { skewMs, delaysMs, delayFromMs: random.pick([-AHEAD_MS, 0, 1, 2, 4, 8]), welded };
}

function giveOrder(board: Board, giver: Node, atMs: number): string {
  const victim = board.nodes.both.find((node) => node !== giver) ?? giver;
  const cmdId = randomBytes(16).toString('hex');
  const given = board.nodes.order(giver, { cmdId, host: victim.host, atMs });
  assert.ok(given, `the orderer on ${giver.host} takes a command`);
  board.deeds.push({ host: victim.host, what: 'fence', atMs });
  return cmdId;
}

async function playRound(board: Board, round: Round): Promise<void> {
  const { nodes, tally } = board;
  const { rack, both } = nodes;
  board.heardBefore = board.tap.heard().length;
  const weldedHost = round.welded === undefined ? undefined : both[round.welded].host;
  if (weldedHost !== undefined) await rack.bench.relayFault(weldedHost, 'psu', { stuck: 'closed' });
  const atMs = monotonicMs() + AHEAD_MS;
  const fromMs = Math.min(atMs, atMs + round.skewMs);
  for (const [i, { path }] of both.entries()) {
    const slow = (): void => path.slow('toBroker', round.delaysMs[i] ?? 0);
    after(AHEAD_MS + round.delayFromMs, slow);
  }
  const cmdIds = both.map((giver, i) => giveOrder(board, giver, atMs + i * round.skewMs));
  const isOver = (): boolean => {
    const all = both.map((giver, i) => told(board, giver, cmdIds[i] ?? ''));
    return (
      all.filter(isAccepted).every((one) => finalOf(one) !== undefined) && all.some(isAccepted)
    );
  };
  await until('an order is decided', isOver, ROUND_MS_MAX);
  // Stragglers: whatever was said is to arrive before the round is judged, question and order.
  const stragglerMs = atMs + 2 * Math.max(...round.delaysMs) + 300;
  if (stragglerMs > monotonicMs()) await pause(stragglerMs - monotonicMs());
  await until('an order that came late is decided', isOver, ROUND_MS_MAX);
  for (const { path } of both) path.slow('toBroker', 0);
  let all = both.map((giver, i) => told(board, giver, cmdIds[i] ?? ''));
  if (all.filter(isAccepted).length === 1 && finalOf(first(all))?.outcome === 'failed') {
    const { victim } = first(all);
    for (const one of all)
      if (one.giver === victim) judgeLoser(board, one, `before ${victim.host}`);
    all = [first(all), await orderAgain(board, victim)];
  }
  judgeRound(board, round, all, fromMs);
  noteSkew(board, cmdIds);
  if (weldedHost !== undefined) await rack.bench.relayFault(weldedHost, 'psu', {});
  const loser = victimOf(all);
  await nodes.ready(loser, fromMs, ROUND_MS_MAX);
  await allBeat(rack, rack.setup.hosts, ['serial', 'mqtt'], ROUND_MS_MAX);
  tally.rounds += 1;
}

/** The fence of this node failed, so it may order the other's, and gets its answer. */
async function orderAgain(board: Board, giver: Node): Promise<Told> {
  const cmdId = giveOrder(board, giver, monotonicMs() + 5);
  const isOver = (): boolean => finalOf(told(board, giver, cmdId)) !== undefined;
  await until('the second order is decided', isOver, ROUND_MS_MAX);
  return told(board, giver, cmdId);
}

function noteSkew({ nodes, tally }: Board, cmdIds: string[]): void {
  const [a, b] = cmdIds.map((cmdId) => nodes.reportOf(cmdId).sentMs);
  if (a === undefined || b === undefined) return;
  tally.skewsMs.push(b - a);
  figure('duel: between the two sendings', Math.abs(b - a));
}

const ZONES = ['UTC', 'Pacific/Chatham', 'America/St_Johns', 'Asia/Kathmandu'];

async function openBoard(stage: Stage, random: Prng, tally: Tally): Promise<Board> {
  const broker = await stage.broker();
  const years = random.pick([0, -3, 20]);
  const nodes = await startNodes(stage, {
    rack: {
      ...onBothPaths(2, broker, MILLIS),
      holdUpMs: HOLD_UP_MS,
      bootMs: BOOT_MS,
      wallAheadMs: years * 365 * 86_400_000,
    },
    brokerPort: broker.port,
    clockOf: () => ({ zone: random.pick(ZONES), leaps: random.chance(0.5) }),
  });
  const tap = await tapOf(nodes.rack);
  for (const node of nodes.both) await nodes.ready(node, 0, ROUND_MS_MAX);
  await allBeat(nodes.rack, nodes.rack.setup.hosts);
  return { nodes, tap, tally, deeds: [], heardBefore: 0 };
}

async function judgeBoard({ nodes, tap, deeds }: Board): Promise<void> {
  const { rack } = nodes;
  const records = await claimsOfRecords(rack);
  judgeClaims(rack, [...claimsOfLog(rack), ...claimsOfEvents(rack, tap.heard()), ...records]);
  judgeMoves(rack, deeds);
}

/** With one key for both nodes nobody could tell whose order it is, so no victim could be refused. */
async function sharedKeyRefused({ nodes }: Board): Promise<void> {
  const { dir } = nodes.rack;
  const [one, two] = nodes.both;
  const toml = readFileSync(join(dir, 'agent.toml'), 'utf8');
  const keys = readFileSync(join(dir, 'keys'), 'utf8');
  const check = async (text: string, keyText: string): Promise<string> => {
    writeFileSync(join(dir, 'shared-keys'), keyText, { mode: 0o600 });
    const path = join(dir, 'shared.toml');
    writeFileSync(path, text.replace(join(dir, 'keys'), join(dir, 'shared-keys')));
    const { code, stdout, stderr } = await run([built('firmware-agent/main.ts'), 'check', path]);
    assert.equal(code, 2, `check ended with ${code}: ${stdout}${stderr}`);
    return stdout + stderr;
  };
  const unbound = toml.replace(`host = "${one.host}"\nmay`, 'may');
  assert.notEqual(unbound, toml);
  const said = await check(unbound, keys);
  assert.match(said, /bound to no host/);
  assert.match(said, /Add host = "NAME" for the key of a cluster node/);
  const copied = nodes.keysOf(one).replace(one.orderer.name, two.orderer.name);
  const twice = await check(toml, keys.replace(nodes.keysOf(two), copied));
  assert.match(twice, /The key is the same as the one on line/);
  assert.match(twice, /Give every owner and number its own key/);
}

function summary(tally: Tally, seed: number): string {
  const sorted = tally.skewsMs.toSorted((a, b) => a - b);
  const at = (share: number): string =>
    (sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0).toFixed(2);
  const skew = `${at(0)} .. ${at(0.05)} .. ${at(0.5)} .. ${at(0.95)} .. ${at(1)} ms`;
  return `${tally.rounds} duels, seed ${seed}; victims: ${words(tally.victims)}; the other was told: ${words(tally.outcomes)}; skew ${skew}`;
}

const ROUNDS = given('ROUNDS', 60);

export const duel: Scenario = {
  name: 'duel',
  aboutS: 70,
  alone: true,
  limitMs: 120_000 + (ROUNDS / BOARDS) * ROUND_MS_MAX,
  run: async (stage) => {
    const seed = givenSeed();
    const tally: Tally = { rounds: 0, victims: {}, outcomes: {}, skewsMs: [] };
    const random = prng(seed);
    const boards: Board[] = [];
    await stage.promise('the nodes of six boards beat, and their orderers are ready', async () => {
      while (boards.length < BOARDS)
        boards.push(await openBoard(stage, prng(random.between(1, 1e9)), tally));
    });
    await stage.promise(
      'one key for both nodes is refused by check, with the way out',
      async () => {
        for (const board of boards.slice(0, 1)) await sharedKeyRefused(board);
      },
    );
    const title = `${ROUNDS} duels (SEED=${seed}): one victim each, and the other is told why`;
    await stage.promise(title, async () => {
      const draws = Array.from({ length: ROUNDS }, () => draw(random));
      const work = async (board: Board): Promise<void> => {
        for (let next = draws.shift(); next !== undefined; next = draws.shift()) {
          await playRound(board, next);
        }
      };
      const ends = await Promise.allSettled(boards.map(work));
      process.stdout.write(`     ${summary(tally, seed)}\n`);
      const failed = ends.find((end) => end.status === 'rejected');
      if (failed !== undefined) throw failed.reason;
    });
    await stage.promise('every word was so, and every move had its cause', async () => {
      for (const board of boards) await judgeBoard(board);
    });
    for (const { tap } of boards) await tap.close();
  },
};
