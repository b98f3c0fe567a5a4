import { OPERATION, type Operation } from '../../../protocol/wire/messages.ts';
import { decodeArgs, encodeArgs, type OrderArgs } from '../../../protocol/wire/order-args.ts';
import type { TimerSettings } from '../../../protocol/wire/timer.ts';
import { assert, suite } from '../../lib/suite.ts';

const test = suite('order arguments');
const TIMER: TimerSettings = {
  use: 'sms-os',
  mode: 'kick',
  nowayout: true,
  action: 'cycle',
  preAction: 'warn',
  timeoutMs: 30_000,
  pretimeoutMs: 10_000,
};
const operations = Object.keys(OPERATION) as Operation[];

test('what can be said comes back as it was said', () => {
  const said: [Operation, OrderArgs][] = [
    ['fence', {}],
    ['fence', { drill: true }],
    ['fence', { override: true, drill: true }],
    ['on', { override: true }],
    ['ack', { reason: 'INC1234' }],
    ['ack', { override: true, reason: 'x' }],
    ['disable', { forS: 1 }],
    ['disable', { override: true, forS: 0xff_ffff }],
    ['timer-set', { timer: TIMER }],
  ];
  for (const [op, args] of said) {
    const bytes = encodeArgs(op, args);
    assert.ok(bytes !== undefined && bytes.length <= 8, op);
    assert.equal(decodeArgs(op, bytes ?? new Uint8Array()), args);
  }
});

test('what the bytes cannot hold is refused, and never cut short', () => {
  const refused: [Operation, OrderArgs][] = [
    ['ack', { reason: 'eight888' }],
    ['ack', { reason: '' }],
    ['ack', { reason: 'née' }],
    ['fence', { reason: 'why' }],
    ['fence', { forS: 5 }],
    ['off', { drill: true }],
    ['disable', { forS: 0 }],
    ['disable', { forS: 0x100_0000 }],
    ['timer-set', {}],
    ['timer-reset', { timer: TIMER }],
    ['timer-set', { timer: TIMER, override: true }],
  ];
  for (const [op, args] of refused) assert.is(encodeArgs(op, args), undefined, `${op}`);
});

test('bytes of another form are not half understood', () => {
  for (const op of operations.filter((one) => one !== 'timer-set')) {
    assert.equal(decodeArgs(op, Uint8Array.of()), {});
    assert.equal(decodeArgs(op, Uint8Array.of(1)), { override: true });
    assert.is(decodeArgs(op, Uint8Array.of(4)), undefined, `${op}: an unknown flag`);
    const drill = op === 'fence' ? { drill: true } : undefined;
    assert.equal(decodeArgs(op, Uint8Array.of(2)), drill, `${op}: a drill`);
    if (op !== 'ack') assert.is(decodeArgs(op, Uint8Array.of(0, 1, 2)), undefined, `${op}`);
  }
  assert.is(decodeArgs('disable', Uint8Array.of(0, 0, 0, 0)), undefined);
  assert.is(decodeArgs('ack', Uint8Array.of(0, 7)), undefined);
  assert.is(decodeArgs('timer-set', Uint8Array.of()), undefined);
});

test.run();
