/** Rows in which somebody, or the board itself, has put judging off. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { askToLeave } from '../../../host-shim/shim-socket.ts';
import { monotonicMs } from '../../../protocol/link/timers.ts';
import { pause, until } from '../../lib/until.ts';
import { allBeat } from '../lib/hearing.ts';
import { linesOf } from '../lib/judge.ts';
import type { Stage } from '../lib/scenario.ts';
import {
  alarmOf,
  beats,
  farPair,
  fencedByOrder,
  fencedByVerdict,
  hang,
  MILLIS,
  obeyed,
  over,
  raised,
  refused,
  standsStill,
  stored,
  untouched,
  wasOff,
} from './lib.ts';

const { deadtimeMs, keepaliveMs } = MILLIS;

export async function disabled(stage: Stage): Promise<void> {
  const rack = await stage.rack(farPair(await stage.broker()));
  const [host = ''] = rack.setup.hosts;
  await stage.promise('disabled: it stands still, orders are refused, an alarm', async () => {
    await allBeat(rack, rack.setup.hosts);
    await stored(rack, ['disable', '--all'], 'mqtt');
    const atMs = await hang(rack, host);
    const alarm = { code: 'disabled', remedy: /fencepost enable --all/, ofBoard: true } as const;
    await standsStill(rack, host, atMs, alarm);
    for (const way of ['socket', 'mqtt'] as const)
      await refused(rack, ['fence', host, '--yes'], /disabled/, way);
    untouched(rack, host, atMs);
  });
  await stage.promise(
    'disabled: enabled, what was silent meanwhile is fenced by order',
    async () => {
      const atMs = monotonicMs();
      await stored(rack, ['enable', '--all'], 'mqtt');
      await over(rack, null, 'disabled');
      await standsStill(rack, host, atMs, { code: 'unproven', remedy: /fenced by order/ });
      await fencedByOrder(rack, host, { way: 'mqtt' });
      await over(rack, host, 'unproven');
    },
  );
  await stage.promise('disabled: and what was heard since is fenced by verdict', async () => {
    await fencedByVerdict(rack, host, await hang(rack, host));
  });
}

export async function maintenance(stage: Stage): Promise<void> {
  const rack = await stage.rack(farPair(await stage.broker()));
  const [host = ''] = rack.setup.hosts;
  await stage.promise('maintenance: it stands still, with an alarm', async () => {
    await allBeat(rack, rack.setup.hosts);
    await stored(rack, ['disable', host, '--for', '10m', '--reason', 'new disks']);
    const alarm = { code: 'maintenance', remedy: new RegExp(`fencepost enable ${host}`) };
    await standsStill(rack, host, await hang(rack, host), alarm);
  });
  await stage.promise('maintenance: orders are obeyed', async () => {
    const sinceMs = monotonicMs();
    await obeyed(rack, ['fence', host, '--yes'], 'mqtt');
    wasOff(rack, host, sinceMs);
  });
  await stage.promise('maintenance: enabled, it is guarded as before', async () => {
    await stored(rack, ['enable', host]);
    await beats(rack, host);
    await over(rack, host, 'maintenance');
    await fencedByVerdict(rack, host, await hang(rack, host));
  });
  await stage.promise('maintenance: ends by time; still silent it is fenced by order', async () => {
    await stored(rack, ['disable', host, '--for', '8s'], 'mqtt');
    const atMs = await hang(rack, host);
    await raised(rack, host, 'maintenance', /fencepost enable/);
    await over(rack, host, 'maintenance');
    await standsStill(rack, host, atMs, { code: 'unproven', remedy: /fenced by order/ });
    await fencedByOrder(rack, host);
    await over(rack, host, 'unproven');
  });
}

/**
 * It asks for leave, does not hear the answer, and hangs before it has left. That is how a shutdown
 * looks that gets stuck.
 */
