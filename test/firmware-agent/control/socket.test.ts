import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { controlSocket } from '../../../firmware-agent/control/socket.ts';
import { type ControlClient, controlClient } from '../../../protocol/control/client.ts';
import { CLIENTS_MAX, REQUEST_LINE_BYTES_MAX } from '../../../protocol/control/limits.ts';
import type { ControlAnswer } from '../../../protocol/control/messages.ts';
import { type FakeDesk, fakeDesk } from '../../lib/fake-desk.ts';
import { assert, suite } from '../../lib/suite.ts';

const test = suite('control socket');

const folder = mkdtempSync(join(tmpdir(), 'fencepost-socket-'));
let count = 0;

async function served(desk: FakeDesk, work: (path: string) => Promise<void>): Promise<void> {
  count += 1;
  const path = join(folder, `${count}.sock`);
  const socket = await controlSocket(path, desk, () => {});
  if (!socket.ok) throw new Error(socket.detail);
  await work(path);
  await socket.value.close();
}

async function clientAt(path: string): Promise<ControlClient> {
  const client = await controlClient(path);
  if (!client.ok) throw new Error(client.detail);
  return client.value;
}

/** Sends raw bytes and collects answers until there are `wanted` of them. */
function talk(path: string, text: string, wanted: number): Promise<ControlAnswer[]> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    let heard = '';
    socket.on('error', reject);
    socket.on('data', (chunk) => {
      heard += chunk.toString();
      const lines = heard.split('\n').slice(0, -1);
      if (lines.length < wanted) return;
      socket.destroy();
      resolve(lines.map((line) => JSON.parse(line)));
    });
    socket.write(text);
  });
}

test('only owner and group may open the socket, from its first instant', () =>
  served(fakeDesk(), async (path) => {
    assert.is(statSync(path).mode & 0o777, 0o660);
  }));

test('questions are answered from the desk, and an unknown host with the names of the known', () => {
  const desk = fakeDesk();
  return served(desk, async (path) => {
    const client = await clientAt(path);
    const view = await client.ask({ ask: 'view' });
    assert.ok(view.ok && view.value.is === 'view' && view.value.view.agent === 'board1');
    const kept = await client.ask({ ask: 'records', host: 'deimos' });
    assert.ok(kept.ok && kept.value.is === 'records' && kept.value.records[0]?.id === 3);
    const keys = await client.ask({ ask: 'keys' });
    assert.equal(keys, { ok: true, value: { id: 3, is: 'keys', keys: desk.keys() } });
    const doctor = await client.ask({ ask: 'doctor' });
    assert.ok(doctor.ok && doctor.value.is === 'doctor' && doctor.value.facts.hosts.length === 2);
    const reload = await client.ask({ ask: 'reload' });
    assert.ok(reload.ok && reload.value.is === 'reload' && reload.value.problems.length === 1);
    const nobody = await client.ask({ ask: 'records', host: 'mars' });
    assert.ok(!nobody.ok && nobody.kind === 'refused' && /deimos, phobos/.test(nobody.detail));
    client.close();
  });
});

test('an order is told accepted first, then its end, and who gave it', () => {
  const desk = fakeDesk();
  return served(desk, async (path) => {
    const client = await clientAt(path);
    const order = {
      op: 'fence',
      host: 'deimos',
      incarnation: 0,
      cmdId: 'ab'.repeat(16),
      askedAtMs: 1,
      ttlMs: 9,
    } as const;
    const taken: ControlAnswer[] = [];
    const end = await client.order({ ask: 'order', order, who: 'anna' }, 2_000, (a) =>
      taken.push(a),
    );
    assert.is(taken.length, 1);
    assert.ok(end.ok && end.value.is === 'order' && end.value.answer.outcome === 'done');
    assert.equal(desk.ordered, [{ order, by: 'anna (local)' }]);
    client.close();
  });
});

test('bad lines are answered with errors and the good line after them is served', () =>
  served(fakeDesk(), async (path) => {
    const long = 'x'.repeat(REQUEST_LINE_BYTES_MAX + 1);
    const answers = await talk(
      path,
      `{\n${long}\n\n{"id":4,"ask":"nothing"}\n{"id":5,"ask":"view"}\n`,
      4,
    );
    assert.equal(
      answers.map(({ id, is }) => [id, is]),
      [
        [null, 'error'],
        [null, 'error'],
        [4, 'error'],
        [5, 'view'],
      ],
    );
  }));

