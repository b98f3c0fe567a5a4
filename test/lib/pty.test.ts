/** Cables of pseudo-terminals: they must do to bytes what a test asks, and nothing else. */
import { mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serialLink } from '../../protocol/link/serial.ts';
import { monotonicMs } from '../../protocol/link/timers.ts';
import { type Cable, layCable } from './pty.ts';
import { assert, suite } from './suite.ts';
import { pause, until } from './until.ts';

const test = suite('cable');

interface Rig {
  cable: Cable;
  send(bytes: number): void;
  /** Times at which frames came out at the other end, with their sizes. */
  got: { atMs: number; bytes: Uint8Array }[];
}

async function withCable(body: (rig: Rig) => Promise<void>): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'fencepost-cable-'));
  const cable = layCable(dir, 'web');
  const got: Rig['got'] = [];
  const quiet = { up: () => undefined, lost: () => undefined, frame: () => undefined };
  const from = serialLink({ path: cable.a, baud: 9_600 }, quiet);
  const to = serialLink(
    { path: cable.b, baud: 9_600 },
    { ...quiet, frame: (bytes) => got.push({ atMs: monotonicMs(), bytes }) },
  );
  try {
    await until('both are open', () => from.counters().opened + to.counters().opened === 2);
    await body({ cable, got, send: (bytes) => from.send(new Uint8Array(bytes).fill(7)) });
  } finally {
    await Promise.all([from.close(), to.close()]);
    cable.close();
    rmSync(dir, { recursive: true });
  }
}

test('a cable with a baud rate carries bytes no faster than a line would', () =>
  withCable(async ({ cable, got, send }) => {
    cable.set({ baud: 9_600 });
    const startedAt = monotonicMs();
    for (let i = 0; i < 5; i += 1) send(23);
    await until('five frames', () => got.length === 5);
    // 23 bytes take 28 on the line; ten bits each.
    const lineMs = (5 * 28 * 10_000) / 9_600;
    const tookMs = (got.at(-1)?.atMs ?? 0) - startedAt;
    assert.ok(tookMs > lineMs - 2 && tookMs < lineMs + 300, `${tookMs} ms for ${lineMs} ms`);
    const spreadMs = (got.at(-1)?.atMs ?? 0) - (got[0]?.atMs ?? 0);
    assert.ok(spreadMs > lineMs / 4, `the first came ${spreadMs} ms before the last`);
  }));

test('a delayed cable keeps order, also when the delay is taken away', () =>
  withCable(async ({ cable, got, send }) => {
    cable.set({ delayMs: 60 });
    const startedAt = monotonicMs();
    send(1);
    await until('it has left', () => cable.counts().a > 0);
    cable.set({ delayMs: 0 });
    send(2);
    await until('both', () => got.length === 2);
    assert.equal(
      got.map(({ bytes }) => bytes.length),
      [1, 2],
    );
    assert.ok((got[0]?.atMs ?? 0) - startedAt >= 59);
  }));

test('a pulled cable loses bytes, also those on the way, and nobody is told', () =>
  withCable(async ({ cable, got, send }) => {
    cable.set({ delayMs: 30 });
    send(1);
    await until('it has left', () => cable.counts().a > 0);
    cable.set({ pulled: true });
    send(2);
    await pause(80);
    cable.set({ pulled: false, delayMs: 0 });
    send(3);
    await until('one frame', () => got.length > 0);
    assert.equal(
      got.map(({ bytes }) => bytes.length),
      [3],
    );
  }));

test('an end that is plugged in again has its old name and a new device', () =>
  withCable(async ({ cable }) => {
    const before = readlinkSync(cable.b);
    const other = layCable(join(cable.b, '..'), 'other');
    cable.unplug('b');
    cable.replug('b');
    assert.match(readlinkSync(cable.b), /^\/dev\/pts\/\d+$/);
    assert.ok(before.startsWith('/dev/pts/'));
    other.close();
  }));

test('an end that is unplugged has no name: its device may be the end of another cable now', () =>
  withCable(async ({ cable }) => {
    cable.unplug('b');
    assert.throws(() => readlinkSync(cable.b));
    cable.replug('b');
    assert.ok(readlinkSync(cable.b).startsWith('/dev/pts/'));
  }));

test('a cable that was taken away leaves no descriptor open', async () => {
  const count = (): number => readdirSync('/proc/self/fd').length;
  const round = () =>
    withCable(async ({ cable }) => {
      cable.unplug('a');
      cable.replug('a');
    });
  // The first round opens what stays open for good, such as the binding's own descriptors.
  await round();
  const before = count();
  await round();
  await until('the descriptors are closed', () => count() <= before);
});

test.run();
