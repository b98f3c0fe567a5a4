/**
 * All serial cables at once: somebody moved the rack, a hub died, an adapter was pulled.
 *
 * A cable that is pulled at the far end looks like silence; an adapter that is pulled takes its
 * port along. Either way the hosts fall silent together, and that is never a death.
 */
import { monotonicMs } from '../../protocol/link/timers.ts';
import type { Rack } from '../lib/rack.ts';
import { pause } from '../lib/until.ts';
import { figure } from './lib/figures.ts';
import { allBeat, allClear, type Channel } from './lib/hearing.ts';
import { assertNothingMoved, assertNoVerdict } from './lib/judge.ts';
import { onBothPaths, onSerialAlone } from './lib/racks.ts';
import type { Scenario, Stage } from './lib/scenario.ts';
import { SHORT_MS } from './lib/timing.ts';

const { deadtimeMs, keepaliveMs } = SHORT_MS;
const BACK_MS = 10_000;

interface Way {
  name: string;
  out(rack: Rack, host: string): Promise<void>;
  back(rack: Rack, host: string): Promise<void>;
}

const WAYS: Way[] = [
  {
    name: 'cables pulled',
    out: (rack, host) => rack.bench.cable(host, { pulled: true }),
    back: (rack, host) => rack.bench.cable(host, { pulled: false }),
  },
  {
    name: 'adapters of the board pulled',
    out: (rack, host) => rack.bench.plug(host, 'a', false),
    back: (rack, host) => rack.bench.plug(host, 'a', true),
  },
  {
    name: 'adapters of the hosts pulled',
    out: (rack, host) => rack.bench.plug(host, 'b', false),
    back: (rack, host) => rack.bench.plug(host, 'b', true),
  },
];

/** Pulls everything, waits, looks, plugs it in again, waits until all is well. */
async function outAndBack(stage: Stage, rack: Rack, way: Way, about: About): Promise<void> {
  const { hosts } = rack.setup;
  const { when, apartMs = 0 } = about;
  await stage.promise(`${way.name}, ${when}: nobody is fenced`, async () => {
    for (const host of hosts) {
      await way.out(rack, host);
      if (apartMs > 0) await pause(apartMs);
    }
    await pause(4 * deadtimeMs);
    assertNothingMoved(rack.bench);
    assertNoVerdict(rack);
  });
  await stage.promise(
    `${way.name}, ${when}: plugged in, all beat and no alarm stands`,
    async () => {
      const startedAt = monotonicMs();
      for (const host of hosts) await way.back(rack, host);
      await allBeat(rack, hosts, about.channels, BACK_MS);
      figure(`all heard again after ${way.name}`, monotonicMs() - startedAt);
      await allClear(rack);
      await pause(deadtimeMs);
      assertNothingMoved(rack.bench);
    },
  );
}

interface About {
  when: string;
  channels: Channel[];
  /** From one host to the next. */
  apartMs?: number;
}

/** The others' last beats are then older than any of the timers, and still they fell silent together. */
async function pulledInSleep(rack: Rack, way: Way): Promise<void> {
  rack.agent.signal('SIGSTOP');
  for (const host of rack.setup.hosts) await way.out(rack, host);
  await pause(4 * deadtimeMs);
  rack.agent.signal('SIGCONT');
  await pause(4 * deadtimeMs);
  assertNothingMoved(rack.bench);
  for (const host of rack.setup.hosts) await way.back(rack, host);
  await allBeat(rack, rack.setup.hosts, ['serial'], BACK_MS);
}

export const cablesPulled: Scenario = {
  name: 'cables-pulled-with-broker',
  aboutS: 85,
  run: async (stage) => {
    const broker = await stage.broker();
    const rack = await stage.rack(onBothPaths(4, broker));
    await stage.promise('all hosts beat on both paths', () => allBeat(rack, rack.setup.hosts));
    for (const way of WAYS) {
      await outAndBack(stage, rack, way, {
        when: 'the broker up',
        channels: ['serial', 'mqtt'],
      });
    }
    broker.stop();
    await pause(deadtimeMs);
    const [pulled] = WAYS;
    if (pulled === undefined) return;
    await outAndBack(stage, rack, pulled, { when: 'the broker stopped', channels: ['serial'] });
  },
};

export const cablesPulledOnly: Scenario = {
  name: 'cables-pulled-without-broker',
  aboutS: 110,
  run: async (stage) => {
    const rack = await stage.rack(onSerialAlone(4));
    const channels: Channel[] = ['serial'];
    await stage.promise('all hosts beat', () => allBeat(rack, rack.setup.hosts, channels));
    for (const way of WAYS) {
      await outAndBack(stage, rack, way, { when: 'all at once', channels });
    }
    const [pulled] = WAYS;
    if (pulled === undefined) return;
    await stage.promise('cables pulled while the agent stands still: nobody is fenced', () =>
      pulledInSleep(rack, pulled),
    );
    const apartMs = keepaliveMs / 2;
    await outAndBack(stage, rack, pulled, { when: 'one after the other', channels, apartMs });
  },
};
