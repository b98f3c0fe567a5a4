/**
 * The client that everything which gives orders uses: the command for people, fence agents, tests.
 *
 * It carries frames between one order (`order-step.ts`, which decides) and every route to the board
 * that there is: the broker may run on the very server that is dead. Each frame is sealed anew for
 * each route, under one id, so that the board acts once; the first answer on any route counts.
 * Routes may come and go while an order runs; only the caller's deadline ends the wait. Several
 * orders and questions may run at once.
 *
 * A serial line carries no lists. A question that wants one goes by the other routes, and where
 * a line is there to fall back to it ends as soon as all of those are lost.
 */
import { randomBytes } from 'node:crypto';
import { after, monotonicMs, type Timer } from './link/timers.ts';
import {
  newOrder,
  type OrderEffect,
  type OrderEnd,
  type OrderEvent,
  REPEAT_MS,
  stepOrder,
} from './order-step.ts';
import { failure, ok, type Result } from './result.ts';
import type { Crypto } from './wire/crypto.ts';
import type { KeyRing } from './wire/keys.ts';
import {
  type Channel,
  type MessageOf,
  OPERATION,
  type Operation,
  VIEW,
  type View,
} from './wire/messages.ts';
import { openAnswer, sealOrder, sendingKid } from './wire/session/orderer.ts';

export interface OrderClientSetup {
  crypto: Crypto;
  ring: KeyRing;
  agent: number;
  orderer: { orderer: number; name: string };
}

/** One way to the board. */
export interface OrderRoute {
  /** For people: "the broker". */
  name: string;
  channel: Channel;
  /** Opens the way and hands its events to the client. */
  connect(events: OrderPathEvents): OrderPath;
}

/** A way to the board and back; it never blocks, and `send` may drop. */
export interface OrderPath {
  /** `ttlMs` says after how long the frame is of no use; `id` is what its answer will carry. */
  send(frame: Uint8Array, about: { ttlMs: number; id: Uint8Array }): void;
  close(): Promise<void>;
}

export interface OrderPathEvents {
  up(): void;
  /** May be said again, with a better reason. */
  lost(reason: string): void;
  frame(bytes: Uint8Array): void;
}

export interface OrderRequest {
  op: Operation;
  host: number;
  /** 0 means whatever has power now. */
  incarnation: number;
  /** How long to wait for the end, in ms. */
  waitMs: number;
  /** At most 30 s: a frame that took longer is not obeyed. */
  ttlMs?: number;
  /** 16 bytes; a fresh one when absent. The same again is answered with the stored outcome. */
  cmdId?: Uint8Array;
  args?: Uint8Array;
}

export interface OrderClient {
  /** Gives one order; never fails, because silence too is an end. */
  order(request: OrderRequest, accepted?: () => void): Promise<OrderEnd>;
  /**
   * Asks for the state of one host, or with host 0 of the board, and for a view in its body. It is
   * `listless` where a view was wanted and only routes that carry none are left.
   */
  state(host: number, view: View, waitMs: number): Promise<StateAnswer>;
  close(): Promise<void>;
}

export type StateAnswer = Result<MessageOf<'state'>, 'silent' | 'listless'>;

const TTL_MS = 30_000;

/** Makes the client; it opens every route at once. */
export function orderClient(setup: OrderClientSetup, routes: readonly OrderRoute[]): OrderClient {
  const listeners = new Set<Listener>();
  const tellAll: Listener = (event) => {
    for (const listener of [...listeners]) listener(event);
  };
  const ways = routes.map((route) => openWay(setup, route, tellAll));
  const silence = (words: string): string => {
    const ails = ailments(ways);
    return (ails.length < ways.length ? [words, ...ails] : ails).join('; ');
  };
  const desk: Desk = { setup, ways, listeners, silence };

  return {
    order: (request, accepted = () => {}) =>
      new Promise((resolve) => runOrder(desk, request, accepted, resolve)),
    state: (host, view, waitMs) =>
      new Promise((resolve) => runQuestion(desk, { host, view, waitMs }, resolve)),
    close: async () => void (await Promise.all(ways.map(({ path }) => path.close()))),
  };
}

type Listener = (event: OrderEvent | { kind: 'lost' }) => void;

interface Way {
  name: string;
  channel: Channel;
  path: OrderPath;
  /** `new` until the route said anything. */
  state: { at: 'new' | 'up' | 'lost'; why: string };
}

function openWay(
  { crypto, ring, orderer }: OrderClientSetup,
  { name, channel, connect }: OrderRoute,
  tell: Listener,
): Way {
  const state: Way['state'] = { at: 'new', why: 'it was never reached' };
  const path = connect({
    up: () => {
      state.at = 'up';
      tell({ kind: 'up' });
    },
    lost: (why) => {
      Object.assign(state, { at: 'lost', why });
      tell({ kind: 'lost' });
    },
    frame: (bytes) => {
      const opened = openAnswer(crypto, ring, orderer, channel, bytes);
      // Forged, or for another orderer: as if nothing had come.
      if ('refused' in opened) return;
      const { message } = opened;
      if (message.kind === 'state') tell({ kind: 'state', state: message });
      else tell({ kind: 'result', result: message });
    },
  });
  return { name, channel, path, state };
}

/** What is known to be wrong with each of these, as far as it is known. */
function ailments(ways: readonly Way[]): string[] {
  return ways
    .filter(({ state }) => state.at !== 'up')
    .map(({ name, state }) => `${name} is not connected: ${state.why}`);
}

