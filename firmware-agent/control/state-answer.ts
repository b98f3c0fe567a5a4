/**
 * The STATE that answers a QUERY: where the board and one host stand, as far as this orderer may see.
 *
 * The fields are evidence, sealed for the orderer; the body is the same view that the local socket
 * gives, cut to the orderer's hosts and to what one packet holds. Every orderer gets the life and
 * the tick, because no order can be given without them.
 */

import { type MessageOf, nameOf, PHASE, READING, VIEW } from '../../protocol/wire/messages.ts';
import type { BoardView, FenceRecord, HostView } from '../../protocol/wire/view.ts';
import type { OrdererSettings } from '../core/settings.ts';
import { RECORD_ENTRIES_KEPT, RECORDS_IN_BODY_MAX, STATE_BODY_BYTES_MAX } from './limits.ts';

/** What the answer is made from. */
export interface StateSource {
  /** The nonce of this life, and the tick issued last. */
  life(): { aNonce: Uint8Array; tick: number };
  view(): BoardView;
  /** Newest last. */
  records(host?: string): FenceRecord[];
}

/** The STATE that answers a QUERY: what this orderer may see, and nothing of other hosts. */
export function stateFor(
  query: MessageOf<'query'>,
  orderer: OrdererSettings,
  desk: StateSource,
  agent: number,
): MessageOf<'state'> {
  const full = desk.view();
  const view = cutTo(full, orderer);
  const host = view.hosts.find((one) => one.host === query.host);
  const { queryId, kid } = query;
  const { aNonce, tick } = desk.life();
  return {
    kind: 'state',
    kid,
    orderer: orderer.orderer,
    agent,
    queryId,
    aNonce,
    tick,
    host: query.host,
    incarnation: host?.incarnation ?? 0,
    reading: readingOf(host),
    phase: PHASE[host?.phase ?? 'unknown'],
    body: orderer.may.includes('status') ? bodyFor(query, view, host, desk) : new Uint8Array(),
  };
}

/** A node may not order itself, and may see where it stands. */
function cutTo(view: BoardView, { hosts, boundTo }: OrdererSettings): BoardView {
  if (hosts === undefined) return view;
  const seen = view.hosts.filter(({ host }) => hosts.includes(host) || host === boundTo);
  const names = new Set(seen.map(({ name }) => name));
  return {
    ...view,
    victimNow: view.victimNow !== null && names.has(view.victimNow) ? view.victimNow : null,
    hosts: seen,
    alarms: view.alarms.filter(({ host }) => host === null || names.has(host)),
  };
}

/** `off` only where every sense of the host reads off; one that reads on is enough for `on`. */
function readingOf(host: HostView | undefined): number {
  const readings = host?.senses.map(({ reading }) => reading) ?? [];
  if (readings.includes('on')) return READING.on;
  const off = readings.length > 0 && readings.every((reading) => reading === 'off');
  return off ? READING.off : READING.unknown;
}

function bodyFor(
  query: MessageOf<'query'>,
  view: BoardView,
  host: HostView | undefined,
  desk: StateSource,
): Uint8Array {
  switch (nameOf(VIEW, query.view)) {
    case 'list':
      return listBody(view);
    case 'status':
      if (host === undefined) return new Uint8Array();
      return json({
        ...view,
        hosts: [host],
        alarms: view.alarms.filter((a) => a.host === host.name),
      });
    case 'why':
      return host === undefined ? new Uint8Array() : recordsBody(desk.records(host.name));
    default:
      return new Uint8Array();
  }
}

/** A board of thousands of hosts does not fit; then names, numbers and phases must do. */
function listBody(view: BoardView): Uint8Array {
  const whole = json(view);
  if (whole.length <= STATE_BODY_BYTES_MAX) return whole;
  const hosts = view.hosts.map((host) => ({ ...host, channels: [], outlets: [], senses: [] }));
  const brief = json({ ...view, hosts, alarms: [] });
  return brief.length <= STATE_BODY_BYTES_MAX ? brief : json({ ...view, hosts: [], alarms: [] });
}

/** The newest records that fit; one that is too long by itself loses its middle entries. */
function recordsBody(records: FenceRecord[]): Uint8Array {
  let kept = records.slice(-RECORDS_IN_BODY_MAX);
  while (kept.length > 1 && json(kept).length > STATE_BODY_BYTES_MAX) kept = kept.slice(1);
  const body = json(kept);
  if (body.length <= STATE_BODY_BYTES_MAX) return body;
  return json(
    kept.map((one) => ({
      ...one,
      entries: [
        ...one.entries.slice(0, RECORD_ENTRIES_KEPT),
        ...one.entries.slice(-RECORD_ENTRIES_KEPT),
      ],
    })),
  );
}

function json(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}
