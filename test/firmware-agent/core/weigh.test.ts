/** One moment of a proof: everything reads as it should, and then one thing does not. */
import type { ContactState, SenseState } from '../../../firmware-agent/core/power.ts';
import { readsOff, type Weighed, weigh } from '../../../firmware-agent/core/proof.ts';
import type { HostSettings } from '../../../firmware-agent/core/settings.ts';
import { assert, suite } from '../../lib/suite.ts';
import { DEFAULTS, guarded } from './world/settings.ts';

const test = suite('weigh');
const CUT = 10_000;
const { drainMs, offHoldMs } = DEFAULTS;
const NOW = CUT + drainMs + offHoldMs + 100;

const outlet = { name: 'a', method: 1, readable: true, periodMs: 100 };
const eye = { name: 's', covers: 'host', periodMs: 100, showsBreak: true } as const;
const READ = { askedAt: NOW, at: NOW };
const open: ContactState = { value: 'open', since: CUT + 50, ...READ };
const seen = { seenOn: true, seenOff: true, suspect: false };
const off: SenseState = { value: 'off', since: CUT + drainMs, ...seen, ...READ };

/** Two outlets of one method and a sense, all read off for H; `differs` says what is otherwise. */
function weighed(
  differs: {
    settings?: Partial<HostSettings>;
    contact?: Partial<ContactState>;
    senses?: SenseState[];
  } = {},
): Weighed {
  const outlets = [outlet, { ...outlet, name: 'b' }];
  const settings = guarded(1, 'alpha', { outlets, senses: [eye], ...differs.settings });
  const contacts = [open, { ...open, ...differs.contact }];
  const power = { contacts, senses: differs.senses ?? [off] };
  const cut = { outlets: [0, 1], cutAt: CUT, stalledMs: 0 };
  return weigh(cut, { now: NOW, settings, power, judgeTickMs: 50, stalledMs: 0 });
}

test('all contacts read open and all senses off for H: verified', () => {
  assert.equal(weighed(), { is: 'proven', proof: 'verified' });
});

test('one contact of the method that reads closed is one too many', () => {
  assert.is(weighed({ contact: { value: 'closed' } }).is, 'pending');
});

test('H counts from when the last contact opened, whatever the sense says', () => {
  assert.is(weighed({ contact: { since: NOW - 1_000 } }).is, 'pending');
});

test('what was asked for before the cut is no fact about it', () => {
  const early = weighed({ contact: { askedAt: CUT - 1 } });
  assert.is(early.is, 'pending');
  assert.is('openSince' in early, false);
});

test('an answer tells of the moment at which it was asked for, and of nothing later', () => {
  assert.is(weighed({ senses: [{ ...off, askedAt: NOW - 400 }] }).is, 'pending');
  assert.is(weighed({ contact: { askedAt: NOW - 400 } }).is, 'pending');
});

test('of two senses both have to be believed', () => {
  const settings = { senses: [eye, eye] };
  assert.is(weighed({ settings, senses: [off, off] }).is, 'proven');
  assert.is(weighed({ settings, senses: [off, { ...off, seenOn: false }] }).is, 'pending');
});

test('a sense that sees one outlet of two proves nothing of the other', () => {
  assert.is(weighed({ settings: { senses: [{ ...eye, covers: [0] }] } }).is, 'pending');
});

test('by hold every contact has to be one that can be read', () => {
  const byHold = { proof: 'by-hold' as const, senses: [] };
  const proven = weighed({ settings: byHold, senses: [] });
  assert.equal(proven, { is: 'proven', proof: 'by-hold' });
  const outlets = [outlet, { ...outlet, name: 'b', readable: false }];
  assert.is(weighed({ settings: { ...byHold, outlets }, senses: [] }).is, 'pending');
});

test('by hold counts to the last answer, and not past a sense that says on or changed its mind', () => {
  const settings = { proof: 'by-hold' as const };
  const blind: SenseState = { ...off, value: 'unknown' };
  assert.is(weighed({ settings, senses: [blind] }).is, 'proven');
  assert.is(weighed({ settings, senses: [blind], contact: { askedAt: NOW - 400 } }).is, 'pending');
  assert.is(weighed({ settings, senses: [{ ...blind, since: NOW - 1_000 }] }).is, 'pending');
  assert.is(weighed({ settings, senses: [{ ...blind, value: 'on' }] }).is, 'pending');
});

test('what was proven is confirmed by contacts that read open and senses that read off since', () => {
  const outlets = [outlet, { ...outlet, name: 'b' }];
  const settings = guarded(1, 'alpha', { outlets, senses: [eye] });
  const confirmed = (contact: Partial<ContactState>, sense: Partial<SenseState>): boolean => {
    const power = { contacts: [open, { ...open, ...contact }], senses: [{ ...off, ...sense }] };
    const bench = { now: NOW, settings, power, judgeTickMs: 50, stalledMs: 0 };
    return readsOff([0, 1], 'verified', bench, NOW - 200);
  };
  assert.ok(confirmed({}, {}));
  for (const one of [{ value: 'closed' as const }, { askedAt: NOW - 201 }, { at: NOW - 501 }]) {
    assert.not(confirmed(one, {}));
  }
  for (const one of [{ value: 'on' as const }, { askedAt: NOW - 201 }, { at: NOW - 501 }]) {
    assert.not(confirmed({}, one));
  }
});

test.run();
