/** Rows in which the board has done what it may: a fence that cannot be proven, and spent budgets. */
import assert from 'node:assert/strict';
import { monotonicMs } from '../../../protocol/link/timers.ts';
import type { Rack } from '../../lib/rack.ts';
import { pause, until } from '../../lib/until.ts';
import { allBeat, viewOf } from '../lib/hearing.ts';
import { linesOf } from '../lib/judge.ts';
import type { Stage } from '../lib/scenario.ts';
import {
  beats,
  farPair,
  fencedByOrder,
  fencedByVerdict,
  hang,
  LONG_MS,
  obeyed,
  over,
  raised,
  refused,
  standsStill,
} from './lib.ts';

/** Between two verdicts of one board. */
const GAP_MS = 30_000;

/** Its relay is welded, it hangs, and the fence by verdict ends in `failed`. */
async function failsByVerdict(rack: Rack, host: string): Promise<void> {
  await rack.bench.relayFault(host, 'psu', { stuck: 'closed' });
  const atMs = await hang(rack, host);
  for (const wanted of ['failed', 'restored']) {
    await rack.agent.waitFor(
      wanted,
      (line) => line.code === wanted && line.host === host && line.atMs >= atMs,
      LONG_MS,
    );
  }
}

async function mend(rack: Rack, host: string): Promise<void> {
  await rack.bench.relayFault(host, 'psu', {});
}

export async function unprovable(stage: Stage): Promise<void> {
  const rack = await stage.rack(farPair(await stage.broker()));
  const [host = ''] = rack.setup.hosts;
  await stage.promise('proof impossible: failed, never said to be fenced, an alarm', async () => {
    await allBeat(rack, rack.setup.hosts);
    await failsByVerdict(rack, host);
    await standsStill(rack, host, monotonicMs(), {
      code: 'failed',
      remedy: /order the fence again/,
    });
    assert.deepEqual(linesOf(rack, 'fenced'), []);
  });
  await stage.promise(
    'proof impossible: its power is cut by hand and that acknowledged',
    async () => {
      await raised(rack, host, 'failed', /by hand and say so with `fencepost ack /);
      const ack = ['ack', host, '--reason', 'INC1234', '--yes'];
      await refused(rack, ack, /sense is on/);
      await rack.bench.feed(host, 'psu', false);
      await until('the board reads it off', async () => {
        const view = await viewOf(rack);
        return view?.hosts[0]?.senses[0]?.reading === 'off';
      });
      await obeyed(rack, ack, 'mqtt');
      assert.equal((await viewOf(rack))?.hosts[0]?.phase, 'off');
      await over(rack, host, 'failed');
      assert.deepEqual(linesOf(rack, 'fenced'), []);
      await mend(rack, host);
      await rack.bench.feed(host, 'psu', true);
      await obeyed(rack, ['on', host, '--yes']);
      await beats(rack, host);
    },
  );
  await stage.promise('proof impossible: acknowledged though a sense reads on', async () => {
    await rack.bench.senseFault(host, 'rail', 'on');
    await refused(rack, ['fence', host, '--yes'], /failed/);
    await beats(rack, host);
    await rack.bench.host(host, 'hang');
    await raised(rack, host, 'failed', /fencepost ack/);
    const ack = ['ack', host, '--reason', 'the sense is broken', '--yes', '--override'];
    await obeyed(rack, ack);
    await over(rack, host, 'failed');
    await rack.bench.senseFault(host, 'rail', 'none');
    await obeyed(rack, ['on', host, '--yes'], 'mqtt');
    await beats(rack, host);
  });
  await stage.promise(
    'proof impossible: the relay is mended and the fence ordered again',
    async () => {
      await rack.bench.relayFault(host, 'psu', { stuck: 'closed' });
      await refused(rack, ['fence', host, '--yes'], /failed/, 'mqtt');
      await raised(rack, host, 'failed', /order the fence again/);
      await mend(rack, host);
      await fencedByOrder(rack, host, { way: 'mqtt' });
      await over(rack, host, 'failed');
    },
  );
}

/** The fence of its life moved a relay and failed; it goes on, and then it really dies. */
async function spend(rack: Rack, host: string): Promise<number> {
  await failsByVerdict(rack, host);
  await rack.bench.host(host, 'resume');
  await raised(rack, host, 'unguarded', /order a fence, or restart it/);
  await mend(rack, host);
  return hang(rack, host);
}

export async function spent(stage: Stage): Promise<void> {
  const rack = await stage.rack(farPair(await stage.broker()));
  const [host = ''] = rack.setup.hosts;
  const alarm = { code: 'unguarded', remedy: /order a fence, or restart it/ };
  await stage.promise('its one fence is spent: it stands still, with an alarm', async () => {
    await allBeat(rack, rack.setup.hosts);
    await standsStill(rack, host, await spend(rack, host), alarm);
  });
  await stage.promise('its one fence is spent: it is fenced by order over MQTT', async () => {
    await fencedByOrder(rack, host, { way: 'mqtt' });
    await over(rack, host, 'unguarded');
  });
  await stage.promise('its one fence is spent: it is restarted and guarded anew', async () => {
    await standsStill(rack, host, await spend(rack, host), alarm);
    await rack.bench.host(host, 'reboot');
    await beats(rack, host);
    await over(rack, host, 'unguarded');
    await fencedByVerdict(rack, host, await hang(rack, host));
  });
}

/** Three verdicts of one host, a gap apart; an hour later is shown by a quick test. */
export async function budget(stage: Stage): Promise<void> {
  const rack = await stage.rack(farPair(await stage.broker()));
  const [host = ''] = rack.setup.hosts;
  await stage.promise('three verdicts in an hour: each is a fence', async () => {
    await allBeat(rack, rack.setup.hosts);
    for (let i = 0; i < 3; i += 1) await fencedByVerdict(rack, host, await hang(rack, host));
  });
  await stage.promise('the budget is spent: it stands still, with an alarm', async () => {
    const atMs = await hang(rack, host);
    const last = linesOf(rack, 'dead').at(-1)?.atMs ?? 0;
    // Until then the gap between two verdicts stands before the budget.
    await pause(Math.max(0, last + GAP_MS - monotonicMs()));
    await standsStill(rack, host, atMs, { code: 'budget', remedy: /then order the fence/ });
  });
  await stage.promise('the budget is spent: it is fenced by order', async () => {
    await fencedByOrder(rack, host);
    await over(rack, host, 'budget');
  });
}
