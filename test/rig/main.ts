/**
 * All stories on emulated hardware, one after the other: words on the command line choose those whose
 * name contains one of them. What happened in each lies in dist/rig/logs afterwards, and the timeline
 * of one that failed is printed. The last line is the count.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { monotonicMs } from '../../protocol/link/timers.ts';
import { isSetUp } from './lib/machines.ts';
import { play, type Scenario, type Shown } from './lib/scenario.ts';
import { boardReset, cablePulled, reboot } from './scenarios/alive.ts';
import { frozen, order, panic, raspi, twoSupplies, userland } from './scenarios/dead.ts';
import { agentKilled, agentKilledRaspi, senseBroken, welded } from './scenarios/faults.ts';

const SCENARIOS: Scenario[] = [
  ...[panic, frozen, userland, order, reboot, agentKilled, boardReset],
  ...[cablePulled, welded, senseBroken, twoSupplies, raspi, agentKilledRaspi],
];

const LOGS = 'dist/rig/logs';

async function main(words: string[]): Promise<void> {
  if (!isSetUp()) return noGuests();
  const chosen = SCENARIOS.filter(
    ({ name }) => words.length === 0 || words.some((word) => name.includes(word)),
  );
  const startedAt = monotonicMs();
  const shown: Shown[] = [];
  for (const scenario of chosen) {
    const logs = join(LOGS, scenario.name);
    const before = shown.length;
    await play(scenario, logs, (one) => {
      shown.push(one);
      tell(one);
    });
    const failed = shown.slice(before).some(({ failure }) => failure !== undefined);
    if (failed || chosen.length === 1) say(readFileSync(join(logs, 'timeline.txt'), 'utf8'));
  }
  const failures = shown.filter(({ failure }) => failure !== undefined);
  const took = ((monotonicMs() - startedAt) / 1_000).toFixed(0);
  say(`\n${chosen.length} stories in ${took} s; timelines and consoles in ${LOGS}`);
  const passed = shown.length - failures.length;
  say(`${passed} passed, ${failures.length} failed`);
  process.exit(failures.length === 0 && passed > 0 ? 0 : 1);
}

function tell({ scenario, title, tookMs, failure }: Shown): void {
  const took = `${(tookMs / 1_000).toFixed(1)} s`.padStart(7);
  say(`${failure === undefined ? 'ok  ' : 'FAIL'} ${took}  ${scenario}: ${title}`);
  if (failure !== undefined) say(`              ${failure.replaceAll('\n', '\n              ')}`);
}

function noGuests(): void {
  say(
    'The guests are not there; test/rig/setup/setup.sh, which `make rig` runs first, fetches them.',
  );
  say('0 passed, 1 failed');
  process.exitCode = 1;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

// Whoever ends this by hand leaves no emulator behind: they are ended at `exit`.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130));
process.setMaxListeners(0);
void main(process.argv.slice(2));
