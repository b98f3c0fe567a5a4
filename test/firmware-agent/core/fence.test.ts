/** Walks every pair of the fence machine against the table in its header, and then its promises. */
import { stepFence } from '../../../firmware-agent/core/fence.ts';
import type {
  Deed,
  Fence,
  FenceEvent,
  FenceStep,
  Scene,
} from '../../../firmware-agent/core/fence-state.ts';
import type { Power } from '../../../firmware-agent/core/power.ts';
import { assert, suite } from '../../lib/suite.ts';
import { guarded } from './world/settings.ts';
import { differences, readTable, type Tried } from './world/table.ts';

const test = suite('fence');
const TABLE = readTable('firmware-agent/core/fence.ts');
const NOW = 1_000_000;
const CUT_AT = NOW - 6_000;
const settings = guarded(1, 'alpha', {
  outlets: [
    { name: 'relay', method: 1, readable: true, periodMs: 100 },
    { name: 'feed', method: 2, readable: true, periodMs: 100 },
  ],
});

type Reads = { contact: 'open' | 'closed'; sense: 'on' | 'off'; since?: number };

/** What is read now, and since when without a break. */
function power({ contact, sense, since = CUT_AT }: Reads): Power {
  const at = NOW - 10;
  const of = <T>(value: T): { value: T; askedAt: number; at: number; since: number } => ({
    value,
    askedAt: at,
    at,
    since,
  });
  return {
    contacts: [of(contact), of(contact)],
    senses: [{ ...of(sense), seenOn: true, seenOff: true, suspect: false }],
  };
}

const DARK: Reads = { contact: 'open', sense: 'off' };
const JUST_DARK: Reads = { ...DARK, since: NOW - 3_000 };
const LIT: Reads = { contact: 'closed', sense: 'on' };

function scene(reads: Reads, differs: Partial<Scene> = {}): Scene {
  return {
    now: NOW,
    settings,
    power: power(reads),
    judgeTickMs: 50,
    stalledMs: 0,
    methods: [[0], [1]],
    mayCut: { yes: true },
    mayRestore: true,
    nextTick: 500,
    ...differs,
  };
}

function fence(step: FenceStep, differs: Partial<Fence> = {}): Fence {
  return {
    id: 1,
    incarnation: 7,
    by: { kind: 'verdict' },
    startedAt: NOW - 10_000,
    orders: [],
    proof: 'none',
    unlogged: false,
    step,
    ...differs,
  };
}

const proven = { proof: 'verified', dark: [0], darkTick: 100 } as const;
const ordered = { orders: ['a'] };
const standing = { by: { kind: 'timer', standing: true } } as const;
const proving = (method: number): FenceStep => ({
  at: 'proving',
  method,
  outlets: [method],
  cutAt: CUT_AT,
  stalledMs: 0,
});

const INTENT = fence({ at: 'intent', since: NOW - 100 });
const LATE_INTENT = fence({ at: 'intent', since: NOW - 500 });
const KEPT = fence({ at: 'kept', since: NOW - 900 }, { ...proven, keptBy: 'x' });
const DUE = fence({ at: 'due', since: NOW - 900 }, proven);
const CLOSING = fence({ at: 'closing', since: CUT_AT, triedAt: NOW - 100, tries: 0 }, proven);

/** One life, heard last at 900,000, that must be over at the given time. */
const pledged = (overAwake: number): Partial<Scene> => ({
  expiry: { incarnation: 7, heardAwake: 900_000, overAwake },
});
const bare = { methods: [] } as const;
const waiting = (untilAwake: number): Fence =>
  fence({ at: 'waiting', since: NOW - 100, heardAwake: 900_000, untilAwake });
const WAITING = waiting(NOW + 1);
const LISTENING = { ...waiting(NOW), darkTick: 100 };

/** An order came to what was proven, and waits for what is read from then on. */
const joinedAt = (was: Fence, confirmFrom: number): Fence => ({
  ...was,
  orders: ['b'],
  confirmFrom,
});

