import {
  checkedTimer,
  decodeTimer,
  encodeTimer,
  sameTimer,
  TIMEOUT_MAX_MS,
  type TimerSettings,
  tenths,
} from '../../../protocol/wire/timer.ts';
import { assert, suite } from '../../lib/suite.ts';

const test = suite('timer settings on the wire');

const TIMER: TimerSettings = {
  use: 'sms-os',
  mode: 'kick',
  nowayout: true,
  action: 'cycle',
  preAction: 'warn',
  timeoutMs: 30_000,
  pretimeoutMs: 10_000,
};
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

test('the layout is that of the table, in the numbers of the IPMI watchdog', () => {
  assert.is(hex(encodeTimer(TIMER)), '04030303012c0064');
  const plain: TimerSettings = {
    ...TIMER,
    mode: 'beat',
    nowayout: false,
    action: 'reset',
    preAction: 'none',
    timeoutMs: TIMEOUT_MAX_MS,
    pretimeoutMs: 0,
  };
  assert.is(hex(encodeTimer(plain)), '04000100ffff0000');
});

test('every timer that can be said comes back as it was said', () => {
  for (const use of ['bios-frb2', 'bios-post', 'os-load', 'sms-os', 'oem'] as const) {
    for (const action of ['none', 'reset', 'off', 'cycle', 'diag'] as const) {
      for (const mode of ['beat', 'kick'] as const) {
        const settings = { ...TIMER, use, action, mode, nowayout: mode === 'beat' };
        assert.equal(decodeTimer(encodeTimer(settings)), settings);
        assert.ok(sameTimer(settings, { ...settings }));
        assert.not.ok(sameTimer(settings, { ...settings, timeoutMs: 29_900 }));
      }
    }
  }
});

test('bytes that are not in that form are refused whole', () => {
  const wrong: Record<string, number[]> = {
    'too short': [4, 0, 3, 0, 0, 50, 0],
    'too long': [4, 0, 3, 0, 0, 50, 0, 0, 0],
    'no timeout': [4, 0, 3, 0, 0, 0, 0, 0],
    'a reserved use': [0, 0, 3, 0, 0, 50, 0, 0],
    'an unknown flag': [4, 4, 3, 0, 0, 50, 0, 0],
    'an unknown action': [4, 0, 5, 0, 0, 50, 0, 0],
    'an SMI, which this board has not': [4, 0, 3, 1, 0, 50, 0, 10],
    'a pre-timeout as long as the timeout': [4, 0, 3, 3, 0, 50, 0, 50],
    'a pre-timeout that does nothing': [4, 0, 3, 0, 0, 50, 0, 10],
    'a pre-action that never comes': [4, 0, 3, 3, 0, 50, 0, 0],
  };
  for (const [why, bytes] of Object.entries(wrong)) {
    assert.is(decodeTimer(Uint8Array.from(bytes)), undefined, why);
  }
});

test('settings that came as JSON are taken where they are whole, and not else', () => {
  assert.equal(checkedTimer(JSON.parse(JSON.stringify(TIMER))), TIMER);
  const { use: _, ...lacking } = TIMER;
  const wrong: unknown[] = [
    null,
    'timer',
    lacking,
    { ...TIMER, more: 1 },
    { ...TIMER, action: 'toString' },
    { ...TIMER, timeoutMs: 30_050 },
    { ...TIMER, timeoutMs: Number.NaN },
    { ...TIMER, timeoutMs: 1e9 },
    { ...TIMER, nowayout: 1 },
  ];
  for (const value of wrong) assert.is(checkedTimer(value), undefined, JSON.stringify(value));
});

test('what remains is rounded up, and never leaves 16 bits', () => {
  assert.equal([-1, 0, 1, 100, 101, 1e9].map(tenths), [0, 0, 1, 1, 2, 0xffff]);
});

test.run();
