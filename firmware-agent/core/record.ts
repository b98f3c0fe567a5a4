/** The record of one fence: what decided it and what came of it, in the words of a log. */

import type { Instant } from '../../protocol/wire/instant.ts';
import type { ChannelEvidence, FenceRecord } from '../../protocol/wire/view.ts';
import type { Heard, Host } from './board.ts';
import type { Effect } from './events.ts';
import type { By } from './fence-state.ts';
import { RECORD_ENTRIES_MAX } from './limits.ts';

export function nameOfBy(by: By): string {
  return by.kind === 'order' ? `order by ${by.name}` : by.kind;
}

export function newRecord(
  host: Host,
  fence: { id: number; incarnation: number; by: By; startedAt: Instant },
  evidence: ChannelEvidence[],
): FenceRecord {
  return {
    id: fence.id,
    host: host.settings.name,
    incarnation: fence.incarnation,
    by: nameOfBy(fence.by),
    evidence,
    entries: host.heard.map((heard) => ({
      atMs: Math.round(heard.at - fence.startedAt),
      what: describe(heard),
    })),
  };
}

function describe(heard: Heard): string {
  const age = heard.ageMs === undefined ? 'of unknown age' : `${Math.round(heard.ageMs)} ms old`;
  return `${heard.kind} ${heard.seq} on ${heard.channel}, its echo ${age}`;
}

/** Adds one line; a record that is full keeps its first and its latest ones. */
export function note(host: Host, now: Instant, what: string): void {
  const { record, fence } = host;
  if (record === undefined || fence === undefined) return;
  const entry = { atMs: Math.round(now - fence.startedAt), what };
  const half = RECORD_ENTRIES_MAX / 2;
  const entries =
    record.entries.length < RECORD_ENTRIES_MAX
      ? record.entries
      : [...record.entries.slice(0, half), ...record.entries.slice(half + 1)];
  host.record = { ...record, entries: [...entries, entry] };
}

/** What is known of the fence now, in its record if it has one. */
export function settleRecord(host: Host, known: Partial<FenceRecord>): void {
  if (host.record !== undefined) host.record = { ...host.record, ...known };
}

/** Keeps the record as it is now, and then the state, which carries it until it lies in a file. */
export function keepRecord({ record }: Host): Effect[] {
  return [...(record === undefined ? [] : [{ kind: 'record', record } as const]), { kind: 'save' }];
}
