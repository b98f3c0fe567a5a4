import { inspect } from 'node:util';
import { keyRing, parseKeys } from '../../../protocol/wire/keys.ts';
import { assert, suite } from '../../lib/suite.ts';
import { base64Of, crypto, ringOf } from './lib/keys.ts';

const test = suite('keys');

/** The errors of a text, as `line: problem`. */
function errorsOf(text: string): string[] {
  const parsed = parseKeys(text);
  return parsed.ok ? [] : parsed.errors.map(({ line, problem }) => `${line}: ${problem}`);
}

test('a file of all roles is read, with comments, blank lines, tabs and CRLF', () => {
  const parsed = parseKeys(
    `# keys\r\n\r\nhost\talpha 1 ${base64Of(1)} # the database\n  order pcmk 65535 ${base64Of(2)}\nadmin anna 0 ${base64Of(3)}`,
  );
  if (!parsed.ok) return assert.unreachable(JSON.stringify(parsed.errors));
  assert.equal(
    parsed.keys.map(({ role, owner, kid, sending }) => [role, owner, kid, sending]),
    [
      ['host', 'alpha', 1, true],
      ['order', 'pcmk', 65_535, true],
      ['admin', 'anna', 0, true],
    ],
  );
  assert.equal(parsed.keys[1]?.secret(), new Uint8Array(32).fill(2));
});

test('an empty file is a ring without keys', () => {
  assert.equal(parseKeys(''), { ok: true, keys: [] });
});

test('an owner sends with its lowest key unless auth names another', () => {
  const text = `host a 3 ${base64Of(3)}\nhost a 2 ${base64Of(2)}\nhost b 2 ${base64Of(4)}`;
  assert.is(ringOf(text).sending('host', 'a')?.kid, 2);
  const chosen = ringOf(`auth host a 3\n${text}`);
  assert.is(chosen.sending('host', 'a')?.kid, 3);
  assert.is(chosen.sending('host', 'b')?.kid, 2);
  assert.equal(
    chosen.of('host', 'a').map(({ kid }) => kid),
    [2, 3],
  );
  assert.is(chosen.find('host', 'a', 2)?.kid, 2);
  assert.is(chosen.find('host', 'a', 4), undefined);
  assert.is(chosen.find('order', 'a', 2), undefined);
  assert.is(chosen.sending('admin', 'a'), undefined);
});

test('all mistakes are told at once, each with its line and a remedy', () => {
  const text = [
    `guest alpha 1 ${base64Of(1)}`,
    'host alpha 1',
    `host alpha 1 ${base64Of(1)} extra`,
    `host al/pha 1 ${base64Of(1)}`,
    `host alpha 65536 ${base64Of(1)}`,
    `host alpha 01 ${base64Of(1)}`,
    `host alpha -1 ${base64Of(1)}`,
    `host alpha 1 ${base64Of(1).slice(0, -2)}`,
    `host beta 1 ${base64Of(2)}`,
    `host beta 1 ${base64Of(3)}`,
    `host gamma 1 ${base64Of(2)}`,
    `order anna 1 ${base64Of(4)}`,
    `admin anna 2 ${base64Of(5)}`,
    'auth host delta 1',
    'auth host beta 1',
    'auth host beta 1',
    'auth host beta',
  ].join('\n');
  assert.equal(errorsOf(text), [
    '1: The line does not start with host, order, admin or auth.',
    '2: The line has too few or too many words.',
    '3: The line has too few or too many words.',
    '4: The owner is not a name.',
    '5: The key number is not a whole number from 0 to 65535.',
    '6: The key number is not a whole number from 0 to 65535.',
    '7: The key number is not a whole number from 0 to 65535.',
    '8: The key is not base64 of exactly 32 bytes.',
    '10: host beta has key 1 on line 9 already.',
    '11: The key is the same as the one on line 9.',
    '13: anna is order on line 12 and admin here.',
    '14: host delta has no key 1 in this file.',
    '16: The sending key of host beta is set on line 15.',
    '17: The line has too few or too many words.',
  ]);
  const parsed = parseKeys(text);
  if (!parsed.ok) for (const { remedy } of parsed.errors) assert.ok(remedy.length > 10);
});

