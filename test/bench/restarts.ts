/**
 * The agent is killed and started again, thousands of times if wanted, while eight hosts beat on.
 *
 * Once is a matter of course; what shows only after thousands is a session that is lost, a state file
 * that grows, a beat that falls on the one instant at which nobody listens. Each kill comes at a drawn
 * moment of a keepalive, after the hosts themselves were answered again on every path. What moved
 * is told by the log of the bench. ROUNDS and SEED are yours to give.
 */
import { monotonicMs } from '../../protocol/link/timers.ts';
import { prng } from '../lib/prng.ts';
import { pause, until } from '../lib/until.ts';
import { given, givenSeed } from '../scenario/lib/given.ts';
import { most, type Section, TAIL_HEAD, tailCells } from './section.ts';
import { openSite } from './site.ts';
import { tailOf } from './spread.ts';

const ROUNDS = given('ROUNDS', 40);
const HOSTS = 8;
const PATHS = 2 * HOSTS;
const KEEPALIVE_MS = 200;
const TIMING = ['warntime = "1500ms"', 'deadtime = "3s"', 'initdead = "6s"'];
/** L5: two beacons and three delays of the slowest channel. */
const BACK_MS = 2 * KEEPALIVE_MS + 3 * 500;
const BACK_MS_MAX = 30_000;
const TELL_EVERY = 500;

/** Kills and starts one agent so many times. */
export async function measureRestarts(
  node: string,
  tell: (what: string) => void,
): Promise<Section> {
  const seed = givenSeed();
  tell(`${ROUNDS} kills and starts before ${HOSTS} hosts, SEED=${seed}`);
  const random = prng(seed);
  const site = await openSite({
    ...{ hostCount: HOSTS, keepaliveMs: KEEPALIVE_MS, node, timing: TIMING },
  });
  const readyMs: number[] = [];
  const backMs: number[] = [];
  let verdicts = 0;
  let agent = site.startAgent();
  await agent.line('"started"');
  await site.load('begin');
  for (let round = 0; round <= ROUNDS; round += 1) {
    const { atMs } = await agent.line('"listening: ');
    readyMs.push(atMs - agent.spawnedAtMs);
    await site.load('mark');
    const isBack = async (): Promise<boolean> => (await site.load('count')).answered === PATHS;
    await until('every host is answered on every path', isBack, BACK_MS_MAX);
    backMs.push(monotonicMs() - atMs);
    await pause(random.next() * KEEPALIVE_MS);
    verdicts += agent.lines.filter(({ text }) => text.includes('"code":"dead"')).length;
    if (round === ROUNDS) break;
    process.kill(agent.pid, 'SIGKILL');
    await agent.gone;
    agent = site.startAgent([], 'remembers');
    if (round % TELL_EVERY === TELL_EVERY - 1) tell(`${round + 1}: ${site.moved()} moved`);
  }
  const moved = site.moved();
  await agent.end();
  await site.close();
  const back = tailOf(backMs);
  return {
    name: 'restarts',
    title: `${ROUNDS} kills of the agent before ${HOSTS} hosts on both paths, ms; SEED=${seed}`,
    head: TAIL_HEAD,
    rows: [
      ['exec to "listening"', ...tailCells(tailOf(readyMs))],
      ['from there to all answered on both paths', ...tailCells(back)],
    ],
    verdicts: [
      most(`contacts that ${ROUNDS} kills moved`, moved, 0),
      most(`verdicts in ${ROUNDS + 1} lives`, verdicts, 0),
      most('ms until a life had answered all, at most', back.max, BACK_MS),
    ],
    figures: { readyMs, backMs },
  };
}