test('a client that hangs up in the middle of an order harms nothing', () => {
  const desk = fakeDesk();
  let answerLater = (): void => {};
  desk.order = (order, by, answer) => {
    desk.ordered.push({ order, by });
    answerLater = () =>
      answer({ ...order, outcome: 'done', proof: 'verified', untested: false, detail: '' });
    answer({ ...order, outcome: 'accepted', proof: 'none', untested: false, detail: '' });
  };
  return served(desk, async (path) => {
    const what = { op: 'off', host: 'deimos', incarnation: 0 };
    const order = { ...what, cmdId: 'cd'.repeat(16), askedAtMs: 1, ttlMs: 9 };
    await talk(path, `${JSON.stringify({ id: 1, ask: 'order', order })}\n`, 1);
    answerLater();
    const client = await clientAt(path);
    assert.ok((await client.ask({ ask: 'view' })).ok);
    client.close();
  });
});

test('one client too many is told so, and a place that is given up is free again', () =>
  served(fakeDesk(), async (path) => {
    const clients: ControlClient[] = [];
    for (let one = 0; one < CLIENTS_MAX; one += 1) {
      const client = await clientAt(path);
      assert.ok((await client.ask({ ask: 'view' })).ok);
      clients.push(client);
    }
    const [refused] = await talk(path, '', 1);
    assert.ok(refused?.is === 'error' && refused.kind === 'busy');
    clients.pop()?.close();
    let again = false;
    for (let turn = 0; turn < 50 && !again; turn += 1) {
      const client = await clientAt(path);
      again = (await client.ask({ ask: 'view' })).ok;
      client.close();
    }
    assert.ok(again);
    for (const client of clients) client.close();
  }));

test('the socket of a dead agent is replaced, that of a living one is refused', async () => {
  const path = join(folder, 'stale.sock');
  // A server that ends without unlinking leaves what a killed agent leaves.
  const dead = await controlSocket(path, fakeDesk(), () => {});
  assert.ok(dead.ok);
  const second = await controlSocket(path, fakeDesk(), () => {});
  assert.ok(!second.ok && second.kind === 'live', 'a living agent is refused');
  assert.ok((await clientAt(path)) !== undefined, 'and goes on');
  if (dead.ok) await dead.value.close();

  await leaveDeadSocket(path);
  const third = await controlSocket(path, fakeDesk(), () => {});
  assert.ok(third.ok, 'a dead one is replaced');
  const client = await clientAt(path);
  assert.ok((await client.ask({ ask: 'view' })).ok);
  client.close();
  if (third.ok) await third.value.close();
});

/** Binds in a child that is killed, because Node unlinks what it closes itself. */
async function leaveDeadSocket(path: string): Promise<void> {
  const { spawnSync } = await import('node:child_process');
  const script = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
  spawnSync(process.execPath, ['-e', script]);
  assert.ok(statSync(path).isSocket());
}

test('a file that is no socket is left alone', async () => {
  const path = join(folder, 'precious');
  writeFileSync(path, 'mine');
  const socket = await controlSocket(path, fakeDesk(), () => {});
  assert.ok(!socket.ok && socket.kind === 'not-a-socket');
  assert.is(statSync(path).size, 4);
});

test('a client is told who is missing, and a silent agent is not waited for for ever', async () => {
  const nobody = await controlClient(join(folder, 'nobody.sock'));
  assert.ok(!nobody.ok && nobody.kind === 'absent');
  const path = join(folder, 'mute.sock');
  const mute = createServer((socket) => void socket.on('data', () => socket.destroy()));
  await new Promise<void>((resolve) => mute.listen(path, resolve));
  const client = await clientAt(path);
  const answer = await client.ask({ ask: 'view' });
  assert.ok(!answer.ok && answer.kind === 'silent');
  const later = await client.ask({ ask: 'view' });
  assert.ok(!later.ok && later.kind === 'silent', 'a broken connection answers at once');
  await new Promise((resolve) => mute.close(resolve));
});

test.after(() => rmSync(folder, { recursive: true }));
test.run();
