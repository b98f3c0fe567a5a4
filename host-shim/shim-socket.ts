/**
 * The shim's own socket: how `fencepost-shim leave` and `kick` reach it, and orders the serial line.
 *
 * A signal could say "leave" but neither why nor for how long, and nobody would learn whether the
 * board heard it. And only the shim has the line open, so whoever on this server gives orders hands
 * them in here, sealed (`relay.ts`). A line is one or the other; a client that sends lines faster
 * than any honest program is hung up on, because reading them takes time from the beats. The
 * socket is named for the host, so that the configuration alone finds it.
 */
import { connect } from 'node:net';
import { asFailure, attemptSync } from '../protocol/attempt.ts';
import { lineReader } from '../protocol/control/lines.ts';
import { decodeRelayLine, encodeRelayLine } from '../protocol/control/relay-lines.ts';
import { type LineServer, lineServer } from '../protocol/control/server.ts';
import { after, monotonicMs } from '../protocol/link/timers.ts';
import { failure, ok, type Result } from '../protocol/result.ts';
import { LEAVE_REASON, type LeaveReason } from '../protocol/wire/messages.ts';
import { fullBucket, take } from '../protocol/wire/session/bucket.ts';
import {
  CLIENT_RATE,
  CLIENT_UNREAD_BYTES_MAX,
  LEAVE_PATIENT_MS,
  RETURN_BY_MAX_S,
} from './core/limits.ts';
import type { Relay } from './relay.ts';

export interface LeaveWish {
  reason: LeaveReason;
  returnByS: number;
}

/** What is done about what clients say. */
export interface ShimService {
  /** Resolves with whether the board heard. */
  leave(wish: LeaveWish): Promise<{ told: boolean }>;
  /** Some program of this host is well. */
  kick(): void;
  relay: Pick<Relay, 'greeting' | 'take'>;
  warn(sentence: string): void;
}

/** Where the shim of `host` listens. */
export function shimSocketPath(host: string): string {
  return `/run/fencepost/shim-${host}.sock`;
}

const ANSWER_BYTES_MAX = 4_096;

/** Both words at their longest, and a margin for a slow machine. */
const ANSWER_WAIT_MS: number = 2 * LEAVE_PATIENT_MS + 3_000;

/** Serves the programs of this server at `path`. */
export function serveShim(path: string, service: ShimService): Promise<Result<LineServer>> {
  return lineServer(path, {
    greet: (say, hangUp) => {
      const client = {};
      const bucket = fullBucket(CLIENT_RATE);
      say(service.relay.greeting());
      return (line) => {
        if (!take(bucket, CLIENT_RATE, monotonicMs())) return hangUp();
        if (!line.ok) return say(encodeRelayLine({ error: line.detail }));
        const { frame } = decodeRelayLine(line.value);
        if (frame !== undefined) {
          const taken = service.relay.take(frame, client);
          return taken.ok ? undefined : say(encodeRelayLine({ error: taken.detail }));
        }
        const wish = readWish(line.value);
        if (!wish.ok) return say(encodeRelayLine({ error: wish.detail }));
        if (wish.value === 'kick') {
          service.kick();
          return say(`${JSON.stringify({ kicked: true })}\n`);
        }
        void service.leave(wish.value).then(({ told }) => say(`${JSON.stringify({ told })}\n`));
      };
    },
    busyLine: encodeRelayLine({ error: 'too many programs are connected to this shim' }),
    unreadBytesMax: CLIENT_UNREAD_BYTES_MAX,
    warn: service.warn,
  });
}

function readWish(line: string): Result<LeaveWish | 'kick'> {
  const parsed = attemptSync((): unknown => JSON.parse(line));
  const fields = parsed.ok && typeof parsed.value === 'object' ? parsed.value : null;
  const { reason, returnByS, kick } = (fields ?? {}) as Record<string, unknown>;
  if (kick === true) return ok('kick');
  const known = typeof reason === 'string' && Object.hasOwn(LEAVE_REASON, reason);
  const within =
    Number.isInteger(returnByS) && Number(returnByS) >= 0 && Number(returnByS) <= RETURN_BY_MAX_S;
  if (!known || !within)
    return failure(
      'bad',
      'a line needs "frame", "kick", or "reason" and "returnByS" from 0 to 600',
    );
  return ok({ reason: reason as LeaveReason, returnByS: Number(returnByS) });
}

/** `absent` where no shim runs, `silent` where it does not answer. */
type Asked<T> = Result<T, 'absent' | 'silent' | 'refused'>;

/** Asks the shim at `path` to leave. */
export function askToLeave(path: string, wish: LeaveWish): Promise<Asked<{ told: boolean }>> {
  return ask(path, wish, ({ told }) => (typeof told === 'boolean' ? { told } : undefined));
}

/** Tells the shim at `path` that this host is well. */
export function askToKick(path: string): Promise<Asked<'kicked'>> {
  return ask(path, { kick: true }, ({ kicked }) => (kicked === true ? 'kicked' : undefined));
}

type Fields = Record<string, unknown>;

function ask<T>(
  path: string,
  wish: object,
  read: (answer: Fields) => T | undefined,
): Promise<Asked<T>> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const reader = lineReader(ANSWER_BYTES_MAX);
    const end = (result: Asked<T>): void => {
      timer.cancel();
      socket.destroy();
      resolve(result);
    };
    const late = failure<'silent'>('silent', `the shim behind ${path} did not answer in time`);
    const timer = after(ANSWER_WAIT_MS, () => end(late));
    socket.on('error', (error) => {
      const { kind, detail } = asFailure(error);
      const nobody = kind === 'enoent' || kind === 'econnrefused';
      const words = nobody ? `no shim answers on ${path}; is it running on this machine?` : detail;
      end(failure('absent', words));
    });
    socket.on('close', () => end(late));
    socket.on('data', (chunk: Buffer) => {
      for (const line of reader.push(chunk)) {
        const answer = readAnswer(line.ok ? line.value : '', read);
        if (answer !== undefined) return end(answer);
      }
    });
    socket.write(`${JSON.stringify(wish)}\n`);
  });
}

/** Undefined for what is said to every client. */
function readAnswer<T>(
  line: string,
  read: (answer: Fields) => T | undefined,
): Asked<T> | undefined {
  const parsed = attemptSync((): unknown => JSON.parse(line));
  const fields = (parsed.ok ? parsed.value : {}) as Fields;
  const answer = read(fields);
  if (answer !== undefined) return ok(answer);
  const { error } = fields;
  return error === undefined ? undefined : failure('refused', `the shim refused: ${String(error)}`);
}
