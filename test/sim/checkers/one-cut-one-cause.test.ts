import type { Effect } from '../../../firmware-agent/core/events.ts';
import { guarded } from '../../firmware-agent/core/world/settings.ts';
import { assert, suite } from '../../lib/suite.ts';
import { answer, cut, type History, history, LIFE, news, order, restore } from './history.ts';
import { oneCutOneCause } from './one-cut-one-cause.ts';

const test = suite('checker: one cut, one cause');
const given = order({ host: 1, ttlMs: 5_000 });
const journal: Effect = { kind: 'journal', host: 1, fence: 1 };
const frozen = news(1, 'integrity', 'alarm', 'frozen: it spoke');

const begun = (of = given): History =>
  history(oneCutOneCause).step({ kind: 'order', order: of }, answer(of, 'accepted'), journal);
const journalled = (h: History, ...effects: Effect[]): History =>
  h.wait(4).step({ kind: 'journalled', host: 1, fence: 1 }, ...effects);

test('a cut after its intent went to disk has one cause, and so has its restore', () => {
  const h = journalled(begun(), cut(1)).wait(8_000).tick(news(1, 'fenced')).tick(restore(1));
  assert.equal(h.rules(), []);
});

test('a cut that nobody recorded, or before the disk has it, is seen', () => {
  assert.ok(history(oneCutOneCause).tick(cut(1)).rules().includes('S8'));
  assert.ok(
    begun()
      .wait(100)
      .tick(cut(1), news(1, 'unlogged', 'alarm'))
      .rules()
      .includes('S8'),
  );
  assert.equal(begun().wait(500).tick(cut(1)).rules(), ['S8']);
  assert.equal(
    begun()
      .wait(500)
      .tick(cut(1), news(1, 'unlogged', 'alarm'))
      .rules(),
    [],
  );
  const blind = begun().wait(500);
  blind.step({ kind: 'judge', drained: false }, cut(1), news(1, 'unlogged', 'alarm'));
  assert.equal(blind.rules(), ['S5']);
});

test('a fence begins by an order for that host or in a judge tick, once', () => {
  const h = history(oneCutOneCause).step({ kind: 'echoed' }, journal);
  assert.equal(h.rules(), ['S8']);
  const other = order({ host: 2 });
  assert.equal(begun(other).rules(), ['S8']);
  const twice = begun()
    .wait(100)
    .step({ kind: 'order', order: given }, { ...journal, fence: 2 });
  assert.equal(twice.rules(), ['S9']);
});

test('an order that is too old, or means another life, cuts nothing', () => {
  assert.equal(begun().wait(6_000).tick(cut(1), news(1, 'unlogged')).rules(), ['S9']);
  const named = order({ host: 1, incarnation: LIFE + 1 });
  const heard = (incarnation: number): string[] => {
    const h = history(oneCutOneCause).hear(1, { incarnation });
    h.step({ kind: 'order', order: named }, answer(named, 'accepted'), journal);
    return journalled(h, cut(1)).rules();
  };
  assert.equal(heard(LIFE + 1), []);
  assert.equal(heard(7), ['S9']);
  assert.equal(journalled(begun().tick(answer(given, 'expired')), cut(1)).rules(), ['S9']);
});

test('each method opens its own outlets, in order, and no other host is touched', () => {
  const outlets = [1, 2].map((method) => ({
    name: `o${method}`,
    method,
    readable: true,
    periodMs: 50,
  }));
  const two = (first: number[], second: number[]): string[] => {
    const h = history(oneCutOneCause, [guarded(1, 'one', { outlets })]);
    h.step({ kind: 'order', order: given }, answer(given, 'accepted'), journal);
    return journalled(h, cut(1, 1, first))
      .tick(cut(1, 1, second))
      .rules();
  };
  assert.equal(two([0], [1]), []);
  assert.equal(two([0], [0]), ['S11']);
  assert.equal(two([1], [0]), ['S11', 'S11']);
  assert.ok(
    begun().wait(4).step({ kind: 'journalled', host: 1, fence: 1 }, cut(2)).rules().includes('S8'),
  );
});

