/** Orders: what they do, what refuses them, and that each is answered once. */
import { assert, suite } from '../../lib/suite.ts';
import { outcomes } from './world/after.ts';
import { hasPower } from './world/machine.ts';
import { boundKey, guarded, OPERATOR, SECOND } from './world/settings.ts';
import { type World, world } from './world/world.ts';

const test = suite('orders');

/** Keys `first`, `second` and `third` are bound to alpha, beta and gamma. */
function three(): World {
  const hosts = ['alpha', 'beta', 'gamma'].map((name, i) => guarded(i + 1, name));
  const keys = ['first', 'second', 'third'].map((name, i) => boundKey(i + 2, name, i + 1));
  const w = world({ hosts, board: { orderers: [OPERATOR, ...keys] } });
  w.run(30 * SECOND);
  return w;
}

function last(w: World, cmdId: string): { outcome?: string; detail?: string; proof?: string } {
  return w.answers(cmdId).at(-1) ?? {};
}

test('fence: accepted at once, done when it is proven, and then it has power again', () => {
  const w = three();
  const cmdId = w.order({ op: 'fence', host: 'alpha', by: 'operator' });
  const from = w.now;
  assert.equal(outcomes(w, cmdId), ['accepted']);
  w.untilNews('fenced', 'alpha', 8 * SECOND);
  assert.ok(w.now - from <= 500 + 2_000 + 5_000 + 100);
  assert.equal(outcomes(w, cmdId), ['accepted', 'done']);
  assert.is(last(w, cmdId).proof, 'verified');
  w.untilNews('restored', 'alpha', 5 * SECOND);
  assert.ok(hasPower(w.machine('alpha')));
});

test('off keeps it off, whatever a cycle of others says, until on by the same key', () => {
  const w = three();
  const off = w.order({ op: 'off', host: 'alpha', by: 'second' });
  w.run(20 * SECOND);
  assert.equal(outcomes(w, off), ['accepted', 'done']);
  assert.ok(!hasPower(w.machine('alpha')));
  const cycle = w.order({ op: 'fence', host: 'alpha', by: 'third' });
  w.run(20 * SECOND);
  assert.is(last(w, cycle).outcome, 'done');
  assert.match(last(w, cycle).detail ?? '', /kept off by second/);
  assert.ok(!hasPower(w.machine('alpha')));
  const stranger = w.order({ op: 'on', host: 'alpha', by: 'third' });
  assert.equal(last(w, stranger).detail, 'kept by another');
  const on = w.order({ op: 'on', host: 'alpha', by: 'second' });
  w.run(10 * SECOND);
  assert.equal(outcomes(w, on), ['accepted', 'done']);
  assert.ok(hasPower(w.machine('alpha')));
});

test('an operator releases what another key keeps off', () => {
  const w = three();
  w.order({ op: 'off', host: 'alpha', by: 'second' });
  w.run(20 * SECOND);
  w.order({ op: 'on', host: 'alpha', by: 'operator' });
  w.run(10 * SECOND);
  assert.ok(hasPower(w.machine('alpha')));
});

test('on waits for the end of the hold, and is answered once power is back', () => {
  const w = three();
  const off = w.order({ op: 'off', host: 'alpha', by: 'operator' });
  w.run(2 * SECOND);
  const on = w.order({ op: 'on', host: 'alpha', by: 'operator' });
  assert.equal(outcomes(w, on), ['accepted']);
  assert.is(w.told((e) => e.kind === 'restore').length, 0);
  w.run(20 * SECOND);
  assert.is(last(w, off).outcome, 'done');
  assert.equal(outcomes(w, on), ['accepted', 'done']);
  assert.ok(hasPower(w.machine('alpha')));
});

