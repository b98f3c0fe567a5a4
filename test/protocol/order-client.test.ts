import { monotonicMs } from '../../protocol/link/timers.ts';
import {
  type OrderClientSetup,
  type OrderPathEvents,
  type OrderRoute,
  orderClient,
} from '../../protocol/order-client.ts';
import { REPEAT_MS } from '../../protocol/order-step.ts';
import { AGENT, ANNA, clientSetup, fakeOrders, memoryRoute } from '../lib/fake-orders.ts';
import { assert, suite } from '../lib/suite.ts';
import { until } from '../lib/until.ts';

const test = suite('order client');

const fence = { op: 'fence', host: 1, incarnation: 0, waitMs: 5_000 } as const;

test('an order goes through query, state, order, accepted and result with real frames', async () => {
  const fake = fakeOrders();
  const client = orderClient(clientSetup(ANNA), [memoryRoute(fake)]);
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
  const route = memoryRoute(fake);
  const connect = (events: OrderPathEvents) => {
    const path = route.connect(events);
    const pass = fake.onPublish;
    let lost = 0;
    fake.onPublish = (payload) => {
      lost += 1;
      // The first STATE and both first RESULTs never arrive.
      if (lost > 3) pass(payload);
    };
    return path;
  };
  const client = orderClient(clientSetup(ANNA), [{ ...route, connect }]);
  const end = await client.order(fence);
  assert.is(end.outcome, 'done');
  assert.is(new Set(fake.accepted.map(({ order }) => order.cmdId.join())).size, 1);
});

test('two orders and a question over one path do not mix', async () => {
  const fake = fakeOrders();
  const client = orderClient(clientSetup(ANNA), [memoryRoute(fake)]);
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

/** A route that says one thing about itself, and carries nothing. */
function muteRoute(
  name: string,
  channel: OrderRoute['channel'],
  say: (events: OrderPathEvents) => void,
): OrderRoute {
  const path = { send: () => {}, close: async () => {} };
  const connect: OrderRoute['connect'] = (events) => {
    say(events);
    return path;
  };
  return { name, channel, connect };
}

const up = ({ up: open }: OrderPathEvents): void => open();
const refusing = ({ lost }: OrderPathEvents): void => lost('connection refused');
const deadBroker = muteRoute('the broker', 'mqtt', refusing);
const setup: OrderClientSetup = clientSetup(ANNA);

test('silence ends at the deadline and says of every route that was tried why it failed', async () => {
  const lost = orderClient(setup, [deadBroker]);
  const end = await lost.order({ ...fence, waitMs: 20 });
  assert.is(end.outcome, 'no-answer');
  assert.is(end.detail, 'the broker is not connected: connection refused');
  const open = orderClient(setup, [muteRoute('the broker', 'mqtt', up)]);
  const state = await open.state(0, 'list', 20);
  assert.ok(!state.ok && state.kind === 'silent' && state.detail === 'the agent did not answer');
  const both = orderClient(setup, [deadBroker, muteRoute('the shim', 'serial', up)]);
  const halfway = await both.order({ ...fence, waitMs: 20 });
  assert.is(
    halfway.detail,
    'the agent did not answer; the broker is not connected: connection refused',
  );
  const none = orderClient(setup, [deadBroker, muteRoute('the shim', 'serial', () => {})]);
  assert.match(
    (await none.order({ ...fence, waitMs: 20 })).detail,
    /^the broker.*; the shim is not/,
  );
});

test('with the broker dead an order goes over the line, and is done', async () => {
  const fake = fakeOrders();
  const line = memoryRoute(fake, { channel: 'serial', host: 1 });
  const client = orderClient(setup, [deadBroker, line]);
  const end = await client.order(fence);
  assert.equal([end.outcome, end.proof], ['done', 'verified']);
  assert.equal([fake.published.length > 0, fake.onLines.length > 0], [false, true]);
});

test('an order takes all routes at once under one id, and its first answer counts', async () => {
  const fake = fakeOrders();
  const routes = [memoryRoute(fake), memoryRoute(fake, { channel: 'serial', host: 1 })];
  const client = orderClient(setup, routes);
  let taken = 0;
  const end = await client.order(fence, () => {
    taken += 1;
  });
  assert.equal([end.outcome, taken], ['done', 1]);
  await until('both copies arrived', () => fake.accepted.length >= 2);
  assert.is(new Set(fake.accepted.map(({ order }) => order.cmdId.join())).size, 1);
});

test('a list goes by the broker; without one a line is left, and that is said at once', async () => {
  const fake = fakeOrders();
  const line = memoryRoute(fake, { channel: 'serial', host: 1 });
  const both = orderClient(setup, [memoryRoute(fake), line]);
  const list = await both.state(0, 'list', 5_000);
  assert.ok(list.ok && list.value.body.length > 0);
  assert.is(fake.onLines.length, 0);
  const start = monotonicMs();
  const left = await orderClient(setup, [line, deadBroker]).state(0, 'list', 60_000);
  assert.ok(
    !left.ok && left.kind === 'listless' && /no lists; the broker is not/.test(left.detail),
  );
  assert.ok(monotonicMs() - start < 5_000);
  let tell: OrderPathEvents | undefined;
  const later = muteRoute('the broker', 'mqtt', (events) => {
    tell = events;
  });
  const halfway = orderClient(setup, [line, later]);
  assert.ok((await halfway.state(2, 'none', 5_000)).ok, 'the line is open');
  const waits = halfway.state(0, 'list', 60_000);
  const lostAt = monotonicMs();
  tell?.lost('it hung up');
  assert.is((await waits).ok, false, 'a broker that is lost meanwhile ends the wait, too');
  assert.ok(monotonicMs() - lostAt < REPEAT_MS / 2, 'and not with the next repetition');
  const state = await orderClient(setup, [line, deadBroker]).state(2, 'none', 5_000);
  assert.ok(state.ok && state.value.host === 2);
});

test('frames that nobody sealed for us change nothing', async () => {
  const fake = fakeOrders();
  const route = memoryRoute(fake);
  const connect = (events: OrderPathEvents) => {
    const path = route.connect(events);
    for (let length = 0; length < 200; length += 1) events.frame(new Uint8Array(length).fill(0x8f));
    return path;
  };
  const client = orderClient(setup, [{ ...route, connect }]);
  assert.is((await client.order(fence)).outcome, 'done');
});

test.run();
