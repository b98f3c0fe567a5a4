import type { OrderFrom } from '../../../firmware-agent/control/sealed-orders.ts';
import type { OrdererSettings } from '../../../firmware-agent/core/settings.ts';
import { parseKeys } from '../../../protocol/wire/keys.ts';
import {
  type Channel,
  type MessageOf,
  OPERATION,
  OUTCOME,
  VIEW,
  type View,
} from '../../../protocol/wire/messages.ts';
import { openAnswer, sealOrder } from '../../../protocol/wire/session/orderer.ts';
import { fakeHost, fakeRecord } from '../../lib/fake-desk.ts';
import { AGENT, ANNA, type FakeOrders, fakeOrders, PCMK, resultOf } from '../../lib/fake-orders.ts';
import { assert, suite } from '../../lib/suite.ts';
import { base64Of, crypto, KEYS_TEXT, ring, ringOf } from '../../protocol/wire/lib/keys.ts';

const test = suite('sealed orders');

const LIVE: OrderFrom = { channel: 'mqtt', about: { retain: false } };
const RETAINED: OrderFrom = { channel: 'mqtt', about: { retain: true } };
const cmdId = new Uint8Array(16).fill(5);
const queryId = new Uint8Array(16).fill(6);

function seal(
  by: OrdererSettings,
  message: MessageOf<'query'> | MessageOf<'order'>,
  channel: Channel = 'mqtt',
): Uint8Array {
  const frame = sealOrder(crypto, ring, by.name, channel, message);
  if (frame === undefined) throw new Error(`no key of ${by.name}`);
  return frame;
}

function order(
  by: OrdererSettings,
  over: Partial<MessageOf<'order'>> = {},
  channel: Channel = 'mqtt',
): Uint8Array {
  const names = { kid: 1, orderer: by.orderer, agent: AGENT, cmdId, host: 1, incarnation: 0 };
  const life = { aNonce: new Uint8Array(8).fill(1), tick: 40 };
  const what = { op: OPERATION.fence, args: new Uint8Array(), ttlMs: 30_000 };
  return seal(by, { kind: 'order', ...names, ...life, ...what, ...over }, channel);
}

function query(by: OrdererSettings, view: View, host = 0, channel: Channel = 'mqtt'): Uint8Array {
  const names = { kid: 1, orderer: by.orderer, agent: AGENT, queryId, host };
  return seal(by, { kind: 'query', ...names, view: VIEW[view] }, channel);
}

function answers(
  fake: FakeOrders,
  by: OrdererSettings,
): (MessageOf<'state'> | MessageOf<'result'>)[] {
  return fake.published.map(({ payload }) => {
    const opened = openAnswer(crypto, ring, by, 'mqtt', payload);
    if ('refused' in opened) throw new Error(opened.refused);
    return opened.message;
  });
}

function stateOf(fake: FakeOrders, by: OrdererSettings): MessageOf<'state'> {
  return answers(fake, by).at(-1) as MessageOf<'state'>;
}

function bodyOf(fake: FakeOrders, by: OrdererSettings): ReturnType<typeof JSON.parse> {
  return JSON.parse(new TextDecoder().decode(stateOf(fake, by).body));
}

/** Nothing was ordered, nothing answered, and exactly one refusal of that kind counted. */
function refused(fake: FakeOrders, kind: string): void {
  assert.equal(fake.orders.refusals(), { [kind]: 1 });
  assert.equal([fake.accepted.length, fake.published.length, fake.onLines.length], [0, 0, 0]);
}

test('an authentic order reaches the desk as it was given, and its results its orderer', () => {
  const fake = fakeOrders();
  fake.orders.message(order(ANNA), LIVE, 0);
  assert.is(fake.accepted[0]?.orderer, ANNA.orderer);
  assert.is(fake.accepted[0]?.order.host, 1);
  assert.equal(
    fake.published.map(({ topic }) => topic),
    ['fencepost/board1/result/anna', 'fencepost/board1/result/anna'],
  );
  const options = fake.published[0]?.options;
  assert.equal([options?.qos, options?.retain], [1, false]);
  assert.equal(
    answers(fake, ANNA).map(({ kind }) => kind),
    ['result', 'result'],
  );
});

test('an order that arrives retained is dropped with an alarm, however good it is', () => {
  const fake = fakeOrders();
  fake.orders.message(order(ANNA), RETAINED, 0);
  refused(fake, 'retained');
  assert.match(fake.alarms[0] ?? '', /^retained-order: .*retain/);
  fake.orders.message(order(ANNA), LIVE, 1);
  assert.is(fake.accepted.length, 1, 'the same order sent alive is obeyed');
});

