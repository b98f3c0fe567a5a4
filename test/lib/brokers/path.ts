/**
 * A network path that can break as real ones do.
 *
 * Closing a socket tells both ends. A pulled network cable tells nobody: bytes go out and nothing
 * comes back, and each direction can fail by itself. This forwarder stands between client and
 * broker and swallows one direction or both; it goes on reading, so neither end sees a full buffer
 * unless asked to (`stall`), and a connection made meanwhile is taken and gets no answer. Bytes
 * swallowed are lost to their connection, so healing serves new connections and ends the broken.
 *
 * A slow path (`slow`) carries everything in order and late, also what a client said before it died.
 */
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { after, monotonicMs } from '../../../protocol/link/timers.ts';

export type PathDirection = 'toBroker' | 'toClient';

export interface Path {
  readonly port: number;
  readonly url: string;
  /** Swallows from now on; both directions when none is named. */
  blackhole(direction?: PathDirection): void;
  /** Stops reading what clients send, so that their buffers fill. */
  stall(): void;
  /** What is said in that direction from now on arrives so much later; 0 ends it. */
  slow(direction: PathDirection, ms: number): void;
  /** Carries again. Connections that lost bytes end; others go on. */
  heal(): void;
  /** Refuses new connections and cuts those that stand, so both ends know. */
  cut(): void;
  /** Connections that stand now. */
  connections(): number;
  close(): Promise<void>;
}

interface Pair {
  client: Socket;
  broker: Socket;
  lostBytes: boolean;
}

/** Starts a forwarder on 127.0.0.1 to the given port there. */
export async function openPath(brokerPort: number): Promise<Path> {
  const pairs = new Set<Pair>();
  const swallows = { toBroker: false, toClient: false };
  const delayMs = { toBroker: 0, toClient: 0 };
  let stalled = false;
  let refusing = false;

  const forward = (pair: Pair, direction: PathDirection): void => {
    const [from, to] =
      direction === 'toBroker' ? [pair.client, pair.broker] : [pair.broker, pair.client];
    const pass = inOrder(() => delayMs[direction]);
    from.on('data', (chunk) => {
      if (swallows[direction]) pair.lostBytes = true;
      else pass(() => to.write(chunk));
    });
    from.on('error', () => undefined);
    // A path that swallows carries no goodbye either.
    from.on('end', () => {
      if (!swallows[direction]) pass(() => to.end());
    });
    from.on('close', () => {
      if (!swallows[direction]) pass(() => to.destroy());
      if (pair.client.destroyed && pair.broker.destroyed) pairs.delete(pair);
    });
  };
  const server = createServer({ noDelay: true }, (client) => {
    if (refusing) return void client.resetAndDestroy();
    const broker = connect({ host: '127.0.0.1', port: brokerPort, noDelay: true });
    const pair: Pair = { client, broker, lostBytes: false };
    pairs.add(pair);
    forward(pair, 'toBroker');
    forward(pair, 'toClient');
    if (stalled) client.pause();
  });
  const port = await listen(server);
  const dropAll = (which: (pair: Pair) => boolean): void => {
    for (const pair of pairs) {
      if (!which(pair)) continue;
      pair.client.destroy();
      pair.broker.destroy();
    }
  };
  return {
    port,
    url: `mqtt://127.0.0.1:${port}`,
    blackhole: (direction) => {
      swallows.toBroker ||= direction !== 'toClient';
      swallows.toClient ||= direction !== 'toBroker';
    },
    slow: (direction, ms) => {
      delayMs[direction] = ms;
    },
    stall: () => {
      stalled = true;
      for (const { client } of pairs) client.pause();
    },
    heal: () => {
      Object.assign(swallows, { toBroker: false, toClient: false });
      stalled = false;
      refusing = false;
      for (const { client } of pairs) client.resume();
      dropAll((pair) => pair.lostBytes || pair.client.destroyed || pair.broker.destroyed);
    },
    cut: () => {
      refusing = true;
      dropAll(() => true);
    },
    connections: () => pairs.size,
    close: async () => {
      dropAll(() => true);
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}

/** Does one thing after the other, each at once or late, and none before what came earlier. */
function inOrder(delayMs: () => number): (deed: () => void) => void {
  const waiting: (() => void)[] = [];
  let lastDueAt = 0;
  return (deed) => {
    const now = monotonicMs();
    lastDueAt = Math.max(lastDueAt, now + delayMs());
    if (waiting.length === 0 && lastDueAt <= now) return deed();
    waiting.push(deed);
    // Timers that are due together may fire in any order; each takes what is first.
    after(Math.ceil(lastDueAt - now), () => waiting.shift()?.());
  };
}
