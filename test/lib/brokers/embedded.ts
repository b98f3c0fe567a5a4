/**
 * A broker without installing one: aedes on the loopback interface. It speaks MQTT 3.1.1 only, so
 * whoever uses it is configured with `protocol = 4`.
 */
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { Aedes } from 'aedes';

export interface EmbeddedBroker {
  readonly port: number;
  readonly url: string;
  /** How many clients are connected now. */
  clients(): number;
  /** Publishes as the broker itself. */
  publish(topic: string, payload: Uint8Array, retain?: boolean): void;
  /** Cuts every connection; they may come again. */
  cutAll(): void;
  close(): Promise<void>;
}

export interface EmbeddedSetup {
  /** 0, the default, lets the kernel choose. */
  port?: number;
  /** Refuses subscriptions to topics for which it says false. */
  maySubscribe?: (topic: string) => boolean;
}

/** Starts a broker on 127.0.0.1 and resolves when it listens. */
export async function embeddedBroker(setup: EmbeddedSetup = {}): Promise<EmbeddedBroker> {
  const { port = 0, maySubscribe = () => true } = setup;
  const broker = await Aedes.createBroker({
    authorizeSubscribe: (_client, subscription, answer) =>
      answer(null, maySubscribe(subscription.topic) ? subscription : null),
  });
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    broker.handle(socket);
  });
  await new Promise<void>((listening, failed) => {
    server.once('error', failed);
    server.listen(port, '127.0.0.1', listening);
  });
  const { port: bound } = server.address() as AddressInfo;
  return {
    port: bound,
    url: `mqtt://127.0.0.1:${bound}`,
    clients: () => broker.connectedClients,
    publish: (topic, payload, retain = false) => {
      const packet = { cmd: 'publish', qos: 0, dup: false, topic, retain } as const;
      broker.publish({ ...packet, payload: Buffer.from(payload) }, () => undefined);
    },
    cutAll: () => {
      for (const socket of sockets) socket.destroy();
    },
    close: async () => {
      const closed = new Promise((resolve) => {
        server.close(resolve);
      });
      await new Promise<void>((resolve) => {
        broker.close(resolve);
      });
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
