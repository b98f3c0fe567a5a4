/** A fence agent as a switch keeps the contract, and what is its own: secrets, groups, floods, words. */
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FenceAgentDevice } from '../../firmware-agent/config/devices/device.ts';
import { fenceAgentDriver } from '../../firmware-agent/drivers/fence-agent.ts';
import type { Driver, PowerSwitch } from '../../firmware-agent/ports/power.ts';
import { attemptSync } from '../../protocol/attempt.ts';
import { monotonicMs } from '../../protocol/link/timers.ts';
import { type StandIn, standInAgent } from '../lib/devices/fence-agent.ts';
import { assert, suite } from '../lib/suite.ts';
import { until } from '../lib/until.ts';
import { type SwitchFault, switchContract } from './power-switch.ts';

const test = suite('fence agent');
const PERIOD_MS = 500;
const TURN_MS = 1_500;

const DEEDS: Record<SwitchFault | 'well', string> = {
  well: '',
  mute: 'exec sleep 60',
  late: 'sleep 2',
  garbled: 'echo "Status: PERHAPS"; exit 1',
  stuck: 'case $action in off|on) echo Success; exit 0;; esac',
  gone: '',
};

switchContract(test, 'fence-agent', {
  open: async () => {
    const agent = standInAgent();
    const { driver, outlet } = await opened(agent);
    return {
      outlet,
      turnMs: TURN_MS,
      contact: () => (agent.power() === 'off' ? 'open' : 'closed'),
      move: (to) => agent.set(to === 'open' ? 'off' : 'on'),
      spoil: (fault) => {
        agent.does(DEEDS[fault]);
        agent.isThere(fault !== 'gone');
      },
      closeDriver: driver.close,
      close: async () => agent.close(),
    };
  },
});

interface Opened {
  driver: Driver<FenceAgentDevice>;
  outlet: PowerSwitch;
  lines: string[];
}

async function opened(
  agent: StandIn,
  more: Partial<FenceAgentDevice> = {},
  periodMs = PERIOD_MS,
): Promise<Opened> {
  const lines: string[] = [];
  const note = (text: string): void => void lines.push(text);
  const driver = fenceAgentDriver({ log: { info: note, warn: note } });
  const device: FenceAgentDevice = {
    driver: 'fence-agent',
    same: agent.program,
    program: agent.program,
    options: { ip: '10.0.0.5', plug: '3' },
    timeLimitMs: TURN_MS,
    ...more,
  };
  const { outlets } = await driver.open({
    host: 'web',
    outlets: [{ name: 'psu', periodMs, device }],
    senses: [],
    pulses: [],
  });
  return { driver, outlet: outlets[0] as PowerSwitch, lines };
}

async function withAgent(
  body: (agent: StandIn, opened: Opened) => Promise<void>,
  more: (agent: StandIn) => Partial<FenceAgentDevice> = () => ({}),
  periodMs = PERIOD_MS,
): Promise<void> {
  const agent = standInAgent();
  const its = await opened(agent, more(agent), periodMs);
  try {
    await body(agent, its);
  } finally {
    await its.driver.close();
    agent.close();
  }
}

test('only words and exit code together say that it is off', () =>
  withAgent(
    async (agent, { outlet }) => {
      const said: [deed: string, contact: string][] = [
        ['echo "Status: OFF"; exit 2', 'open'],
        ['echo "Chassis Power is off"; exit 2', 'open'],
        ['exit 2', 'unknown'],
        ['echo "Status: OFF" >&2; exit 2', 'unknown'],
        ['echo "cannot read /etc/x"; exit 2', 'unknown'],
        ['echo "Status: ON"; exit 2', 'unknown'],
        ['echo "Status: OFF"; exit 0', 'unknown'],
        ['echo "Status: OFF"; exit 1', 'unknown'],
        ['echo "Status: OFF"; exit 3', 'unknown'],
        ['echo "Status: OFF"; kill -9 $$', 'unknown'],
        ['echo "switched it off yesterday"; exit 2', 'unknown'],
        ['echo "Status: ON"; exit 0', 'closed'],
        ['exit 0', 'closed'],
      ];
      for (const [deed, contact] of said) {
        agent.does(deed);
        assert.is(await outlet.read(), contact, deed);
      }
    },
    () => ({}),
    10_000,
  ));