test('a key that was revoked orders nothing more; what it ordered is told under the next one', () => {
  const held = ringOf(KEYS_TEXT);
  const fake = fakeOrders(held);
  fake.outcomes = ['accepted'];
  fake.orders.message(order(ANNA), LIVE, 0);
  const [taken] = fake.accepted;
  const next = parseKeys(KEYS_TEXT.replace(/admin anna 1 .*/, `admin anna 2 ${base64Of(50)}`));
  if (!next.ok || taken === undefined) return assert.unreachable();
  held.take(next.keys);
  fake.orders.message(order(ANNA, { cmdId: new Uint8Array(16).fill(8) }), LIVE, 1);
  assert.equal([fake.accepted.length, fake.orders.refusals()], [1, { mac: 1 }]);
  assert.ok(fake.orders.sendResult(resultOf(taken.order, 'done')));
  const last = fake.published.at(-1)?.payload ?? new Uint8Array();
  assert.ok('refused' in openAnswer(crypto, ring, ANNA, 'mqtt', last), 'not under the old key');
  const opened = openAnswer(crypto, held, ANNA, 'mqtt', last);
  assert.is('message' in opened && opened.message.kind === 'result' && opened.message.kid, 2);
});

test('a key notes when it last asked or ordered in this life, and no forgery', () => {
  const held = ringOf(KEYS_TEXT);
  const usedAt = (): number | undefined => held.find('admin', 'anna', 1)?.usedAt;
  const fake = fakeOrders(held);
  const forged = query(ANNA, 'list');
  forged[forged.length - 1] = (forged.at(-1) ?? 0) ^ 1;
  fake.orders.message(forged, LIVE, 5);
  fake.orders.message(order(ANNA, { aNonce: new Uint8Array(8).fill(9) }), LIVE, 6);
  assert.is(usedAt(), undefined, 'an order of another life may be a recording');
  fake.orders.message(query(ANNA, 'list'), LIVE, 7);
  assert.is(usedAt(), 7);
  fake.orders.message(order(ANNA, { cmdId: new Uint8Array(16).fill(8) }), LIVE, 9);
  assert.is(usedAt(), 9);
});

