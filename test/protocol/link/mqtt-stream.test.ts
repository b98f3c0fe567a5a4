/** The socket under a broker's connection is closed for good, however the stream ends. */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { mqttStream } from '../../../protocol/link/mqtt-stream.ts';
import { assert, suite } from '../../lib/suite.ts';

const test = suite('mqtt stream');

function connected(): Promise<{ raw: Socket; done: () => void }> {
  return new Promise((resolve) => {
    const server = createServer((peer) => {
      peer.on('error', () => undefined);
    });
    server.listen(0, '127.0.0.1', () => {
      const raw = connect({ host: '127.0.0.1', port: (server.address() as AddressInfo).port });
      raw.on('connect', () => resolve({ raw, done: () => server.close() }));
    });
  });
}

test('a stream that is ended and then destroyed at once leaves no socket behind', async () => {
  const { raw, done } = await connected();
  const errors: string[] = [];
  raw.on('error', (error) => errors.push(error.message));
  const closed = new Promise((resolve) => raw.on('close', resolve));
  const setup = { packetBytesMax: 1_024, contain: () => undefined, over: () => undefined };
  const stream = mqttStream({ raw, data: raw }, setup);
  stream.end();
  // The end has reached the kernel, whose answer needs a turn of the loop.
  for (let i = 0; i < 10; i += 1) await new Promise<void>((go) => process.nextTick(go));
  assert.ok(raw.writableEnded && !raw.writableFinished, 'it is in the middle of ending');
  stream.destroy();
  await closed;
  assert.equal(errors, []);
  done();
});

test.run();
