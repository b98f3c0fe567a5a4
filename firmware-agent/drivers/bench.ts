/**
 * The bench as a power strip: contacts and senses that another process on this machine plays.
 *
 * It is spoken to as real hardware would be. A command is done when the device took it, which says
 * nothing about the contact. A reading is what the device answered to this question; no answer in
 * time, a broken connection or a word that we do not know is `unknown`, never the last value. One
 * connection serves all plugs and comes back by itself. Nothing here decides or repeats anything.
 *
 * Spoken are JSON lines over a unix socket: `{id, do: "own"}` first, as bench relays may fall back when
 * their owner goes; then `turn` {plug, to}, `pulse` {plug}, `contact` {plug} and `sense` {plug}, each answered by
 * `{id, value}` or `{id, error}`.
 */
import { connect, type Socket } from 'node:net';
import { attemptSync } from '../../protocol/attempt.ts';
import { backoffMs } from '../../protocol/link/backoff.ts';
import { after, type Timer } from '../../protocol/link/timers.ts';
import { failure, ok, type Result } from '../../protocol/result.ts';
import type { BenchDevice } from '../config/devices/device.ts';
import type { Asked, Driver, PowerSwitch, Sense } from '../ports/power.ts';

type Request =
  | { do: 'own' }
  | { do: 'turn'; plug: string; to: 'open' | 'closed' }
  | { do: 'pulse'; plug: string }
  | { do: 'contact'; plug: string }
  | { do: 'sense'; plug: string };

interface Connection {
  /** Fails with `disconnected`, `timeout` or `refused`. */
  ask(request: Request, limitMs: number): Promise<Result<unknown>>;
  close(): void;
}

/** A bench that was restarted is found within a second. */
const RECONNECT = { firstMs: 50, capMs: 1_000 };
/** An answer takes the bench under a millisecond; this bears with a busy machine. */
const ANSWER_MS_MIN = 250;
/** Requests that may wait in a socket whose other end does not read. */
const BACKLOG_BYTES_MAX = 16_384;
/** No answer is longer; a bench that sends more is not one. */
const LINE_BYTES_MAX = 4_096;

/** Connects to each bench when its first device is opened, and keeps connected until `close`. */
export function benchDriver(): Driver<BenchDevice, BenchDevice, BenchDevice> {
  const connections = new Map<string, Connection>();
  const connected = (socket: string): Connection => {
    const connection = connections.get(socket) ?? keepConnected(socket);
    connections.set(socket, connection);
    return connection;
  };
  return {
    open: async ({ outlets, senses, pulses }) => ({
      outlets: outlets.map((outlet) => switchOf(connected(outlet.device.socket), outlet)),
      senses: senses.map((sense) => senseOf(connected(sense.device.socket), sense)),
      pulses: pulses.map(({ name, device: { socket, plug } }) => ({
        name,
        pulse: () => done(connected(socket).ask({ do: 'pulse', plug }, ANSWER_MS_MIN)),
      })),
    }),
    close: async () => {
      for (const connection of connections.values()) connection.close();
    },
  };
}

function switchOf(
  connection: Connection,
  { name, periodMs, device: { plug } }: Asked<BenchDevice>,
): PowerSwitch {
  const limitMs = Math.max(periodMs, ANSWER_MS_MIN);
  return {
    name,
    periodMs,
    turn: (to) => done(connection.ask({ do: 'turn', plug, to }, limitMs)),
    read: async () => {
      const answer = await connection.ask({ do: 'contact', plug }, limitMs);
      return answer.ok && (answer.value === 'open' || answer.value === 'closed')
        ? answer.value
        : 'unknown';
    },
  };
}

function senseOf(
  connection: Connection,
  { name, periodMs, device: { plug } }: Asked<BenchDevice>,
): Sense {
  const limitMs = Math.max(periodMs, ANSWER_MS_MIN);
  return {
    name,
    periodMs,
    read: async () => {
      const answer = await connection.ask({ do: 'sense', plug }, limitMs);
      return answer.ok && (answer.value === 'on' || answer.value === 'off')
        ? answer.value
        : 'unknown';
    },
  };
}

async function done(answer: Promise<Result<unknown>>): Promise<Result<void>> {
  const taken = await answer;
  return taken.ok ? ok(undefined) : taken;
}

function keepConnected(path: string): Connection {
  let socket: Socket | undefined;
  let closed = false;
  let failures = 0;
  let waiting: Timer | undefined;
  let lastId = 0;
  const asked = new Map<number, (answer: Result<unknown>) => void>();

  const open = (): void => {
    const fresh = connect(path);
    const takeLines = lineReader((line) => settle(line, asked));
    fresh.setEncoding('utf8');
    fresh.on('connect', () => {
      if (closed) {
        fresh.destroy();
        return;
      }
      failures = 0;
      socket = fresh;
      void ask({ do: 'own' }, ANSWER_MS_MIN);
    });
    fresh.on('data', (text: string) => {
      if (!takeLines(text)) fresh.destroy();
    });
    // `close` follows.
    fresh.on('error', () => undefined);
    fresh.on('close', lost);
  };
  const lost = (): void => {
    socket = undefined;
    for (const answer of [...asked.values()]) answer(disconnected(path));
    if (closed) return;
    failures += 1;
    waiting = after(backoffMs(failures, RECONNECT, 0), open);
  };
  const ask = (request: Request, limitMs: number): Promise<Result<unknown>> => {
    const to = socket;
    if (to === undefined || to.writableLength > BACKLOG_BYTES_MAX) {
      return Promise.resolve(disconnected(path));
    }
    lastId += 1;
    const id = lastId;
    return new Promise((resolve) => {
      const limit = after(limitMs, () =>
        answered(failure('timeout', `the bench did not answer within ${limitMs} ms`)),
      );
      const answered = (answer: Result<unknown>): void => {
        limit.cancel();
        asked.delete(id);
        resolve(answer);
      };
      asked.set(id, answered);
      to.write(`${JSON.stringify({ id, ...request })}\n`);
    });
  };
  open();
  return {
    ask,
    close: () => {
      closed = true;
      waiting?.cancel();
      socket?.destroy();
    },
  };
}

function disconnected(path: string): Result<unknown> {
  return failure('disconnected', `there is no connection to the bench at ${path}`);
}

function settle(line: string, asked: Map<number, (answer: Result<unknown>) => void>): void {
  const parsed = attemptSync((): unknown => JSON.parse(line));
  if (!parsed.ok || typeof parsed.value !== 'object' || parsed.value === null) return;
  const { id, value, error } = parsed.value as Record<'id' | 'value' | 'error', unknown>;
  const answer = typeof id === 'number' ? asked.get(id) : undefined;
  answer?.(error === undefined ? ok(value) : failure('refused', String(error)));
}

/** Cuts text into lines; answers false when a line is too long to be one of ours. */
function lineReader(onLine: (line: string) => void): (text: string) => boolean {
  let rest = '';
  return (text) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) onLine(line);
    return rest.length <= LINE_BYTES_MAX;
  };
}
