import { monotonicMs } from '../../protocol/link/timers.ts';
import { type OrderPath, orderClient } from '../../protocol/order-client.ts';
import { REPEAT_MS } from '../../protocol/order-step.ts';
import { AGENT, ANNA, clientSetup, fakeOrders, memoryPath } from '../lib/fake-orders.ts';
import { assert, suite } from '../lib/suite.ts';

const test = suite('order client');

const fence = { op: 'fence', host: 1, incarnation: 0, waitMs: 5_000 } as const;

test('an order goes through query, state, order, accepted and result with real frames', async () => {
  const fake = fakeOrders();
  const client = orderClient(clientSetup(ANNA), memoryPath(fake));
  let taken = 0;
  const end = await client.order(fence, () => {
    taken += 1;
  });
  assert.equal(end, {
    outcome: 'done',
    proof: 'verified',
    untested: true,
    detail: 'off 2.0 s',
    incarnation: 0,
    accepted: true,
  });
  assert.is(taken, 1);
  const order = fake.accepted[0]?.order;
  assert.equal([order?.agent, order?.tick, order?.ttlMs], [AGENT, 40, 30_000]);
  assert.equal(order?.aNonce, fake.life.aNonce);
});

test('a lost first answer costs a repetition under the same id, not a second order', async () => {
  const fake = fakeOrders();
  const connect = memoryPath(fake);
  const client = orderClient(clientSetup(ANNA), (events) => {
    const path = connect(events);
    const pass = fake.onPublish;
    let lost = 0;
    fake.onPublish = (payload) => {
      lost += 1;
      // The first STATE and both first RESULTs never arrive.
      if (lost > 3) pass(payload);
    };
    return path;
  });
  const end = await client.order(fence);
  assert.is(end.outcome, 'done');
  assert.is(new Set(fake.accepted.map(({ order }) => order.cmdId.join())).size, 1);
});

test('two orders and a question over one path do not mix', async () => {
  const fake = fakeOrders();
  const client = orderClient(clientSetup(ANNA), memoryPath(fake));
  const start = monotonicMs();
  const [one, two, list] = await Promise.all([
    client.order(fence),
    client.order({ ...fence, host: 2, op: 'off' }),
    client.state(0, 'list', 5_000),
  ]);
  assert.ok(monotonicMs() - start < REPEAT_MS, 'and none waits for a repetition');
  assert.equal([one.outcome, two.outcome], ['done', 'done']);
  assert.ok(list.ok && JSON.parse(new TextDecoder().decode(list.value.body)).hosts.length === 2);
  assert.equal(fake.accepted.map(({ order }) => order.host).sort(), [1, 2]);
});

test('silence ends at the deadline and says why, as far as is known', async () => {
  const mute: OrderPath = { send: () => {}, close: async () => {} };
  const lost = orderClient(clientSetup(ANNA), (events) => {
    events.lost('connection refused');
    return mute;
  });
  const end = await lost.order({ ...fence, waitMs: 20 });
  assert.is(end.outcome, 'no-answer');
  assert.match(end.detail, /broker is not connected: connection refused/);
  const up = orderClient(clientSetup(ANNA), (events) => {
    events.up();
    return mute;
  });
  const state = await up.state(0, 'list', 20);
  assert.ok(!state.ok && /did not answer/.test(state.detail));
});

test('frames that nobody sealed for us change nothing', async () => {
  const fake = fakeOrders();
  const client = orderClient(clientSetup(ANNA), (events) => {
    const path = memoryPath(fake)(events);
    for (let length = 0; length < 200; length += 1) events.frame(new Uint8Array(length).fill(0x8f));
    return path;
  });
  assert.is((await client.order(fence)).outcome, 'done');
});

test.run();
