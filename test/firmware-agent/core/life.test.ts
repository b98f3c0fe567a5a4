/** Walks every pair of the life machine against the table in its header. */
import { type Life, type LifeEvent, stepLife } from '../../../firmware-agent/core/life.ts';
import { assert, suite } from '../../lib/suite.ts';
import { differences, readTable, type Tried } from './world/table.ts';

const test = suite('life');
const TABLE = readTable('firmware-agent/core/life.ts');
const TIMING = { initdeadMs: 120_000 };
const NOW = 500_000;

const LIVES: Life[] = [
  { at: 'absent', since: NOW },
  { at: 'present', incarnation: 7, since: NOW },
  { at: 'leaving', incarnation: 7, since: NOW, byAt: NOW + 60_000, tick: 40 },
  { at: 'left', incarnation: 7, since: NOW },
];

const leaving = { kind: 'leaving', incarnation: 7, returnByMs: 60_000, tick: 50 } as const;
/** An event is tried on every life, or on the one whose guard it meets. */
const EVENTS: [guard: string, event: LifeEvent, atMs: number, only?: Life['at']][] = [
  ['the same', { kind: 'beat', incarnation: 7 }, 0],
  ['the same, and it stays', { kind: 'beat', incarnation: 7, stays: 41 }, 0, 'leaving'],
  ['another incarnation', { kind: 'beat', incarnation: 8 }, 0],
  ['', { ...leaving, reason: 'stop' }, 0],
  ['its stop failed', { ...leaving, reason: 'stop-failed' }, 0],
  ['', { kind: 'left', incarnation: 7 }, 0],
  ['', { ...leaving, incarnation: 8, reason: 'stop' }, 0],
  ['', { kind: 'left', incarnation: 8 }, 0],
  ['', { kind: 'over' }, 0],
  ['', { kind: 'tick' }, 0],
  ['its grace is over', { kind: 'tick' }, 60_000, 'leaving'],
  ['initdead is over', { kind: 'tick' }, 120_001, 'left'],
];

test('every pair of life and event does what the table says, and nothing else', () => {
  const tried: Tried[] = LIVES.flatMap((was) =>
    EVENTS.filter(([, , , only]) => only === undefined || only === was.at).map(
      ([guard, event, atMs]) => {
        const { life, news } = stepLife(was, event, NOW + atMs, TIMING);
        return { state: was.at, event: event.kind, guard, next: life.at, deeds: news ?? '' };
      },
    ),
  );
  assert.equal(differences(TABLE, tried), []);
});

test('a life that is over by our hand begins its absence now', () => {
  for (const was of LIVES.slice(1)) {
    const { life } = stepLife(was, { kind: 'over' }, NOW + 9, TIMING);
    assert.equal(life, { at: 'absent', since: NOW + 9 });
  }
});

test('grace is granted for what was asked, and for ten minutes at most', () => {
  const present = LIVES[1] as Life;
  for (const [askedMs, grantedMs] of [
    [1_000, 1_000],
    [3_600_000, 600_000],
  ] as const) {
    const event: LifeEvent = { ...leaving, reason: 'stop', returnByMs: askedMs };
    const { life } = stepLife(present, event, NOW, TIMING);
    const byAt = NOW + grantedMs;
    assert.equal(life, { at: 'leaving', incarnation: 7, since: NOW, byAt, tick: 50 });
    const still = stepLife(life, { kind: 'tick' }, NOW + grantedMs - 1, TIMING);
    assert.is(still.life.at, 'leaving');
    assert.is(stepLife(life, { kind: 'tick' }, NOW + grantedMs, TIMING).life.at, 'present');
  }
});

test('to ask for grace again gives no more of it', () => {
  const was = LIVES[2] as Life;
  const event: LifeEvent = { ...leaving, reason: 'stop', returnByMs: 600_000 };
  assert.equal(stepLife(was, event, NOW + 30_000, TIMING), { life: { ...was, tick: 50 } });
});

test('only what was said after the last LEAVING was heard takes it back', () => {
  const was = LIVES[2] as Life;
  const saidAt = (life: Life, stays: number): Life =>
    stepLife(life, { kind: 'beat', incarnation: 7, stays }, NOW, TIMING).life;
  assert.equal(saidAt(was, 40), was, 'it was on its way when it began to leave');
  const again = stepLife(was, { ...leaving, reason: 'stop' }, NOW, TIMING).life;
  assert.is(saidAt(again, 50).at, 'leaving', 'it came back, and leaves once more');
  assert.is(saidAt(again, 51).at, 'present');
});

test.run();