export async function leavingStuck(stage: Stage): Promise<void> {
  const broker = await stage.broker();
  const path = await stage.path(broker.port);
  const setup = farPair(broker);
  const [host = ''] = setup.hosts;
  const shimBroker = (name: string): string => (name === host ? path.url : broker.url);
  const rack = await stage.rack({ ...setup, shimBroker });
  const getStuck = async (returnByS: number): Promise<number> => {
    await beats(rack, host);
    await pause(2.5 * keepaliveMs);
    const atMs = monotonicMs();
    path.blackhole('toClient');
    await rack.bench.cable(host, { pulled: 'a' });
    const wish = { reason: 'reboot' as const, returnByS };
    void askToLeave(join(rack.dir, `${host}.sock`), wish);
    await until('it leaves', () => alarmOf(rack, host, 'leaving'));
    await rack.bench.host(host, 'hang');
    path.heal();
    await rack.bench.cable(host, { pulled: false });
    return atMs;
  };
  await stage.promise('leaving and stuck: it stands still, with an alarm', async () => {
    await allBeat(rack, rack.setup.hosts);
    const atMs = await getStuck(60);
    await standsStill(rack, host, atMs, {
      code: 'leaving',
      remedy: /wait for it, or order a fence/,
    });
  });
  await stage.promise('leaving: it is fenced by order', async () => {
    await fencedByOrder(rack, host);
    await over(rack, host, 'leaving');
  });
  await stage.promise('leaving: its grace ends, it is overdue and fenced by verdict', async () => {
    const graceMs = 4 * deadtimeMs;
    const atMs = await getStuck(graceMs / 1_000);
    await pause(Math.max(0, atMs + graceMs - 500 - monotonicMs()));
    untouched(rack, host, atMs);
    await fencedByVerdict(rack, host, atMs);
    assert.equal(linesOf(rack, 'overdue', atMs).length, 1);
    await over(rack, host, 'leaving');
  });
}

/** A board that hardly ever runs, and one that starts again and again. */
export async function sickBoard(stage: Stage): Promise<void> {
  const rack = await stage.rack(farPair(await stage.broker()));
  const [host = ''] = rack.setup.hosts;
  const stutter = async (isOver: () => Promise<boolean>): Promise<void> => {
    const untilMs = monotonicMs() + 8 * deadtimeMs;
    while (!(await isOver())) {
      assert.ok(monotonicMs() < untilMs, 'nothing came of it');
      rack.agent.signal('SIGSTOP');
      await pause(500);
      rack.agent.signal('SIGCONT');
      await pause(keepaliveMs);
    }
  };
  await stage.promise('the board stalls: it stands still, with an alarm', async () => {
    await allBeat(rack, rack.setup.hosts);
    const atMs = await hang(rack, host);
    await stutter(async () => (await alarmOf(rack, null, 'sick-observer')) !== undefined);
    await raised(rack, null, 'sick-observer', /load/);
    assert.ok(linesOf(rack, 'stalled', atMs).length > 2);
    untouched(rack, host, atMs);
  });
  await stage.promise('the board stalls: it runs again, and the host is fenced', async () => {
    await fencedByVerdict(rack, host, 0);
    await over(rack, null, 'sick-observer');
  });
  await stage.promise('the board ends itself and crashes on: it stands still, alarms', async () => {
    const atMs = await hang(rack, host);
    let ended: number | undefined;
    void rack.agent.ended.then((code) => {
      ended = code;
    });
    await stutter(async () => ended !== undefined);
    assert.equal(ended, 1, 'its supervisor starts it again');
    await rack.startAgent();
    // A start counts once the disk has it.
    await pause(2_000);
    rack.agent.signal('SIGKILL');
    await rack.agent.ended;
    await rack.startAgent();
    await raised(rack, null, 'restarting', /why it ends/);
    await standsStill(rack, host, atMs, { code: 'absent', remedy: /fenced by order/ });
  });
  await stage.promise('the board crashes on: it is fenced by order', async () => {
    await fencedByOrder(rack, host, { way: 'mqtt' });
    await over(rack, host, 'absent');
  });
}