test('off in the hold of a cycle turns it into off', () => {
  const w = three();
  w.order({ op: 'fence', host: 'alpha', by: 'operator' });
  w.run(3 * SECOND);
  const off = w.order({ op: 'off', host: 'alpha', by: 'operator' });
  w.run(20 * SECOND);
  assert.is(last(w, off).outcome, 'done');
  assert.ok(!hasPower(w.machine('alpha')));
});

test('off after on: the `on` that waited is told so', () => {
  const w = three();
  w.order({ op: 'off', host: 'alpha', by: 'operator' });
  w.run(2 * SECOND);
  const on = w.order({ op: 'on', host: 'alpha', by: 'operator' });
  w.order({ op: 'off', host: 'alpha', by: 'operator' });
  w.run(20 * SECOND);
  assert.equal(outcomes(w, on), ['accepted', 'failed']);
  assert.ok(!hasPower(w.machine('alpha')));
});

test('a fence that runs is joined: one cut, both answered', () => {
  const w = three();
  const one = w.order({ op: 'fence', host: 'alpha', by: 'operator' });
  w.run(2 * SECOND);
  const two = w.order({ op: 'fence', host: 'alpha', by: 'second' });
  w.run(20 * SECOND);
  assert.equal([last(w, one).outcome, last(w, two).outcome], ['done', 'done']);
  assert.is(w.cuts('alpha').length, 1);
});

test('the same order again gets the stored answer and moves nothing', () => {
  const w = three();
  const wish = { op: 'fence', host: 'alpha', by: 'operator' } as const;
  const cmdId = w.order(wish);
  w.run(60 * SECOND);
  w.order({ ...wish, cmdId });
  assert.equal(outcomes(w, cmdId), ['accepted', 'done', 'done']);
  assert.is(w.cuts('alpha').length, 1);
});

test('a cmdId with other content is refused', () => {
  const w = three();
  const cmdId = w.order({ op: 'fence', host: 'alpha', by: 'operator' });
  w.order({ op: 'fence', host: 'beta', by: 'operator', cmdId });
  w.order({ op: 'off', host: 'alpha', by: 'operator', cmdId });
  w.order({ op: 'fence', host: 'alpha', by: 'operator', cmdId, incarnation: 1001 });
  assert.equal(outcomes(w, cmdId).slice(1), ['refused', 'refused', 'refused']);
  w.run(20 * SECOND);
  assert.is(w.cuts('beta').length, 0);
});

test('an order for another life of the agent, or over its ttl, does nothing', () => {
  const w = three();
  const stale = w.order({ op: 'fence', host: 'alpha', by: 'operator', life: 'another' });
  const old = w.order({ op: 'fence', host: 'alpha', by: 'operator', tick: 2, ttlMs: 5_000 });
  const long = w.order({ op: 'fence', host: 'alpha', by: 'operator', ttlMs: 30_001 });
  assert.equal(
    [stale, old, long].map((id) => last(w, id).outcome),
    ['stale', 'expired', 'refused'],
  );
  w.run(20 * SECOND);
  assert.is(w.cuts().length, 0);
});

test('the ttl is checked when it is cut, and not only when it is accepted', () => {
  const w = three();
  w.state.disk.works = false;
  const cmdId = w.order({ op: 'fence', host: 'alpha', by: 'operator', ttlMs: 1_000 });
  w.run(20 * SECOND);
  // The order's tick may be up to a second old at once; the journal takes half a second more.
  const tooOld = w.order({
    op: 'fence',
    host: 'beta',
    by: 'operator',
    ttlMs: 400,
    ...(w.state.process ? { tick: w.state.process.board.ticks.latest } : {}),
  });
  w.run(20 * SECOND);
  assert.ok(['done', 'expired'].includes(last(w, cmdId).outcome ?? ''));
  assert.is(last(w, tooOld).outcome, 'expired');
  assert.is(w.cuts('beta').length, 0);
});