const tick: FenceEvent = { kind: 'tick', drained: true };
const sign = (at: number, fresh = true): FenceEvent => ({ kind: 'sign', tick: at, fresh });
const knock = (at: number, life = 7): FenceEvent => ({ ...sign(at, false), life }) as FenceEvent;
const join = (op: 'fence' | 'off'): FenceEvent => ({ kind: 'joined', cmdId: 'b', op, keptBy: 'y' });
const journalled: FenceEvent = { kind: 'journalled' };
const released: FenceEvent = { kind: 'released' };
const refused = { mayCut: { yes: false, why: 'heard', outcome: 'expired' } } as const;
const before = { ...ordered, before: { at: 'due' } } as const;

/** Every step with every event, and each guard of the table met once. */
const CASES: [guard: string, was: Fence, event: FenceEvent, scene: Scene][] = [
  ['may cut', INTENT, journalled, scene(LIT)],
  ['may not cut, by verdict', INTENT, journalled, scene(LIT, refused)],
  ['may not cut, ordered', { ...INTENT, ...ordered }, journalled, scene(LIT, refused)],
  ['the same, in place of another', { ...INTENT, ...before }, journalled, scene(LIT, refused)],
  ['', INTENT, tick, scene(LIT)],
  ['', INTENT, tick, scene(LIT, refused)],
  ['J is over, may cut', LATE_INTENT, tick, scene(LIT)],
  ['', LATE_INTENT, { kind: 'tick', drained: false }, scene(LIT)],
  ['J is over, may not cut', LATE_INTENT, tick, scene(LIT, refused)],
  ['no order holds any more', { ...INTENT, ...ordered }, tick, scene(LIT, refused)],
  ['the same, in place of another', { ...INTENT, ...before }, tick, scene(LIT, refused)],
  ['fresh, no order joined', INTENT, sign(1), scene(LIT)],
  ['', { ...INTENT, ...standing }, sign(1), scene(LIT)],
  ['', { ...INTENT, ...standing }, tick, scene(LIT)],
  ['a standing order ended by a kick', { ...INTENT, ...standing }, tick, scene(LIT, refused)],
  ['', INTENT, sign(1, false), scene(LIT)],
  ['', { ...INTENT, ...ordered }, sign(1), scene(LIT)],
  ['', INTENT, join('fence'), scene(LIT)],
  ['', INTENT, join('off'), scene(LIT)],
  ['', INTENT, released, scene(LIT)],
  ['proven', fence(proving(0), { darkTick: 9 }), tick, scene(DARK)],
  ['proven, to be kept off', fence(proving(0), { darkTick: 9, keptBy: 'x' }), tick, scene(DARK)],
  ['', fence(proving(0)), tick, scene({ ...DARK, since: NOW - 1_900 })],
  ['open for the hold-up', fence(proving(0)), tick, scene(JUST_DARK)],
  ['', fence(proving(0), { darkTick: 9 }), tick, scene(JUST_DARK)],
  ['failed, one more method', fence(proving(0)), tick, scene(LIT, { now: NOW + 6_001 })],
  ['failed, the last', fence(proving(1)), tick, scene(LIT, { now: NOW + 6_001 })],
  [
    'failed, the last, to be kept off',
    fence(proving(1), { keptBy: 'x' }),
    tick,
    scene(LIT, { now: NOW + 6_001 }),
  ],
  [
    'failed, the last, a person answers',
    fence(proving(1), { darkTick: 9, ack: { by: 'x', why: 'looked', override: true } }),
    tick,
    scene(LIT, { now: NOW + 6_001 }),
  ],
  [
    'the same, by verdict, heard since',
    fence(proving(0), { isHeard: true }),
    tick,
    scene(LIT, { now: NOW + 6_001 }),
  ],
  [
    'later than the hold-up',
    fence(proving(0), { darkTick: 9, ...ordered }),
    sign(9),
    scene(JUST_DARK),
  ],
  ['the same, by verdict, fresh', fence(proving(0), { darkTick: 9 }), sign(9), scene(JUST_DARK)],
  // A sense that reads on in the end is stronger than his word.
  [
    'failed, the last',
    fence(proving(1), { ack: { by: 'x', why: 'looked', override: false } }),
    tick,
    scene(LIT, { now: NOW + 6_001 }),
  ],
  ['the same, the last method', fence(proving(1), { darkTick: 9 }), sign(9), scene(JUST_DARK)],
  ['', fence(proving(0), { darkTick: 9 }), sign(8), scene(JUST_DARK)],
  ['', fence(proving(0)), sign(99), scene(JUST_DARK)],
  ['', fence(proving(0)), journalled, scene(DARK)],
  ['', fence(proving(0)), join('off'), scene(DARK)],
  ['', fence(proving(0), { keptBy: 'x' }), released, scene(DARK)],
  ['may cut, no outlets, pledged', INTENT, journalled, scene(LIT, { ...bare, ...pledged(NOW) })],
  [
    'may cut, no outlets, not pledged',
    INTENT,
    journalled,
    scene(LIT, { ...bare, expiry: { why: 'softdog' } }),
  ],
  [
    'failed, the last, pledged',
    fence(proving(1)),
    tick,
    scene(LIT, { now: NOW + 6_001, ...pledged(NOW) }),
  ],
  ['', WAITING, tick, scene(LIT)],
  ['', LISTENING, { kind: 'tick', drained: false }, scene(LIT)],
  // A board that stood still meanwhile waits so much longer.
  ['', waiting(NOW), tick, scene(LIT, { stalledMs: 1 })],
  ['it must be over', waiting(NOW), tick, scene(LIT)],
  ['silent for 2 K more', LISTENING, tick, scene(LIT)],
  ['the same, no outlets', LISTENING, tick, scene(LIT, bare)],
  ['', WAITING, knock(999), scene(LIT)],
  ['', LISTENING, knock(99), scene(LIT)],
  ['', LISTENING, knock(100, 8), scene(LIT)],
  ['of itself, after the round', LISTENING, knock(100), scene(LIT)],
  ['the same, no outlets', LISTENING, knock(100), scene(LIT, bare)],
  ['', WAITING, journalled, scene(LIT)],
  ['', WAITING, join('fence'), scene(LIT)],
  ['', WAITING, released, scene(LIT)],
  ['contradicted', KEPT, tick, scene({ ...DARK, sense: 'on' })],
  ['contradicted', KEPT, tick, scene({ ...DARK, contact: 'closed' })],
  ['contradicted', KEPT, sign(100), scene(DARK)],
  ['', KEPT, sign(99), scene(DARK)],
  ['', KEPT, tick, scene(DARK)],
  ['', { ...KEPT, proof: 'none' }, tick, scene(LIT)],
  ['', KEPT, join('fence'), scene(DARK)],
  ['', KEPT, journalled, scene(DARK)],
  ['', KEPT, released, scene(DARK)],
  ['an order joined, read off anew', joinedAt(KEPT, NOW - 20), tick, scene(DARK)],
  ['', joinedAt(KEPT, NOW), tick, scene(DARK)],
  ['an order joined, not read in H', joinedAt(KEPT, NOW), tick, scene(DARK, { now: NOW + 9_000 })],
  ['contradicted', DUE, tick, scene({ ...DARK, sense: 'on' })],
  ['contradicted', DUE, sign(100, false), scene(DARK)],
  ['', DUE, sign(99), scene(DARK)],
  ['its turn to restore', DUE, tick, scene(DARK)],
  ['', DUE, tick, scene(DARK, { mayRestore: false })],
  ['by an `off`', DUE, join('off'), scene(DARK)],
  ['', DUE, join('fence'), scene(DARK)],
  ['', DUE, released, scene(DARK)],
  ['an order joined, read off anew', joinedAt(DUE, NOW - 20), tick, scene(DARK)],
  ['', joinedAt(DUE, NOW), tick, scene(DARK)],
  ['an order joined, not read in H', joinedAt(DUE, NOW), tick, scene(DARK, { now: NOW + 9_000 })],
  ['', DUE, journalled, scene(DARK)],
  ['every contact read closed', CLOSING, tick, scene(LIT)],
  ['', CLOSING, tick, scene(DARK)],
  // That it was closed before it was told to close says nothing.
  ['', fence({ ...CLOSING.step, since: NOW - 9 } as FenceStep, proven), tick, scene(LIT)],
  ['late', CLOSING, tick, scene(DARK, { now: NOW + 1_900 })],
  ['', CLOSING, sign(999), scene(DARK)],
  ['', CLOSING, join('off'), scene(DARK)],
  ['', CLOSING, released, scene(DARK)],
  ['', CLOSING, journalled, scene(DARK)],
];

