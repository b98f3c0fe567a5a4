/**
 * How `fencepost-shim leave` reaches the shim that runs: one line each way over a local socket.
 *
 * A signal could say "leave" but neither why nor for how long, and nobody would learn whether the
 * board heard it. The socket is named for the host, so that the configuration alone finds it.
 */
import { connect } from 'node:net';
import { asFailure, attemptSync } from '../protocol/attempt.ts';
import { lineReader } from '../protocol/control/lines.ts';
import { type LineServer, lineServer } from '../protocol/control/server.ts';
import { after } from '../protocol/link/timers.ts';
import { failure, ok, type Result } from '../protocol/result.ts';
import { LEAVE_REASON, type LeaveReason } from '../protocol/wire/messages.ts';
import { LEAVE_WAIT_MS, RETURN_BY_MAX_S } from './core/limits.ts';

export interface LeaveWish {
  reason: LeaveReason;
  returnByS: number;
}

/** Where the shim of `host` listens. */
export function leaveSocketPath(host: string): string {
  return `/run/fencepost/shim-${host}.sock`;
}

const ANSWER_BYTES_MAX = 4_096;

/** Both words at their longest, and a margin for a slow machine. */
const ANSWER_WAIT_MS: number = 2 * LEAVE_WAIT_MS + 3_000;

/** Serves wishes to leave; `leave` resolves with whether the board heard. */
export function serveLeave(
  path: string,
  leave: (wish: LeaveWish) => Promise<{ told: boolean }>,
  warn: (sentence: string) => void,
): Promise<Result<LineServer>> {
  return lineServer(path, {
    greet: (say) => (line) => {
      const wish = line.ok ? readWish(line.value) : line;
      if (!wish.ok) return say(`${JSON.stringify({ error: wish.detail })}\n`);
      void leave(wish.value).then(({ told }) => say(`${JSON.stringify({ told })}\n`));
    },
    busyLine: `${JSON.stringify({ error: 'too many wish to leave at once' })}\n`,
    warn,
  });
}

function readWish(line: string): Result<LeaveWish> {
  const parsed = attemptSync((): unknown => JSON.parse(line));
  const fields = parsed.ok && typeof parsed.value === 'object' ? parsed.value : null;
  const { reason, returnByS } = (fields ?? {}) as Record<string, unknown>;
  const known = typeof reason === 'string' && Object.hasOwn(LEAVE_REASON, reason);
  const within =
    Number.isInteger(returnByS) && Number(returnByS) >= 0 && Number(returnByS) <= RETURN_BY_MAX_S;
  if (!known || !within)
    return failure('bad', 'a wish needs "reason" and "returnByS" from 0 to 600');
  return ok({ reason: reason as LeaveReason, returnByS: Number(returnByS) });
}

/** Asks the shim at `path` to leave; `absent` where none runs, `silent` where it does not answer. */
export function askToLeave(
  path: string,
  wish: LeaveWish,
): Promise<Result<{ told: boolean }, 'absent' | 'silent' | 'refused'>> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const reader = lineReader(ANSWER_BYTES_MAX);
    const end = (result: Awaited<ReturnType<typeof askToLeave>>): void => {
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
      const [line] = reader.push(chunk);
      if (line !== undefined) end(readAnswer(line.ok ? line.value : ''));
    });
    socket.write(`${JSON.stringify(wish)}\n`);
  });
}

function readAnswer(line: string): Awaited<ReturnType<typeof askToLeave>> {
  const parsed = attemptSync((): unknown => JSON.parse(line));
  const fields = (parsed.ok ? parsed.value : {}) as { told?: unknown; error?: unknown };
  if (typeof fields.told === 'boolean') return ok({ told: fields.told });
  return failure('refused', `the shim refused: ${String(fields.error)}`);
}
