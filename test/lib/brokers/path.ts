/**
 * A network path that can break as real ones do.
 *
 * Closing a socket tells both ends. A pulled network cable tells nobody: bytes go out and nothing
 * comes back, and each direction can fail by itself. This forwarder stands between client and
 * broker and swallows one direction or both; it goes on reading, so neither end sees a full buffer
 * unless asked to (`stall`), and a connection made meanwhile is taken and gets no answer. Bytes
 * swallowed are lost to their connection, so healing serves new connections and ends the broken.
 */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export type PathDirection = 'toBroker' | 'toClient';

export interface Path {
  readonly port: number;
  readonly url: string;
  /** Swallows from now on; both directions when none is named. */
  blackhole(direction?: PathDirection): void;
  /** Stops reading what clients send, so that their buffers fill. */
  stall(): void;
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
  let stalled = false;
  let refusing = false;

  const forward = (pair: Pair, direction: PathDirection): void => {
    const [from, to] =
      direction === 'toBroker' ? [pair.client, pair.broker] : [pair.broker, pair.client];
    from.on('data', (chunk) => {
      if (swallows[direction]) pair.lostBytes = true;
      else to.write(chunk);
    });
    from.on('error', () => undefined);
    // A path that swallows carries no goodbye either.
    from.on('end', () => {
      if (!swallows[direction]) to.end();
    });
    from.on('close', () => {
      if (!swallows[direction]) to.destroy();
      if (pair.client.destroyed && pair.broker.destroyed) pairs.delete(pair);
    });
  };
  const server = createServer({ noDelay: true }, (client) => {
    if (refusing) {
      client.resetAndDestroy();
      return;
    }
    const broker = connect({ host: '127.0.0.1', port: brokerPort, noDelay: true });
    const pair: Pair = { client, broker, lostBytes: false };
    pairs.add(pair);
    forward(pair, 'toBroker');
    forward(pair, 'toClient');
    if (stalled) client.pause();
  });
  await new Promise<void>((listening) => {
    server.listen(0, '127.0.0.1', listening);
  });
  const { port } = server.address() as AddressInfo;
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