test('a frozen host does not move, until an operator overrides it', () => {
  const still = history(oneCutOneCause).tick(frozen);
  assert.equal(still.tick(restore(1)).rules(), ['S12', 'S8']);
  assert.ok(journalled(begun().tick(frozen), cut(1)).rules().includes('S12'));
  const thaw = (of: ReturnType<typeof order>): string[] =>
    history(oneCutOneCause)
      .tick(frozen)
      .step({ kind: 'order', order: of }, news(1, 'thawed'))
      .rules();
  assert.equal(thaw(order({ host: 1, args: { override: true } })), []);
  assert.equal(thaw(order({ host: 1 })), ['S12']);
  const bound = { name: 'node', orderer: 2, boundTo: 2 };
  assert.equal(thaw(order({ host: 1, args: { override: true }, from: bound })), ['S12']);
});

test('a start cuts nothing, and gives power only where it found something of a fence', () => {
  const start = { kind: 'start', wallMs: 0 } as const;
  assert.ok(history(oneCutOneCause).step(start, cut(1)).rules().includes('S7'));
  assert.equal(history(oneCutOneCause).tick(restore(1)).rules(), ['S8']);
  const found = history(oneCutOneCause)
    .step(start, news(1, 'interrupted', 'alarm'))
    .tick(restore(1));
  assert.equal(found.rules(), []);
  const open = history(oneCutOneCause).truth({
    kind: 'agent',
    is: 'ended',
    life: 1,
    remembers: false,
  });
  open.step({ kind: 'contact', host: 1, outlet: 0, value: 'open', askedAt: 0 });
  open.truth({ kind: 'agent', is: 'started', life: 2, remembers: false });
  assert.equal(open.step(start, news(1, 'interrupted', 'alarm')).rules(), ['S7']);
});

test('who keeps a host off is not given power behind his back', () => {
  const off = order({ host: 1, op: 'off' });
  const kept = answer(off, 'done', { proof: 'verified', detail: 'kept off by operator' });
  assert.equal(journalled(begun(off), cut(1)).tick(kept).tick(restore(1)).rules(), ['S8']);
  const on = order({ host: 1, op: 'on', cmdId: 'on' });
  const h = journalled(begun(off), cut(1)).tick(kept);
  h.step({ kind: 'order', order: on }, answer(on, 'accepted'), restore(1));
  assert.equal(h.rules(), []);
});

test('a lock is released by its holder or an operator, and by no other bound key', () => {
  const off = order({ host: 1, op: 'off', from: { name: 'second', orderer: 2, boundTo: 2 } });
  const kept = answer(off, 'done', { proof: 'verified', detail: 'kept off by second' });
  const release = (from: Parameters<typeof order>[0]['from']): string[] => {
    const on = order({ host: 1, op: 'on', cmdId: 'on', ...(from === undefined ? {} : { from }) });
    const h = journalled(begun(off), cut(1)).tick(kept);
    return h.step({ kind: 'order', order: on }, answer(on, 'accepted')).rules();
  };
  assert.equal(release({ name: 'third', orderer: 3, boundTo: 3 }), ['S8']);
  assert.equal(release(off.from), []);
  assert.equal(release(undefined), []);
});

test('a pulse is recorded before it is given, and given once', () => {
  const pulses = [{ name: 'button', kind: 'reset' as const }];
  const reset = order({ host: 1, op: 'reset' });
  const pulse: Effect = { kind: 'pulse', host: 1, line: 0, pulse: 1 };
  const h = (): History => history(oneCutOneCause, [guarded(1, 'one', { pulses })]);
  const asked = (): History =>
    h().step({ kind: 'order', order: reset }, answer(reset, 'accepted'), journal);
  assert.equal(journalled(asked(), pulse).rules(), []);
  assert.equal(journalled(asked(), pulse, pulse).rules(), ['S9']);
  assert.equal(h().tick(pulse).rules(), ['S8']);
  const other = h()
    .hear(1)
    .step({ kind: 'order', order: reset }, answer(reset, 'accepted'), journal);
  assert.equal(journalled(other.hear(1, { incarnation: 4_711 }), pulse).rules(), ['HF']);
});

test.run();
