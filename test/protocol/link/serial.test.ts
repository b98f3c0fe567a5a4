/** The serial link on real pseudo-terminals: noise, cut frames, vanishing devices, floods, deaf peers. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type SerialLink, serialLink } from '../../../protocol/link/serial.ts';
import { monotonicMs } from '../../../protocol/link/timers.ts';
import { frameEncode } from '../../../protocol/wire/framing.ts';
import { type Cable, layCable, openPty } from '../../lib/pty.ts';
import { assert, suite } from '../../lib/suite.ts';
import { pause, until } from '../../lib/until.ts';

const BAUD = 115_200;
const BEAT = Uint8Array.of(0x85, 5, 0, 7, 0, 0x18, 0xff, 1);
const test = suite('serial link');
const ends: End[] = [];

interface End {
  link: SerialLink;
  said: string[];
  frames: Uint8Array[];
}

function openEnd(path: string): End {
  const said: string[] = [];
  const frames: Uint8Array[] = [];
  const link = serialLink(
    { path, baud: BAUD },
    {
      up: () => said.push('up'),
      lost: (reason) => said.push(`lost: ${reason}`),
      frame: (bytes) => frames.push(bytes),
    },
  );
  const end = { link, said, frames };
  ends.push(end);
  return end;
}

// What a failed test leaves open would keep the process from ending.
test.after.each(async () => {
  await Promise.all(ends.splice(0).map((end) => end.link.close()));
});

/** Two links with a cable between them, both up; everything is closed afterwards. */
async function withCable(body: (a: End, b: End, cable: Cable) => Promise<void>): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'fencepost-serial-'));
  const cable = layCable(dir, 'line');
  const a = openEnd(cable.a);
  const b = openEnd(cable.b);
  try {
    await until('both ends are up', () => a.said.length > 0 && b.said.length > 0);
    await body(a, b, cable);
  } finally {
    await Promise.all([a.link.close(), b.link.close()]);
    cable.close();
    rmSync(dir, { recursive: true });
  }
}

test('frames pass both ways, whole and in order', () =>
  withCable(async (a, b) => {
    for (let i = 0; i < 20; i += 1) assert.ok(a.link.send(Uint8Array.of(i, 0, i)));
    b.link.send(BEAT);
    await until('all frames', () => b.frames.length === 20 && a.frames.length === 1);
    assert.equal(
      b.frames.map((frame) => [...frame]),
      Array.from({ length: 20 }, (_, i) => [i, 0, i]),
    );
    assert.equal(a.frames, [BEAT]);
    assert.equal(a.said, ['up']);
  }));

test('garbage and a frame cut in two are counted as noise, and the next frame is taken', () =>
  withCable(async (_a, b, cable) => {
    cable.inject(
      'a',
      Uint8Array.from({ length: 40 }, (_, i) => 0x30 + i),
    );
    cable.inject('a', frameEncode(BEAT).subarray(4));
    cable.inject('a', frameEncode(BEAT));
    await until('the good frame', () => b.frames.length === 1);
    assert.equal(b.frames, [BEAT]);
    assert.ok(b.link.counters().noise >= 1, `${b.link.counters().noise} counted`);
  }));

test('a noisy line delivers no frame that was not sent', () =>
  withCable(async (a, b, cable) => {
    cable.set({ noise: 0.02 });
    for (let i = 0; i < 100; i += 1) a.link.send(BEAT);
    cable.set({ noise: 0 });
    a.link.send(Uint8Array.of(1));
    await until('the last frame', () => b.frames.some((frame) => frame.length === 1));
    for (const frame of b.frames.slice(0, -1)) assert.equal(frame, BEAT);
  }));

test('a device that vanishes is lost once, and up again under its old name', () =>
  withCable(async (a, b, cable) => {
    cable.unplug('b');
    await until('b is lost', () => b.said.length === 2);
    assert.match(b.said[1] ?? '', /^lost: .*line-b/);
    assert.not(b.link.send(BEAT), 'a lost link takes no frame');
    assert.is(b.link.counters().dropped, 1);
    await pause(400);
    assert.is(b.said.length, 2, `said more than once: ${b.said.join('; ')}`);
    cable.replug('b');
    await until('b is up again', () => b.said.at(-1) === 'up');
    a.link.send(BEAT);
    await until('a frame after the return', () => b.frames.length === 1);
    assert.equal(a.said, ['up'], 'the other end noticed nothing');
    assert.is(b.link.counters().opened, 2);
  }));

