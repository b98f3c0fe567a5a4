/**
 * The agent is killed at every call by which it changes the world, and started again.
 *
 * Each stage of its life is played once and followed by strace, which gives the points (points.ts);
 * then once a point with a trap there, after which the next life is judged (judge.ts). What a trap
 * really hit is read from its own trace: between two runs a sample more or less lets it spring at a
 * neighbour, which is judged as well, and the point is tried again.
 *
 *   POINTS=all | sample     LIST=1 says the points and kills nobody     main.cjs [words of a stage[/of a point]]
 */
import { join } from 'node:path';
import { monotonicMs } from '../../protocol/link/timers.ts';
import { mosquittoAvailable } from '../lib/brokers/mosquitto.ts';
import { judgeEnd, judgePoint, type Killed, storedState } from './judge.ts';
import { CHANGES, changeKeys, keysPoints, killKeys } from './keys-tool.ts';
import { aimedAnew, lastDeed, type Phase, type Point, pointsOf, trapOf } from './points.ts';
import { endedWithin, freshLife, killAgent, type Line, openSite, type Site } from './site.ts';
import { knownPaths, STAGES, type Stage } from './stages.ts';
import { killOver, STORAGES } from './storage.ts';
import { callsOf, follow, type Trap, underStrace, whyNoStrace } from './strace.ts';

/** A save may wait a second, and so may what follows from it. */
const LAST_DEEDS_MS = 1_500;
const TRIES_MAX = 3;

interface Job {
  stage: Stage;
  point: Point;
}

interface Played {
  isKilled: boolean;
  killed: Killed;
}

/** Plays a stage from a fresh life on, with or without a trap. */
async function playStage(
  site: Site,
  stage: Stage,
  file: string,
  trapFor: (site: Site) => Trap | undefined,
): Promise<Played> {
  await freshLife(site);
  await stage.prepare(site);
  const trap = trapFor(site);
  const { counter } = storedState(site);
  const fromMs = monotonicMs();
  if (!stage.runs) site.rack.launchAgent(underStrace(file, trap));
  const follower = stage.runs ? await follow(site.rack.agent.pid, file, trap) : undefined;
  const acted = stage.act(site).catch((thrown: Error) => thrown);
  const failure = await acted;
  if (failure instanceof Error && trap === undefined) throw failure;
  const isKilled = await endedWithin(site, LAST_DEEDS_MS);
  if (!isKilled) await follower?.detach();
  return { isKilled, killed: { fromMs, atMs: monotonicMs(), counter } };
}

interface Tried {
  point: Point;
  /** What the trap hit; undefined where it never sprang. */
  hit: string | undefined;
  isMeant: boolean;
  failure: string | undefined;
  left: string;
  tookMs: number;
}

/** One trap: the agent is killed at it, started again and judged. */
async function tryPoint(site: Site, { stage, point }: Job): Promise<Tried> {
  const startedAt = monotonicMs();
  const file = join(site.rack.dir, 'trace');
  const tried = { point, hit: undefined as string | undefined, isMeant: false, left: '-' };
  let failure: string | undefined;
  try {
    const { isKilled, killed } = await playStage(site, stage, file, () =>
      trapOf(point, knownPaths(stage, site)),
    );
    if (!isKilled) await killAgent(site);
    const deed = isKilled ? lastDeed(callsOf(file), point.syscall) : undefined;
    const phase = phaseNow(site, killed.fromMs);
    tried.hit = isKilled ? `${phase}: ${deed?.name ?? point.syscall}` : undefined;
    tried.isMeant = deed?.name === point.name && isSamePhase(phase, point);
    tried.left = await judgePoint(site, stage, killed);
    await judgeEnd(site);
    await stage.tidy?.(site);
  } catch (thrown) {
    failure = thrown instanceof Error ? thrown.message : String(thrown);
  }
  return { ...tried, failure, tookMs: monotonicMs() - startedAt };
}

/** Files and the log have a thread of their own, for which the end of the dark is no instant. */
function isSamePhase(phase: Phase, point: Point): boolean {
  const isLater = phase !== 'start' && point.phase !== 'start';
  return phase === point.phase || (isLater && point.kind !== 'relays');
}

/** What the relays were told last in the stage, by the bench. */
function phaseNow({ rack }: Site, fromMs: number): Phase {
  const told = rack.bench.log().findLast((e) => e.kind === 'command' && e.atMs > fromMs);
  if (told?.kind !== 'command') return 'start';
  return told.to === 'open' ? 'dark' : 'after';
}

interface Sum {
  passed: number;
  failed: number;
  /** Points whose trap hit what was meant. */
  meant: number;
  points: number;
}

interface Run {
  /** Only stages whose name holds this, ... */
  words: string;
  /** ... and of them only points whose name does. */
  pointWords: string;
  isAll: boolean;
  isList: boolean;
  sum: Sum;
}

/** All points of the stages that this line plays, one after the other, on a site of its own. */
async function playLine(line: Line, run: Run): Promise<void> {
  const stages = STAGES.filter(
    ({ lines, name }) => lines.includes(line) && name.includes(run.words),
  );
  let site = stages.length === 0 ? undefined : await openSite(line);
  for (const stage of stages) {
    if (site === undefined) break;
    const listed = await listPoints(site, stage);
    const chosen = run.isAll ? listed : sampleOf(listed);
    const points = chosen.filter(({ name }) => name.includes(run.pointWords));
    say(`     ${stage.name}, ${line}: ${points.length} of ${listed.length} points`);
    if (run.isList) for (const { phase, name } of points) say(`       ${phase}: ${name}`);
    else for (const point of points) site = await killAt(site, { stage, point }, run.sum);
  }
  await site?.close();
  if (run.isList) return;
  const isForStorage = run.isAll || line === 'latching';
  if (isForStorage && 'storage'.includes(run.words)) await playStorages(line, run.sum);
  if (line === 'latching' && 'keys-tool'.includes(run.words)) await playKeysTool(run.sum);
}

