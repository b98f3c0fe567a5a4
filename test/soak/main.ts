/**
 * An hour of a board's life in fast motion (life.ts), and whether memory or descriptors of agent and shim
 * grow in it.
 *
 * A slope is known as well as the run is long, so each is shown with its interval; what fails is growth
 * that is certain. The first quarter is left out: until then compilers and caches fill.
 *
 *   MINUTES=60 main.cjs
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { every, monotonicMs } from '../../protocol/link/timers.ts';
import { machineOf } from '../bench/machine.ts';
import { judged, print, type Report, type Verdict } from '../bench/report.ts';
import { most, type Section } from '../bench/section.ts';
import { spreadOf } from '../bench/spread.ts';
import { type Mosquitto, mosquittoBroker } from '../lib/brokers/mosquitto.ts';
import { type Rack, startRack } from '../lib/rack.ts';
import { pause } from '../lib/until.ts';
import { given } from '../scenario/lib/given.ts';
import { allBeat } from '../scenario/lib/hearing.ts';
import { judgeRack, linesOf } from '../scenario/lib/judge.ts';
import { type Deeds, fillRecords, HOSTS, LASTING, liveOn, noDeeds, TIMING } from './life.ts';
import { hookHeaps, type Probe, probeOf } from './probe.ts';
import { type Sample, slopeOf } from './slope.ts';

const MINUTES = given('MINUTES', 60);
const MINUTES_MIN = 10;
const SAMPLE_MS = 5_000;
/** All that was opened is closed again by then. */
const QUIET_MS = 2_000;
const WARMING_SHARE = 0.25;
const MIB_A_DAY_MAX = 1;

async function main(): Promise<void> {
  if (MINUTES < MINUTES_MIN) throw new Error(`less than ${MINUTES_MIN} minutes show no slope`);
  const report: Report = { machine: machineOf(process.execPath), sections: [] };
  const dir = mkdtempSync(join(tmpdir(), 'fencepost-soak-'));
  hookHeaps(dir);
  const broker = await mosquittoBroker();
  const rack = await startRack({
    ...{ hosts: HOSTS, timing: TIMING, broker: { url: broker.url, protocol: 5 } },
    ...{ holdUpMs: 100, bootMs: 100, prepare: fillRecords },
  });
  await allBeat(rack, HOSTS);
  const probes = [probeOf('agent', rack.agent.pid, dir)];
  for (const host of LASTING) {
    const { pid } = await rack.bench.truth(host);
    probes.push(probeOf(`shim of ${host}`, pid ?? 0, dir));
  }
  const deeds = noDeeds();
  const failure = await soak(rack, broker, probes, deeds).then(
    () => undefined,
    (thrown: Error) => thrown.message,
  );
  report.sections.push(
    sectionOf(probes, deeds, [...(failure === undefined ? [] : [failure]), ...untrue(rack, deeds)]),
  );
  report.machine.loadAtEnd = machineOf(process.execPath).load;
  await rack.close();
  await broker.close();
  rmSync(dir, { recursive: true });
  const verdicts = judged(report);
  print(report, verdicts);
  process.exitCode = verdicts.every(({ ok }) => ok) ? 0 : 1;
}

/** Lives on round by round; what is looked at in between is looked at when all is quiet. */
async function soak(
  rack: Rack,
  broker: Mosquitto,
  probes: readonly Probe[],
  deeds: Deeds,
): Promise<void> {
  const startedAt = monotonicMs();
  const pages = every(SAMPLE_MS, () => {
    for (const probe of probes) probe.lookAtPages();
  });
  try {
    for (let forMs = 0; forMs < MINUTES * 60_000; forMs = monotonicMs() - startedAt) {
      await liveOn({ rack, broker }, deeds, forMs);
      await pause(QUIET_MS);
      for (const probe of probes) await probe.look();
      tellProgress(deeds, probes);
    }
  } finally {
    pages.cancel();
  }
}

function tellProgress(deeds: Deeds, [agent]: readonly Probe[]): void {
  if (deeds.rounds % 10 > 0) return;
  const [heap, rss] = [agent?.heap.at(-1), agent?.rss.at(-1)].map((last) => last?.value.toFixed(2));
  process.stderr.write(`  ${words(deeds)}; agent: heap ${heap}, RSS ${rss} MiB\n`);
}

/** What was said and was not so, and verdicts that nobody caused. */
function untrue(rack: Rack, deeds: Deeds): string[] {
  const found: string[] = [];
  try {
    judgeRack(rack);
  } catch (thrown) {
    found.push((thrown as Error).message);
  }
  const verdicts = linesOf(rack, 'dead').length;
  if (verdicts !== deeds.byVerdict) found.push(`${verdicts} verdicts, ${deeds.byVerdict} caused`);
  return found;
}

function sectionOf(probes: readonly Probe[], deeds: Deeds, failures: readonly string[]): Section {
  const rows: string[][] = [];
  const verdicts: Verdict[] = [most('promises that were broken', failures.length, 0)];
  for (const { name, rss, heap, descriptors } of probes) {
    const grown = { RSS: warm(rss), heap: warm(heap) };
    for (const [what, samples] of Object.entries(grown)) {
      const { perDay, plusMinus } = slopeOf(samples);
      rows.push([
        `${name}: ${what}, MiB`,
        ...span(samples, 2),
        perDay.toFixed(2),
        plusMinus.toFixed(2),
      ]);
      const promise = `MiB a day that ${what} of the ${name} grows for certain`;
      verdicts.push(most(promise, perDay - plusMinus, MIB_A_DAY_MAX));
    }
    const open = warm(descriptors);
    rows.push([`${name}: open descriptors`, ...span(open, 0)]);
    const more = (open.at(-1)?.value ?? 0) - (open[0]?.value ?? 0);
    verdicts.push(most(`descriptors of the ${name} more at the end`, more, 0));
  }
  return {
    name: 'soak',
    title: `${words(deeds)}; heap is what is left after a collection`,
    head: ['min', 'median', 'max', 'n', 'a day', '+-, 95 %'],
    rows: [...rows, ...failures.map((failure) => [failure])],
    verdicts,
    figures: { deeds, probes },
  };
}

function words({ rounds, byOrder, byVerdict, orders, brokerLost, cables }: Deeds): string {
  const fences = `${byOrder} fences by order and ${byVerdict} by verdict`;
  return `${rounds} rounds: ${fences}, ${orders} orders and questions, broker ${brokerLost} times and cable ${cables} times away`;
}

function warm(samples: readonly Sample[]): Sample[] {
  return samples.slice(Math.ceil(WARMING_SHARE * samples.length));
}

function span(samples: readonly Sample[], digits: number): string[] {
  const { min, median, max, count } = spreadOf(samples.map(({ value }) => value));
  return [...[min, median, max].map((value) => value.toFixed(digits)), String(count)];
}

// Every agent and every broker has a listener for the end of this process.
process.setMaxListeners(0);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130));
void main();
