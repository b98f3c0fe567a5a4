/**
 * All scenarios: real processes in real time, over pseudo-terminals and mosquitto.
 *
 * They wait far more than they work, so two run at a time, but for those that want to be alone. Words on the command line choose those
 * whose name contains one of them. The last line is the count; with CI=true a skip is a failure.
 */
import { monotonicMs } from '../../protocol/link/timers.ts';
import { mosquittoAvailable } from '../lib/brokers/mosquitto.ts';
import { agentStopped } from './agent-stopped.ts';
import { brokerBroken, brokerStopped } from './broker-stopped.ts';
import { byTimeout } from './by-timeout.ts';
import { cablesPulled, cablesPulledOnly } from './cables-pulled.ts';
import { doctor } from './doctor.ts';
import { drills } from './drill.ts';
import { duel } from './duel.ts';
import { forgeries } from './forgeries.ts';
import { groups } from './groups.ts';
import { hostFrozen, hostsFrozenApart } from './host-frozen.ts';
import { keyRotation } from './key-rotation.ts';
import { killedAnywhere } from './killed-anywhere.ts';
import { killedLatching, killedNonLatching } from './killed-in-mid-fence.ts';
import { leaving } from './leaving.ts';
import { leftAlone, leftAloneMisled } from './left-alone.ts';
import { liars, liarsByVerdict } from './liars.ts';
import { figureTable } from './lib/figures.ts';
import { play, type Scenario, type Shown } from './lib/scenario.ts';
import { noise } from './noise.ts';
import { orders } from './orders.ts';
import { ordersOverSerial } from './orders-over-serial.ts';
import { reload } from './reload.ts';
import { restarts, restartsNonLatching } from './restarts.ts';
import { selfFence } from './self-fence.ts';
import { staleReadings } from './stale-readings.ts';
import { storage } from './storage.ts';
import { switches } from './switches.ts';
import { timers } from './timers.ts';
import { waysOut, waysOutOfLimits } from './ways-out.ts';

const SCENARIOS: Scenario[] = [
  agentStopped,
  brokerStopped,
  brokerBroken,
  cablesPulled,
  cablesPulledOnly,
  hostFrozen,
  hostsFrozenApart,
  restarts,
  restartsNonLatching,
  orders,
  ordersOverSerial,
  duel,
  forgeries,
  liars,
  liarsByVerdict,
  killedLatching,
  killedNonLatching,
  killedAnywhere,
  storage,
  reload,
  keyRotation,
  noise,
  leaving,
  groups,
  staleReadings,
  leftAlone,
  leftAloneMisled,
  doctor,
  switches,
  drills,
  selfFence,
  byTimeout,
  timers,
  waysOut,
  waysOutOfLimits,
];

const AT_A_TIME = 2;

async function main(words: string[]): Promise<void> {
  const chosen = SCENARIOS.filter(
    ({ name }) => words.length === 0 || words.some((word) => name.includes(word)),
  ).toSorted((a, b) => b.aboutS - a.aboutS);
  if (!mosquittoAvailable()) return skipAll(chosen);
  const startedAt = monotonicMs();
  const shown: Shown[] = [];
  const tell = (one: Shown): void => {
    shown.push(one);
    const word = one.failure === undefined ? 'ok  ' : 'FAIL';
    const took = `${(one.tookMs / 1_000).toFixed(1)} s`.padStart(7);
    say(`${word} ${took}  ${one.scenario}: ${one.title}`);
    if (one.failure !== undefined)
      say(`              ${one.failure.replaceAll('\n', '\n              ')}`);
  };
  for (const scenario of chosen.filter(({ alone }) => alone)) await play(scenario, tell);
  const queue = chosen.filter(({ alone }) => !alone);
  const work = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) await play(next, tell);
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, work));
  const failures = shown.filter(({ failure }) => failure !== undefined);
  say(`\n${figureTable()}\n`);
  for (const { scenario, title, failure } of failures)
    say(`FAIL ${scenario}: ${title}: ${failure}`);
  say(`${chosen.length} scenarios in ${((monotonicMs() - startedAt) / 1_000).toFixed(0)} s`);
  const passed = shown.length - failures.length;
  say(`${passed} passed, ${failures.length} failed`);
  // A story that failed may have left a client open.
  process.exit(failures.length === 0 && passed > 0 ? 0 : 1);
}

function skipAll(chosen: Scenario[]): void {
  for (const { name } of chosen)
    say(`skip          ${name}: there is no mosquitto on this machine`);
  say('To run the scenarios: apt-get install mosquitto');
  const isFailure = process.env['CI'] === 'true';
  if (isFailure) say('CI skips nothing: a machine without mosquitto fails here.');
  say(
    `0 passed, ${isFailure ? chosen.length : 0} failed, ${isFailure ? 0 : chosen.length} skipped`,
  );
  process.exitCode = isFailure ? 1 : 0;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

// Every agent and every broker has a listener for the end of this process.
process.setMaxListeners(0);
// Whoever ends this by hand leaves no agent and no broker behind: they are ended at `exit`.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130));
void main(process.argv.slice(2));