/** What running orders and questions share. */
interface Desk {
  setup: OrderClientSetup;
  ways: readonly Way[];
  listeners: Set<Listener>;
  /** The reason for silence, as far as it is known here: which routes were tried, and what ails them. */
  silence(words: string): string;
}

function runOrder(
  desk: Desk,
  request: OrderRequest,
  accepted: () => void,
  resolve: (end: OrderEnd) => void,
): void {
  const { setup, ways, listeners } = desk;
  const queryId = randomBytes(16);
  const cmdId = request.cmdId ?? randomBytes(16);
  const start = monotonicMs();
  const deadlineAt = start + request.waitMs;
  const names = { agent: setup.agent, host: request.host, queryId, cmdId, deadlineAt };
  let run = newOrder(start);
  let timer: Timer | undefined;

  const carryOut = (effect: OrderEffect): void => {
    if (effect.kind === 'query') ask(desk, ways, { queryId, host: request.host, view: 'none' });
    if (effect.kind === 'order') sendOrder(desk, request, cmdId, effect);
    if (effect.kind === 'accepted') accepted();
    if (effect.kind !== 'end') return;
    listeners.delete(listener);
    const { end } = effect;
    const silent = end.outcome === 'no-answer';
    resolve(silent ? { ...end, detail: desk.silence(end.detail) } : end);
  };
  const listener: Listener = (event) => {
    // The other routes are still there, or this one comes back.
    if (event.kind === 'lost') return;
    const step = stepOrder(run, event, monotonicMs(), names);
    run = step.run;
    timer?.cancel();
    const { dueAt } = step;
    timer = dueAt === undefined ? undefined : wakeAt(dueAt, () => listener({ kind: 'due' }));
    for (const effect of step.effects) carryOut(effect);
  };
  listeners.add(listener);
  listener({ kind: 'due' });
}

function runQuestion(
  desk: Desk,
  { host, view, waitMs }: { host: number; view: View; waitMs: number },
  resolve: (answer: StateAnswer) => void,
): void {
  const queryId = randomBytes(16);
  const deadlineAt = monotonicMs() + waitMs;
  const ways = desk.ways.filter(({ channel }) => view === 'none' || channel !== 'serial');
  const hasOther = ways.length < desk.ways.length;
  let timer: Timer | undefined;
  const end = (answer: StateAnswer): void => {
    timer?.cancel();
    desk.listeners.delete(listener);
    resolve(answer);
  };
  const repeat = (): void => {
    timer?.cancel();
    const now = monotonicMs();
    if (hasOther && ways.every(({ state }) => state.at === 'lost')) {
      end(failure('listless', ['a serial line carries no lists', ...ailments(ways)].join('; ')));
    } else if (now >= deadlineAt) {
      end(failure('silent', desk.silence('the agent did not answer')));
    } else {
      timer = wakeAt(Math.min(now + REPEAT_MS, deadlineAt), repeat);
      ask(desk, ways, { queryId, host, view });
    }
  };
  const listener: Listener = (event) => {
    if (event.kind === 'up' || (event.kind === 'lost' && hasOther)) repeat();
    if (event.kind !== 'state') return;
    if (Buffer.compare(event.state.queryId, queryId) === 0) end(ok(event.state));
  };
  desk.listeners.add(listener);
  repeat();
}

/** Rounded up, because a timer that fires early only costs another turn. */
function wakeAt(at: number, fn: () => void): Timer {
  return after(Math.ceil(Math.max(0, at - monotonicMs())), fn);
}

function ask(
  { setup }: Desk,
  ways: readonly Way[],
  { queryId, host, view }: { queryId: Uint8Array; host: number; view: View },
): void {
  const { agent, orderer } = setup;
  const query = { kind: 'query', kid: kidOf(setup), orderer: orderer.orderer, agent } as const;
  send(
    setup,
    ways,
    { ...query, queryId, host, view: VIEW[view] },
    { id: queryId, ttlMs: REPEAT_MS },
  );
}

function sendOrder(
  { setup, ways }: Desk,
  request: OrderRequest,
  cmdId: Uint8Array,
  { life, tick }: { life: Uint8Array; tick: number },
): void {
  const { op, host, incarnation, ttlMs = TTL_MS, args = new Uint8Array() } = request;
  const { agent, orderer } = setup;
  const message: MessageOf<'order'> = {
    kind: 'order',
    kid: kidOf(setup),
    orderer: orderer.orderer,
    agent,
    cmdId,
    aNonce: life,
    tick,
    host,
    incarnation,
    op: OPERATION[op],
    args,
    ttlMs,
  };
  send(setup, ways, message, { id: cmdId, ttlMs });
}

function kidOf({ ring, orderer }: OrderClientSetup): number {
  return sendingKid(ring, orderer.name) ?? 0;
}

function send(
  { crypto, ring, orderer }: OrderClientSetup,
  ways: readonly Way[],
  message: MessageOf<'query'> | MessageOf<'order'>,
  about: { ttlMs: number; id: Uint8Array },
): void {
  for (const { channel, path } of ways) {
    const frame = sealOrder(crypto, ring, orderer.name, channel, message);
    // Without a key nothing can be said; whoever made the client has checked the ring.
    if (frame !== undefined) path.send(frame, about);
  }
}
