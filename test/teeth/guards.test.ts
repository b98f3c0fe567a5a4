/** The list of guards is data about code that goes on changing; here it is held to that code. */
import { readFileSync } from 'node:fs';
import { assert, suite } from '../lib/suite.ts';
import { type Guard, placeOf, without } from './guard.ts';
import { GUARDS } from './guards/all.ts';
import { RULES } from './rules.ts';

const test = suite('guards');

test('every guard stands in its file exactly once, and something else is left without it', () => {
  for (const guard of GUARDS) {
    const text = readFileSync(guard.file, 'utf8');
    placeOf(guard, text);
    assert.is.not(without(text, [guard]), text, guard.name);
  }
});

test('every line of the rules has a guard', () => {
  const held = new Set(GUARDS.map(({ rule }) => rule));
  const bare = RULES.filter((rule) => !held.has(rule));
  assert.equal(bare, []);
});

test('every guard has a name of its own, and what stands behind one is a guard, too', () => {
  const names = new Set(GUARDS.map(({ name }) => name));
  assert.is(names.size, GUARDS.length);
  for (const { name, backup } of GUARDS) assert.ok(backup === undefined || names.has(backup), name);
});

test('two guards of one file are taken away together, and those that overlap are no pair', () => {
  const [a, b, c] = ['one', 'three', 'two, three'].map((find) => {
    return { name: find, rule: RULES[0], file: '', find, put: '-' };
  }) as [Guard, Guard, Guard];
  assert.is(without('one, two, three', [b, a]), '-, two, -');
  assert.is(without('one, two, three', [b, c]), undefined);
});

test('no guard of a shipping file is in a file that does not ship', () => {
  for (const { file } of GUARDS) {
    assert.ok(/^(firmware-agent\/core|host-shim\/core|protocol\/wire)\//.test(file), file);
  }
});

test.run();
