/**
 * A hostile broker before a whole connection of ours, vendor's client and all: after a proper greeting
 * it says what it likes and hangs up. The connection must end, once, and nothing may be thrown
 * where nobody catches it.
 */
import { createServer, type Server, type Socket } from 'node:net';
import { mqttConnection } from '../../../protocol/link/mqtt-connection.ts';
import { must, type Target } from '../lib/target.ts';
import { PACKETS, WORDS } from './mqtt.ts';

const MESSAGE_BYTES_MAX = 64;
const SUBSCRIBE = 0x82;
const CONNACK: Record<4 | 5, number[]> = { 4: [0x20, 2, 0, 0], 5: [0x20, 3, 0, 0, 0] };

export const brokerTarget: Target = {
  name: 'broker',
  promise:
    'a connection to a hostile broker ends once, with a reason, and hands on nothing too long',
  covers:
    /^(protocol\/link\/mqtt-(connection|stream)\.ts#|node_modules\/mqtt\/build\/lib\/(client|handlers))/,
  bytesMax: 400,
  limitMs: 250,
  seeds: [...PACKETS, new Uint8Array([5])],
  words: WORDS,
  run: judgeBroker,
};

interface Turn {
  version: 4 | 5;
  says: Uint8Array;
}

/** One for the whole process; what it says next is in `turn`. */
let server: Promise<number> | undefined;
let turn: Turn = { version: 5, says: new Uint8Array() };

function port(): Promise<number> {
  server ??= new Promise((resolve) => {
    const listening: Server = createServer(greet).listen(0, '127.0.0.1', () => {
      const address = listening.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    });
    // The process may end whenever nothing else holds it.
    listening.unref();
  });
  return server;
}

function greet(socket: Socket): void {
  const { version, says } = turn;
  socket.on('error', () => socket.destroy());
  socket.once('data', () => socket.write(Uint8Array.from(CONNACK[version])));
  socket.on('data', (bytes: Buffer) => {
    if (bytes[0] !== SUBSCRIBE) return;
    const id = [bytes[2] ?? 0, bytes[3] ?? 0];
    const suback = version === 5 ? [0x90, 4, ...id, 0, 0] : [0x90, 3, ...id, 0];
    socket.write(Uint8Array.from([...suback, ...says]), () => socket.end());
  });
}

/** The first byte says the version of the protocol. */
async function judgeBroker(input: Uint8Array): Promise<void> {
  const version = ((input[0] ?? 5) & 1) === 1 ? 5 : 4;
  turn = { version, says: input.subarray(1) };
  const url = `mqtt://127.0.0.1:${await port()}`;
  let ups = 0;
  let overs = 0;
  let longest = 0;
  let escaped: unknown;
  const keep = (thrown: unknown): void => {
    escaped ??= thrown;
  };
  process.on('uncaughtException', keep);
  await new Promise<void>((resolve) => {
    mqttConnection(
      {
        url,
        protocol: version,
        clientId: 'fencepost:a',
        subscriptions: [{ topic: 'a', qos: 0 }],
        packetBytesMax: MESSAGE_BYTES_MAX,
        backlogBytesMax: 4_096,
      },
      {
        up: () => {
          ups += 1;
        },
        over: (reason) => {
          overs += 1;
          if (reason === '') overs += 1;
          resolve();
        },
        message: (topic, payload) => {
          longest = Math.max(longest, topic.length + payload.length);
        },
        oversize: () => undefined,
        answered: () => undefined,
      },
    );
  });
  await new Promise(setImmediate);
  process.off('uncaughtException', keep);
  if (escaped !== undefined) throw escaped;
  must(overs === 1, 'a connection is over once, and for a reason');
  must(ups <= 1, 'a connection comes up once');
  must(longest <= MESSAGE_BYTES_MAX, 'nothing too long is handed on');
}
