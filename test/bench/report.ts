/** What the bench found, held against its limits and set for people. */
import type { Guarding, StartTimes } from './measure.ts';
import type { Memory } from './proc.ts';
import type { Section } from './section.ts';
import type { Size } from './sizes.ts';
import type { Spread } from './spread.ts';

export interface Report {
  machine: {
    processor: string;
    cores: number;
    memoryGib: number;
    kernel: string;
    /** Processes that wanted to run in the last minute, when the bench began. */
    load: number;
    /** The same when it was over. */
    loadAtEnd: number;
    /** Version of the Node under which the agent ran. */
    node: string;
  };
  /** Absent where only other parts were wanted. */
  board?: BoardReport;
  sections: Section[];
}

export interface BoardReport {
  sizes: Size[];
  starts: StartTimes[];
  guarding: Guarding[];
  /** A Node with nothing of ours, started in turn with the agent. */
  bare: { wall: Spread; own: Spread; memory: Memory };
}

export interface Verdict {
  what: string;
  value: number;
  /** The most that is good, or the least where `least` is true. */
  limit: number;
  least: boolean;
  ok: boolean;
}

/** A board's storage and its reader both want it small. */
const AGENT_BYTES_MAX = 300_000;
const START_MS_MAX = 120;
/** 62 MiB are taken on Node 24 by ports and broker alone, with none of our code. */
const RSS_MIB_MAX = 72;
/** A round may pass between two beats; more that is not acknowledged was not heard. */
const ACKNOWLEDGED_MIN = 0.97;

/** Every promise with what became of it. */
export function judged({ board, sections }: Report): Verdict[] {
  const ofBoard = board === undefined ? [] : judgedBoard(board);
  return [...ofBoard, ...sections.flatMap(({ verdicts }) => verdicts)];
}

function judgedBoard({ sizes, starts, guarding }: BoardReport): Verdict[] {
  const most = (what: string, value: number, limit: number): Verdict => ({
    ...{ what, value, limit, least: false, ok: value <= limit },
  });
  const agent = sizes.filter(({ program }) => program === 'fencepost-agent');
  return [
    ...agent.map((one) =>
      most('bytes of JavaScript of the agent', one.scriptBytes, AGENT_BYTES_MAX),
    ),
    ...starts.map(({ hosts, own }) =>
      most(`own ms to listening with ${hosts} hosts, median`, own.median, START_MS_MAX),
    ),
    ...guarding.flatMap((run) => [
      most(`MiB of RSS with ${run.hosts} hosts, the most of all seconds`, run.rss.max, RSS_MIB_MAX),
      {
        what: `share of the beats of ${run.hosts} hosts that was acknowledged`,
        value: run.heard.acknowledged / run.heard.sent,
        ...{ limit: ACKNOWLEDGED_MIN, least: true },
        ok: run.heard.acknowledged >= ACKNOWLEDGED_MIN * run.heard.sent,
      },
      most(`stalls and complaints with ${run.hosts} hosts`, run.complaints.length, 0),
      most(`contacts moved with ${run.hosts} hosts`, run.contactsMoved, 0),
    ]),
  ];
}

/** Prints all figures, then the verdicts. */
export function print({ machine, board, sections }: Report, verdicts: readonly Verdict[]): void {
  printMachine(machine);
  if (board !== undefined) printBoard(board);
  printSections(sections);
  printVerdicts(verdicts);
  const missed = verdicts.filter(({ ok }) => !ok).length;
  say(`\n${verdicts.length - missed} passed, ${missed} failed`);
}

/** Says where it was measured, and whether anything else ran there. */
export function printMachine(machine: Report['machine']): void {
  const { load, loadAtEnd } = machine;
  say(
    `agent under Node ${machine.node.replace(/^v/, '')}; ${machine.processor}, ${machine.cores} cores,`,
  );
  say(
    `${machine.memoryGib} GiB, Linux ${machine.kernel}, load ${load.toFixed(2)} at the start, ${loadAtEnd.toFixed(2)} at the end`,
  );
  if (Math.max(load, loadAtEnd) > machine.cores)
    say('The machine is busy: all times are longer than they need be.');
}

