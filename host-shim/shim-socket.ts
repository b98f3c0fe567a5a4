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
  GROUP_SILENT_MS,
  GROUP_WAIT_MAX_MS,
  LEAVE_PATIENT_MS,
  RETURN_BY_MAX_S,
} from './core/limits.ts';
import type { GroupDesk, GroupLine, GroupSaid } from './groups.ts';
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
  /** Why this host may not leave now; undefined where it may. */
  whyStay(): string | undefined;
  groups: Pick<GroupDesk, 'claim' | 'release' | 'list'>;
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

/** What the board is waited for, and a margin for a slow machine. */
const GROUP_WAIT_MARGIN_MS: number = GROUP_SILENT_MS + 3_000;

/** Serves the programs of this server at `path`. */
export function serveShim(path: string, service: ShimService): Promise<Result<LineServer>> {
  return lineServer(path, {
    greet: (say, hangUp, whenGone) => {
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
        void answer(service, wish.value, whenGone).then((said) => say(`${JSON.stringify(said)}\n`));
      };
    },
    busyLine: encodeRelayLine({ error: 'too many programs are connected to this shim' }),
    unreadBytesMax: CLIENT_UNREAD_BYTES_MAX,
    warn: service.warn,
  });
}

type Wish =
  | { kind: 'kick' | 'groups' }
  | ({ kind: 'leave' } & LeaveWish)
  | { kind: 'claim'; group: string; waitMs: number }
  | { kind: 'release'; group: string };

async function answer(
  service: ShimService,
  wish: Wish,
  whenGone: (then: () => void) => void,
): Promise<object> {
  switch (wish.kind) {
    case 'kick':
      service.kick();
      return { kicked: true };
    case 'groups':
      return { groups: service.groups.list() };
    case 'claim':
      return { said: await service.groups.claim(wish.group, wish.waitMs, whenGone) };
    case 'release':
      return { said: await service.groups.release(wish.group) };
    case 'leave': {
      const { reason, returnByS } = wish;
      const error = service.whyStay();
      return error === undefined ? service.leave({ reason, returnByS }) : { error };
    }
  }
}

function readWish(line: string): Result<Wish> {
  const parsed = attemptSync((): unknown => JSON.parse(line));
  const fields = parsed.ok && typeof parsed.value === 'object' ? parsed.value : null;
  const words = (fields ?? {}) as Record<string, unknown>;
  const { reason, returnByS, kick, groups, claim, release, waitMs = 0 } = words;
  if (kick === true) return ok({ kind: 'kick' });
  if (groups === true) return ok({ kind: 'groups' });
  if (typeof release === 'string') return ok({ kind: 'release', group: release });
  const waits = Number.isInteger(waitMs) && Number(waitMs) >= 0;
  if (typeof claim === 'string' && waits && Number(waitMs) <= GROUP_WAIT_MAX_MS) {
    return ok({ kind: 'claim', group: claim, waitMs: Number(waitMs) });
  }
  const known = typeof reason === 'string' && Object.hasOwn(LEAVE_REASON, reason);
  const within =
    Number.isInteger(returnByS) && Number(returnByS) >= 0 && Number(returnByS) <= RETURN_BY_MAX_S;
  if (!known || !within)
    return failure(
      'bad',
      'a line needs "frame", "kick", "groups", "claim", "release", or "reason" and "returnByS" from 0 to 600',
    );
  return ok({ kind: 'leave', reason: reason as LeaveReason, returnByS: Number(returnByS) });
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

/** Asks the shim at `path` for a group. */
export function askToClaim(path: string, group: string, waitMs: number): Promise<Asked<GroupSaid>> {
  return ask(path, { claim: group, waitMs }, readSaid, waitMs + GROUP_WAIT_MARGIN_MS);
}

/** Tells the shim at `path` that everything of the group was stopped. */
export function askToRelease(path: string, group: string): Promise<Asked<GroupSaid>> {
  return ask(path, { release: group }, readSaid, GROUP_WAIT_MARGIN_MS);
}

/** Asks the shim at `path` how it stands with its groups. */
export function askForGroups(path: string): Promise<Asked<GroupLine[]>> {
  return ask(path, { groups: true }, ({ groups }) =>
    Array.isArray(groups) ? (groups as GroupLine[]) : undefined,
  );
}

function readSaid({ said }: Fields): GroupSaid | undefined {
  return typeof said === 'object' && said !== null ? (said as GroupSaid) : undefined;
}

type Fields = Record<string, unknown>;

function ask<T>(
  path: string,
  wish: object,
  read: (answer: Fields) => T | undefined,
  waitMs: number = ANSWER_WAIT_MS,
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
    const timer = after(waitMs, () => end(late));
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