test('incarnation 0 cuts whatever has power; the current one too; others are not touched', () => {
  const w = three();
  const never = w.order({ op: 'fence', host: 'alpha', by: 'operator', incarnation: 4_242 });
  assert.is(last(w, never).outcome, 'unknown');
  const current = w.order({ op: 'fence', host: 'alpha', by: 'operator', incarnation: 1001 });
  w.run(60 * SECOND);
  assert.is(last(w, current).outcome, 'done');
  const over = w.order({ op: 'fence', host: 'alpha', by: 'operator', incarnation: 1001 });
  assert.is(last(w, over).outcome, 'already');
  assert.is(w.cuts('alpha').length, 1);
});

test('a life that was replaced is `already` only once its heir stood for W', () => {
  const w = three();
  const alpha = w.machine('alpha');
  alpha.start += 1;
  alpha.incarnation = 4_711;
  w.untilNews('reborn', 'alpha', 5 * SECOND);
  const soon = w.order({ op: 'fence', host: 'alpha', by: 'operator', incarnation: 1001 });
  assert.is(last(w, soon).outcome, 'unknown');
  w.run(6 * SECOND);
  const later = w.order({ op: 'fence', host: 'alpha', by: 'operator', incarnation: 1001 });
  assert.is(last(w, later).outcome, 'already');
});

test('an order for a life that is replaced before the cut does not cut its heir', () => {
  const w = three();
  w.state.disk.works = false;
  const cmdId = w.order({ op: 'fence', host: 'alpha', by: 'operator', incarnation: 1001 });
  w.run(200);
  const echo = w.state.process?.board.ticks.latest ?? 0;
  const common = { kind: 'beat', host: 1, channel: 'serial', incarnation: 4_711 } as const;
  const beat = { ...common, session: 999, seq: 1, echo, flags: 0, bytes: new Uint8Array() };
  w.give({ kind: 'heard', opened: beat });
  w.run(5 * SECOND);
  assert.equal(outcomes(w, cmdId), ['accepted', 'unknown']);
  assert.is(w.cuts().length, 0);
});

test('a life never heard, while nothing else is: cut once the board had time to hear', () => {
  const w = world({ hosts: [guarded(1, 'alpha'), guarded(2, 'beta')], started: false });
  w.machine('alpha').at = 'hung';
  w.start();
  w.run(500);
  const soon = w.order({ op: 'fence', host: 'alpha', by: 'operator', incarnation: 1001 });
  assert.is(last(w, soon).outcome, 'unknown');
  w.run(10 * SECOND);
  const cmdId = w.order({ op: 'fence', host: 'alpha', by: 'operator', incarnation: 1001 });
  w.run(20 * SECOND);
  assert.is(last(w, cmdId).outcome, 'done');
});

test('two hosts that order each other: the first wins, the other is a victim', () => {
  const w = three();
  const one = w.order({ op: 'fence', host: 'beta', by: 'first' });
  const two = w.order({ op: 'fence', host: 'alpha', by: 'second' });
  assert.equal(last(w, two).detail, 'giver is victim');
  w.run(30 * SECOND);
  assert.is(last(w, one).outcome, 'done');
  assert.is(w.cuts('alpha').length, 0);
});

test('an order that a victim gave before its hold ended is refused afterwards', () => {
  const w = three();
  const tick = w.state.process?.board.ticks.latest ?? 0;
  w.order({ op: 'fence', host: 'beta', by: 'first' });
  w.untilNews('restored', 'beta', 12 * SECOND);
  const late = w.order({ op: 'fence', host: 'alpha', by: 'second', tick });
  assert.equal(last(w, late).detail, 'giver fenced');
});

test('one fence by a bound key at a time: the second is busy, and may order again later', () => {
  const w = three();
  w.order({ op: 'off', host: 'alpha', by: 'second' });
  const busy = w.order({ op: 'fence', host: 'beta', by: 'third' });
  assert.is(last(w, busy).outcome, 'busy');
  const operator = w.order({ op: 'fence', host: 'gamma', by: 'operator' });
  assert.is(last(w, operator).outcome, 'accepted');
  w.run(60 * SECOND);
  const again = w.order({ op: 'fence', host: 'beta', by: 'third' });
  assert.is(last(w, again).outcome, 'accepted');
});