/** Prints the table of each. */
export function printSections(sections: readonly Section[]): void {
  for (const { title, head, rows } of sections) {
    say(`\n${title}`);
    say(row('', ...head));
    for (const [name = '', ...cells] of rows) say(row(`  ${name}`, ...cells));
  }
  say('');
}

/** Prints a line for each. */
export function printVerdicts(verdicts: readonly Verdict[]): void {
  for (const verdict of verdicts) say(verdictLine(verdict));
}

function printBoard({ sizes, starts, guarding, bare }: BoardReport): void {
  say('\nminified JavaScript, every file that the program loads');
  for (const size of sizes) say(sizeLine(size));
  say(`\n${row('from exec, ms', 'min', 'median', 'max', 'runs')}`);
  say(row('  node -e, to its first line', ...spreadCells(bare.wall)));
  say(row('    less its waiting for a processor', ...spreadCells(bare.own)));
  for (const { hosts, wall, own, beyondNode } of starts) {
    say(row(`  agent with ${hosts} hosts, to "listening"`, ...spreadCells(wall)));
    say(row('    less its waiting for a processor', ...spreadCells(own)));
    say(row('    and less a bare Node, pair by pair', ...spreadCells(beyondNode)));
  }
  say(`\n${row('memory, MiB', 'RSS', 'peak', 'anonymous')}`);
  say(row('  node that only waits', ...memoryCells(bare.memory)));
  for (const { hosts, seconds, memory } of guarding) {
    say(row(`  agent with ${hosts} hosts, after ${seconds} s`, ...memoryCells(memory)));
  }
  for (const run of guarding) printRun(run);
}

function printRun(run: Guarding): void {
  const { hosts, seconds, rss, cpuSeconds, heard, stalls, complaints } = run;
  const share = ((100 * cpuSeconds) / seconds).toFixed(1);
  say(
    `\n${hosts} hosts at 1 Hz, each on a pseudo-terminal and over mosquitto (MQTT 5), for ${seconds} s`,
  );
  say(
    `  RSS at each second   ${rss.min.toFixed(1)} to ${rss.max.toFixed(1)}, median ${rss.median.toFixed(1)} MiB`,
  );
  say(`  processor            ${cpuSeconds.toFixed(2)} s, ${share} % of one core`);
  say(
    `  beats                ${heard.sent} sent, ${heard.acknowledged} acknowledged, on ${heard.inContact} paths`,
  );
  const gap = heard.aliveGap;
  if (gap !== null) {
    const [median, p99, max] = [gap.median, gap.p99, gap.max].map((ms) => ms.toFixed(0));
    say(`  between two ALIVEs   median ${median}, p99 ${p99}, most ${max} ms (a round is 1000)`);
  }
  say(`  stalls               ${stalls}; other complaints ${complaints.length - stalls}`);
  for (const text of complaints.slice(0, 5)) say(`    ${text}`);
}

function sizeLine({ program, scriptBytes, scripts, nativeBytes, natives }: Size): string {
  const files = `${scripts.length} file${scripts.length === 1 ? '' : 's'}`;
  const native = natives.length === 0 ? '' : `; native ${nativeBytes} (${natives.join(', ')})`;
  return `  ${program.padEnd(18)}${String(scriptBytes).padStart(9)} bytes in ${files}${native}`;
}

function spreadCells({ min, median, max, count }: Spread): string[] {
  return [min.toFixed(1), median.toFixed(1), max.toFixed(1), String(count)];
}

function memoryCells({ rss, peak, anonymous }: Memory): string[] {
  return [rss, peak, anonymous].map((mib) => mib.toFixed(1));
}

function verdictLine({ what, value, limit, least, ok }: Verdict): string {
  const shown = Number.isInteger(value) ? String(value) : value.toPrecision(4);
  return `${ok ? 'ok  ' : 'FAIL'} ${what}: ${shown} (${least ? 'at least' : 'at most'} ${limit})`;
}

function row(name: string, ...cells: string[]): string {
  return name.padEnd(48) + cells.map((cell) => cell.padStart(12)).join('');
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
