/**
 * What an attacker on the broker can do: publish anything, record everything, give it out again.
 *
 * None of it may move a relay, silence a host, or keep a dead one alive. What was dropped is
 * counted by kind; the first of each kind in a life of the agent is told with the counts.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { every, monotonicMs } from '../../protocol/link/timers.ts';
import { type MessageOf, OPERATION } from '../../protocol/wire/messages.ts';
import { sealOrder } from '../../protocol/wire/session/orderer.ts';
import { hostUp, topicsOf } from '../../protocol/wire/topics.ts';
import type { Rack } from '../lib/rack.ts';
import { pause } from '../lib/until.ts';
import { hangAndFollow, noteFence } from './lib/fence-times.ts';
import { allBeat, viewOf } from './lib/hearing.ts';
import { assertNothingMoved, assertNoVerdict } from './lib/judge.ts';
import {
  AGENT,
  crypto,
  hostKeyAsOps,
  numberOf,
  OPS,
  opsKeys,
  ordererOf,
  ringOf,
  type Tap,
  tapOf,
} from './lib/orderer.ts';
import { onBothPaths } from './lib/racks.ts';
import type { Scenario, Stage } from './lib/scenario.ts';
import { MQTT_MS, SHORT_MS } from './lib/timing.ts';

const ORDER_TOPIC = topicsOf(AGENT.name).order;

/** An ORDER that would be obeyed, sealed with the given keys. */
async function orderFrame(rack: Rack, host: string, keyText: string): Promise<Uint8Array> {
  const view = await viewOf(rack);
  const message: MessageOf<'order'> = {
    kind: 'order',
    kid: 1,
    orderer: OPS.id,
    agent: AGENT.id,
    cmdId: randomBytes(16),
    aNonce: Buffer.from(view?.life ?? '', 'hex'),
    tick: Math.max(1, Math.floor((view?.uptimeMs ?? 0) / SHORT_MS.keepaliveMs)),
    host: numberOf(rack, host),
    incarnation: 0,
    op: OPERATION.fence,
    args: new Uint8Array(),
    ttlMs: 30_000,
  };
  const frame = sealOrder(crypto, ringOf(keyText), OPS.name, 'mqtt', message);
  if (frame === undefined) throw new Error('there is no key for that');
  return frame;
}

interface Forgery {
  words: string;
  /** The word in the agent's count for the first of them; none where the broker takes them away. */
  kind?: string;
  retain?: boolean;
  frames(rack: Rack, host: string, tap: Tap): Promise<Uint8Array[]>;
}

const FORGERIES: Forgery[] = [
  {
    words: 'a key that nobody knows',
    kind: 'mac',
    frames: async (rack, host) => {
      const key = `admin ${OPS.name} 1 ${randomBytes(32).toString('base64')}\n`;
      return [await orderFrame(rack, host, key)];
    },
  },
  {
    words: "a host's key",
    kind: 'mac',
    frames: async (rack, host) => [await orderFrame(rack, host, hostKeyAsOps(rack, host))],
  },
  {
    words: 'cut off at every length',
    kind: 'short',
    frames: async (rack, host) => {
      const frame = await orderFrame(rack, host, opsKeys(rack));
      return Array.from({ length: frame.length }, (_, length) => frame.subarray(0, length));
    },
  },
  {
    words: 'every bit flipped once',
    kind: 'shape',
    frames: async (rack, host) => {
      const frame = await orderFrame(rack, host, opsKeys(rack));
      return Array.from({ length: 8 * frame.length }, (_, bit) => flipped(frame, bit));
    },
  },
  {
    words: 'longer than 1,024 bytes',
    frames: async (rack, host) => {
      const frame = await orderFrame(rack, host, opsKeys(rack));
      return [1_025, 4_096, 65_536].map((length) =>
        Buffer.concat([frame, Buffer.alloc(length - frame.length)]),
      );
    },
  },
  {
    words: 'padded to as much as a packet may hold',
    kind: 'oversize',
    frames: async (rack, host) => {
      const frame = await orderFrame(rack, host, opsKeys(rack));
      return [Buffer.concat([frame, Buffer.alloc(900 - frame.length)])];
    },
  },
  {
    words: 'beats and greetings of hosts on the order topic',
    kind: 'shape',
    frames: async (_rack, _host, tap) =>
      tap
        .heard()
        // The board's own echo passes there, too, and is no frame at all.
        .filter(({ topic }) => topic.endsWith('/up') && !topic.endsWith('/-/up'))
        .slice(-40)
        .map(({ payload }) => payload),
  },
  {
    words: 'good, but retained',
    kind: 'retained',
    retain: true,
    frames: async (rack, host) => [await orderFrame(rack, host, opsKeys(rack))],
  },
];

