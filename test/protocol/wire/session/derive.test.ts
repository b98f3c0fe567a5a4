import { type SessionName, sessionInfo } from '../../../../protocol/wire/session/derive.ts';
import { assert, suite } from '../../../lib/suite.ts';

const test = suite('derive');

test('whatever names a session, and the direction, makes keys of its own', () => {
  const nonce = (byte: number): Uint8Array => new Uint8Array(8).fill(byte);
  const nonces = { aNonce: nonce(1), hNonce: nonce(2), wNonce: nonce(3) };
  const name: SessionName = { host: 1, agent: 2, channel: 'mqtt', incarnation: 3, ...nonces };
  const others: SessionName[] = [
    { ...name, host: 9 },
    { ...name, agent: 9 },
    { ...name, channel: 'serial' },
    { ...name, incarnation: 9 },
    { ...name, aNonce: nonce(9) },
    { ...name, hNonce: nonce(9) },
    { ...name, wNonce: nonce(9) },
  ];
  const infos = [name, ...others].flatMap((one) => [
    sessionInfo(one, 'up'),
    sessionInfo(one, 'down'),
  ]);
  const texts = infos.map((info) => Buffer.from(info).toString('hex'));
  assert.is(new Set(texts).size, 2 * 8);
});

test.run();