test('a path that comes to name another device is lost and opened anew', () =>
  withCable(async (a, b, cable) => {
    const other = openPty(() => undefined);
    try {
      const { symlinkSync, renameSync } = await import('node:fs');
      symlinkSync(other.slavePath, `${cable.a}.other`);
      renameSync(`${cable.a}.other`, cable.a);
      await until('a is up on the other device', () => a.said.length === 3);
      assert.match(a.said[1] ?? '', /another device/);
      other.write(frameEncode(BEAT));
      await until('a frame from it', () => a.frames.length === 1);
      assert.equal(b.said, ['up']);
    } finally {
      other.close();
    }
  }));

test('a missing port is said once, opened when it comes, and closed without a word', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'fencepost-serial-'));
  const end = openEnd(join(dir, 'late-a'));
  await until('the first failure', () => end.said.length === 1);
  assert.match(end.said[0] ?? '', /late-a cannot be opened/);
  await pause(350);
  assert.is(end.said.length, 1);
  const cable = layCable(dir, 'late');
  await until('it is up', () => end.said.at(-1) === 'up');
  await end.link.close();
  cable.unplug('a');
  await pause(60);
  assert.is(end.said.length, 2, 'nothing is said after close');
  cable.close();
  rmSync(dir, { recursive: true });
});

test('a link that is closed while it opens says nothing and lets the port go', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'fencepost-serial-'));
  const cable = layCable(dir, 'line');
  const hasty = openEnd(cable.a);
  await hasty.link.close();
  const next = openEnd(cable.a);
  await until('the port is free', () => next.said.length === 1);
  assert.equal([...hasty.said, ...next.said], ['up']);
  await next.link.close();
  cable.close();
  rmSync(dir, { recursive: true });
});

test('a link that is closed while it fails says nothing more', () =>
  withCable(async (_a, b, cable) => {
    cable.unplug('b');
    // The device is gone, so this write is the first to see it.
    b.link.send(BEAT);
    await b.link.close();
    await pause(150);
    assert.equal(b.said, ['up']);
  }));

test('a locked port is refused to the second who opens it', () =>
  withCable(async (a, _b, cable) => {
    const second = openEnd(cable.a);
    await until('the refusal', () => second.said.length === 1);
    assert.match(second.said[0] ?? '', /another program has it open/);
    await second.link.close();
    assert.equal(a.said, ['up']);
  }));

test('a peer that does not read costs dropped frames, never a wait', async () => {
  const received: number[] = [];
  const pty = openPty((bytes) => received.push(...bytes));
  const end = openEnd(pty.slavePath);
  await until('it is up', () => end.said.length === 1);
  pty.pause();
  const startedAt = monotonicMs();
  let taken = 0;
  while (end.link.send(new Uint8Array(90).fill(7))) taken += 1;
  for (let i = 0; i < 1_000; i += 1) end.link.send(BEAT);
  const spentMs = monotonicMs() - startedAt;
  assert.ok(spentMs < 500, `sending took ${spentMs} ms`);
  assert.ok(taken < 2_000, `${taken} frames are more than a backlog`);
  assert.is(end.link.counters().dropped, 1_001);
  assert.is(end.link.counters().framesOut, taken);
  pty.resume();
  // Each frame of 90 bytes takes 95 on the line.
  await until('what was taken arrives', () => received.length === taken * 95);
  assert.ok(end.link.send(BEAT), 'and frames are taken again');
  assert.equal(end.said, ['up']);
  await end.link.close();
  pty.close();
});

test('a flood on one port leaves the others their turn', () =>
  withCable(async (a, b) => {
    const noise = new Uint8Array(4_000).fill(0x55);
    let flooding = true;
    const pty = openPty(() => undefined);
    const flooded = openEnd(pty.slavePath);
    await until('it is up', () => flooded.said.length === 1);
    const flood = (async () => {
      while (flooding) {
        pty.write(noise);
        await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    const delaysMs: number[] = [];
    for (let i = 0; i < 20; i += 1) {
      const sentAt = monotonicMs();
      a.link.send(BEAT);
      await until('a frame beside the flood', () => b.frames.length > i);
      delaysMs.push(monotonicMs() - sentAt);
    }
    flooding = false;
    await flood;
    assert.ok(Math.max(...delaysMs) < 200, `delays ${delaysMs.map((ms) => ms.toFixed(1))}`);
    assert.ok(flooded.link.counters().noise + flooded.link.counters().oversize > 0);
    pty.close();
    await flooded.link.close();
  }));

test('a port without modem lines shows them as unknown', () =>
  withCable(async (a) => {
    assert.is(await a.link.modem(), 'unknown');
  }));

test.run();