function flipped(frame: Uint8Array, bit: number): Uint8Array {
  const copy = frame.slice();
  copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return copy;
}

async function restartAgent(rack: Rack): Promise<void> {
  rack.agent.signal('SIGTERM');
  await rack.agent.ended;
  await rack.startAgent();
  await allBeat(rack, rack.setup.hosts);
}

async function showForgeries(stage: Stage, rack: Rack, tap: Tap): Promise<void> {
  const [host = ''] = rack.setup.hosts;
  for (const { words, kind, retain = false, frames } of FORGERIES) {
    await stage.promise(`orders, ${words}: refused, counted, no effect`, async () => {
      // What was told once is told again only a minute later, except by a new life.
      await restartAgent(rack);
      const sinceMs = monotonicMs();
      for (const frame of await frames(rack, host, tap))
        tap.publish(ORDER_TOPIC, frame, { retain });
      await pause(1_000);
      assertNothingMoved(rack.bench, sinceMs);
      const told = rack.agent
        .lines()
        .filter(({ code = '' }) => ['refused-orders', 'retained-order'].includes(code));
      if (kind !== undefined)
        assert.match(told.map(({ text }) => text).join(' '), new RegExp(kind));
      await allBeat(rack, rack.setup.hosts);
      assertNoVerdict(rack, sinceMs);
    });
  }
  await stage.promise('a retained order is dropped by the next life, too', async () => {
    const sinceMs = monotonicMs();
    await restartAgent(rack);
    await pause(1_000);
    assertNothingMoved(rack.bench, sinceMs);
    tap.publish(ORDER_TOPIC, new Uint8Array(), { retain: true });
  });
}

async function replayedOrder(rack: Rack, tap: Tap): Promise<void> {
  const [, host = ''] = rack.setup.hosts;
  const client = ordererOf(rack);
  const from = tap.heard().length;
  const target = { host: numberOf(rack, host), incarnation: 0, waitMs: 20_000 };
  const end = await client.order({ op: 'fence', ...target });
  assert.equal(end.outcome, 'done');
  await client.close();
  const recorded = tap.heard().slice(from);
  await allBeat(rack, rack.setup.hosts);
  const sinceMs = monotonicMs();
  const replay = async (): Promise<void> => {
    for (const { topic, payload } of recorded) {
      if (topic === ORDER_TOPIC || topic.includes('/result/')) tap.publish(topic, payload);
    }
    await pause(2_000);
    assertNothingMoved(rack.bench, sinceMs);
  };
  await replay();
  await restartAgent(rack);
  await replay();
  rack.agent.signal('SIGKILL');
  await rack.agent.ended;
  await rack.startAgent();
  await replay();
}

/** Everything that a host ever said, given out again, must not keep it alive when it is dead. */
async function replayedBeats(rack: Rack, tap: Tap): Promise<void> {
  const [, , host = ''] = rack.setup.hosts;
  const topic = hostUp(AGENT.name, host);
  await allBeat(rack, rack.setup.hosts);
  const recorded = tap.heard().filter((one) => one.topic === topic);
  let next = 0;
  const replaying = every(10, () => {
    const { payload } = recorded[next % recorded.length] ?? {};
    next += 1;
    if (payload !== undefined) tap.publish(topic, payload, { qos: 0 });
  });
  const times = await hangAndFollow(rack, host);
  noteFence('D 3 s, its old beats replayed meanwhile', times, SHORT_MS, MQTT_MS);
  replaying.cancel();
  await allBeat(rack, rack.setup.hosts);
}

export const forgeries: Scenario = {
  name: 'forgeries',
  aboutS: 75,
  run: async (stage) => {
    const rack = await stage.rack(onBothPaths(3, await stage.broker()));
    const tap = await tapOf(rack);
    await stage.promise('three hosts beat', () => allBeat(rack, rack.setup.hosts));
    await showForgeries(stage, rack, tap);
    await stage.promise('a recorded order again, then after restarts: no effect', () =>
      replayedOrder(rack, tap),
    );
    await stage.promise('a dead host is found although its old beats are replayed', () =>
      replayedBeats(rack, tap),
    );
    await tap.close();
  },
};