test('an order that was refused is not obeyed when its copy comes after the reason is gone', () => {
  const w = three();
  w.order({ op: 'fence', host: 'beta', by: 'first' });
  const wish = { op: 'fence', host: 'alpha', by: 'third' } as const;
  const cmdId = w.order(wish);
  assert.equal(outcomes(w, cmdId), ['busy']);
  w.untilNews('restored', 'beta', 12 * SECOND);
  w.order({ ...wish, cmdId });
  w.run(20 * SECOND);
  assert.equal(outcomes(w, cmdId), ['busy', 'busy']);
  assert.is(w.cuts('alpha').length, 0);
});

test('refusals are forgotten before what was done, however many there are', () => {
  const w = three();
  const wish = { op: 'fence', host: 'alpha', by: 'operator' } as const;
  const done = w.order(wish);
  w.run(60 * SECOND);
  for (let i = 0; i < 400; i += 1) w.order({ op: 'reset', host: 'beta', by: 'operator' });
  w.order({ ...wish, cmdId: done });
  w.run(20 * SECOND);
  assert.is(last(w, done).outcome, 'done');
  assert.is(w.cuts('alpha').length, 1);
});

test('after a fence that failed the other side may order', () => {
  const w = three();
  w.machine('beta').relays[0] = { really: 'closed', fault: 'welded' };
  w.order({ op: 'off', host: 'beta', by: 'first' });
  w.run(20 * SECOND);
  assert.is(w.news('failed', 'beta').length, 1);
  const back = w.order({ op: 'fence', host: 'alpha', by: 'second' });
  assert.is(last(w, back).outcome, 'accepted');
});

test('a lock outlives an attempt that could not prove it', () => {
  const w = three();
  const alpha = w.machine('alpha');
  alpha.relays[0] = { really: 'closed', fault: 'welded' };
  w.order({ op: 'off', host: 'alpha', by: 'second' });
  w.run(20 * SECOND);
  alpha.relays[0] = { really: 'closed' };
  const cycle = w.order({ op: 'fence', host: 'alpha', by: 'third' });
  w.run(20 * SECOND);
  assert.is(last(w, cycle).outcome, 'done');
  assert.ok(!hasPower(alpha), 'the lock of the second key is gone');
});

test('a fence ordered while power comes back cuts again, and is not answered from memory', () => {
  const w = three();
  w.machine('alpha').relays[0] = { really: 'closed', fault: 'stuck-open' };
  w.order({ op: 'fence', host: 'alpha', by: 'operator' });
  w.untilNews('restoring', 'alpha', 12 * SECOND);
  w.run(100);
  const cmdId = w.order({ op: 'fence', host: 'alpha', by: 'operator' });
  assert.equal(outcomes(w, cmdId), ['accepted']);
  w.run(30 * SECOND);
  assert.is(last(w, cmdId).outcome, 'done');
  assert.is(w.cuts('alpha').length, 2);
});

test('a kept host whose sense is not read any more is proven again, not answered from memory', () => {
  const w = three();
  const alpha = w.machine('alpha');
  w.order({ op: 'off', host: 'alpha', by: 'second' });
  w.run(30 * SECOND);
  alpha.senses[0] = { reads: 'mute' };
  w.run(10 * SECOND);
  const cmdId = w.order({ op: 'fence', host: 'alpha', by: 'operator' });
  assert.equal(outcomes(w, cmdId), ['accepted']);
  w.run(30 * SECOND);
  assert.is(last(w, cmdId).outcome, 'failed');
  assert.ok(!hasPower(alpha));
});

