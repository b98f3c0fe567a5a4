import { incarnationOf } from '../../../protocol/wire/bootid.ts';
import { sha256 } from '../../../protocol/wire/mac.ts';
import { assert, suite } from '../../lib/suite.ts';

const test = suite('boot id');

test('an incarnation is the first 32 bits of the hash of the text, however it is spaced', () => {
  // printf 3b8e6f2e-1c1f-4d5c-9d7c-6f1a2b3c4d5e | sha256sum
  const text = '3b8e6f2e-1c1f-4d5c-9d7c-6f1a2b3c4d5e';
  const expected = incarnationOf(text, sha256);
  assert.is(expected, new DataView(sha256(new TextEncoder().encode(text)).buffer).getUint32(0));
  assert.is(incarnationOf(`${text.toUpperCase()}\n`, sha256), expected);
});

test('an incarnation is never 0, which in an order means whatever has power now', () => {
  assert.is(
    incarnationOf('x', () => new Uint8Array(32)),
    1,
  );
});

test.run();
