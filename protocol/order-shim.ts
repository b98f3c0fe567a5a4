/**
 * The route of orders over this server's own serial line: the shim, which has the line open, takes
 * sealed frames at its socket and passes them on. It can neither read nor make them.
 */
import { connect, type Socket } from 'node:net';
import { asFailure } from './attempt.ts';
import { lineReader } from './control/lines.ts';
import { decodeRelayLine, encodeRelayLine } from './control/relay-lines.ts';
import { backoffMs } from './link/backoff.ts';
import { after, type Timer } from './link/timers.ts';
import type { OrderPath, OrderPathEvents, OrderRoute } from './order-client.ts';

/** Soon for a shim that restarts; a missing one costs a connection a second. */
const RECONNECT = { firstMs: 100, capMs: 1_000 };

/** A frame in base64, or a sentence. */
const LINE_BYTES_MAX = 4_096;

/** A shim that takes nothing more holds this much; what comes then is dropped and repeated. */
const BACKLOG_BYTES_MAX = 16_384;

/** The route through the socket of the shim at `path`. */
export function orderOverShim(path: string): OrderRoute {
  return { name: 'the shim', channel: 'serial', connect: (events) => openPath(path, events) };
}

function openPath(path: string, events: OrderPathEvents): OrderPath {
  let failures = 0;
  let closed = false;
  let waiting: Timer | undefined;

  const open = (): Socket => {
    let why = 'it hung up';
    const reader = lineReader(LINE_BYTES_MAX);
    const opened = connect(path);
    opened.on('error', (error) => {
      why = wordsFor(path, error);
    });
    opened.on('close', () => {
      if (closed) return;
      failures += 1;
      waiting = after(backoffMs(failures, RECONNECT, 0), () => {
        socket = open();
      });
      events.lost(why);
    });
    opened.on('data', (chunk: Buffer) => {
      for (const line of reader.push(chunk)) hear(line.ok ? line.value : '');
    });
    return opened;
  };
  const hear = (text: string): void => {
    const { frame, line, why } = decodeRelayLine(text);
    if (line === 'open') {
      failures = 0;
      events.up();
    }
    if (line === 'closed') events.lost(why ?? 'its serial line is not open');
    if (frame !== undefined) events.frame(frame);
  };
  let socket = open();

  return {
    send: (frame) => {
      if (socket.pending || !socket.writable || socket.writableLength > BACKLOG_BYTES_MAX) return;
      socket.write(encodeRelayLine({ frame }));
    },
    close: async () => {
      closed = true;
      waiting?.cancel();
      socket.destroy();
    },
  };
}

function wordsFor(path: string, error: Error): string {
  const { kind, detail } = asFailure(error);
  if (kind === 'enoent' || kind === 'econnrefused') return `no shim answers on ${path}`;
  if (kind !== 'eacces' && kind !== 'eperm') return detail;
  return `you may not open ${path}; join the group fencepost, or use sudo`;
}
