/**
 * What is said over the local socket: one JSON object a line, requests one way, answers the other.
 *
 * Whoever may open the socket may order, so there are no keys here, but a script may still send
 * anything. A request is read field by field; what is unknown, absent or of another type is
 * refused with words that say which. An answer repeats the `id` of its request, so a client may
 * ask again before the first answer came. An order is answered twice: `accepted`, then its end;
 * one that is refused at once is answered once, with `final`.
 */
import { attemptSync } from '../attempt.ts';
import { failure, ok, type Result } from '../result.ts';
import { OPERATION, type Operation } from '../wire/messages.ts';
import { FOR_S_MAX, type OrderArgs } from '../wire/order-args.ts';
import { checkedTimer } from '../wire/timer.ts';
import type { BoardView, FenceRecord, KeysView, LocalOrder, OrderAnswer } from '../wire/view.ts';
import type { DoctorFacts } from './doctor.ts';
import { REASON_CHARS_MAX } from './limits.ts';

export type ControlRequest =
  | { id: number; ask: 'view' }
  | { id: number; ask: 'keys' }
  | { id: number; ask: 'records'; host?: string }
  | { id: number; ask: 'order'; order: LocalOrder; who?: string }
  | { id: number; ask: 'doctor' }
  | { id: number; ask: 'reload' };

export type ControlAnswer =
  | { id: number; is: 'view'; view: BoardView }
  | { id: number; is: 'keys'; keys: KeysView }
  /** Newest last; empty where no fence of the host is on record. */
  | { id: number; is: 'records'; records: FenceRecord[] }
  | { id: number; is: 'order'; answer: OrderAnswer; final: boolean }
  | { id: number; is: 'doctor'; facts: DoctorFacts }
  | { id: number; is: 'reload'; ok: boolean; problems: string[] }
  /** `id` is null where the line held none. */
  | { id: number | null; is: 'error'; kind: ControlError; detail: string };

/** `bad` the request cannot be read, `unknown-host`, `busy` a bound of the server is reached. */
export type ControlError = 'bad' | 'unknown-host' | 'busy';

/** A request that cannot be answered; `id` is the one it carried, null where none could be read. */
export interface BadRequest {
  ok: false;
  kind: 'bad';
  detail: string;
  id: number | null;
}

/** One message as a line, with its line end. */
export function encodeLine(message: ControlRequest | ControlAnswer): string {
  return `${JSON.stringify(message)}\n`;
}

/** Reads one request; every field is checked. */
export function decodeRequest(line: string): { ok: true; value: ControlRequest } | BadRequest {
  const fields = objectIn(line);
  if (!fields.ok) return { ...fields, id: null };
  const id = fields.value['id'];
  if (!isCount(id))
    return { ok: false, kind: 'bad', detail: '"id" must be a whole number', id: null };
  const request = requestOf(id, fields.value);
  return request.ok ? request : { ...request, id };
}

/** Reads one answer as the server wrote it; only its frame is checked, not the view inside. */
export function decodeAnswer(line: string): Result<ControlAnswer, 'bad'> {
  const fields = objectIn(line);
  if (!fields.ok) return fields;
  const { id, is } = fields.value;
  if (!(isCount(id) || id === null) || typeof is !== 'string') {
    return failure('bad', 'an answer needs "id" and "is"');
  }
  // The server is ours and answers from typed values.
  return ok(fields.value as unknown as ControlAnswer);
}

type Fields = Record<string, unknown>;

function objectIn(line: string): Result<Fields, 'bad'> {
  const parsed = attemptSync((): unknown => JSON.parse(line));
  if (!parsed.ok) return failure('bad', `the line is not JSON: ${parsed.detail}`);
  if (typeof parsed.value !== 'object' || parsed.value === null || Array.isArray(parsed.value)) {
    return failure('bad', 'the line must hold one JSON object');
  }
  return ok(parsed.value as Fields);
}

