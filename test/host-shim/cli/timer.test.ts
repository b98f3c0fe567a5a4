import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { controlSocket } from '../../../firmware-agent/control/socket.ts';
import { connectBoard } from '../../../host-shim/cli/connect.ts';
import { runCommand } from '../../../host-shim/cli/program.ts';
import { type FakeDesk, fakeDesk } from '../../lib/fake-desk.ts';
import { assert, suite } from '../../lib/suite.ts';

const test = suite('fencepost timer, reset, diag');
const folder = mkdtempSync(join(tmpdir(), 'fencepost-timer-'));
let count = 0;

const TIMER = {
  use: 'sms-os',
  mode: 'kick',
  nowayout: true,
  action: 'cycle',
  preAction: 'warn',
  timeoutMs: 60_000,
  pretimeoutMs: 10_000,
} as const;

async function run(line: string, desk: FakeDesk, types?: string) {
  count += 1;
  const path = join(folder, `${count}.sock`);
  const socket = await controlSocket(path, desk, () => {});
  if (!socket.ok) throw new Error(socket.detail);
  const ran = { code: 0, out: '', err: '', asked: '' };
  ran.code = await runCommand(line.split(' '), {
    version: '9.9.9',
    connect: (route) => connectBoard({ socket: path, ...route }, 'anna'),
    terminal: {
      out: (text) => {
        ran.out += text;
      },
      err: (text) => {
        ran.err += text;
      },
      interactive: types !== undefined,
      outIsTerminal: types !== undefined,
      input: async () => types ?? '',
      ask: async (question) => {
        ran.asked += question;
        return types ?? '';
      },
      onStop: (fn) => fn(),
      size: () => ({ columns: 200, rows: 40 }),
    },
  });
  await socket.value.close();
  return ran;
}

function timed(): FakeDesk {
  const desk = fakeDesk();
  const [deimos] = desk.shown.hosts;
  if (deimos === undefined) throw new Error('no host');
  deimos.timer = { state: 'armed', remainingMs: 55_200, setBy: 'configuration', ...TIMER };
  return desk;
}

test('timer get reads like ipmitool mc watchdog get', async () => {
  const { code, out } = await run('timer get deimos', timed());
  assert.is(code, 0);
  assert.equal(out.trimEnd().split('\n'), [
    'Watchdog Timer Use:     SMS/OS (0x04)',
    'Watchdog Timer Is:      Started/Running',
    'Watchdog Timer Action:  Power Cycle (0x03)',
    'Pre-timeout interrupt:  Messaging Interrupt (0x03)',
    'Pre-timeout interval:   10.0 sec',
    'Timer Expiration Flags: None',
    'Initial Countdown:      60.0 sec',
    'Present Countdown:      55.2 sec',
    'Refreshed by:           kicks',
    'Nowayout:               yes',
    'Set by:                 configuration',
  ]);
  const off = await run('timer get phobos', timed());
  assert.is(off.out, 'Watchdog Timer Is:      Stopped\n');
  const json = JSON.parse((await run('timer get deimos --json', timed())).out);
  assert.is(json.timer.remainingMs, 55_200);
});

test('timer set says all that it was told, and the rest by default', async () => {
  const desk = timed();
  const set = 'timer set deimos --timeout 60 --action cycle --mode kick --pretimeout 10 --nowayout';
  const { code, out } = await run(set, desk);
  assert.equal([code, out], [0, 'deimos: its timer is armed: cycle after 60 s\n']);
  await run('timer set deimos --timeout 2.5 --action none', desk);
  assert.equal(
    desk.ordered.map(({ order }) => [order.op, order.args]),
    [
      ['timer-set', { timer: TIMER }],
      [
        'timer-set',
        {
          timer: {
            ...{ use: 'sms-os', mode: 'beat', nowayout: false, action: 'none' },
            ...{ preAction: 'none', timeoutMs: 2_500, pretimeoutMs: 0 },
          },
        },
      ],
    ],
  );
});

test('what no timer can be is wrong use, and nothing is ordered', async () => {
  const desk = timed();
  for (const line of [
    'timer set deimos --timeout 60',
    'timer set deimos --action cycle',
    'timer set deimos --timeout 0 --action cycle',
    'timer set deimos --timeout 1.25 --action cycle',
    'timer set deimos --timeout 7000 --action cycle',
    'timer set deimos --timeout 60 --action explode',
    'timer set deimos --timeout 10 --pretimeout 10 --action off',
    'timer get nobody',
    'timer wind deimos',
  ]) {
    assert.is((await run(line, desk)).code, 2, line);
  }
  assert.equal(desk.ordered, []);
});

test('timer reset and off say what was done, and why it was not', async () => {
  const desk = timed();
  assert.is((await run('timer reset deimos', desk)).out, 'deimos: its timer was refreshed\n');
  desk.answers = [{ outcome: 'refused', detail: 'nowayout' }];
  const off = await run('timer off deimos', desk);
  assert.equal([off.code, off.out], [1, 'deimos: not done: refused (nowayout)\n']);
  assert.equal(
    desk.ordered.map(({ order }) => order.op),
    ['timer-reset', 'timer-off'],
  );
});

test('a pulse asks first, and ends with the new life', async () => {
  const desk = timed();
  desk.answers = [{ outcome: 'accepted' }, { outcome: 'done', proof: 'none', detail: 'new life' }];
  const no = await run('reset deimos', desk, 'no');
  assert.equal([no.code, desk.ordered.length], [1, 0]);
  const yes = await run('diag deimos', desk, 'yes');
  assert.equal([yes.code, yes.out], [0, 'deimos: it is heard in a new life\n']);
  assert.equal(
    desk.ordered.map(({ order }) => order.op),
    ['diag'],
  );
});

test('help shows examples on every command', async () => {
  for (const line of ['timer get', 'timer set', 'timer reset', 'timer off', 'reset', 'diag']) {
    const { code, out } = await run(`${line} --help`, timed());
    assert.ok(code === 0 && /Examples?:\n {2}fencepost /.test(out), line);
    assert.ok(out.includes('--json'), line);
  }
});

test.after(() => rmSync(folder, { recursive: true }));
test.run();
