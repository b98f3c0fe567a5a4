/** Plays one plan to its end, under the eyes of all checkers, and says how it went. */
import type { Crypto } from '../../protocol/wire/crypto.ts';
import type { Plan } from './plan.ts';
import type { Checker, Complaint, Witness, WorldFacts } from './witness.ts';
import { runOrJump } from './world/jump.ts';
import type { World } from './world/state.ts';
import { makeWorld, run } from './world/world.ts';

export interface RunSetup {
  crypto: Crypto;
  checkers: readonly Checker[];
  /** One more who looks on, and never complains. */
  watcher?: (facts: WorldFacts) => Witness;
  log?: (line: string) => void;
  /** Quiet stretches are stepped, too. */
  noJumps?: boolean;
}

export interface Outcome {
  seed: number;
  complaints: Complaint[];
  /** The trace of the run: equal for equal runs, on any machine. */
  hash: string;
  /** Simulated time, and how much of it was jumped. */
  simMs: number;
  jumpedMs: number;
  hosts: number;
  counts: Readonly<Record<string, number>>;
}

/** Complaints of one run beyond this number say nothing new. */
const COMPLAINTS_MAX = 20;

export function runPlan(
  plan: Plan,
  { crypto, checkers, watcher, log, noJumps = false }: RunSetup,
): Outcome {
  const complaints: Complaint[] = [];
  const facts: WorldFacts = {
    seed: plan.seed,
    settings: settingsOf(plan),
    holdUpMs: new Map(plan.hosts.map(({ settings, holdUpMs }) => [settings.host, holdUpMs])),
    clockError: clockErrorOf(plan),
  };
  const complain = (complaint: Complaint): void => {
    if (complaints.length < COMPLAINTS_MAX) complaints.push(complaint);
    log?.(`!! ${complaint.rule} ${complaint.sentence}`);
  };
  const witnesses = checkers.map((checker) => checker(facts, complain));
  if (watcher !== undefined) witnesses.push(watcher(facts));
  let world: World | undefined;
  const say = log && ((line: string) => log(`${(world?.now ?? 0).toFixed(0).padStart(9)} ${line}`));
  world = makeWorld(plan, { crypto, witnesses, ...(say === undefined ? {} : { log: say }) });
  // A lease is looked at again and again, each time at another point of its life.
  const steps = noJumps || plan.hosts.some(({ ends }) => ends !== undefined);
  const jumpedMs = steps ? stepAll(world, plan.endAt) : runOrJump(world, plan.endAt);
  for (const witness of witnesses) witness.end?.(world.now);
  for (const sentence of world.broken) {
    complaints.push({ rule: 'assert', at: world.now, sentence });
  }
  return {
    seed: plan.seed,
    complaints,
    hash: hashOf(world),
    simMs: plan.endAt,
    jumpedMs,
    hosts: plan.hosts.length,
    counts: Object.fromEntries(world.counts),
  };
}

function stepAll(world: World, until: number): number {
  run(world, until);
  return 0;
}

/** By how much two of its clocks may run apart at worst, as a share. */
function clockErrorOf({ board, hosts, schedule }: Plan): number {
  const drifts = schedule.map(({ with: more }) => Math.abs(Number(more['ppm'] ?? 0)));
  const usual = [board, ...hosts].map(({ fastPpm }) => Math.abs(fastPpm));
  return (2 * Math.max(0, ...drifts, ...usual)) / 1e6;
}

function settingsOf(plan: Plan): WorldFacts['settings'] {
  const { agent, brokerOnBoard, matchHoldMs } = plan.board;
  return {
    ...{ agent, name: 'board', brokerOnBoard },
    ...(matchHoldMs > 0 ? { matchHoldMs } : {}),
    hosts: plan.hosts.map(({ settings }) => settings),
    orderers: plan.orderers,
  };
}

function hashOf({ hash }: World): string {
  const hex = (word: number): string => (word >>> 0).toString(16).padStart(8, '0');
  return hex(hash.a) + hex(hash.b);
}