function describe(deeds: readonly Deed[], after: Fence | undefined): string {
  const words = deeds.map(({ kind }) =>
    kind === 'cut' || kind === 'restore' ? `${kind} (*)` : kind,
  );
  return [...words, ...(after?.unlogged === true ? ['unlogged'] : [])].join(', ');
}

test('every pair of step and event does what the table says, and nothing else', () => {
  const tried: Tried[] = CASES.map(([guard, was, event, shown]) => {
    const { fence: after, deeds } = stepFence(was, event, shown);
    const frozen = deeds.some(({ kind }) => kind === 'freeze');
    return {
      state: was.step.at,
      event: event.kind,
      guard,
      next: after?.step.at ?? (frozen ? 'frozen' : 'ended'),
      deeds: describe(deeds, after),
    };
  });
  assert.equal(differences(TABLE, tried), []);
});

test('the walk leaves no step and no event out', () => {
  const pairs = new Set(CASES.map(([, was, event]) => `${was.step.at} ${event.kind}`));
  assert.is(pairs.size, 6 * 5);
});

test('nothing moves on a tick that does not say that all input was handed in', () => {
  for (const was of [INTENT, LATE_INTENT, { ...LATE_INTENT, ...ordered }]) {
    for (const shown of [scene(LIT), scene(LIT, refused)]) {
      const { deeds } = stepFence(was, { kind: 'tick', drained: false }, shown);
      assert.equal(deeds, []);
    }
  }
});

