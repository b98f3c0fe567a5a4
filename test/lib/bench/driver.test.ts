/** The bench driver against a device that talks nonsense: only a clear answer to the question counts. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PowerSwitch, Sense } from '../../../firmware-agent/ports/power.ts';
import { assert, suite } from '../suite.ts';
import { until } from '../until.ts';
import { openBench } from './open.ts';

const test = suite('bench driver');

type Device = (request: { id: number; do: string }, socket: Socket) => string;

/** A server that answers each request after `own` with what `device` says. */
async function withDevice(
  device: Device,
  body: (contact: PowerSwitch, sense: Sense, connections: () => number) => Promise<void>,
): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'fencepost-driver-'));
  const socketPath = join(dir, 'bench.sock');
  const sockets = new Set<Socket>();
  let connections = 0;
  let owned = false;
  const server = createServer((socket) => {
    connections += 1;
    sockets.add(socket);
    socket.setEncoding('utf8').on('data', (text) => {
      for (const line of String(text).trim().split('\n')) {
        const request = JSON.parse(line);
        if (request.do === 'own') owned = true;
        else socket.write(device(request, socket));
      }
    });
    socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => {
    server.listen(socketPath, resolve);
  });
  const board = openBench(socketPath);
  try {
    const contact = await board.switchOf('x');
    const sense = await board.senseOf('x');
    await until('the driver owns the device', () => owned);
    await body(contact, sense, () => connections);
  } finally {
    await board.close();
    for (const socket of sockets) socket.destroy();
    server.close();
    rmSync(dir, { recursive: true });
  }
}

test('a word that is no reading is unknown', async () => {
  for (const value of ['ON', 'true', true, 1, null, {}, '', 'unknown', 'mute', undefined]) {
    await withDevice(
      ({ id }) => `${JSON.stringify({ id, value })}\n`,
      async (contact, sense) => {
        assert.equal(
          [await contact.read(), await sense.read()],
          ['unknown', 'unknown'],
          `${value}`,
        );
      },
    );
  }
});

test('the reading of a contact is none of a sense, nor the other way', () =>
  withDevice(
    ({ id, do: what }) => `${JSON.stringify({ id, value: what === 'sense' ? 'open' : 'on' })}\n`,
    async (contact, sense) => {
      assert.equal([await contact.read(), await sense.read()], ['unknown', 'unknown']);
    },
  ));

test('an answer to another question, or no JSON at all, is no answer', () =>
  withDevice(
    ({ id }) => `${JSON.stringify({ id: id + 1_000, value: 'off' })}\nnonsense\n[1]\nnull\n`,
    async (_contact, sense) => {
      assert.is(await sense.read(), 'unknown');
    },
  ));

test('an answer that comes too late is not taken for the answer to the next question', () => {
  let held = '';
  return withDevice(
    ({ id }) => {
      const late = held;
      held = `${JSON.stringify({ id, value: 'off' })}\n`;
      return late;
    },
    async (_contact, sense) => {
      assert.is(await sense.read(), 'unknown');
      assert.is(await sense.read(), 'unknown');
    },
  );
});

test('an endless line ends the connection, which is made again', () =>
  withDevice(
    () => 'x'.repeat(10_000),
    async (_contact, sense, connections) => {
      assert.is(await sense.read(), 'unknown');
      await until('another connection', () => connections() > 1);
    },
  ));

test('a board without a bench reads unknown and refuses commands', async () => {
  const board = openBench('/nowhere/bench.sock');
  const contact = await board.switchOf('x');
  assert.is(await contact.read(), 'unknown');
  const turned = await contact.turn('open');
  assert.is(turned.ok ? 'ok' : turned.kind, 'disconnected');
  await board.close();
});

test.run();
