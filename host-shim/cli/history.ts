/**
 * The fences on record as a table: what happened to whom, and how sure it is.
 *
 * The grade stands in every line, because a list of "fenced" would be read as one kind of truth.
 */
import Table from 'cli-table3';
import type { Proof } from '../../protocol/wire/messages.ts';
import type { FenceRecord } from '../../protocol/wire/view.ts';
import { span } from './words.ts';

/** One fence in the terms of `history`; null where it is not known or not so. */
export interface Chapter {
  id: number;
  /** Wall clock of the board, ISO 8601. */
  startedAt: string | null;
  host: string;
  by: string;
  outcome: NonNullable<FenceRecord['outcome']> | 'running';
  grade: Proof;
  untested: boolean;
  /** How long everything was seen off before it was reported. */
  offMs: number | null;
  /** From its beginning to the last entry of its record. */
  tookMs: number | null;
  reason: string | null;
}

export function chapterOf(record: FenceRecord): Chapter {
  const { id, startedAt, host, by, outcome, proof, untested, reason, entries } = record;
  return {
    id,
    startedAt: startedAt ?? null,
    host,
    by,
    outcome: outcome ?? 'running',
    grade: proof ?? 'none',
    untested: untested === true,
    offMs: offMsOf(record),
    tookMs: entries.at(-1)?.atMs ?? null,
    reason: reason ?? null,
  };
}

/** The words in which the board writes down its proof. */
const OFF_FOR = /off for ([\d.]+) s/;

function offMsOf({ entries }: FenceRecord): number | null {
  const said = entries.map(({ what }) => OFF_FOR.exec(what)?.[1]);
  const seconds = said.findLast((words) => words !== undefined);
  return seconds === undefined ? null : Number(seconds) * 1_000;
}

/** The text of `history`. */
export function historyText(chapters: readonly Chapter[]): string {
  if (chapters.length === 0) return 'No fence is on record.\n';
  const head = ['id', 'when', 'host', 'by', 'outcome', 'grade', 'off for', 'took', 'reason'];
  const table = new Table({ head, style: { head: [], border: [], compact: true } });
  for (const one of chapters) {
    const { id, startedAt, host, by, outcome, grade, untested, offMs, tookMs, reason } = one;
    table.push([
      id,
      startedAt ?? '-',
      host,
      by,
      outcome,
      untested && grade !== 'none' ? `${grade}, untested` : grade,
      offMs === null ? '-' : span(offMs),
      tookMs === null ? '-' : span(tookMs),
      reason ?? '-',
    ]);
  }
  return `${table.toString()}\n`;
}