test('every forgery is refused: any bit, a foreign key, a host key, another path or board', () => {
  const good = order(ANNA);
  for (let bit = 0; bit < good.length * 8; bit += 1) {
    const fake = fakeOrders();
    const forged = Uint8Array.from(good);
    forged[bit >> 3] = (forged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    fake.orders.message(forged, LIVE, 0);
    assert.equal([fake.accepted.length, fake.published.length], [0, 0], `bit ${bit}`);
  }
  const stranger = ringOf(`admin anna 1 ${base64Of(99)}`);
  const names = { kid: 1, orderer: ANNA.orderer, agent: AGENT, queryId, host: 0 };
  const ask: MessageOf<'query'> = { kind: 'query', ...names, view: 1 };
  const cases: [string, Uint8Array | undefined][] = [
    ['mac', sealOrder(crypto, stranger, 'anna', 'mqtt', ask)],
    ['mac', sealOrder(crypto, ring, 'anna', 'serial', ask)],
    ['mac', sealOrder(crypto, ring, 'anna', 'mqtt', { ...ask, agent: AGENT + 1 })],
    ['mac', sealOrder(crypto, ring, 'anna', 'mqtt', { ...ask, orderer: PCMK.orderer })],
    ['mac', sealOrder(crypto, ring, 'anna', 'mqtt', { ...ask, orderer: 999 })],
  ];
  for (const [kind, frame] of cases) {
    const fake = fakeOrders();
    fake.orders.message(frame ?? assert.unreachable('no frame') ?? good, LIVE, 0);
    refused(fake, kind);
  }
});

test('a frame cut anywhere, or too long, is refused and counted', () => {
  const good = order(ANNA);
  for (let length = 0; length < good.length; length += 1) {
    const fake = fakeOrders();
    fake.orders.message(good.subarray(0, length), LIVE, 0);
    assert.equal([fake.accepted.length, fake.published.length], [0, 0]);
    assert.is(Object.values(fake.orders.refusals())[0], 1, `${length} bytes`);
  }
  const fake = fakeOrders();
  fake.orders.message(new Uint8Array(1_025), LIVE, 0);
  refused(fake, 'oversize');
});

test('an answer of the board is no order', () => {
  const fake = fakeOrders();
  fake.orders.message(order(ANNA), LIVE, 0);
  const [answer] = fake.published.splice(0);
  fake.accepted.splice(0);
  fake.orders.message(answer?.payload ?? new Uint8Array(), LIVE, 0);
  refused(fake, 'shape');
});

test('refusals are told at most once a minute, and counted every time', () => {
  const fake = fakeOrders();
  for (let at = 0; at < 120_000; at += 100) fake.orders.message(new Uint8Array(40), LIVE, at);
  assert.is(fake.alarms.length, 2);
  assert.is(Object.values(fake.orders.refusals())[0], 1_200);
});

test('a response topic is honoured in or below the own one only, correlation data always', () => {
  const own = 'fencepost/board1/result/anna';
  const correlationData = Uint8Array.of(1, 2, 3);
  const topics: [string, string][] = [
    [own, own],
    [`${own}/shell-4`, `${own}/shell-4`],
    ['fencepost/board1/result/alpha-pcmk', own],
    ['fencepost/board1/result/annabel', own],
    ['fencepost/board1/host/alpha/down', own],
    ['home/lamp/set', own],
    [`${own}/#`, own],
    [`${own}/+`, own],
    [`${own}//x`, own],
    [`${own}/${'x'.repeat(300)}`, own],
    ['', own],
  ];
  for (const [responseTopic, expected] of topics) {
    const fake = fakeOrders();
    const about = { retain: false, responseTopic, correlationData };
    fake.orders.message(order(ANNA), { channel: 'mqtt', about }, 0);
    for (const { topic, options } of fake.published) {
      assert.is(topic, expected, responseTopic);
      assert.equal(options.correlationData, correlationData);
    }
    assert.is(fake.published.length, 2);
  }
});

test('a state names life, tick, incarnation, reading and phase, and carries the view asked for', () => {
  const fake = fakeOrders();
  fake.orders.message(query(ANNA, 'list'), LIVE, 0);
  assert.equal(bodyOf(fake, ANNA), fake.desk.shown);
  fake.orders.message(query(ANNA, 'status', 2), LIVE, 0);
  const state = stateOf(fake, ANNA);
  assert.equal(state.queryId, queryId);
  assert.equal(state.aNonce, fake.life.aNonce);
  assert.equal(
    [state.tick, state.host, state.incarnation, state.reading, state.phase],
    [40, 2, 0x1a2b3c4d, 1, 1],
  );
  assert.is(bodyOf(fake, ANNA).hosts.length, 1);
  fake.orders.message(query(ANNA, 'why', 1), LIVE, 0);
  assert.is(bodyOf(fake, ANNA)[0].id, 3);
  fake.orders.message(query(ANNA, 'none', 1), LIVE, 0);
  assert.is(stateOf(fake, ANNA).body.length, 0);
});

test('reading off needs every sense off, and unknown or no senses are unknown', () => {
  const cases: [('on' | 'off' | 'unknown')[], number][] = [
    [['off', 'off'], 2],
    [['off', 'unknown'], 0],
    [['off', 'on'], 1],
    [['unknown', 'on'], 1],
    [[], 0],
  ];
  for (const [readings, expected] of cases) {
    const fake = fakeOrders();
    const senses = readings.map((reading) => ({ name: 's', reading, believed: true }));
    fake.desk.shown.hosts = [{ ...fakeHost('deimos', 1), senses }];
    fake.orders.message(query(ANNA, 'none', 1), LIVE, 0);
    assert.is(stateOf(fake, ANNA).reading, expected, readings.join());
  }
});

test('a bound orderer sees its own host and those it may order, no others', () => {
  const fake = fakeOrders();
  fake.desk.shown.hosts.push(fakeHost('io', 3));
  fake.orders.message(query(PCMK, 'none', 3), LIVE, 0);
  const foreign = stateOf(fake, PCMK);
  assert.equal([foreign.incarnation, foreign.reading, foreign.phase], [0, 0, 0]);
  for (const host of [1, 2]) {
    fake.orders.message(query(PCMK, 'none', host), LIVE, 0);
    assert.is(stateOf(fake, PCMK).incarnation, 0x1a2b3c4d);
  }
});

test('an orderer without "status" gets no view at all', () => {
  const fake = fakeOrders();
  fake.orders.message(query(PCMK, 'list'), LIVE, 0);
  assert.is(stateOf(fake, PCMK).body.length, 0);
});

test('a view that does not fit loses detail and stays a view', () => {
  const fake = fakeOrders();
  fake.desk.shown.hosts = Array.from({ length: 200 }, (_, at) => fakeHost(`host${at}`, at + 1));
  fake.orders.message(query(ANNA, 'list'), LIVE, 0);
  assert.ok(stateOf(fake, ANNA).body.length <= 61_440);
  assert.is(bodyOf(fake, ANNA).hosts.length, 200);
  const entries = Array.from({ length: 5_000 }, (_, atMs) => ({ atMs, what: 'sense read off' }));
  fake.desk.kept = [{ ...fakeRecord('host0'), entries }];
  fake.orders.message(query(ANNA, 'why', 1), LIVE, 0);
  assert.ok(stateOf(fake, ANNA).body.length <= 61_440);
  assert.is(bodyOf(fake, ANNA)[0].entries.at(-1).atMs, 4_999);
});

test('an orderer that asks without end is slowed down, others and its orders are not', () => {
  const fake = fakeOrders();
  for (let at = 0; at < 1_000; at += 1) fake.orders.message(query(ANNA, 'list'), LIVE, at);
  assert.ok(fake.published.length <= 40 + 20, `${fake.published.length} answers`);
  fake.orders.message(query(PCMK, 'none', 2), LIVE, 1_000);
  fake.orders.message(order(ANNA), LIVE, 1_000);
  assert.is(stateOf({ ...fake, published: fake.published.slice(-3, -2) }, PCMK).host, 2);
  assert.is(fake.accepted.length, 1);
});

const onLineOf = (host: number): OrderFrom => ({ channel: 'serial', host });

function onLine(fake: FakeOrders, by: OrdererSettings): MessageOf<'state'> | MessageOf<'result'> {
  const opened = openAnswer(
    crypto,
    ring,
    by,
    'serial',
    fake.onLines.at(-1)?.frame ?? new Uint8Array(),
  );
  if ('refused' in opened) throw new Error(opened.refused);
  return opened.message;
}

test('an order over a line is judged as any other, and answered on that line alone', () => {
  const fake = fakeOrders();
  fake.orders.message(order(PCMK, { host: 2 }, 'serial'), onLineOf(1), 0);
  assert.is(fake.accepted[0]?.orderer, PCMK.orderer);
  assert.equal(
    fake.onLines.map(({ host }) => host),
    [1, 1],
  );
  assert.is(onLine(fake, PCMK).kind, 'result');
  assert.is(fake.published.length, 0);
});

test('a state over a line has no body, whatever was asked for, and fits the line', () => {
  const fake = fakeOrders();
  for (const view of ['list', 'status', 'why', 'none'] as const) {
    fake.orders.message(query(ANNA, view, 2, 'serial'), onLineOf(1), 0);
    const state = onLine(fake, ANNA) as MessageOf<'state'>;
    assert.equal([state.body.length, state.host, state.phase], [0, 2, 1], view);
    assert.ok((fake.onLines.at(-1)?.frame.length ?? 99) <= 72);
  }
});

test('a bound key is heard on no line but its own, and an operator on every one', () => {
  const wrong = fakeOrders();
  wrong.orders.message(order(PCMK, { host: 2 }, 'serial'), onLineOf(2), 0);
  wrong.orders.message(query(PCMK, 'none', 2, 'serial'), onLineOf(2), 0);
  assert.equal(wrong.orders.refusals(), { mac: 2 });
  assert.equal([wrong.accepted.length, wrong.onLines.length], [0, 0]);
  assert.match(wrong.alarms[0] ?? '', /on the serial line of phobos \(mac 1\)/);
  const fake = fakeOrders();
  for (const host of [1, 2]) {
    fake.orders.message(order(ANNA, {}, 'serial'), onLineOf(host), 0);
    assert.is(fake.onLines.at(-1)?.host, host);
  }
});

test('a frame that was sealed for one path is refused on the other', () => {
  for (const [frame, from] of [
    [order(ANNA), onLineOf(1)],
    [order(ANNA, {}, 'serial'), LIVE],
  ] as const) {
    const fake = fakeOrders();
    fake.orders.message(frame, from, 0);
    refused(fake, 'mac');
  }
});

test('an order repeated on another path is answered on both from then on', () => {
  const fake = fakeOrders();
  fake.outcomes = ['accepted'];
  const both = (): number[] => [fake.published.length, fake.onLines.length];
  fake.orders.message(order(ANNA), LIVE, 0);
  assert.equal(both(), [1, 0]);
  fake.orders.message(order(ANNA, {}, 'serial'), onLineOf(1), 0);
  assert.equal(both(), [2, 1]);
  const given = fake.accepted[0]?.order;
  assert.ok(given !== undefined && fake.orders.sendResult(resultOf(given, 'done')));
  assert.equal(both(), [3, 2]);
  assert.is((onLine(fake, ANNA) as MessageOf<'result'>).outcome, OUTCOME.done);
});

test('whoever repeats frames on one path silences nobody on another', () => {
  const fake = fakeOrders();
  fake.outcomes = ['accepted'];
  const recorded = order(PCMK, { host: 2 });
  for (let n = 0; n < 1_000; n += 1) fake.orders.message(recorded, LIVE, 0);
  assert.is(fake.accepted.length, 40, 'no more than its rate');
  fake.orders.message(order(PCMK, { host: 2 }, 'serial'), onLineOf(1), 0);
  assert.is(fake.accepted.length, 41);
});

test.run();