function requestOf(id: number, fields: Fields): Result<ControlRequest, 'bad'> {
  const { ask, host } = fields;
  switch (ask) {
    case 'view':
    case 'keys':
    case 'doctor':
    case 'reload':
      return ok({ id, ask });
    case 'records':
      if (host === undefined) return ok({ id, ask });
      if (!isName(host)) return failure('bad', '"host" must be the name of a host');
      return ok({ id, ask, host });
    case 'order':
      return orderRequest(id, fields);
    default:
      return failure('bad', '"ask" must be view, keys, records, order, doctor or reload');
  }
}

function orderRequest(id: number, fields: Fields): Result<ControlRequest, 'bad'> {
  const { order, who } = fields;
  if (typeof order !== 'object' || order === null) return failure('bad', '"order" is missing');
  const read = localOrder(order as Fields);
  if (!read.ok) return read;
  if (who === undefined) return ok({ id, ask: 'order', order: read.value });
  if (!isName(who)) return failure('bad', '"who" must be a plain name of at most 64 letters');
  return ok({ id, ask: 'order', order: read.value, who });
}

function localOrder(fields: Fields): Result<LocalOrder, 'bad'> {
  const { op, host, incarnation, cmdId, askedAtMs, ttlMs, args } = fields;
  if (!isOperation(op)) {
    return failure('bad', `"op" must be one of ${Object.keys(OPERATION).join(', ')}`);
  }
  const isOfBoard = host === '' && (op === 'disable' || op === 'enable');
  if (!isOfBoard && !isName(host)) return failure('bad', '"host" must be the name of a host');
  if (!isCount(incarnation) || incarnation > 0xffff_ffff) {
    return failure(
      'bad',
      '"incarnation" must be a whole number below 2^32; 0 means whatever runs now',
    );
  }
  if (typeof cmdId !== 'string' || !/^[0-9a-f]{32}$/.test(cmdId)) {
    return failure('bad', '"cmdId" must be 32 small hex digits');
  }
  if (!isCount(askedAtMs)) {
    return failure('bad', '"askedAtMs" must be the time now in whole ms of CLOCK_MONOTONIC');
  }
  if (!isCount(ttlMs) || ttlMs < 1 || ttlMs > 30_000) {
    return failure('bad', '"ttlMs" must lie between 1 and 30000');
  }
  const said = argsOf(args ?? {});
  if (!said.ok) return said;
  const common = { op, host, incarnation, cmdId, askedAtMs, ttlMs };
  return ok(args === undefined ? common : { ...common, args: said.value });
}

/** On the board itself a reason may be a sentence; see `wire/order-args.ts` for the rest. */
function argsOf(args: unknown): Result<OrderArgs, 'bad'> {
  if (typeof args !== 'object' || args === null) return failure('bad', '"args" must be an object');
  const { override, drill, reason, forS, timer, ...others } = args as Fields;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) return failure('bad', `"args" knows no "${unknown}"`);
  if (override !== undefined && override !== true) {
    return failure('bad', '"override" must be true or absent');
  }
  if (drill !== undefined && drill !== true) {
    return failure('bad', '"drill" must be true or absent');
  }
  if (reason !== undefined && !isSentence(reason)) {
    return failure('bad', `"reason" must be a line of at most ${REASON_CHARS_MAX} letters`);
  }
  if (forS !== undefined && !(isCount(forS) && forS >= 1 && forS <= FOR_S_MAX)) {
    return failure('bad', `"forS" must lie between 1 and ${FOR_S_MAX}`);
  }
  const settings = timer === undefined ? undefined : checkedTimer(timer);
  if (timer !== undefined && settings === undefined) {
    return failure('bad', '"timer" must hold all settings of a timer, times in tenths of a second');
  }
  return ok({
    ...(settings === undefined ? {} : { timer: settings }),
    ...(override === true ? { override } : {}),
    ...(drill === true ? { drill } : {}),
    ...(reason === undefined ? {} : { reason }),
    ...(forS === undefined ? {} : { forS }),
  });
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function isSentence(value: unknown): value is string {
  return (
    typeof value === 'string' && /^[^\p{Cc}]+$/u.test(value) && value.length <= REASON_CHARS_MAX
  );
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(value);
}

/** `hasOwn`, because `"constructor" in OPERATION` is true. */
function isOperation(value: unknown): value is Operation {
  return typeof value === 'string' && Object.hasOwn(OPERATION, value);
}