test('base64 must be exact: 31 or 33 bytes, url letters and loose last bits are refused', () => {
  const of = (text: string): string[] => errorsOf(`host a 1 ${text}`);
  assert.equal(of(Buffer.alloc(32, 7).toString('base64')), []);
  for (const bad of [
    Buffer.alloc(31, 7).toString('base64'),
    Buffer.alloc(33, 7).toString('base64'),
    Buffer.alloc(32, 0xff).toString('base64url'),
    `${'A'.repeat(42)}B=`,
    'A'.repeat(44),
    '',
  ]) {
    assert.is(of(bad).length, 1, bad);
  }
});

test('a ring takes other keys in place: what stays is the same key, what changed is another', () => {
  const ring = ringOf(`host a 1 ${base64Of(1)}\nhost a 2 ${base64Of(2)}\norder b 1 ${base64Of(3)}`);
  const [one, two] = ring.of('host', 'a');
  const next = parseKeys(
    `host a 1 ${base64Of(1)}\nhost a 2 ${base64Of(9)}\nhost c 1 ${base64Of(4)}\nauth host a 2`,
  );
  if (!next.ok || one === undefined) return assert.unreachable();
  one.usedAt = 7;
  const { added, gone } = ring.take(next.keys);
  const names = (keys: typeof added): string[] =>
    keys.map(({ role, owner, kid }) => `${role} ${owner} ${kid}`);
  assert.equal(
    [names(added), names(gone)],
    [
      ['host a 2', 'host c 1'],
      ['host a 2', 'order b 1'],
    ],
  );
  assert.is(ring.find('host', 'a', 1), one);
  assert.is(one.usedAt, 7, 'it is not forgotten when it was used');
  assert.is.not(ring.find('host', 'a', 2), two, 'other bytes under the same number');
  assert.is(ring.sending('host', 'a')?.kid, 2);
  assert.equal(ring.of('order', 'b'), []);
  assert.equal(ring.take(next.keys), { added: [], gone: [] });
});

test('an owner has four keys at most', () => {
  const lines = (count: number): string =>
    Array.from({ length: count }, (_, n) => `host a ${n} ${base64Of(n + 1)}`).join('\n');
  assert.equal(errorsOf(lines(4)), []);
  assert.equal(errorsOf(lines(6)), ['5: host a has more than 4 keys.']);
});

test('nothing that can be printed shows a byte of a key', () => {
  const secret = Buffer.from('fencepost secret of 32 bytes....');
  const base64 = secret.toString('base64');
  const parsed = parseKeys(
    `host a 1 ${base64}\nhost b 1 ${base64}\nhost ${base64} ${base64} ${base64}`,
  );
  const good = parseKeys(`host a 1 ${base64}`);
  if (parsed.ok || !good.ok) return assert.unreachable();
  const ring = keyRing(crypto, good.keys);
  const entry = ring.find('host', 'a', 1);
  const shown = [parsed, good, ring, entry, entry?.handshake(), entry?.session(), crypto]
    .flatMap((thing) => [
      inspect(thing, { depth: 9, showHidden: true, getters: true }),
      JSON.stringify(thing),
      String(thing),
    ])
    .join('\n');
  for (const form of [base64, secret.toString('hex'), secret.toString('latin1')]) {
    assert.not(shown.includes(form));
    assert.not(shown.includes(form.slice(0, 10)));
  }
  assert.not(shown.includes([...secret].slice(0, 4).join(', ')));
});

test('five thousand keys are read in a moment', () => {
  const lines = Array.from({ length: 5_000 }, (_, n) => {
    const bytes = Buffer.alloc(32);
    bytes.writeUInt32BE(n);
    return `host h${n} 1 ${bytes.toString('base64')}`;
  });
  const startedAt = performance.now();
  assert.ok(parseKeys(lines.join('\n')).ok);
  assert.ok(performance.now() - startedAt < 3_000);
});

test.run();
