/** A report for people: what was struck and met, how fences ended, and how long things took. */
import { type Histogram, shareBelow } from './histogram.ts';
import { type Counts, pairOf, type Report, SPANS } from './report.ts';

/** Missing pairs that are named; with more than these the plans are too narrow, and that is enough. */
const MISSING_SHOWN = 12;
const YEAR_MS = 365.25 * 24 * 3_600_000;

/** All pairs of these kinds, and those of them that never met. */
export function missingPairs(
  report: Report,
  kinds: readonly string[],
): { all: number; missing: string[] } {
  const pairs = kinds.flatMap((a, i) => kinds.slice(i + 1).map((b) => pairOf(a, b)));
  return { all: pairs.length, missing: pairs.filter((pair) => report.pairs[pair] === undefined) };
}

/** `kinds` names every fault that there is, whether it struck or not. */
export function printReport(report: Report, kinds: readonly string[]): string {
  const { all, missing } = missingPairs(report, kinds);
  const idle = kinds.filter((kind) => report.faults[kind] === undefined);
  const struck = total(report.faults);
  const met = all - missing.length;
  const share = report.cuts === 0 ? 0 : report.troubled / report.cuts;
  return [
    `${report.worlds} worlds, ${(report.hostMs / YEAR_MS).toFixed(3)} host-years`,
    `${struck} faults and deeds of ${kinds.length - idle.length} of ${kinds.length} kinds`,
    ...(idle.length === 0 ? [] : [`  never struck: ${idle.join(', ')}`]),
    ...table(report.faults),
    `${met} of ${all} pairs met (${percent(all === 0 ? 1 : met / all)})`,
    ...missing.slice(0, MISSING_SHOWN).map((pair) => `  never met: ${pair}`),
    ...(missing.length > MISSING_SHOWN ? [`  and ${missing.length - MISSING_SHOWN} more`] : []),
    `${report.cuts} fences that moved a relay, ${percent(share)} with a broken or lying device`,
    ...table(report.fences),
    'autonomous cuts, by the life of the host in truth',
    ...table(report.cutWhile),
    `${total(report.orders)} answers to orders`,
    ...table(report.orders),
    `${total(report.groups)} answers and deeds about groups of resources`,
    ...table(report.groups),
    ...SPANS.map((span) => `${span}: ${inWords(report.spans[span], span.includes('deadtimes'))}`),
  ].join('\n');
}

function total(counts: Counts): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

function table(counts: Counts): string[] {
  const most = Object.entries(counts).sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1));
  return most.map(([what, count]) => `  ${String(count).padStart(9)} ${what}`);
}

function inWords(histogram: Histogram, isRatio: boolean): string {
  if (histogram.count === 0) return 'none';
  const say = (value: number): string => (isRatio ? value.toFixed(3) : `${value.toFixed(0)} ms`);
  const shares = [0.5, 0.99].map(
    (share) => `${share * 100} % ${say(shareBelow(histogram, share))}`,
  );
  const { count, least, most } = histogram;
  return `${count} times, least ${say(least)}, ${shares.join(', ')}, most ${say(most)}`;
}