test('it hears its options, what to do and its password on its input, and nowhere else', () =>
  withAgent(
    async (agent, { outlet, lines }) => {
      agent.does('echo "$0 $*" > arguments; env > environment');
      assert.is(await outlet.read(), 'closed');
      assert.is(agent.input(), 'ip=10.0.0.5\nplug=3\npassword=s3cret-word\naction=status\n');
      assert.ok((await outlet.turn('open')).ok);
      assert.match(agent.input(), /\naction=off\n$/);
      for (const name of ['arguments', 'environment']) {
        assert.not.match(readFileSync(join(agent.dir, name), 'utf8'), 's3cret-word');
      }
      agent.does('echo "login with s3cret-word refused" >&2; exit 1');
      assert.is(await outlet.read(), 'unknown');
      assert.match(
        lines.join('\n'),
        /psu: .* status: it ended with 1: login with \(hidden\) refused/,
      );
      assert.not.match(lines.join('\n'), 's3cret-word');
    },
    ({ dir }) => {
      writeFileSync(join(dir, 'password'), 's3cret-word\n', { mode: 0o600 });
      return { password: { file: join(dir, 'password') } };
    },
    10_000,
  ));

test('a password that others may read is not used, and the log says what to do', () =>
  withAgent(
    async (agent, { outlet, lines }) => {
      assert.is(await outlet.read(), 'unknown');
      assert.not((await outlet.turn('open')).ok);
      assert.is(agent.calls(), 0);
      assert.match(lines.join('\n'), /others may read or change it.* chmod 600/s);
      chmodSync(join(agent.dir, 'password'), 0o600);
      assert.is(await outlet.read(), 'closed');
    },
    ({ dir }) => {
      writeFileSync(join(dir, 'password'), 'secret\n', { mode: 0o644 });
      return { password: { file: join(dir, 'password') } };
    },
    10_000,
  ));

test('a password comes from a script, once', () =>
  withAgent(
    async (agent, { outlet }) => {
      assert.is(await outlet.read(), 'closed');
      assert.is(await outlet.read(), 'closed');
      assert.match(agent.input(), /password=from-script\n/);
      assert.is(readFileSync(join(agent.dir, 'asked'), 'utf8'), 'x');
    },
    ({ dir }) => {
      const script = join(dir, 'ask');
      writeFileSync(script, `#!/bin/sh\nprintf x >> ${dir}/asked\necho from-script\n`, {
        mode: 0o755,
      });
      return { password: { script } };
    },
    10_000,
  ));

test('one that hangs is killed with its children when its time is over, and nothing waits for it', () =>
  withAgent(async (agent, { outlet, lines }) => {
    agent.does('sleep 61 & echo $! > child; trap "" TERM; wait');
    const startedAt = monotonicMs();
    assert.is(await outlet.read(), 'unknown');
    assert.ok(monotonicMs() - startedAt < PERIOD_MS + 2_000);
    const pid = Number(readFileSync(join(agent.dir, 'child'), 'utf8'));
    await until('the child is gone', () => !attemptSync(() => process.kill(pid, 0)).ok);
    agent.does('');
    await until('it is read again', async () => (await outlet.read()) === 'closed');
    assert.match(lines.join('\n'), /psu: .* status: it does not answer.*psu answers again/s);
    assert.is(lines.length, 2);
  }));

