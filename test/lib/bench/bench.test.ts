/** The bench as a process: what its log says must be what contacts, power and processes really do. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PowerSwitch, Sense } from '../../../firmware-agent/ports/power.ts';
import { attemptSync } from '../../../protocol/attempt.ts';
import { built } from '../built.ts';
import { assert, suite } from '../suite.ts';
import { pause, until } from '../until.ts';
import { type BenchClient, type BenchConfig, type BenchEntry, startBench } from './client.ts';
import { type OpenBench, openBench } from './open.ts';

const test = suite('bench');
const HOLD_UP_MS = 60;
const PROGRAM = 'test/lib/bench/main.ts';

interface Rig {
  bench: BenchClient;
  board: OpenBench;
  dir: string;
  psu1: PowerSwitch;
  psu2: PowerSwitch;
  rail: Sense;
}

/** One host with two supplies, a sense for the whole of it and one for its first supply. */
async function withBench(body: (rig: Rig) => Promise<void>, change: Partial<BenchConfig> = {}) {
  const dir = mkdtempSync(join(tmpdir(), 'fencepost-bench-'));
  // A program that has children of its own, as a shim may.
  const program = 'sleep 60 & echo "$FENCEPOST_BOOT_ID" >> lives; wait';
  const bench = await startBench(built(PROGRAM), {
    socket: join(dir, 'bench.sock'),
    log: join(dir, 'bench.log'),
    dir,
    hosts: [
      {
        name: 'web',
        holdUpMs: HOLD_UP_MS,
        bootMs: 20,
        outlets: [{ name: 'psu1' }, { name: 'psu2' }],
        senses: [
          { name: 'rail', covers: 'host' },
          { name: 'first', covers: ['psu1'] },
        ],
        cable: true,
        shim: { command: ['sh', '-c', `cd ${dir}; ${program}`] },
      },
    ],
    ...change,
  });
  const board = openBench(join(dir, 'bench.sock'));
  const rig = {
    bench,
    board,
    dir,
    psu1: await board.switchOf('web-psu1'),
    psu2: await board.switchOf('web-psu2'),
    rail: await board.senseOf('web-rail'),
  };
  try {
    await until('the driver is connected', async () => (await rig.psu1.read()) !== 'unknown');
    await body(rig);
  } finally {
    await board.close();
    await bench.close();
    rmSync(dir, { recursive: true });
  }
}

const lives = (dir: string): string[] =>
  readFileSync(join(dir, 'lives'), 'utf8').trim().split('\n');
const isAlive = (pid: number): boolean => attemptSync(() => process.kill(pid, 0)).ok;
const groupAlive = (pid: number): boolean => attemptSync(() => process.kill(-pid, 0)).ok;
const isPower = (to: 'on' | 'off') => (entry: BenchEntry) =>
  entry.kind === 'power' && entry.to === to;
const isProcess = (what: string) => (entry: BenchEntry) =>
  entry.kind === 'process' && entry.what === what;

async function cut({ psu1, psu2 }: Rig): Promise<void> {
  assert.ok((await psu1.turn('open')).ok);
  assert.ok((await psu2.turn('open')).ok);
}

test('power goes a hold-up after the last contact, and takes the whole process group', () =>
  withBench(async (rig) => {
    const { bench, dir } = rig;
    await until('the shim is at work', () => attemptSync(() => lives(dir)).ok);
    const { pid } = await bench.truth('web');
    assert.ok(pid !== null && groupAlive(pid));
    await cut(rig);
    const off = await bench.waitFor('power off', isPower('off'));
    const lastContact = bench.contacts('web').at(-1);
    const drainedMs = off.atMs - (lastContact?.atMs ?? Number.NaN);
    assert.ok(drainedMs >= HOLD_UP_MS - 1 && drainedMs < HOLD_UP_MS + 200, `${drainedMs} ms`);
    await bench.waitFor('the kill', isProcess('kill'));
    await until('the group is gone', () => pid !== null && !groupAlive(pid));
    assert.is(await rig.rail.read(), 'off');
    assert.not(bench.hadPower('web', off.atMs + 1));
    assert.ok(bench.hadPower('web', off.atMs - 1));
  }));

test('power that returns starts another life with another boot id', () =>
  withBench(async (rig) => {
    const { bench, dir, psu1 } = rig;
    await until('the first life', () => attemptSync(() => lives(dir)).ok);
    await cut(rig);
    await bench.waitFor('power off', isPower('off'));
    await psu1.turn('closed');
    await bench.waitFor('power on', isPower('on'));
    await until('the second life', () => lives(dir).length === 2);
    assert.is(new Set(lives(dir)).size, 2);
    assert.is((await bench.truth('web')).bootId, lives(dir)[1]);
    assert.is(await rig.rail.read(), 'on');
    assert.is(bench.edges('web').length, 2);
  }));

