/** Local orders: how long they may have waited in the socket before the core is told of them. */
import type { AgentConfig } from '../../firmware-agent/config/config.ts';
import { newBoard } from '../../firmware-agent/core/board.ts';
import type { Event } from '../../firmware-agent/core/events.ts';
import { type AgentDesk, openDesk } from '../../firmware-agent/desk.ts';
import type { FenceRecords } from '../../firmware-agent/drivers/records.ts';
import { monotonicMs } from '../../protocol/link/timers.ts';
import { logger } from '../../protocol/log.ts';
import { type KeyRing, keyRing } from '../../protocol/wire/keys.ts';
import { nodeCrypto } from '../../protocol/wire/mac.ts';
import type { LocalOrder, OrderAnswer } from '../../protocol/wire/view.ts';
import { fakeFacts } from '../lib/fake-desk.ts';
import { assert, suite } from '../lib/suite.ts';
import { base64Of, ringOf } from '../protocol/wire/lib/keys.ts';
import { boardOf, guarded } from './core/world/settings.ts';

const test = suite('desk');

const order: LocalOrder = {
  op: 'fence',
  host: 'alpha',
  incarnation: 0,
  cmdId: 'ab'.repeat(16),
  askedAtMs: 0,
  ttlMs: 10_000,
};

function deskAnd(taken: Event[], ring: KeyRing = keyRing(nodeCrypto(), [])): AgentDesk {
  const board = boardOf([guarded(1, 'alpha')]);
  const crypto = nodeCrypto();
  const stream = { write: () => undefined, writableLength: 0 };
  return openDesk({
    config: { board } as AgentConfig,
    crypto,
    ring,
    log: logger({ stream, tty: false, colour: false, now: () => new Date(0) }),
    board: newBoard(board, '00'.repeat(8), 0),
    records: { list: () => [] } as unknown as FenceRecords,
    take: (event) => taken.push(event),
    paths: () => undefined,
    refused: () => () => ({}),
    doctor: async () => fakeFacts(),
    reload: async () => ({ ok: true, problems: [] }),
  });
}

/** Gives an order that was written so long ago; answers what the core was told, and the giver. */
function given(agoMs: number): { ttlMs: number[]; answers: OrderAnswer[] } {
  const taken: Event[] = [];
  const answers: OrderAnswer[] = [];
  const askedAtMs = monotonicMs() - agoMs;
  deskAnd(taken).order({ ...order, askedAtMs }, 'anna (local)', (answer) => answers.push(answer));
  const ttlMs = taken.flatMap((event) => (event.kind === 'order' ? [event.order.ttlMs] : []));
  return { ttlMs, answers };
}

test('a local order has as much of its ttl left as the socket did not take', () => {
  const { ttlMs, answers } = given(4_000);
  assert.equal(answers, []);
  const [leftMs = 0] = ttlMs;
  assert.ok(leftMs > 5_000 && leftMs <= 6_000, `${leftMs} ms are left`);
});

test('a local order that waited longer than its ttl is told expired and reaches no host', () => {
  for (const agoMs of [10_001, 3_600_000]) {
    const { ttlMs, answers } = given(agoMs);
    assert.equal(ttlMs, []);
    assert.equal(
      answers.map(({ outcome, cmdId }) => [outcome, cmdId]),
      [['expired', order.cmdId]],
    );
  }
});

test('the keys in force are told with the time since each was used, and never a key', () => {
  const ring = ringOf(`host a 1 ${base64Of(1)}\nhost a 2 ${base64Of(2)}\nauth host a 2`);
  const used = ring.find('host', 'a', 1);
  if (used !== undefined) used.usedAt = monotonicMs() - 5_000;
  const { watchedMs, keys } = deskAnd([], ring).keys();
  assert.ok(watchedMs > 0);
  const [one, two] = keys;
  assert.ok(one?.unusedMs !== null && Math.abs((one?.unusedMs ?? 0) - 5_000) < 1_000);
  assert.equal(two, { role: 'host', owner: 'a', kid: 2, sending: true, unusedMs: null });
  assert.equal(Object.keys(one ?? {}), Object.keys(two ?? {}));
});

test('a local order by a clock that runs ahead of ours reaches no host', () => {
  const { ttlMs, answers } = given(-60_000);
  assert.equal(ttlMs, []);
  assert.is(answers[0]?.outcome, 'expired');
});

test.run();
