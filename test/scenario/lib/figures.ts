/**
 * What was measured, with its bound: a distribution says more than "it was in time".
 */
import assert from 'node:assert/strict';
import type { Bounds } from './timing.ts';

interface Figure {
  name: string;
  values: number[];
  bounds: Bounds | undefined;
}

const figures = new Map<string, Figure>();

/** Notes one value; throws where it lies outside of its bounds. */
export function figure(name: string, valueMs: number, bounds?: Bounds): void {
  const known = figures.get(name) ?? { name, values: [], bounds };
  known.values.push(valueMs);
  figures.set(name, known);
  if (bounds === undefined) return;
  const { leastMs, mostMs } = bounds;
  const words = `${name}: ${valueMs.toFixed(0)} ms is not within ${leastMs} to ${mostMs.toFixed(0)} ms`;
  assert.ok(valueMs >= leastMs && valueMs <= mostMs, words);
}

/** All figures as a table for people. */
export function figureTable(): string {
  const rows = [...figures.values()]
    .toSorted((a, b) => a.name.localeCompare(b.name))
    .map(({ name, values, bounds }) => {
      const sorted = values.toSorted((a, b) => a - b);
      const at = (share: number): string =>
        (sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0).toFixed(0);
      const bound =
        bounds === undefined ? '' : `${bounds.leastMs.toFixed(0)}-${bounds.mostMs.toFixed(0)}`;
      return [name, String(values.length), at(0), at(0.5), at(0.95), at(1), bound];
    });
  const head = ['ms', 'n', 'min', 'p50', 'p95', 'max', 'allowed'];
  const all = [head, ...rows];
  const widths = head.map((_, i) => Math.max(...all.map((row) => (row[i] ?? '').length)));
  return all
    .map((row) =>
      row
        .map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
        .join('  '),
    )
    .join('\n');
}