test('an order called off while an earlier restore was pending lets that restore go on', () => {
  const w = three();
  const alpha = w.machine('alpha');
  alpha.relays[0] = { really: 'closed', fault: 'stuck-open' };
  w.order({ op: 'fence', host: 'alpha', by: 'operator' });
  w.run(12 * SECOND);
  w.state.disk.works = false;
  const late = w.order({ op: 'fence', host: 'alpha', by: 'operator', ttlMs: 200 });
  w.run(2 * SECOND);
  assert.is(last(w, late).outcome, 'expired');
  delete alpha.relays[0]?.fault;
  w.run(70 * SECOND);
  assert.ok(hasPower(alpha), 'nobody gave it power back');
});

test('a key gives only the orders it may, on the hosts it may', () => {
  const hosts = [guarded(1, 'alpha'), guarded(2, 'beta')];
  const orderers = [
    { orderer: 9, name: 'watcher', may: ['status' as const] },
    { orderer: 8, name: 'narrow', may: ['fence' as const], hosts: [2] },
  ];
  const w = world({ hosts, board: { orderers } });
  w.run(5 * SECOND);
  const ids = [
    w.order({ op: 'fence', host: 'alpha', by: 'watcher' }),
    w.order({ op: 'fence', host: 'alpha', by: 'narrow' }),
    w.order({ op: 'off', host: 'beta', by: 'narrow' }),
  ];
  assert.equal(
    ids.map((id) => last(w, id).detail),
    ['no right', 'no right', 'no right'],
  );
  const good = w.order({ op: 'fence', host: 'beta', by: 'narrow' });
  assert.is(last(w, good).outcome, 'accepted');
});

test('a verdict that an order joined is not averted by a beat', () => {
  const w = three();
  w.state.disk.works = false;
  w.hang('alpha');
  w.untilNews('dead', 'alpha', 20 * SECOND);
  const cmdId = w.order({ op: 'fence', host: 'alpha', by: 'operator' });
  const echo = w.state.process?.board.ticks.latest ?? 0;
  const session = w.path('alpha', 'serial').session?.id ?? 0;
  const common = { kind: 'beat', host: 1, channel: 'serial', incarnation: 1001 } as const;
  const beat = { ...common, session, seq: 900, echo, flags: 0, bytes: new Uint8Array() };
  w.give({ kind: 'heard', opened: beat });
  w.run(20 * SECOND);
  assert.is(last(w, cmdId).outcome, 'done');
});

test('orders that wait for a kept-off host are all answered, though its devices fall mute', () => {
  const w = three();
  w.order({ op: 'off', host: 'alpha', by: 'operator' });
  w.untilNews('fenced', 'alpha', 10 * SECOND);
  const alpha = w.machine('alpha');
  alpha.relays[0] = { really: 'open', reads: 'mute' };
  alpha.senses[0] = { reads: 'mute' };
  const first = w.order({ op: 'fence', host: 'alpha', by: 'operator' });
  w.run(2 * SECOND);
  const second = w.order({ op: 'fence', host: 'alpha', by: 'operator' });
  w.run(60 * SECOND);
  for (const cmdId of [first, second]) {
    const finals = outcomes(w, cmdId).filter((outcome) => outcome !== 'accepted');
    assert.equal(finals, ['failed']);
  }
});

test('an `on` that a stuck relay does not obey is answered, and tried on', () => {
  const w = three();
  w.order({ op: 'off', host: 'alpha', by: 'operator' });
  w.untilNews('fenced', 'alpha', 10 * SECOND);
  w.machine('alpha').relays[0] = { really: 'open', fault: 'stuck-open' };
  const on = w.order({ op: 'on', host: 'alpha', by: 'operator' });
  w.run(10 * SECOND);
  assert.is(last(w, on).outcome, 'failed');
  w.machine('alpha').relays[0] = { really: 'open' };
  w.untilNews('restored', 'alpha', 70 * SECOND);
});

test.run();
