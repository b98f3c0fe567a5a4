/**
 * The client that everything which gives orders uses: the command for people, fence agents, tests.
 *
 * It carries frames between one order (`order-step.ts`, which decides) and a path to the board. The
 * path may come and go while an order runs; only the caller's deadline ends the wait. Several
 * orders and questions may run at once over one path.
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
  channel: Channel;
}

/** A way to the board and back; it never blocks, and `send` may drop. */
export interface OrderPath {
  /** `ttlMs` says after how long the frame is of no use; `id` is what its answer will carry. */
  send(frame: Uint8Array, about: { ttlMs: number; id: Uint8Array }): void;
  close(): Promise<void>;
}

export interface OrderPathEvents {
  up(): void;
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
  /** Asks for the state of one host, or with host 0 of the board, and for a view in its body. */
  state(host: number, view: View, waitMs: number): Promise<Result<MessageOf<'state'>, 'silent'>>;
  close(): Promise<void>;
}

const TTL_MS = 30_000;

/** Makes the client; `connect` opens the path and hands its events to the client. */
export function orderClient(
  setup: OrderClientSetup,
  connect: (events: OrderPathEvents) => OrderPath,
): OrderClient {
  const listeners = new Set<Listener>();
  let isUp = false;
  let lastReason = 'it was never reached';
  const tellAll = (event: OrderEvent): void => {
    for (const listener of [...listeners]) listener(event);
  };

  const path = connect({
    up: () => {
      isUp = true;
      tellAll({ kind: 'up' });
    },
    lost: (reason) => {
      isUp = false;
      lastReason = reason;
    },
    frame: (bytes) => {
      const opened = openAnswer(setup.crypto, setup.ring, setup.orderer, setup.channel, bytes);
      // Forged, or for another orderer: as if nothing had come.
      if ('refused' in opened) return;
      const message = opened.message;
      if (message.kind === 'state') tellAll({ kind: 'state', state: message });
      else tellAll({ kind: 'result', result: message });
    },
  });
  const silence = (words: string): string =>
    isUp ? words : `the broker is not connected: ${lastReason}`;
  const desk: Desk = { setup, path, listeners, silence };

  return {
    order: (request, accepted = () => {}) =>
      new Promise((resolve) => runOrder(desk, request, accepted, resolve)),
    state: (host, view, waitMs) =>
      new Promise((resolve) => runQuestion(desk, { host, view, waitMs }, resolve)),
    close: () => path.close(),
  };
}

type Listener = (event: OrderEvent) => void;

/** What running orders and questions share. */
interface Desk {
  setup: OrderClientSetup;
  path: OrderPath;
  listeners: Set<Listener>;
  /** The reason for silence, as far as it is known here. */
  silence(words: string): string;
}

function runOrder(
  desk: Desk,
  request: OrderRequest,
  accepted: () => void,
  resolve: (end: OrderEnd) => void,
): void {
  const { setup, listeners } = desk;
  const queryId = randomBytes(16);
  const cmdId = request.cmdId ?? randomBytes(16);
  const start = monotonicMs();
  const deadlineAt = start + request.waitMs;
  const names = { agent: setup.agent, host: request.host, queryId, cmdId, deadlineAt };
  let run = newOrder(start);
  let timer: Timer | undefined;

  const carryOut = (effect: OrderEffect): void => {
    if (effect.kind === 'query') ask(desk, queryId, request.host, 'none');
    if (effect.kind === 'order') sendOrder(desk, request, cmdId, effect);
    if (effect.kind === 'accepted') accepted();
    if (effect.kind !== 'end') return;
    listeners.delete(listener);
    const { end } = effect;
    const silent = end.outcome === 'no-answer';
    resolve(silent ? { ...end, detail: desk.silence(end.detail) } : end);
  };
  const listener: Listener = (event) => {
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
  resolve: (answer: Result<MessageOf<'state'>, 'silent'>) => void,
): void {
  const queryId = randomBytes(16);
  const deadlineAt = monotonicMs() + waitMs;
  let timer: Timer | undefined;
  const end = (answer: Result<MessageOf<'state'>, 'silent'>): void => {
    timer?.cancel();
    desk.listeners.delete(listener);
    resolve(answer);
  };
  const repeat = (): void => {
    timer?.cancel();
    const now = monotonicMs();
    if (now >= deadlineAt) {
      end(failure('silent', desk.silence('the agent did not answer')));
    } else {
      timer = wakeAt(Math.min(now + REPEAT_MS, deadlineAt), repeat);
      ask(desk, queryId, host, view);
    }
  };
  const listener: Listener = (event) => {
    if (event.kind === 'up') repeat();
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

function ask({ setup, path }: Desk, queryId: Uint8Array, host: number, view: View): void {
  const { agent, orderer } = setup;
  const query = { kind: 'query', kid: kidOf(setup), orderer: orderer.orderer, agent } as const;
  send(setup, path, { ...query, queryId, host, view: VIEW[view] }, queryId, REPEAT_MS);
}

function sendOrder(
  { setup, path }: Desk,
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
  send(setup, path, message, cmdId, ttlMs);
}

function kidOf({ ring, orderer }: OrderClientSetup): number {
  return sendingKid(ring, orderer.name) ?? 0;
}

function send(
  { crypto, ring, orderer, channel }: OrderClientSetup,
  path: OrderPath,
  message: MessageOf<'query'> | MessageOf<'order'>,
  id: Uint8Array,
  ttlMs: number,
): void {
  const frame = sealOrder(crypto, ring, orderer.name, channel, message);
  // Without a key nothing can be said; whoever made the client has checked the ring.
  if (frame !== undefined) path.send(frame, { ttlMs, id });
}
