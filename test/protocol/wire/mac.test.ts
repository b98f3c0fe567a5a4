import { inspect } from 'node:util';
import { encodeInfo } from '../../../protocol/wire/cbor.ts';
import { nodeCrypto, sha256 } from '../../../protocol/wire/mac.ts';
import { assert, suite } from '../../lib/suite.ts';

const test = suite('mac');
const crypto = nodeCrypto();
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

test('the MAC is HMAC-SHA-256 over head and body, cut to its first bytes', () => {
  // RFC 4231 pads short keys with zeros, so its test case 2 ("Jefe") works with a 32-byte key too.
  const key = new Uint8Array(32);
  key.set(Buffer.from('Jefe'));
  const [head, body] = ['what do ya', ' want for nothing?'].map((text) => Buffer.from(text));
  if (head === undefined || body === undefined) return assert.unreachable();
  const full = '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843';
  assert.is(hex(crypto.mac(crypto.key(key), head, body, 16)), full.slice(0, 32));
  assert.is(hex(crypto.mac(crypto.key(key), head, body, 8)), full.slice(0, 16));
});

test('derived keys differ by info, and the same info gives the same key', () => {
  const root = crypto.key(new Uint8Array(32).fill(7));
  const tag = (info: Uint8Array): string =>
    hex(crypto.mac(crypto.derive(root, info), new Uint8Array(3), new Uint8Array(4), 16));
  assert.is(tag(encodeInfo(['a', 1])), tag(encodeInfo(['a', 1])));
  const infos = [['a', 1], ['a', 2], ['a1'], ['a', '1'], ['a', new Uint8Array([0x31])], []];
  assert.is(new Set(infos.map((parts) => tag(encodeInfo(parts)))).size, infos.length);
});

test('a key of another length, or made by another Crypto, is our own mistake and throws', () => {
  assert.throws(() => crypto.key(new Uint8Array(31)), '32 bytes');
  const foreign = nodeCrypto().key(new Uint8Array(32));
  assert.throws(() => crypto.mac(foreign, new Uint8Array(3), new Uint8Array(3), 8), 'another');
});

test('tags of different length or content are not equal', () => {
  const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
  assert.ok(crypto.equal(bytes(1, 2), bytes(1, 2)));
  assert.not(crypto.equal(bytes(1, 2), bytes(1, 3)));
  assert.not(crypto.equal(bytes(1, 2), bytes(1, 2, 3)));
});

test('a key keeps its bytes when the caller wipes his, and shows them to nobody', () => {
  const bytes = new Uint8Array(32).fill(0x5a);
  const key = crypto.key(bytes);
  const before = hex(crypto.mac(key, bytes, bytes, 16));
  const copy = bytes.slice();
  bytes.fill(0);
  assert.is(hex(crypto.mac(key, copy, copy, 16)), before);
  const shown = inspect(key, { showHidden: true, depth: 9 }) + JSON.stringify(key);
  assert.is(shown, '{}{}');
});

test('SHA-256 is SHA-256', () => {
  assert.ok(hex(sha256(Buffer.from('abc'))).startsWith('ba7816bf8f01cfea'));
});

test('the info of a derivation is CBOR in its shortest form', () => {
  assert.is(
    hex(encodeInfo(['ab', 23, 24, 256, 65_536, new Uint8Array([1])])),
    '86626162171818190100' + '1a00010000' + '4101',
  );
});

test.run();
