/** Orders from a program of the server, through the real socket of its shim, to the board and back. */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Relay, relay } from '../../host-shim/relay.ts';
import { serveShim } from '../../host-shim/shim-socket.ts';
import { decodeRelayLine, encodeRelayLine } from '../../protocol/control/relay-lines.ts';
import type { LineServer } from '../../protocol/control/server.ts';
import { monotonicMs, nextTurn } from '../../protocol/link/timers.ts';
import { orderClient } from '../../protocol/order-client.ts';
import { orderOverShim } from '../../protocol/order-shim.ts';
import { sealFrame } from '../../protocol/wire/codec.ts';
import { MESSAGES, type MessageKind } from '../../protocol/wire/messages.ts';
import { ANNA, clientSetup, type FakeOrders, fakeOrders } from '../lib/fake-orders.ts';
import { assert, suite } from '../lib/suite.ts';
import { until } from '../lib/until.ts';
import { crypto, ring } from '../protocol/wire/lib/keys.ts';
import { sampleOn } from '../protocol/wire/lib/samples.ts';

const test = suite('shim relay');
const folder = mkdtempSync(join(tmpdir(), 'fencepost-relay-'));
const BAUD = 921_600;
let count = 0;

interface Shim {
  path: string;
  relay: Relay;
  /** What went onto the line. */
  onLine: Uint8Array[];
  server: LineServer;
}

/** A shim whose serial line is `send`; its line is open unless said otherwise. */
async function shimWith(send: (frame: Uint8Array, own: Relay) => void = () => {}): Promise<Shim> {
  count += 1;
  const path = join(folder, `${count}.sock`);
  const onLine: Uint8Array[] = [];
  let server: LineServer | undefined;
  const own: Relay = relay({
    baud: BAUD,
    send: (frame) => {
      onLine.push(frame);
      send(frame, own);
    },
    freeMs: () => Number.POSITIVE_INFINITY,
    tell: (line) => server?.tell(line),
  });
  own.up();
  const leave = async (): Promise<{ told: boolean }> => ({ told: true });
  const groups = {
    claim: async (group: string) => ({ group, answer: 'silent', holder: 0 }) as const,
    release: async (group: string) => ({ group, answer: 'silent', holder: 0 }) as const,
    list: () => [],
  };
  const nothing = { kick: () => {}, whyStay: () => undefined, groups, warn: () => {} };
  const served = await serveShim(path, { ...nothing, leave, relay: own });
  if (!served.ok) throw new Error(served.detail);
  server = served.value;
  return { path, relay: own, onLine, server };
}

/** The line of host 1 leads to a board. */
function toBoard(fake: FakeOrders): (frame: Uint8Array, own: Relay) => void {
  return (frame, own) => {
    fake.onLine = (answer) => void nextTurn(() => own.answer(answer));
    nextTurn(() => fake.orders.message(frame, { channel: 'serial', host: 1 }, monotonicMs()));
  };
}

interface Program {
  socket: Socket;
  heard: string[];
}

async function programAt(path: string): Promise<Program> {
  const socket = connect(path);
  const program: Program = { socket, heard: [] };
  socket.on('error', () => {});
  socket.setEncoding('utf8').on('data', (text: string) => {
    program.heard.push(...text.split('\n').filter(Boolean));
  });
  await until('the shim greets', () => program.heard.length > 0);
  return program;
}

function frameOf(kind: MessageKind): Uint8Array {
  const key = ring.find('admin', 'anna', 1);
  if (key === undefined) throw new Error('no key');
  return sealFrame(crypto, key.order(), 'serial', sampleOn('serial', kind));
}