test('one supply that is fed keeps the host running', () =>
  withBench(async ({ bench, board, psu1, psu2, rail }) => {
    const first = await board.senseOf('web-first');
    await psu1.turn('open');
    await until('its own sense falls', async () => (await first.read()) === 'off');
    assert.is(await psu1.read(), 'open');
    assert.is(await psu2.read(), 'closed');
    assert.is(await rail.read(), 'on');
    assert.is(bench.edges('web').length, 0);
  }));

test('a command is one thing and the contact another: a welded one keeps the power on', () =>
  withBench(async (rig) => {
    const { bench, psu1 } = rig;
    await bench.relayFault('web', 'psu1', { stuck: 'closed' });
    await cut(rig);
    await until('the other one opens', () => bench.contacts('web').length === 1);
    await pause(HOLD_UP_MS + 50);
    assert.is(await psu1.read(), 'closed');
    assert.is(await rig.rail.read(), 'on');
    assert.equal(bench.edges('web'), []);
    assert.is(bench.log().filter(({ kind }) => kind === 'command').length, 2);
    await bench.relayFault('web', 'psu1', {});
    await bench.waitFor('power off once it is mended', isPower('off'));
  }));

test('a contact stuck open keeps the host dark', () =>
  withBench(async (rig) => {
    const { bench, psu2 } = rig;
    await bench.relayFault('web', 'psu1', { stuck: 'open' });
    await psu2.turn('open');
    await bench.waitFor('power off', isPower('off'));
    await rig.psu1.turn('closed');
    await pause(30);
    assert.is(await rig.psu1.read(), 'open');
    assert.is((await bench.truth('web')).power, false);
  }));

test('a slow relay follows late and a bouncing one says so in the log', () =>
  withBench(async ({ bench, psu1 }) => {
    await bench.relayFault('web', 'psu1', { slowMs: 80, bounce: { times: 4, everyMs: 3 } });
    await psu1.turn('open');
    await until('it settles', () => bench.contacts('web').length === 5);
    const command = await bench.waitFor('the command', ({ kind }) => kind === 'command');
    const edges = bench.contacts('web');
    assert.equal(
      edges.map(({ to }) => to),
      ['open', 'closed', 'open', 'closed', 'open'],
    );
    assert.ok((edges[0]?.atMs ?? 0) - command.atMs >= 79, 'the first edge came too soon');
    assert.is(await psu1.read(), 'open');
  }));

test('a sense reads as its fault says, and as power is once mended', () =>
  withBench(async (rig) => {
    const { bench, rail } = rig;
    for (const [fault, reading] of [
      ['off', 'off'],
      ['unknown', 'unknown'],
      ['mute', 'unknown'],
      ['on', 'on'],
    ] as const) {
      await bench.senseFault('web', 'rail', fault);
      assert.is(await rail.read(), reading, fault);
    }
    await cut(rig);
    await bench.waitFor('power off', isPower('off'));
    assert.is(await rail.read(), 'on', 'it lies still');
    await bench.senseFault('web', 'rail', 'none');
    assert.is(await rail.read(), 'off');
  }));

test('a device that is mute or refuses fails, and reads unknown', () =>
  withBench(async ({ bench, psu1 }) => {
    await bench.relayFault('web', 'psu1', { mute: true });
    const mute = await psu1.turn('open');
    assert.is(mute.ok ? 'ok' : mute.kind, 'timeout');
    assert.is(await psu1.read(), 'unknown');
    await bench.relayFault('web', 'psu1', { refuse: true });
    const refused = await psu1.turn('open');
    assert.is(refused.ok ? 'ok' : refused.kind, 'refused');
    await bench.relayFault('web', 'psu1', {});
    assert.is(await psu1.read(), 'closed', 'neither command reached the contact');
  }));

test('a command that is under way when the connection ends fails at once', () =>
  withBench(async ({ bench, board, psu1 }) => {
    await bench.relayFault('web', 'psu1', { mute: true });
    const turning = psu1.turn('open');
    await board.close();
    const turned = await turning;
    assert.is(turned.ok ? 'ok' : turned.kind, 'disconnected');
  }));

test('a plug that the bench has not is refused and reads unknown', () =>
  withBench(async ({ board }) => {
    const wrong = await board.switchOf('web-rail');
    const turned = await wrong.turn('open');
    assert.is(turned.ok ? 'ok' : turned.kind, 'refused');
    assert.is(await wrong.read(), 'unknown');
  }));

