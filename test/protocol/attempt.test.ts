/** `attempt` makes values of the world's failures, and lets our own mistakes through. */
import { strict } from 'node:assert';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { assert as ours } from '../../protocol/assert.ts';
import { asFailure, attempt, attemptSync } from '../../protocol/attempt.ts';
import { assert, suite } from '../lib/suite.ts';

const test = suite('attempt');

test('what goes well comes back as its value', async () => {
  assert.equal(
    attemptSync(() => 7),
    { ok: true, value: 7 },
  );
  assert.equal(await attempt(async () => 'x'), { ok: true, value: 'x' });
});

test('an error of the system is known by its code in lower case', async () => {
  const sync = attemptSync(() => readFileSync('/nowhere'));
  const later = await attempt(() => readFile('/nowhere'));
  for (const result of [sync, later]) {
    assert.is(result.ok ? 'ok' : result.kind, 'enoent');
    assert.match(result.ok ? '' : result.detail, /nowhere/);
  }
});

test('other things that are thrown are an error with their text', async () => {
  const plain = attemptSync(() => {
    throw new RangeError('too long');
  });
  assert.equal(plain, { ok: false, kind: 'error', detail: 'too long' });
  assert.equal(asFailure('a string'), { ok: false, kind: 'error', detail: 'a string' });
  const nothing = await attempt(() => Promise.reject(undefined));
  assert.equal(nothing, { ok: false, kind: 'error', detail: 'undefined' });
  const thrown = await attempt(() => {
    throw new Error('before the promise');
  });
  assert.is(thrown.ok, false);
});

test('a failed assertion, ours or one of Node, is our mistake and is not caught', async () => {
  const broken = attemptSync as (fn: () => void) => unknown;
  assert.throws(() => broken(() => ours(false, 'not so')), /not so/);
  const mistake = () => strict(false, 'our mistake');
  assert.throws(() => attemptSync(mistake), /our mistake/);
  let caught: unknown;
  await attempt(async () => mistake()).then(
    () => undefined,
    (error: unknown) => {
      caught = error;
    },
  );
  assert.instance(caught, strict.AssertionError);
});

test.run();