test('an order passes through the shim to the board, and its answers back, to the end', async () => {
  const fake = fakeOrders();
  const shim = await shimWith(toBoard(fake));
  assert.is(statSync(shim.path).mode & 0o777, 0o660);
  const client = orderClient(clientSetup(ANNA), [orderOverShim(shim.path)]);
  const end = await client.order({ op: 'fence', host: 2, incarnation: 0, waitMs: 5_000 });
  assert.equal([end.outcome, end.proof, end.accepted], ['done', 'verified', true]);
  await client.close();
  await shim.server.close();
});

test('a shim that starts later, or whose line opens later, is found; until then it says why', async () => {
  const fake = fakeOrders();
  const nowhere = join(folder, `${count + 1}.sock`);
  const client = orderClient(clientSetup(ANNA), [orderOverShim(nowhere)]);
  const early = await client.state(2, 'none', 30);
  assert.ok(!early.ok && /the shim is not connected: no shim answers on/.test(early.detail));
  const shim = await shimWith(toBoard(fake));
  shim.relay.lost('/dev/ttyS9 cannot be opened');
  const words = async (): Promise<string> => {
    const state = await client.state(2, 'none', 50);
    return state.ok ? '' : state.detail;
  };
  await until('it says so', async () => /not open: \/dev\/ttyS9/.test(await words()));
  shim.relay.up();
  assert.ok((await client.state(2, 'none', 5_000)).ok);
  await client.close();
  await shim.server.close();
});

test('only orders and questions go to the line, and only answers to orders come back from it', async () => {
  const shim = await shimWith();
  for (const kind of Object.keys(MESSAGES) as MessageKind[]) {
    const { key, direction } = MESSAGES[kind];
    const isOrder = key === 'order';
    assert.is(shim.relay.take(frameOf(kind), {}).ok, isOrder && direction === 'up', kind);
    assert.is(shim.relay.answer(frameOf(kind)), isOrder && direction === 'down', kind);
  }
  assert.not(shim.relay.take(new Uint8Array(94).fill(0x8f), {}).ok);
  await shim.server.close();
});

test('every program hears every answer, one that asks to leave included', async () => {
  const shim = await shimWith();
  const programs = [await programAt(shim.path), await programAt(shim.path)];
  const result = frameOf('result');
  shim.relay.answer(result);
  for (const { heard, socket } of programs) {
    await until('the answer comes', () => heard.length === 2);
    const { frame } = decodeRelayLine(heard[1] ?? '');
    assert.equal(Buffer.from(frame ?? []), Buffer.from(result));
    socket.destroy();
  }
  await shim.server.close();
});

test('what is no line of ours is answered with an error, and nothing goes to the line', async () => {
  const shim = await shimWith();
  const program = await programAt(shim.path);
  const bad = [
    '{',
    '[]',
    '{"frame":7}',
    '{"frame":""}',
    encodeRelayLine({ frame: new Uint8Array(95) }).trim(),
    encodeRelayLine({ frame: frameOf('beat') }).trim(),
  ];
  for (const line of bad) program.socket.write(`${line}\n`);
  await until('each has its error', () => program.heard.length === bad.length + 1);
  for (const line of program.heard.slice(1)) assert.ok(decodeRelayLine(line).error, line);
  assert.is(shim.onLine.length, 0);
  program.socket.destroy();
  await shim.server.close();
});

test('a program that floods is hung up on; another is served meanwhile', async () => {
  const shim = await shimWith();
  const flood = await programAt(shim.path);
  const other = await programAt(shim.path);
  const line = encodeRelayLine({ frame: frameOf('query') });
  flood.socket.write(line.repeat(5_000));
  await until('it is hung up on', () => flood.socket.closed);
  assert.ok(shim.onLine.length <= 9, `${shim.onLine.length} frames went to the line`);
  other.socket.write(encodeRelayLine({ frame: frameOf('order') }));
  const wanted = Buffer.from(frameOf('order'));
  await until('the order goes', () => shim.onLine.some((frame) => wanted.equals(frame)));
  other.socket.destroy();
  await shim.server.close();
});

test.after(() => rmSync(folder, { recursive: true }));
test.run();
