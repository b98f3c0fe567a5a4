/** Walks every pair of the timer's machine against the table in its header, and then its promises. */
import {
  pendingMs,
  remainingMs,
  stepTimer,
  type Timer,
  type TimerEvent,
} from '../../../firmware-agent/core/timer.ts';
import type { TimerSettings } from '../../../protocol/wire/timer.ts';
import { assert, suite } from '../../lib/suite.ts';
import { differences, readTable, type Tried } from './world/table.ts';

const test = suite('watchdog timer');
const TABLE = readTable('firmware-agent/core/timer.ts');
const NOW = 100_000;

const PLAIN: TimerSettings = {
  use: 'sms-os',
  mode: 'beat',
  nowayout: false,
  action: 'cycle',
  preAction: 'none',
  timeoutMs: 10_000,
  pretimeoutMs: 0,
};
const WARNS = { ...PLAIN, preAction: 'warn', pretimeoutMs: 3_000 } as const;
const DIAGS = { ...PLAIN, preAction: 'diag', pretimeoutMs: 3_000 } as const;

const running = (
  at: 'armed' | 'pre' | 'expired',
  settings: TimerSettings = PLAIN,
  agoMs = 0,
): Timer => ({ at, settings, incarnation: 7, setBy: 'the host', since: NOW - agoMs });

const set: TimerEvent = { kind: 'set', settings: PLAIN, incarnation: 7, setBy: 'ops' };
const tick = (due: boolean): TimerEvent => ({ kind: 'tick', due });
const locked = { ...PLAIN, nowayout: true };
const kicked = { ...PLAIN, mode: 'kick' } as const;
const STATES = ['armed', 'pre', 'expired'] as const;

/** Each guard of the table met, and each pair at least once. */
const CASES: [guard: string, was: Timer, event: TimerEvent][] = [
  ...(['off', 'left', 'beat', 'kick', 'reset', 'called-off', 'over'] as const).map(
    (kind): [string, Timer, TimerEvent] => ['', { at: 'off' }, { kind }],
  ),
  ['', { at: 'off' }, set],
  ['', { at: 'off' }, tick(true)],
  ...STATES.flatMap((at): [string, Timer, TimerEvent][] => [
    ['', running(at), set],
    ['nowayout', running(at, locked), set],
    ['', running(at), { kind: 'off' }],
    ['nowayout', running(at, locked), { kind: 'off' }],
    ['', running(at), { kind: 'left' }],
    ['nowayout', running(at, locked), { kind: 'left' }],
    ['mode beat', running(at), { kind: 'beat' }],
    ['mode kick', running(at), { kind: 'kick' }],
    ['mode beat', running(at, kicked), { kind: 'beat' }],
    ['mode kick', running(at, kicked), { kind: 'kick' }],
    ['', running(at), { kind: 'reset' }],
    ['', running(at), { kind: 'called-off' }],
    ['', running(at, locked), { kind: 'over' }],
    ['', running(at, PLAIN, 9_999), tick(true)],
  ]),
  ['', running('armed', PLAIN, 10_000), tick(false)],
  ['timeout, no pre-timeout, due', running('armed', PLAIN, 10_000), tick(true)],
  ['', running('armed', WARNS, 6_999), tick(true)],
  ['pre-timeout, warn', running('armed', WARNS, 7_000), tick(false)],
  ['', running('armed', DIAGS, 7_000), tick(false)],
  ['pre-timeout, diag, due', running('armed', DIAGS, 7_000), tick(true)],
  ['', running('pre', WARNS, 10_000), tick(false)],
  ['timeout, due', running('pre', WARNS, 10_000), tick(true)],
];

test('every pair of state and event does what the table says, and nothing else', () => {
  // In the other mode a beat or a kick does nothing: the guard names the mode that it takes.
  const isOther = (was: Timer, event: TimerEvent): boolean =>
    was.at !== 'off' &&
    (event.kind === 'beat' || event.kind === 'kick') &&
    was.settings.mode !== event.kind;
  const tried: Tried[] = CASES.map(([guard, was, event]) => {
    const { timer, deed } = stepTimer(was, event, NOW);
    const shown = isOther(was, event) ? 'the other mode' : guard;
    return { state: was.at, event: event.kind, guard: shown, next: timer.at, deeds: deed ?? '' };
  });
  assert.equal(differences(TABLE, tried), []);
});

test('the walk leaves no state and no event out', () => {
  const pairs = new Set(CASES.map(([, was, event]) => `${was.at} ${event.kind}`));
  assert.is(pairs.size, 4 * 9);
});

test('a nowayout timer is disarmed by the end of the life, and by nothing else', () => {
  const events: TimerEvent[] = [
    set,
    { kind: 'off' },
    { kind: 'left' },
    { kind: 'beat' },
    { kind: 'kick' },
    { kind: 'reset' },
    tick(true),
    tick(false),
    { kind: 'called-off' },
  ];
  for (const at of STATES) {
    for (const event of events) {
      const { timer } = stepTimer(running(at, locked, 20_000), event, NOW);
      assert.is.not(timer.at, 'off', event.kind);
      assert.ok(timer.at !== 'off' && timer.settings === locked, event.kind);
    }
    assert.is(stepTimer(running(at, locked), { kind: 'over' }, NOW).timer.at, 'off');
  }
});

test('the pre-timeout acts before the expiry does, however late the board is', () => {
  const late = running('armed', WARNS, 60_000);
  const first = stepTimer(late, tick(true), NOW);
  assert.is(first.deed, 'warn');
  assert.is(stepTimer(first.timer, tick(true), NOW).deed, 'expire');
});

test('a refresh begins the whole time anew, and only what was told is taken back', () => {
  const { timer, deed } = stepTimer(running('armed', WARNS, 6_000), { kind: 'beat' }, NOW);
  assert.is(deed, undefined);
  assert.is(remainingMs(timer, NOW), 10_000);
  assert.is(stepTimer(running('pre', WARNS, 8_000), { kind: 'beat' }, NOW).deed, 'refreshed');
});

test('what is pending names the time that the host must have been left alone', () => {
  assert.is(pendingMs(running('armed', WARNS, 6_999), NOW), undefined);
  assert.is(pendingMs(running('armed', WARNS, 7_000), NOW), 7_000);
  assert.is(pendingMs(running('pre', WARNS, 9_999), NOW), undefined);
  assert.is(pendingMs(running('pre', WARNS, 10_000), NOW), 10_000);
  assert.is(pendingMs(running('expired', WARNS, 99_000), NOW), undefined);
  assert.is(pendingMs({ at: 'off' }, NOW), undefined);
});

test('an expiry that moved nothing is pending again at once', () => {
  const { timer } = stepTimer(running('expired', WARNS, 12_000), { kind: 'called-off' }, NOW);
  assert.is(pendingMs(timer, NOW), 10_000);
});

test.run();
