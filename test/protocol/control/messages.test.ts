import {
  type ControlRequest,
  decodeAnswer,
  decodeRequest,
  encodeLine,
} from '../../../protocol/control/messages.ts';
import { assert, suite } from '../../lib/suite.ts';

const test = suite('control messages');

const order = {
  op: 'fence',
  host: 'deimos',
  incarnation: 0,
  cmdId: '00112233445566778899aabbccddeeff',
  askedAtMs: 1_234_567,
  ttlMs: 30_000,
} as const;

test('every request comes back as it was sent', () => {
  const requests: ControlRequest[] = [
    { id: 0, ask: 'view' },
    { id: 3, ask: 'records' },
    { id: 4, ask: 'records', host: 'phobos' },
    { id: 5, ask: 'order', order },
    { id: 6, ask: 'order', order, who: 'anna' },
    { id: 7, ask: 'reload' },
    { id: 8, ask: 'doctor' },
  ];
  for (const request of requests) {
    const line = encodeLine(request);
    assert.ok(line.endsWith('\n') && !line.slice(0, -1).includes('\n'));
    assert.equal(decodeRequest(line.trim()), { ok: true, value: request });
  }
});

test('a request that is wrong in any field is refused with the name of the field and its id', () => {
  const bad: [unknown, RegExp][] = [
    [{ id: 9, ask: 'views' }, /"ask"/],
    [{ id: 9, ask: 'records', host: 'a b' }, /"host"/],
    [{ id: 9, ask: 'records', host: 7 }, /"host"/],
    [{ id: 9, ask: 'order' }, /"order"/],
    [{ id: 9, ask: 'order', order: { ...order, op: 'constructor' } }, /"op"/],
    [{ id: 9, ask: 'order', order: { ...order, op: 'toString' } }, /"op"/],
    [{ id: 9, ask: 'order', order: { ...order, host: '' } }, /"host"/],
    [{ id: 9, ask: 'order', order: { ...order, incarnation: -1 } }, /"incarnation"/],
    [{ id: 9, ask: 'order', order: { ...order, incarnation: 2 ** 32 } }, /"incarnation"/],
    [{ id: 9, ask: 'order', order: { ...order, cmdId: 'abc' } }, /"cmdId"/],
    [{ id: 9, ask: 'order', order: { ...order, askedAtMs: undefined } }, /"askedAtMs"/],
    [{ id: 9, ask: 'order', order: { ...order, askedAtMs: -1 } }, /"askedAtMs"/],
    [{ id: 9, ask: 'order', order: { ...order, ttlMs: 0 } }, /"ttlMs"/],
    [{ id: 9, ask: 'order', order: { ...order, ttlMs: 30_001 } }, /"ttlMs"/],
    [{ id: 9, ask: 'order', order, who: 'a\nb' }, /"who"/],
  ];
  for (const [request, words] of bad) {
    const read = decodeRequest(JSON.stringify(request));
    assert.ok(!read.ok && read.id === 9 && words.test(read.detail), JSON.stringify(request));
  }
});

test('what is no object with an id is refused without an id', () => {
  for (const line of [
    '',
    '{',
    '[]',
    'null',
    '7',
    '"x"',
    '{}',
    '{"id":"1"}',
    '{"id":-1}',
    '{"id":1.5}',
  ]) {
    const read = decodeRequest(line);
    assert.ok(!read.ok && read.id === null, line);
    assert.ok(!decodeAnswer(line).ok, line);
  }
});

test.run();