test('the tick that may contradict is that of this cut, and of contacts that are open still', () => {
  const was = fence(proving(0), { darkTick: 9 });
  const closed = stepFence(was, tick, scene({ ...JUST_DARK, contact: 'closed' })).fence;
  assert.is(closed?.step.at, 'proving');
  assert.is(closed?.darkTick, undefined);
  const again = stepFence(was, tick, scene(LIT, { now: NOW + 6_001 })).fence;
  assert.equal([again?.step.at, again?.darkTick], ['proving', undefined]);
});

test('what only a verdict wants ends with the second method that is contradicted, or a fresh beat', () => {
  const methods = [[0], [1], [2]];
  const next = (method: number, said: FenceEvent, differs: Partial<Fence> = {}) =>
    stepFence(
      fence(proving(method), { darkTick: 9, ...differs }),
      said,
      scene(JUST_DARK, { methods }),
    ).fence?.step.at;
  assert.equal([next(0, sign(9)), next(1, sign(9))], ['closing', 'closing']);
  assert.equal([next(0, sign(9, false)), next(1, sign(9, false))], ['proving', 'closing']);
  for (const wanted of [ordered, standing]) assert.is(next(0, sign(9), wanted), 'proving');
  assert.is(next(1, sign(9), ordered), 'proving');
});

test('a failed fence of a stay-off host closes, and a proven one keeps', () => {
  const stays = { ...settings, afterFence: 'stay-off' } as const;
  const failed = { settings: stays, now: NOW + 6_001 };
  assert.is(stepFence(fence(proving(1)), tick, scene(LIT, failed)).fence?.step.at, 'closing');
  const kept = stepFence(fence(proving(0)), tick, scene(DARK, { settings: stays })).fence;
  assert.is(kept?.step.at, 'kept');
  const { fence: freed } = stepFence(fence(proving(0)), released, scene(DARK));
  assert.ok(freed);
  assert.is(stepFence(freed, tick, scene(DARK, { settings: stays })).fence?.step.at, 'due');
});

test('every outlet that may have been cut is given power back', () => {
  const failed = scene(LIT, { now: NOW + 6_001 });
  const { deeds } = stepFence(fence(proving(1)), tick, failed);
  assert.equal(deeds[0], { kind: 'restore', outlets: [0, 1] });
});

test('a restore that is not read closed is told again, later and later, up to a minute', () => {
  let was = CLOSING;
  const waits: number[] = [];
  for (let now = NOW - 100, last = now; waits.length < 8; now += 100) {
    const { fence: after, deeds } = stepFence(was, tick, scene(DARK, { now }));
    if (deeds.length > 0) {
      waits.push(now - last);
      last = now;
    }
    assert.ok(after);
    was = after;
  }
  assert.equal(waits.slice(0, 4), [2_000, 4_000, 8_000, 16_000]);
  assert.equal(waits.slice(5), [60_000, 60_000, 60_000]);
});

test.run();