/** Tries a point until the trap springs where it was meant to; gives the site for the next one. */
async function killAt(first: Site, job: Job, sum: Sum): Promise<Site> {
  const site = first;
  sum.points += 1;
  let { point } = job;
  const triesMax = point.kind === 'relays' ? TRIES_MAX : 2;
  for (let tries = 0; tries < triesMax; tries += 1) {
    const tried = await tryPoint(site, { ...job, point });
    tell(job.stage, site.line, tried);
    if (tried.isMeant) sum.meant += 1;
    if (tried.failure === undefined) sum.passed += 1;
    else {
      sum.failed += 1;
      await site.close('keep');
      say(`              kept for a look: ${site.rack.dir}`);
      return openSite(site.line);
    }
    if (tried.isMeant) break;
    point = aimedAnew(point, callsOf(join(site.rack.dir, 'trace')));
  }
  return site;
}

async function playStorages(line: Line, sum: Sum): Promise<void> {
  for (const storage of STORAGES) {
    await settle(sum, `storage ${storage.name}, ${line}: killed in mid-fence`, () =>
      killOver(line, storage),
    );
  }
}

async function playKeysTool(sum: Sum): Promise<void> {
  const site = await openSite('latching');
  for (const change of CHANGES) {
    for (const point of await keysPoints(site, change)) {
      await settle(sum, `fencepost keys ${change}: ${point.name}`, () =>
        killKeys(site, change, point),
      );
    }
    await changeKeys(site, change);
  }
  await site.close();
}

async function settle(sum: Sum, title: string, check: () => Promise<unknown>): Promise<void> {
  const startedAt = monotonicMs();
  sum.points += 1;
  sum.meant += 1;
  const failure = await check().then(
    () => undefined,
    (thrown: unknown) => (thrown instanceof Error ? thrown.message : String(thrown)),
  );
  if (failure === undefined) sum.passed += 1;
  else sum.failed += 1;
  sayVerdict(title, failure, monotonicMs() - startedAt);
}

async function listPoints(site: Site, stage: Stage): Promise<Point[]> {
  const file = join(site.rack.dir, 'trace');
  await playStage(site, stage, file, () => undefined);
  const points = pointsOf(callsOf(file), stage.known);
  await stage.tidy?.(site);
  return points;
}

/** Deeds on relays and disk, where the order of steps is what counts; of others, the first of a kind. */
function sampleOf(points: readonly Point[]): Point[] {
  const kinds = new Set<string>();
  return points.filter(({ name, kind }) => {
    const isStep = /turn|fsync state slot|json/.test(name);
    const isFirst = !kinds.has(kind);
    kinds.add(kind);
    return isStep || isFirst;
  });
}

function tell(stage: Stage, line: Line, tried: Tried): void {
  const { point, hit, isMeant, failure, left, tookMs } = tried;
  const meant = `${point.phase}: ${point.name}`;
  const where = isMeant ? meant : `${meant} (${hit === undefined ? 'not reached' : `hit ${hit}`})`;
  sayVerdict(`${stage.name}, ${line}, ${where}; left: ${left}`, failure, tookMs);
}

function sayVerdict(title: string, failure: string | undefined, tookMs: number): void {
  const took = `${(tookMs / 1_000).toFixed(1)} s`.padStart(7);
  say(`${failure === undefined ? 'ok  ' : 'FAIL'} ${took}  ${title}`);
  if (failure !== undefined) say(`              ${failure.replaceAll('\n', '\n              ')}`);
}

async function main(): Promise<void> {
  const missing = whyNoStrace() ?? (mosquittoAvailable() ? undefined : NO_MOSQUITTO);
  if (missing !== undefined) {
    say(missing);
    say('0 passed, 1 failed');
    process.exitCode = 1;
    return;
  }
  const sum: Sum = { passed: 0, failed: 0, meant: 0, points: 0 };
  const startedAt = monotonicMs();
  const [words = '', pointWords = ''] = (process.argv[2] ?? '').split('/');
  const run: Run = {
    words,
    pointWords,
    isAll: process.env['POINTS'] === 'all',
    isList: process.env['LIST'] === '1',
    sum,
  };
  const played = await Promise.allSettled(LINES.map((line) => playLine(line, run)));
  for (const one of played) {
    if (one.status === 'fulfilled') continue;
    sum.failed += 1;
    say(`FAIL          the stages do not run: ${one.reason}`);
  }
  const tookS = ((monotonicMs() - startedAt) / 1_000).toFixed(0);
  say(`${sum.points} points, of which ${sum.meant} were hit as meant, in ${tookS} s`);
  say(`${sum.passed} passed, ${sum.failed} failed`);
  process.exit(sum.failed === 0 && (sum.passed > 0 || run.isList) ? 0 : 1);
}

const LINES: readonly Line[] = ['latching', 'non-latching'];
const NO_MOSQUITTO = 'There is no mosquitto on this machine. Remedy: apt-get install mosquitto';

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

// One thread for files, in everything that is started here: the order of their calls is then that of the program.
process.env['UV_THREADPOOL_SIZE'] = '1';
process.setMaxListeners(0);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130));
void main();
