import { OPERATION, type Operation } from '../../../protocol/wire/messages.ts';
import { decodeArgs, encodeArgs, type OrderArgs } from '../../../protocol/wire/order-args.ts';
import { assert, suite } from '../../lib/suite.ts';

const test = suite('order arguments');
const operations = Object.keys(OPERATION) as Operation[];

test('what can be said comes back as it was said', () => {
  const said: [Operation, OrderArgs][] = [
    ['fence', {}],
    ['on', { override: true }],
    ['ack', { reason: 'INC1234' }],
    ['ack', { override: true, reason: 'x' }],
    ['disable', { forS: 1 }],
    ['disable', { override: true, forS: 0xff_ffff }],
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
    ['disable', { forS: 0 }],
    ['disable', { forS: 0x100_0000 }],
  ];
  for (const [op, args] of refused) assert.is(encodeArgs(op, args), undefined, `${op}`);
});

test('bytes of another form are not half understood', () => {
  for (const op of operations) {
    assert.equal(decodeArgs(op, Uint8Array.of()), {});
    assert.equal(decodeArgs(op, Uint8Array.of(1)), { override: true });
    assert.is(decodeArgs(op, Uint8Array.of(2)), undefined, `${op}: an unknown flag`);
    if (op !== 'ack') assert.is(decodeArgs(op, Uint8Array.of(0, 1, 2)), undefined, `${op}`);
  }
  assert.is(decodeArgs('disable', Uint8Array.of(0, 0, 0, 0)), undefined);
  assert.is(decodeArgs('ack', Uint8Array.of(0, 7)), undefined);
});

test.run();
