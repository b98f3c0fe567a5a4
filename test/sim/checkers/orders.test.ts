import { assert, suite } from '../../lib/suite.ts';
import { answer, type History, history, LIFE, news, order } from './history.ts';
import { orders } from './orders.ts';

const test = suite('checker: orders as a history');
const given = order({ host: 1 });
const proven = { proof: 'verified' } as const;
const bound = (to: number): { name: string; orderer: number; boundTo: number } => ({
  name: to === 2 ? 'second' : 'third',
  orderer: to,
  boundTo: to,
});

const take = (h: History, of = given): History =>
  h.step({ kind: 'order', order: of }, answer(of, 'accepted'));
const fence = (h: History, of: ReturnType<typeof order>): History =>
  h.step({ kind: 'order', order: of }, answer(of, 'accepted'), {
    kind: 'journal',
    host: of.host,
    fence: of.host,
  });

test('an order is accepted, answered once, and answered the same when it is asked again', () => {
  const h = take(history(orders))
    .wait(8_000)
    .tick(answer(given, 'done', proven));
  h.step({ kind: 'order', order: given }, answer(given, 'done', proven));
  assert.equal(h.rules(), []);
});

test('a second final answer is seen, and so is another one for the same question', () => {
  const h = take(history(orders)).tick(answer(given, 'done', proven));
  assert.equal(h.tick(answer(given, 'failed')).rules(), ['S9']);
  const again = take(history(orders)).tick(answer(given, 'failed'));
  assert.equal(again.step({ kind: 'order', order: given }, answer(given, 'done')).rules(), ['S9']);
  const refused = history(orders).step({ kind: 'order', order: given }, answer(given, 'busy'));
  assert.equal(take(refused).rules(), ['S9']);
  const anew = take(history(orders)).tick(answer(given, 'done', proven));
  assert.equal(take(anew).rules(), ['S9']);
});

test('an order that nobody answers, or that is answered as another, is seen', () => {
  assert.equal(history(orders).step({ kind: 'order', order: given }).rules(), ['L3']);
  const h = take(history(orders)).tick(answer({ ...given, host: 2 }, 'done', proven));
  assert.equal(h.rules(), ['S9']);
  assert.equal(history(orders).tick(answer(given, 'accepted')).rules(), ['S9']);
});

test('what is too old, too long-lived, or not allowed is not accepted', () => {
  const old = order({ host: 1, ttlMs: 1_000 });
  assert.equal(take(history(orders).wait(3_000), old).rules(), ['S9']);
  assert.equal(take(history(orders), order({ host: 1, ttlMs: 40_000 })).rules(), ['S9']);
  const nobody = order({ host: 1, from: { name: 'x', orderer: 9 } });
  assert.equal(take(history(orders), nobody).rules(), ['S9']);
  const override = order({ host: 1, from: bound(2), args: { override: true } });
  assert.equal(take(history(orders), override).rules(), ['S12']);
  assert.equal(take(history(orders), order({ host: 0, op: 'disable', from: bound(2) })).rules(), [
    'S9',
  ]);
});

test('an order for a life that is not the one heard is not accepted', () => {
  const h = history(orders).hear(1);
  assert.equal(take(h, order({ host: 1, incarnation: 7 })).rules(), ['S9']);
  assert.equal(
    take(history(orders).hear(1), order({ host: 1, incarnation: LIFE + 1 })).rules(),
    [],
  );
});

test('the key of a host that is being fenced orders nothing', () => {
  const h = fence(history(orders), order({ host: 2 }));
  const back = order({ host: 1, from: bound(2), cmdId: 'back' });
  assert.equal(take(h, back).rules(), ['arbitration']);
  const dead = history(orders).tick(
    { kind: 'journal', host: 2, fence: 1 },
    news(2, 'dead', 'alarm'),
  );
  assert.equal(take(dead, back).rules(), ['arbitration']);
  const over = fence(history(orders), order({ host: 2 })).tick(news(2, 'failed', 'alarm'));
  assert.equal(take(over, back).rules(), []);
});

test('what a host had ordered before its dark is stale after it', () => {
  const back = order({ host: 1, from: bound(2), cmdId: 'back' });
  const h = fence(history(orders), order({ host: 2 })).wait(5_000);
  h.tick(news(2, 'fenced'), news(2, 'restored')).wait(10);
  assert.equal(take(h, back).rules(), ['arbitration']);
  h.step({ kind: 'round' }, { kind: 'round', tick: 2 });
  assert.is(take(h, { ...back, cmdId: 'anew', tick: 2 }).complaints.length, 1);
});

test('of two bound keys one fences at a time', () => {
  const first = order({ host: 1, from: bound(2) });
  const second = order({ host: 2, from: bound(3), cmdId: 'second' });
  assert.equal(take(fence(history(orders), first), second).rules(), ['arbitration']);
  const free = fence(history(orders), first).tick(news(1, 'fenced'));
  assert.equal(take(free, second).rules(), []);
});

test('a restart loses what the disk did not take, and nobody owes an answer for it', () => {
  const h = take(history(orders)).truth({ kind: 'agent', is: 'ended', life: 1, remembers: false });
  h.truth({ kind: 'agent', is: 'started', life: 2, remembers: true });
  h.step({ kind: 'start', wallMs: 0 }, answer(given, 'interrupted'));
  assert.equal(h.rules(), []);
});

test.run();
