/**
 * Relays and senses that do not do what they should: `fenced` is never said on their word.
 *
 * Each host of the rack has one fault, and all are ordered to be fenced at once. Where the proof
 * cannot be had the answer is `failed`, an alarm says so, and power is given back.
 */
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { monotonicMs } from '../../protocol/link/timers.ts';
import type { OrderEnd } from '../../protocol/order-step.ts';
import type { RelayFault, SenseFault } from '../lib/bench/config.ts';
import type { Rack } from '../lib/rack.ts';
import { pause } from '../lib/until.ts';
import { hangAndFollow } from './lib/fence-times.ts';
import { figure } from './lib/figures.ts';
import { allBeat, viewOf } from './lib/hearing.ts';
import { commandsOf, linesOf, wasDark } from './lib/judge.ts';
import { numberOf, ordererOf } from './lib/orderer.ts';
import { onBothPaths } from './lib/racks.ts';
import type { Scenario } from './lib/scenario.ts';
import { cutToFenced, SHORT_MS } from './lib/timing.ts';

const { holdMs, drainMs, deadtimeMs } = SHORT_MS;
const FAIL_MS = { leastMs: 0, mostMs: 500 + drainMs + 2 * holdMs + 100 + 1_000 };

interface Fault {
  words: string;
  sense?: SenseFault;
  relay?: RelayFault;
  /** What the orderer must hear. */
  outcome: 'done' | 'failed';
}

const FAULTS: Fault[] = [
  { words: 'nothing wrong', outcome: 'done' },
  { words: 'sense stuck at on', sense: 'on', outcome: 'failed' },
  { words: 'sense stuck at off from the beginning', sense: 'off', outcome: 'failed' },
  { words: 'sense that reads unknown', sense: 'unknown', outcome: 'failed' },
  { words: 'sense that is mute', sense: 'mute', outcome: 'failed' },
  { words: 'relay welded', relay: { stuck: 'closed' }, outcome: 'failed' },
  { words: 'relay that refuses', relay: { refuse: true }, outcome: 'failed' },
  { words: 'relay that chatters', relay: { bounce: { times: 6, everyMs: 60 } }, outcome: 'done' },
];

/** A new life of the agent that remembers nothing, with the faults there before it looks. */
async function breakThings(rack: Rack): Promise<void> {
  rack.agent.signal('SIGTERM');
  await rack.agent.ended;
  rmSync(join(rack.dir, 'state'), { recursive: true, force: true });
  for (const [i, { sense, relay }] of FAULTS.entries()) {
    const host = rack.setup.hosts[i] ?? '';
    if (sense !== undefined) await rack.bench.senseFault(host, 'rail', sense);
    if (relay !== undefined) await rack.bench.relayFault(host, 'psu', relay);
  }
  await rack.startAgent();
}

async function mend(rack: Rack): Promise<void> {
  for (const host of rack.setup.hosts) {
    await rack.bench.senseFault(host, 'rail', 'none');
    await rack.bench.relayFault(host, 'psu', {});
  }
}

async function orderAll(rack: Rack): Promise<Map<string, OrderEnd & { tookMs: number }>> {
  const client = ordererOf(rack);
  const startedAt = monotonicMs();
  const ends = await Promise.all(
    rack.setup.hosts.map(async (host) => {
      const order = { op: 'fence', host: numberOf(rack, host), incarnation: 0 } as const;
      const end = await client.order({ ...order, waitMs: 30_000 });
      return [host, { ...end, tookMs: monotonicMs() - startedAt }] as const;
    }),
  );
  await client.close();
  return new Map(ends);
}

async function judgeFault(
  rack: Rack,
  host: string,
  fault: Fault,
  end: (OrderEnd & { tookMs: number }) | undefined,
): Promise<void> {
  assert.ok(end !== undefined);
  assert.equal(end.outcome, fault.outcome, end.detail);
  const said = linesOf(rack, 'fenced').filter((line) => line.host === host);
  if (fault.outcome === 'done') {
    const window = { fromMs: 0, toMs: monotonicMs(), holdMs };
    assert.ok(wasDark(rack.bench, host, window), 'it was off for the hold');
    return;
  }
  figure('L2 order to "failed"', end.tookMs, FAIL_MS);
  assert.equal(end.proof, 'none');
  assert.deepEqual(said, [], 'nobody says fenced');
  const alarms = (await viewOf(rack))?.alarms.filter((alarm) => alarm.host === host) ?? [];
  assert.ok(
    alarms.some(({ code }) => code === 'failed'),
    `an alarm stands: ${alarms.map(({ code }) => code).join(', ')}`,
  );
  const last = rack.bench
    .log()
    .findLast((entry) => entry.kind === 'command' && entry.host === host);
  assert.ok(
    last === undefined || (last.kind === 'command' && last.to === 'closed'),
    'its outlet is closed again',
  );
  assert.equal((await rack.bench.truth(host)).contacts['psu'], 'closed');
}

