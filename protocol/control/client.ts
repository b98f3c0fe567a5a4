/**
 * The asking end of the local socket.
 *
 * A caller wants one answer or a clear sentence why there is none: the socket is missing, closed to
 * this user, or its agent hangs. An order is different: it may run for a minute, so its wait is the
 * caller's, and a connection that breaks after it was accepted means "unknown", never "failed".
 */
import { connect, type Socket } from 'node:net';
import { asFailure } from '../attempt.ts';
import { after, type Timer } from '../link/timers.ts';
import { type Failure, failure, ok, type Result } from '../result.ts';
import { ANSWER_LINE_BYTES_MAX, ANSWER_WAIT_MS } from './limits.ts';
import { lineReader } from './lines.ts';
import { type ControlAnswer, type ControlRequest, decodeAnswer, encodeLine } from './messages.ts';

/** `absent` nobody answers there; `forbidden` not for this user; `silent` no answer in time. */
export type ClientFailure = 'absent' | 'forbidden' | 'silent' | 'refused';

/** One request without its number, which the client gives. */
export type Ask = ControlRequest extends infer R
  ? R extends { id: number }
    ? Omit<R, 'id'>
    : never
  : never;

export interface ControlClient {
  /** Asks and waits for the one answer; an `error` answer comes back as `refused`. */
  ask(request: Ask): Promise<Result<ControlAnswer, ClientFailure>>;
  /**
   * Sends an order; `accepted` is called when the agent took it. Resolves with the final answer, or
   * with `silent` when `waitMs` is over or the connection broke.
   */
  order(
    request: Extract<Ask, { ask: 'order' }>,
    waitMs: number,
    accepted: (answer: ControlAnswer) => void,
  ): Promise<Result<ControlAnswer, ClientFailure>>;
  close(): void;
}

type Settle = (answer: Result<ControlAnswer, ClientFailure>) => void;

/** Connects to the agent's socket at `path`. */
export function controlClient(path: string): Promise<Result<ControlClient, ClientFailure>> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const refuse = (error: Error): void => resolve(explain(path, error));
    socket.once('error', refuse);
    socket.once('connect', () => {
      socket.off('error', refuse);
      resolve(ok(clientOn(socket)));
    });
  });
}

function explain(path: string, error: Error): Failure<ClientFailure> {
  const { kind, detail } = asFailure(error);
  if (kind === 'eacces' || kind === 'eperm') {
    return failure('forbidden', `you may not open ${path}; join the group fencepost, or use sudo`);
  }
  if (kind === 'enoent' || kind === 'econnrefused') {
    return failure('absent', `no agent answers on ${path}`);
  }
  return failure('absent', `${path} cannot be opened: ${detail}`);
}

function clientOn(socket: Socket): ControlClient {
  const waiting = new Map<
    number,
    { settle: Settle; accepted: (a: ControlAnswer) => void; timer: Timer }
  >();
  const reader = lineReader(ANSWER_LINE_BYTES_MAX);
  let lastId = 0;

  const end = (id: number, result: Result<ControlAnswer, ClientFailure>): void => {
    const one = waiting.get(id);
    if (one === undefined) return;
    waiting.delete(id);
    one.timer.cancel();
    one.settle(result);
  };
  const endAll = (result: Failure<ClientFailure>): void => {
    for (const id of [...waiting.keys()]) end(id, result);
  };
  const hear = (answer: ControlAnswer): void => {
    if (answer.is === 'error') {
      const refused = failure<ClientFailure>('refused', answer.detail);
      if (answer.id === null) endAll(refused);
      else end(answer.id, refused);
      return;
    }
    if (answer.is === 'order' && !answer.final) waiting.get(answer.id)?.accepted(answer);
    else end(answer.id, ok(answer));
  };

  socket.on('data', (chunk: Buffer) => {
    for (const line of reader.push(chunk)) {
      const answer = line.ok ? decodeAnswer(line.value) : line;
      if (answer.ok) hear(answer.value);
      else endAll(failure('refused', `the agent's answer cannot be read: ${answer.detail}`));
    }
  });
  socket.on('error', () => socket.destroy());
  socket.on('close', () => endAll(failure('silent', 'the agent hung up before it answered')));

  const send = (
    request: Ask,
    waitMs: number,
    accepted: (answer: ControlAnswer) => void,
  ): Promise<Result<ControlAnswer, ClientFailure>> =>
    new Promise((settle) => {
      if (socket.destroyed) return settle(failure('silent', 'the agent hung up'));
      lastId += 1;
      const id = lastId;
      const late = failure<ClientFailure>(
        'silent',
        `the agent did not answer within ${waitMs / 1000} s`,
      );
      const timer = after(waitMs, () => end(id, late));
      waiting.set(id, { settle, accepted, timer });
      socket.write(encodeLine({ ...request, id }));
    });

  return {
    ask: (request) => send(request, ANSWER_WAIT_MS, () => {}),
    order: send,
    close: () => socket.destroy(),
  };
}
