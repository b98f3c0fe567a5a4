/**
 * What others would use instead, beside ours, in one run on one machine: Heartbeat, corosync,
 * Pacemaker, sbd, Node-RED and fence_ipmilan, all installed and started by this bench (enter.sh).
 *
 * It prints each figure with its spread; what could not be had is skipped, what did not run has failed,
 * and neither has a figure. Exit code: 0 all was measured and our bars hold, 1 something failed,
 * 2 wrong use or a machine on which it cannot run, 3 something was skipped.
 *
 *   main.cjs [--json] [--minutes=10] [words of parts]
 */
import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { attemptSync } from '../../../protocol/attempt.ts';
import { monotonicMs } from '../../../protocol/link/timers.ts';
import { mosquittoAvailable } from '../../lib/brokers/mosquitto.ts';
import { machineOf } from '../machine.ts';
import { printMachine, printSections, printVerdicts } from '../report.ts';
import { measureDeadtime } from './deadtime.ts';
import { measureDetection } from './detection.ts';
import { measureFencing } from './fencing.ts';
import { measureFootprint } from './footprint.ts';
import type { Outcome, Part } from './outcome.ts';

interface Options {
  json: boolean;
  minutes: number;
  parts: readonly string[];
}

type Measure = (ms: number, tell: (what: string) => void) => Promise<Part>;

/** Each part with its share of the time. */
const PARTS: readonly { name: string; share: number; measure: Measure }[] = [
  { name: 'detection', share: 0.42, measure: measureDetection },
  { name: 'deadtime', share: 0.3, measure: measureDeadtime },
  { name: 'footprint', share: 0.16, measure: measureFootprint },
  { name: 'fencing', share: 0.12, measure: measureFencing },
];
const MINUTE_MS = 60_000;
const EXIT = { done: 0, failed: 1, refused: 2, skipped: 3 } as const;

async function main({ json, minutes, parts }: Options): Promise<void> {
  const wanted = PARTS.filter(
    ({ name }) => parts.length === 0 || parts.some((word) => name.includes(word)),
  );
  if (wanted.length === 0) {
    return refuse(`there is no such part; there are ${PARTS.map(({ name }) => name).join(', ')}`);
  }
  if (process.pid === 1 || process.getuid?.() !== 0 || !mosquittoAvailable()) {
    return refuse('this runs inside enter.sh, with mosquitto there; remedy: make bench-peers');
  }
  const machine = machineOf(process.execPath);
  const startedAtMs = monotonicMs();
  const done: Part[] = [];
  for (const { name, share, measure } of wanted) {
    const tell = (what: string): void => {
      const seconds = ((monotonicMs() - startedAtMs) / 1_000).toFixed(0);
      process.stderr.write(`  ${seconds.padStart(4)} s  ${name}: ${what} ...\n`);
    };
    done.push(await measure(share * minutes * MINUTE_MS, tell));
  }
  machine.loadAtEnd = loadavg()[0] ?? 0;
  const sections = done.map(({ section }) => section);
  const outcomes = done.flatMap((part) => part.outcomes);
  const verdicts = sections.flatMap((section) => section.verdicts);
  const lost = { failed: whysOf(outcomes, 'failed'), skipped: whysOf(outcomes, 'skipped') };
  if (json) {
    const report = { machine, sections, verdicts, ...lost };
    process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
  } else {
    printMachine(machine);
    printSections(sections);
    printVerdicts(verdicts);
    for (const why of lost.failed) say(`FAIL not measured: ${why}`);
    for (const why of lost.skipped) say(`skip ${why}`);
    const passed = verdicts.filter(({ ok }) => ok).length;
    const failed = verdicts.length - passed + lost.failed.length;
    say(`\n${passed} passed, ${failed} failed, ${lost.skipped.length} skipped`);
  }
  const missed = lost.failed.length > 0 || verdicts.some(({ ok }) => !ok);
  const ended = missed ? 'failed' : lost.skipped.length > 0 ? 'skipped' : 'done';
  // What a failed measurement may have left ends with us (enter.sh); it must not keep us.
  process.stdout.write('', () => process.exit(EXIT[ended]));
}

function whysOf(outcomes: readonly Outcome<unknown>[], is: 'failed' | 'skipped'): string[] {
  return outcomes.flatMap((one) =>
    one.is === is && 'why' in one ? [`${one.of}: ${one.why}`] : [],
  );
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function refuse(why: string): void {
  process.stderr.write(`peers: ${why}\n`);
  process.exitCode = EXIT.refused;
}

function optionsOf(args: string[]): Options {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { json: { type: 'boolean' }, minutes: { type: 'string' } },
  });
  const minutes = Number(values.minutes ?? '10');
  if (!(minutes >= 1 && minutes <= 1_440)) {
    throw new Error(`--minutes must be a number from 1 to 1440, not "${values.minutes}"`);
  }
  return { json: values.json === true, minutes, parts: positionals };
}

const options = attemptSync(() => optionsOf(process.argv.slice(2)));
if (options.ok) void main(options.value);
else refuse(options.detail);
