/** What samples of contacts and senses come to: runs, facts, belief, and a fall seen by all. */
import {
  allFell,
  factSince,
  isBelieved,
  type SenseState,
  sampleContact,
  sampleSense,
  suspected,
} from '../../../firmware-agent/core/power.ts';
import type { HostSettings } from '../../../firmware-agent/core/settings.ts';
import { assert, suite } from '../../lib/suite.ts';
import { guarded } from './world/settings.ts';

const test = suite('power');
const NOW = 100_000;
const AGE = 500;

const eye = { name: 'sense', covers: 'host', periodMs: 100, showsBreak: true } as const;
const outlet = { name: 'a', method: 1, readable: true, periodMs: 100 };
const base = { askedAt: NOW, at: NOW, since: NOW, seenOn: true, seenOff: true, suspect: false };
const fallen: SenseState = { value: 'off', ...base, fellAt: NOW - 3_000 };
const later: SenseState = { ...fallen, fellAt: NOW - 2_000 };

function fell(senses: SenseState[], differs: Partial<HostSettings> = {}, now = NOW): unknown {
  const outlets = [outlet, { ...outlet, name: 'b' }];
  const given = { outlets, senses: senses.map(() => eye), ...differs };
  return allFell({ contacts: [], senses }, guarded(1, 'alpha', given), now);
}

test('where all senses fell, the first and the last fall are told', () => {
  assert.equal(fell([fallen, later]), { firstAt: NOW - 3_000, lastAt: NOW - 2_000 });
});

test('senses that do not see every outlet tell of no fall, and neither does having none', () => {
  assert.is(fell([fallen], { senses: [{ ...eye, covers: [0] }] }), undefined);
  assert.is(fell([]), undefined);
});

test('a sense that would read off on a broken wire is no witness of a fall', () => {
  assert.is(fell([fallen, later], { senses: [eye, { ...eye, showsBreak: false }] }), undefined);
});

test('one sense that is on, is suspect, or never was on, is one too many', () => {
  const { fellAt: _, ...neverOn } = fallen;
  for (const other of [{ ...neverOn, value: 'on' as const }, suspected(later), neverOn]) {
    assert.is(fell([fallen, other]), undefined);
  }
});

test('a sense that is not read any more tells of no fall', () => {
  assert.is(fell([fallen, { ...later, at: NOW - 1_501 }]), undefined);
});

test('a sense that reads on again has not fallen, and off again has', () => {
  const on = sampleSense(fallen, { value: 'on', askedAt: NOW, at: NOW + 100, ageMaxMs: AGE });
  assert.is(on.fellAt, undefined);
  const off = sampleSense(on, { value: 'off', askedAt: NOW, at: NOW + 200, ageMaxMs: AGE });
  assert.is(off.fellAt, NOW + 200);
});

test('a sample that differs, or comes late, starts a new run', () => {
  const was = { value: 'open', askedAt: NOW, at: NOW, since: NOW - 1_000 } as const;
  const next = (value: 'open' | 'closed', afterMs: number): number =>
    sampleContact(was, { value, askedAt: NOW, at: NOW + afterMs, ageMaxMs: AGE }).since;
  assert.is(next('open', AGE), NOW - 1_000);
  assert.is(next('open', AGE + 1), NOW + AGE + 1);
  assert.is(next('closed', 100), NOW + 100);
});

test('a value is a fact while its latest sample is young', () => {
  const was = { value: 'open', askedAt: NOW, at: NOW, since: NOW - 1_000 } as const;
  assert.is(factSince(was, 'open', NOW + AGE, AGE), NOW - 1_000);
  assert.is(factSince(was, 'open', NOW + AGE + 1, AGE), undefined);
  assert.is(factSince(was, 'closed', NOW, AGE), undefined);
});

test('a sense is believed once it was seen in both states, and when suspect in both anew', () => {
  const read = (was: SenseState, value: 'on' | 'off'): SenseState =>
    sampleSense(was, { value, askedAt: NOW, at: NOW, ageMaxMs: AGE });
  const unseen = { ...fallen, seenOn: false, seenOff: false };
  assert.not(isBelieved(read(unseen, 'on')));
  assert.not(isBelieved(read(unseen, 'off')));
  assert.ok(isBelieved(read(read(unseen, 'on'), 'off')));
  const doubted = suspected(fallen);
  assert.not(isBelieved(doubted));
  assert.not(isBelieved(read(doubted, 'off')));
  assert.not(isBelieved(read(doubted, 'on')));
  assert.ok(isBelieved(read(read(doubted, 'on'), 'off')));
});

test.run();
