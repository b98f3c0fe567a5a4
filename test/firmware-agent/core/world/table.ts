/**
 * A machine's header comment promises a table; this reads it, so that a test can hold the code to
 * every line of it. A pair that no line names stays as it is and does nothing.
 */
import { readFileSync } from 'node:fs';

export interface Row {
  state: string;
  event: string;
  guard: string;
  next: string;
  deeds: string;
}

/** One situation that the test made up: which pair it is, and what the code did with it. */
export interface Tried {
  state: string;
  event: string;
  /** Words of the table where the outcome depends on more than the pair. */
  guard: string;
  next: string;
  deeds: string;
}

/** Rows of the first table in the header of a source; cells that list several make several rows. */
export function readTable(source: string): Row[] {
  const lines = readFileSync(source, 'utf8').split('\n');
  const start = lines.findIndex((line) => line.startsWith(' * |--'));
  const end = lines.findIndex((line, i) => i > start && !line.startsWith(' * |'));
  if (start < 0 || end < 0) throw new Error(`${source} has no table in its header`);
  return lines.slice(start + 1, end).flatMap((line) => {
    const cells = line.slice(' * |'.length).split('|').slice(0, 5);
    const [state = '', event = '', guard = '', next = '', deeds = ''] = cells.map((c) => c.trim());
    return several(state).flatMap((one) =>
      several(event).map((other) => ({ state: one, event: other, guard, next, deeds })),
    );
  });
}

function several(cell: string): string[] {
  return cell.split(',').map((word) => word.trim());
}

/** Sentences about what differs between a table and what was tried; none where all is well. */
export function differences(rows: readonly Row[], tried: readonly Tried[]): string[] {
  const used = new Set<Row>();
  const wrong = tried.flatMap((one) => {
    const of = rows.filter(({ state, event }) => state === one.state && event === one.event);
    const row = of.find(({ guard }) => guard === one.guard) ?? of.find(({ guard }) => guard === '');
    if (row !== undefined) used.add(row);
    const [next, deeds] = row === undefined ? [one.state, ''] : [row.next, row.deeds];
    if (one.next === next && one.deeds === deeds) return [];
    const pair = `${one.state} | ${one.event} | ${one.guard}`;
    return [`${pair}: the table says ${next} (${deeds}), the code does ${one.next} (${one.deeds})`];
  });
  const unused = rows.filter((row) => !used.has(row));
  return [
    ...wrong,
    ...unused.map((row) => `${row.state} | ${row.event} | ${row.guard}: the test never tries it`),
  ];
}