test('latching relays stay when their owner dies', () =>
  withBench(async (rig) => {
    const { bench, board } = rig;
    await cut(rig);
    await bench.waitFor('power off', isPower('off'));
    await board.close();
    await bench.waitFor('the loss', (entry) => entry.kind === 'owner' && entry.what === 'lost');
    await pause(40);
    assert.is(bench.contacts('web').length, 2);
    assert.is(await rig.rail.read(), 'unknown', 'a closed board knows nothing');
  }));

test('non-latching relays fall back to closed when their owner dies', () =>
  withBench(
    async (rig) => {
      const { bench, board } = rig;
      await cut(rig);
      await bench.waitFor('power off', isPower('off'));
      await board.close();
      await bench.waitFor('power on', isPower('on'));
      await until('both contacts are closed', async () => {
        const { psu1, psu2 } = (await bench.truth('web')).contacts;
        return psu1 === 'closed' && psu2 === 'closed';
      });
    },
    { line: 'non-latching' },
  ));

test('a bench that hangs reads unknown, and answers again when it goes on', () =>
  withBench(async ({ bench, psu1, rail }) => {
    bench.signal('SIGSTOP');
    assert.equal(await Promise.all([psu1.read(), rail.read()]), ['unknown', 'unknown']);
    bench.signal('SIGCONT');
    await until('it answers', async () => (await psu1.read()) === 'closed');
  }));

test('a hung host keeps its power and its life; a reboot and a restart keep the power', () =>
  withBench(async ({ bench, dir }) => {
    await until('the first life', () => attemptSync(() => lives(dir)).ok);
    const before = await bench.truth('web');
    await bench.host('web', 'hang');
    await bench.host('web', 'resume');
    assert.equal(await bench.truth('web'), before);
    await bench.host('web', 'restart');
    await until('the shim again', () => lives(dir).length === 2);
    await bench.host('web', 'reboot');
    await until('the next life', () => lives(dir).length === 3);
    const [first, second, third] = lives(dir);
    assert.is(first, second, 'a restart is the same life');
    assert.is.not(second, third);
    assert.equal(bench.edges('web'), []);
  }));

test('a feed that fails is a power cut that nobody commanded', () =>
  withBench(async ({ bench, rail }) => {
    await bench.feed('web', 'psu1', false);
    await bench.feed('web', 'psu2', false);
    await bench.waitFor('power off', isPower('off'));
    assert.is(await rail.read(), 'off');
    assert.equal(bench.contacts('web'), []);
    await bench.feed('web', 'psu2', true);
    await bench.waitFor('power on', isPower('on'));
  }));

test('nothing that the bench started outlives it', async () => {
  let pid: number | null = null;
  await withBench(async ({ bench, dir }) => {
    await until('the shim is at work', () => attemptSync(() => lives(dir)).ok);
    ({ pid } = await bench.truth('web'));
    assert.ok(pid !== null && isAlive(pid));
  });
  await until('the group is gone', () => pid !== null && !groupAlive(pid));
});

test('the log in the file is the log that was told', () =>
  withBench(async (rig) => {
    await rig.bench.mark('the story begins');
    await cut(rig);
    await rig.bench.waitFor('the kill', isProcess('kill'));
    const file = readFileSync(join(rig.dir, 'bench.log'), 'utf8').trim().split('\n');
    assert.equal(
      file.map((line) => JSON.parse(line) as BenchEntry),
      [...rig.bench.log()],
    );
    const times = rig.bench.log().map(({ atMs }) => atMs);
    assert.equal(
      times,
      [...times].sort((a, b) => a - b),
    );
  }));

test('a bench that nobody listens to any more ends, and takes its hosts along', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'fencepost-bench-'));
  const pidPath = join(dir, 'pid');
  const shim = { command: ['/bin/sh', '-c', `echo $$ > ${pidPath}; sleep 60 & wait`] };
  const config: BenchConfig = {
    socket: join(dir, 'bench.sock'),
    log: join(dir, 'bench.log'),
    dir,
    hosts: [{ name: 'web', outlets: [{ name: 'psu' }], senses: [], shim }],
  };
  const configPath = join(dir, 'bench.json');
  writeFileSync(configPath, JSON.stringify(config));
  const child = spawn(process.execPath, [built(PROGRAM), configPath], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const gone = new Promise((resolve) => child.on('exit', resolve));
  child.stdout.destroy();
  await gone;
  const isThere = (): boolean => {
    const pid = attemptSync(() => Number(readFileSync(pidPath, 'utf8')));
    return pid.ok && pid.value > 0 && attemptSync(() => process.kill(-pid.value, 0)).ok;
  };
  await pause(300);
  await until('the shim is gone', () => !isThere());
  rmSync(dir, { recursive: true });
});

test.run();
