/**
 * When the board is told not to fence: maintenance of one host, and the emergency disable of all.
 *
 * Maintenance is for planned work and ends by itself, because a host that is forgotten in it is
 * guarded by nobody. While it lasts the host's silence is not judged and makes nobody suspect;
 * orders are obeyed. The emergency disable is for a board that fences wrongly: it calls off every
 * fence that has not cut yet, lets the others finish, refuses orders that cut, and lasts until
 * somebody enables it again. Both are stored, and after both a host is un-carried: whatever was
 * silent meanwhile has to be heard before its silence can mean anything.
 */
import type { Instant } from '../../protocol/wire/instant.ts';
import { clear, raise } from './alarms.ts';
import { settle } from './answers.ts';
import type { Board, Host, Maintenance } from './board.ts';
import type { Effect, Order } from './events.ts';
import { uncarried } from './hearing.ts';
import { JOURNAL_WAIT_MS, MAINTENANCE_DEFAULT_MS, MAINTENANCE_MAX_MS } from './limits.ts';
import { forgetSilence } from './words.ts';

/** Takes an order to disable one host or, where `host` is absent, the whole board. */
export function disable(
  board: Board,
  host: Host | undefined,
  order: Order,
  now: Instant,
): Effect[] {
  const { forS, reason } = order.args;
  const by = { by: order.from.name, ...(reason === undefined ? {} : { reason }) };
  if (host === undefined) {
    board.disabled = by;
    return [...tellDisabled(board, now), ...store(board, order, now)];
  }
  const askedMs = forS === undefined ? MAINTENANCE_DEFAULT_MS : forS * 1_000;
  const forMs = Math.min(askedMs, MAINTENANCE_MAX_MS);
  return [
    ...maintain(board, host, { ...by, untilAt: now + forMs, forMs }, now),
    ...store(board, order, now),
  ];
}

/** Begins, or after a restart goes on with, the maintenance of a host. */
export function maintain(
  board: Board,
  host: Host,
  maintenance: Maintenance,
  now: Instant,
): Effect[] {
  host.maintenance = maintenance;
  host.finding = undefined;
  board.alarms.delete(`${host.settings.host}:maintenance`);
  const leftS = Math.max(0, Math.round((maintenance.untilAt - now) / 1_000));
  const text = `in maintenance for ${leftS} s more, by ${whoAndWhy(maintenance)}: not fenced by verdict`;
  const remedy = `end it with \`fencepost enable ${host.settings.name}\``;
  const alarm = { host: host.settings.host, code: 'maintenance', text, remedy } as const;
  return [
    ...forgetSilence(board, host, 'it is in maintenance'),
    ...raise(board.alarms, alarm, now, 'warning'),
  ];
}

export function tellDisabled(board: Board, now: Instant): Effect[] {
  if (board.disabled === undefined) return [];
  board.alarms.delete(':disabled');
  const text = `all fencing is disabled by ${whoAndWhy(board.disabled)}`;
  const remedy = 'enable it with `fencepost enable --all`';
  return raise(board.alarms, { code: 'disabled', text, remedy }, now);
}

function whoAndWhy({ by, reason }: { by: string; reason?: string }): string {
  return reason === undefined ? by : `${by} (${reason})`;
}

export function enable(board: Board, host: Host | undefined, order: Order, now: Instant): Effect[] {
  const { name } = order.from;
  if (host !== undefined) {
    return [...endMaintenance(board, host, `enabled by ${name}`), ...store(board, order, now)];
  }
  if (board.disabled !== undefined) for (const one of board.hosts.values()) uncarry(one);
  board.disabled = undefined;
  return [
    ...clear(board.alarms, undefined, 'disabled', `enabled by ${name}`),
    ...store(board, order, now),
  ];
}

/** Ends a maintenance whose time is over. */
export function stepMaintenance(board: Board, host: Host, now: Instant): Effect[] {
  if (host.maintenance === undefined || now < host.maintenance.untilAt) return [];
  return [...endMaintenance(board, host, 'its time is over'), { kind: 'save' }];
}

function endMaintenance(board: Board, host: Host, text: string): Effect[] {
  if (host.maintenance === undefined) return [];
  host.maintenance = undefined;
  uncarry(host);
  return clear(board.alarms, host.settings.host, 'maintenance', text);
}

/** What was heard before says nothing any more: silence counts from the next fresh beat on. */
function uncarry(host: Host): void {
  host.hearings = host.hearings.map(uncarried);
  host.finding = undefined;
}

/** The order is in force at once, and answered when the disk has taken it. */
function store(board: Board, order: Order, now: Instant): Effect[] {
  board.storing.set(order.cmdId, now);
  return [{ kind: 'store', cmdId: order.cmdId }];
}

/** The disk has answered, or did not in time: then it is forgotten by the next start. */
export function stored(board: Board, cmdId: string, ok: boolean): Effect[] {
  if (!board.storing.delete(cmdId)) return [];
  const [outcome, detail] = ok ? (['done', ''] as const) : (['failed', 'until restart'] as const);
  return settle(board, cmdId, { outcome, proof: 'none', detail });
}

/** Answers whoever waits for a disk that does not. */
export function missDisk(board: Board, now: Instant): Effect[] {
  if (board.storing.size === 0) return [];
  const late = [...board.storing].filter(([, since]) => now - since >= JOURNAL_WAIT_MS);
  return late.flatMap(([cmdId]) => stored(board, cmdId, false));
}
