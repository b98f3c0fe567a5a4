import { readFileSync } from 'node:fs';
import { openBody, peek, sealFrame, verify } from '../../../protocol/wire/codec.ts';
import { deframer, frameEncode } from '../../../protocol/wire/framing.ts';
import { keyRing } from '../../../protocol/wire/keys.ts';
import { MESSAGES, type Message, type MessageKind } from '../../../protocol/wire/messages.ts';
import { sessionInfo, sessionKeys } from '../../../protocol/wire/session/derive.ts';
import { assert, suite } from '../../lib/suite.ts';
import { crypto } from './lib/keys.ts';
import { SAMPLES, sampleOn } from './lib/samples.ts';
import { makeVectors, type Vectors } from './lib/vectors.ts';

const test = suite('test vectors');
const vectors: Vectors = JSON.parse(readFileSync('protocol/wire/vectors.json', 'utf8'));
const bytesOf = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const keyOf = (name: string) => crypto.key(bytesOf(vectors.keys[name] ?? ''));

test('the file is what another implementation of the same rules makes', () => {
  assert.equal(vectors, makeVectors());
});

test('our code makes the same frames and lines', () => {
  for (const { kind, channel, key, frame, line } of vectors.messages) {
    const own = sealFrame(crypto, keyOf(key), channel, sampleOn(channel, kind));
    assert.is(hex(own), frame, kind);
    if (line !== undefined) assert.is(hex(frameEncode(own)), line, kind);
  }
  for (const { frame, line } of vectors.framing) {
    assert.is(hex(frameEncode(bytesOf(frame))), line);
    const receiver = deframer();
    receiver.push(bytesOf(line), 0, (got) => assert.is(hex(got), frame));
    assert.is(receiver.counters.frames, 1);
  }
});

test('our code opens them, with the fields that the file says', () => {
  for (const { kind, channel, key, fields, frame } of vectors.messages) {
    const peeked = peek(bytesOf(frame));
    if ('refused' in peeked) return assert.unreachable(kind);
    assert.ok(verify(crypto, keyOf(key), channel, peeked), kind);
    const opened: Message | { refused: string } = openBody(bytesOf(frame), kind);
    const shown = Object.entries(opened).map(([name, value]) => [
      name,
      value instanceof Uint8Array ? hex(value) : value,
    ]);
    assert.equal(Object.fromEntries(shown), { kind, ...fields });
  }
  const kinds = new Set(vectors.messages.map(({ kind }) => kind));
  assert.equal([...kinds], Object.keys(MESSAGES) as MessageKind[]);
  const onLine = vectors.messages.filter(({ line }) => line !== undefined);
  assert.is(onLine.length, kinds.size, 'each of them over a serial line');
});

/** Two keys are the same when they make the same MAC. */
function isSameKey(a: ReturnType<typeof keyOf>, b: ReturnType<typeof keyOf>): boolean {
  const mac = (key: ReturnType<typeof keyOf>): string =>
    hex(crypto.mac(key, new Uint8Array(3), new Uint8Array(9), 16));
  return mac(a) === mac(b);
}

test('our code derives the same roots and session keys', () => {
  const find = (name: string) => {
    const row = vectors.derivations.find((one) => one.name === name);
    if (row === undefined) throw new Error(name);
    return row;
  };
  const entry = (name: string) =>
    ({
      role: 'host',
      owner: 'a',
      kid: 1,
      sending: true,
      secret: () => bytesOf(find(name).root),
    }) as const;
  const host = keyRing(crypto, [entry('handshake')]).find('host', 'a', 1);
  const orderer = keyRing(crypto, [entry('order')]).find('host', 'a', 1);
  if (host === undefined || orderer === undefined) return assert.unreachable();
  const made = (name: string) => crypto.key(bytesOf(find(name).key));
  assert.ok(isSameKey(host.handshake(), made('handshake')));
  assert.ok(isSameKey(host.session(), made('session root')));
  assert.ok(isSameKey(orderer.order(), made('order')));
  const { aNonce, hNonce, incarnation } = SAMPLES.hello;
  const { wNonce } = SAMPLES.welcome;
  const name = {
    host: 1,
    agent: 7,
    channel: 'serial',
    incarnation,
    aNonce,
    hNonce,
    wNonce,
  } as const;
  const keys = sessionKeys(crypto, host.session(), name);
  assert.ok(isSameKey(keys.up, made('session-up')));
  assert.ok(isSameKey(keys.down, made('session-down')));
  assert.is(hex(sessionInfo(name, 'up')), find('session-up').info);
  assert.is(hex(sessionInfo(name, 'down')), find('session-down').info);
});

test('what the file says must be refused is refused', () => {
  assert.ok(vectors.refused.length >= 15);
  for (const { why, channel, key, frame } of vectors.refused) {
    const peeked = peek(bytesOf(frame));
    if ('refused' in peeked) continue;
    const isOurs = verify(crypto, keyOf(key), channel, peeked);
    assert.ok(!isOurs || 'refused' in openBody(bytesOf(frame), peeked.kind), why);
  }
});

test.run();