test('one that floods is killed at once', () =>
  withAgent(
    async (agent, { outlet, lines }) => {
      agent.does('exec yes "Status: OFF"');
      const startedAt = monotonicMs();
      assert.is(await outlet.read(), 'unknown');
      assert.ok(monotonicMs() - startedAt < 9_000, 'it was read to its limit');
      assert.match(lines.join('\n'), /printed more than 65536 bytes and was killed/);
    },
    () => ({}),
    10_000,
  ));

test('a child that escapes and keeps the output open costs one answer and no more', () =>
  withAgent(async (agent, { outlet }) => {
    agent.does('setsid sleep 3 & echo "Status: OFF"; exit 2');
    assert.is(await outlet.read(), 'unknown');
    agent.does('');
    await until('it is read again', async () => (await outlet.read()) === 'closed', 2_000);
  }));

test('one call runs at a time for one address, and a cut does not stand behind questions', () =>
  withAgent(
    async (agent, { driver, outlet }) => {
      const device = {
        driver: 'fence-agent' as const,
        same: 'other',
        program: agent.program,
        options: { ip: '10.0.0.5', plug: '4' },
        timeLimitMs: 5_000,
      };
      const more = await driver.open({
        host: 'db',
        outlets: [{ name: 'psu', periodMs: 5_000, device }],
        senses: [],
        pulses: [],
      });
      const other = more.outlets[0] as PowerSwitch;
      agent.does(
        '[ -e busy ] && touch collision; touch busy; echo $action >> order; sleep 0.03; rm busy',
      );
      const reads = Array.from({ length: 4 }, () => other.read());
      const turned = outlet.turn('open');
      await Promise.all([...reads, turned]);
      assert.not(existsSync(join(agent.dir, 'collision')));
      const order = readFileSync(join(agent.dir, 'order'), 'utf8').trim().split('\n');
      assert.equal(order, ['status', 'off', 'status', 'status', 'status']);
    },
    () => ({ timeLimitMs: 10_000 }),
    10_000,
  ));

test('the opposite command ends one that waits, and one that is under way', () =>
  withAgent(
    async (agent, { outlet }) => {
      agent.does('sleep 0.1');
      const reading = outlet.read();
      const waited = outlet.turn('open');
      assert.ok((await outlet.turn('closed')).ok);
      const superseded = await waited;
      assert.is(superseded.ok ? 'taken' : superseded.kind, 'superseded');
      await reading;
      assert.is(agent.calls(), 2);
      agent.does('case $action in off) exec sleep 60;; esac');
      const hung = outlet.turn('open');
      await until('it hangs', () => agent.calls() === 3);
      const startedAt = monotonicMs();
      assert.ok((await outlet.turn('closed')).ok);
      assert.ok(monotonicMs() - startedAt < 5_000, 'power that comes back waits for a cut');
      assert.not((await hung).ok);
      assert.is(agent.power(), 'on');
    },
    () => ({ timeLimitMs: 10_000 }),
    10_000,
  ));

test('the same command again is the same call', () =>
  withAgent(
    async (agent, { outlet }) => {
      agent.does('sleep 0.1');
      const turned = await Promise.all([1, 2, 3].map(() => outlet.turn('open')));
      assert.ok(turned.every((outcome) => outcome.ok));
      assert.is(agent.calls(), 1);
    },
    () => ({ timeLimitMs: 10_000 }),
    10_000,
  ));

test('a command that was given up before its turn is never given', () =>
  withAgent(
    async (agent, { outlet }) => {
      assert.not((await outlet.turn('open')).ok);
      await until('the script has ended', () => existsSync(join(agent.dir, 'asked')));
      agent.does('');
      await until('it is read', async () => (await outlet.read()) === 'closed');
      assert.is(agent.power(), 'on');
    },
    ({ dir }) => {
      const script = join(dir, 'ask');
      writeFileSync(script, `#!/bin/sh\nsleep 3; echo word; touch ${dir}/asked\n`, {
        mode: 0o755,
      });
      return { password: { script } };
    },
  ));

test.run();
