/**
 * One order, from the first question to an answer that can be trusted.
 *
 * Frames get lost, brokers stall and agents restart while somebody waits to hear whether a host is
 * off. An order names the agent's life, so the life is asked for first (QUERY, STATE), and named
 * in the ORDER with the tick of that STATE, so nothing stale can act. Where no answer comes the
 * whole exchange is repeated under the same `cmdId`: the agent acts once on it and repeats the
 * stored outcome. One thing is never repeated: an order that was sent to one life is not sent to
 * another, because the first may have acted and died. That, and silence, are ends of their own
 * which prove nothing.
 *
 * | state   | event                        | next    | effects             |
 * |---------|------------------------------|---------|---------------------|
 * | asking  | STATE, no order sent before  | ordered | order               |
 * | asking  | STATE of the life ordered    | ordered | order               |
 * | asking  | STATE of another life        | ended   | end `interrupted`   |
 * | asking  | due, up                      | asking  | query               |
 * | ordered | RESULT accepted              | ordered | accepted, once      |
 * | ordered | due, up                      | asking  | query               |
 * | ordered | STATE                        | ordered | none                |
 * | asking, ordered | final RESULT         | ended   | end                 |
 * | asking, ordered | due, deadline over   | ended   | end `no-answer`     |
 * | ended   | any                          | ended   | none                |
 *
 * A RESULT `accepted` that arrives while asking is told too, once. Pure: time comes in as `now`.
 */
import type { Instant } from './wire/instant.ts';
import {
  DETAIL_UNTESTED,
  type MessageOf,
  nameOf,
  OUTCOME,
  type Outcome,
  PROOF,
  type Proof,
} from './wire/messages.ts';

/** How long an unanswered frame is given before the exchange is repeated: a broker's round trip and a stall. */
export const REPEAT_MS = 1_000;

/** An accepted order runs for seconds; it is asked after more rarely, in case its result was lost. */
export const ACCEPTED_REPEAT_MS = 5_000;

/** What the answers are compared with. */
export interface OrderNames {
  agent: number;
  host: number;
  /** 16 bytes each. */
  queryId: Uint8Array;
  cmdId: Uint8Array;
  deadlineAt: Instant;
}

export type OrderRun =
  | { at: 'asking'; life: Uint8Array | undefined; accepted: boolean; repeatAt: Instant }
  | { at: 'ordered'; life: Uint8Array; accepted: boolean; repeatAt: Instant }
  | { at: 'ended'; end: OrderEnd };

export type OrderEvent =
  | { kind: 'due' }
  /** The link is open, for the first time or anew. */
  | { kind: 'up' }
  | { kind: 'state'; state: MessageOf<'state'> }
  | { kind: 'result'; result: MessageOf<'result'> };

export type OrderEffect =
  | { kind: 'query' }
  | { kind: 'order'; life: Uint8Array; tick: number }
  | { kind: 'accepted' }
  | { kind: 'end'; end: OrderEnd };

/** How an order ended. Only `done` and `already` mean that it is so; the last two prove nothing. */
export interface OrderEnd {
  outcome: Exclude<Outcome, 'accepted'> | 'no-answer';
  proof: Proof;
  /** The proof has no drill behind it. */
  untested: boolean;
  incarnation: number;
  /** A few words for people. */
  detail: string;
  /** The agent took the order; with `no-answer` it may still be at work. */
  accepted: boolean;
}

export interface OrderStep {
  run: OrderRun;
  effects: OrderEffect[];
  /** When a `due` event is wanted; undefined when the order has ended. */
  dueAt: Instant | undefined;
}

/** The state before anything was said; a `due` event starts it. */
export function newOrder(now: Instant): OrderRun {
  return { at: 'asking', life: undefined, accepted: false, repeatAt: now };
}

/** Takes one event; every pair of state and event is answered. */
export function stepOrder(
  run: OrderRun,
  event: OrderEvent,
  now: Instant,
  names: OrderNames,
): OrderStep {
  if (run.at === 'ended') return go(run, names);
  switch (event.kind) {
    case 'due':
      if (now >= names.deadlineAt) return finish(noAnswer(run), names);
      return now < run.repeatAt ? go(run, names) : ask(run, now, names);
    case 'up':
      return ask(run, now, names);
    case 'state':
      return onState(run, event.state, now, names);
    case 'result':
      return onResult(run, event.result, now, names);
  }
}

type Running = Exclude<OrderRun, { at: 'ended' }>;

function ask(run: Running, now: Instant, names: OrderNames): OrderStep {
  const { life, accepted } = run;
  return go({ at: 'asking', life, accepted, repeatAt: now + REPEAT_MS }, names, { kind: 'query' });
}

function onState(
  run: Running,
  state: MessageOf<'state'>,
  now: Instant,
  names: OrderNames,
): OrderStep {
  const ours =
    state.agent === names.agent && state.host === names.host && same(state.queryId, names.queryId);
  if (!ours || run.at === 'ordered') return go(run, names);
  if (run.life !== undefined && !same(run.life, state.aNonce)) {
    const detail =
      'the agent restarted while the order ran; whether it was carried out is not known';
    return finish({ ...noAnswer(run), outcome: 'interrupted', detail }, names);
  }
  const life = state.aNonce;
  const repeatAt = now + (run.accepted ? ACCEPTED_REPEAT_MS : REPEAT_MS);
  const next: OrderRun = { at: 'ordered', life, accepted: run.accepted, repeatAt };
  return go(next, names, { kind: 'order', life, tick: state.tick });
}

function onResult(
  run: Running,
  result: MessageOf<'result'>,
  now: Instant,
  names: OrderNames,
): OrderStep {
  const ours =
    result.agent === names.agent && result.host === names.host && same(result.cmdId, names.cmdId);
  const outcome = nameOf(OUTCOME, result.outcome);
  if (!ours || outcome === undefined) return go(run, names);
  if (outcome === 'accepted') {
    const next: OrderRun = { ...run, accepted: true, repeatAt: now + ACCEPTED_REPEAT_MS };
    return run.accepted ? go(next, names) : go(next, names, { kind: 'accepted' });
  }
  const end: OrderEnd = {
    outcome,
    proof: nameOf(PROOF, result.proof) ?? 'none',
    ...readDetail(result.detail),
    incarnation: result.incarnation,
    accepted: run.accepted,
  };
  return finish(end, names);
}

/** Splits a result's detail into its mark and its words. */
export function readDetail(detail: Uint8Array): { untested: boolean; detail: string } {
  const untested = ((detail[0] ?? 0) & DETAIL_UNTESTED) !== 0;
  const words = [...detail.subarray(1)].map((byte) => (byte >= 0x20 && byte < 0x7f ? byte : 0x3f));
  return { untested, detail: String.fromCharCode(...words) };
}

function noAnswer(run: Running): OrderEnd {
  const detail = run.accepted
    ? 'the agent took the order and did not say how it ended'
    : 'the agent did not answer';
  const nothing = { proof: 'none', untested: false, incarnation: 0 } as const;
  return { outcome: 'no-answer', ...nothing, detail, accepted: run.accepted };
}

function finish(end: OrderEnd, names: OrderNames): OrderStep {
  return go({ at: 'ended', end }, names, { kind: 'end', end });
}

function go(run: OrderRun, names: OrderNames, ...effects: OrderEffect[]): OrderStep {
  const dueAt = run.at === 'ended' ? undefined : Math.min(run.repeatAt, names.deadlineAt);
  return { run, effects, dueAt };
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}
