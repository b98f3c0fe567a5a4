/**
 * The stream that an MQTT client is given in place of its socket.
 *
 * A client that is piped from a socket reads whatever comes: a flood of messages holds up every
 * other channel, and one packet that claims 256 MB is collected until memory ends. Here packets
 * are cut out first. Each is handed over whole and by itself, so that what the client throws is
 * thrown to us; a turn of the event loop hands over so many bytes and no more, and the socket
 * waits meanwhile; a packet beyond the cap ends the connection when its header is read.
 *
 * What the client writes goes to the socket; `writableLength` counts all that the kernel has not
 * taken, so a backlog can be bounded by it.
 */
import type { Socket } from 'node:net';
import { Duplex, type Writable } from 'node:stream';
import { nextTurn, type Timer } from './timers.ts';

export interface MqttStreamSetup {
  packetBytesMax: number;
  /** Calls into the client and deals with what it throws. */
  contain(call: () => unknown): void;
  /** The stream is of no more use; `reason` is one line for people. May be called twice. */
  over(reason: string): void;
}

/** What one connection may have per turn: some 500 beats, 5 ms of work. */
const TURN_BYTES_MAX = 32_768;

/** Wraps `data`, which is `raw` or TLS over it; destroying the stream resets `raw`. */
export function mqttStream(
  { raw, data }: { raw: Socket; data: Socket },
  setup: MqttStreamSetup,
): Duplex {
  const stream = new Duplex({
    read: () => undefined,
    write: (chunk: Buffer, _encoding, written) => {
      data.write(chunk, written);
    },
    writev: (chunks: { chunk: Buffer }[], written) => {
      data.write(Buffer.concat(chunks.map(({ chunk }) => chunk)), written);
    },
    final: (ended) => {
      data.end(ended);
    },
    destroy: (error, destroyed) => {
      feed.close();
      // A reset drops what the kernel still holds, which would arrive late or never. After an `end`
      // Node refuses it and never closes the descriptor: a process then hangs at its exit.
      if (raw.connecting || raw.destroyed || data.writableEnded) raw.destroy();
      else raw.resetAndDestroy();
      data.destroy();
      destroyed(error);
    },
  });
  const feed = packetFeed(data, setup);
  // What the sockets say after we, or the client, have ended it is no news.
  const over = (reason: string): void => {
    if (!stream.destroyed) setup.over(reason);
  };
  for (const socket of new Set([raw, data])) {
    socket.on('error', (error) => over(error.message));
    socket.on('close', () => over('the broker closed the connection'));
  }
  data.on('end', () => over('the broker closed the connection'));
  data.on('close', () => stream.destroy());
  // The client pipes once, at its start. A pipe would hand over as it likes, so we take its place.
  return Object.assign(stream, {
    pipe: <T extends NodeJS.WritableStream>(to: T): T => {
      feed.to(to as unknown as Writable);
      return to;
    },
  });
}

/** Cuts packets out of what `data` reads and hands them to the client. */
function packetFeed(
  data: Socket,
  setup: MqttStreamSetup,
): { to(sink: Writable): void; close(): void } {
  let sink: Writable | undefined;
  let waiting: Buffer = Buffer.alloc(0);
  /** Why nothing is handed over now: this turn's budget is spent, or the client is busy. */
  let pause: 'none' | 'turn' | 'client' = 'none';
  let budgetBytes = TURN_BYTES_MAX;
  let refill: Timer | undefined;

  const atNextTurn = (): void => {
    refill ??= nextTurn(() => {
      refill = undefined;
      budgetBytes = TURN_BYTES_MAX;
      if (pause !== 'turn' || sink === undefined) return;
      pause = 'none';
      data.resume();
      handOver(sink);
    });
  };
  const taken = (): void => {
    if (pause !== 'client') return;
    pause = 'turn';
    atNextTurn();
  };
  const handOver = (to: Writable): void => {
    for (let bytes = packetBytes(waiting); bytes <= waiting.length; bytes = packetBytes(waiting)) {
      if (to.writableLength > 0 || budgetBytes <= 0) {
        // A client that waits for room to acknowledge is given more when it has found it.
        pause = to.writableLength > 0 ? 'client' : 'turn';
        data.pause();
        return;
      }
      const packet = waiting.subarray(0, bytes);
      waiting = waiting.subarray(bytes);
      budgetBytes -= bytes;
      atNextTurn();
      setup.contain(() => to.write(packet, taken));
      if (sink === undefined) return;
    }
    const bytes = packetBytes(waiting);
    if (bytes > setup.packetBytesMax) setup.over(`a packet of ${bytes} bytes came in`);
  };
  data.on('data', (chunk: Buffer) => {
    waiting = waiting.length === 0 ? chunk : Buffer.concat([waiting, chunk]);
    if (pause === 'none' && sink !== undefined) handOver(sink);
  });
  return {
    to: (client) => {
      sink = client;
    },
    close: () => {
      sink = undefined;
      refill?.cancel();
    },
  };
}

/**
 * The length of the packet that `bytes` begin with. A header that is not whole yet announces one
 * byte more than there is.
 */
function packetBytes(bytes: Buffer): number {
  let length = 0;
  for (let i = 1; i <= 4; i += 1) {
    const digit = bytes[i];
    if (digit === undefined) return bytes.length + 1;
    length += (digit & 0x7f) * 128 ** (i - 1);
    if (digit < 0x80) return 1 + i + length;
  }
  // Four digits that all announce another are no length.
  return Number.POSITIVE_INFINITY;
}