export const liars: Scenario = {
  name: 'liars',
  aboutS: 55,
  run: async (stage) => {
    const rack = await stage.rack(onBothPaths(FAULTS.length, await stage.broker()));
    const { hosts } = rack.setup;
    await stage.promise('eight hosts beat', () => allBeat(rack, hosts));
    let ends = new Map<string, OrderEnd & { tookMs: number }>();
    await stage.promise('each is ordered to be fenced, and each order is answered', async () => {
      await breakThings(rack);
      await allBeat(rack, hosts);
      ends = await orderAll(rack);
    });
    for (const [i, fault] of FAULTS.entries()) {
      const host = hosts[i] ?? '';
      const words = fault.outcome === 'done' ? 'fenced, and it was so' : 'failed, closed, an alarm';
      await stage.promise(`${fault.words}: ${words}`, () =>
        judgeFault(rack, host, fault, ends.get(host)),
      );
    }
    await stage.promise('mended: all beat, and the next fence of each is true', async () => {
      await mend(rack);
      await allBeat(rack, hosts);
      for (const [host, { outcome, detail }] of await orderAll(rack)) {
        assert.equal(outcome, 'done', `${host}: ${detail}`);
      }
      await allBeat(rack, hosts, ['serial', 'mqtt'], 30_000);
    });
  },
};

/** The same by verdict: the host hangs, so no beat contradicts, and the proof alone must stand. */
export const liarsByVerdict: Scenario = {
  name: 'liars-by-verdict',
  aboutS: 45,
  run: async (stage) => {
    const welded = await stage.rack(onBothPaths(2, await stage.broker()));
    const stuck = await stage.rack(onBothPaths(2, await stage.broker()));
    const both = [welded, stuck];
    const [host = ''] = welded.setup.hosts;
    await stage.promise('hosts beat', async () => {
      for (const rack of both) await allBeat(rack, rack.setup.hosts);
    });
    await stage.promise('relay welded, sense stuck at off since it was seen on', async () => {
      await welded.bench.relayFault(host, 'psu', { stuck: 'closed' });
      await failsByVerdict(welded, host, () => welded.bench.senseFault(host, 'rail', 'off'));
    });
    await stage.promise('sense stuck at on: power goes, and nobody says so', async () => {
      await failsByVerdict(stuck, host, () => stuck.bench.senseFault(host, 'rail', 'on'));
      assert.ok(stuck.bench.edges(host).length >= 2, 'it was without power and has it again');
    });
    await stage.promise('mended: a fence of the other host is true', async () => {
      for (const rack of both) {
        await rack.bench.senseFault(host, 'rail', 'none');
        await rack.bench.relayFault(host, 'psu', {});
        await rack.bench.host(host, 'reboot');
        await allBeat(rack, rack.setup.hosts);
      }
      const { mostMs } = cutToFenced(SHORT_MS);
      const times = await Promise.all(
        both.map((rack) => hangAndFollow(rack, rack.setup.hosts[1] ?? '')),
      );
      for (const { cutAt, fencedAt } of times) assert.ok(fencedAt - cutAt <= mostMs);
    });
  },
};

async function failsByVerdict(
  rack: Rack,
  host: string,
  breakIt: () => Promise<void>,
): Promise<void> {
  await rack.bench.host(host, 'hang');
  await breakIt();
  await rack.agent.waitFor(
    'failed',
    (line) => line.code === 'failed' && line.host === host,
    20_000,
  );
  await pause(deadtimeMs);
  assert.deepEqual(linesOf(rack, 'fenced'), [], 'nobody says fenced');
  assert.equal(commandsOf(rack.bench, host, 'open').length, 1, 'cut once, and not again and again');
  assert.equal((await rack.bench.truth(host)).contacts['psu'], 'closed');
}
