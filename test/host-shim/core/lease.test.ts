/**
 * The lease of the self-fence. Its two promises pull in opposite directions: a host whose contact is
 * young goes on, and a host whose contact is older than the timeout does not.
 */
import {
  type Lease,
  type LeaseEvent,
  type Moment,
  orderOf,
  stepLease,
  type Terms,
} from '../../../host-shim/core/lease.ts';
import { SLEEP_MS_MAX } from '../../../host-shim/core/limits.ts';
import { type Prng, prng } from '../../lib/prng.ts';
import { assert, suite } from '../../lib/suite.ts';

const test = suite('lease');
const S = 30_000;
const terms = (timeoutMs: number, boardAlone = false): Terms => ({ timeoutMs, boardAlone });
const TERMS = terms(S);
const ALONE = terms(S, true);
const HISTORIES = 3_000;

/** The present of a machine that never slept. */
const at = (now: number, sleptMs = 0): Moment => ({
  now,
  slept: { leastMs: sleptMs, mostMs: sleptMs },
});
const contact = (askedAt: number, by: 'board' | 'broker' = 'board'): LeaseEvent => ({
  kind: 'contact',
  with: by,
  askedAt,
});
const LOOK: LeaseEvent = { kind: 'look' };
const LEFT: LeaseEvent = { kind: 'left' };
const away = (returnByS: number): LeaseEvent => ({ kind: 'away', returnByMs: returnByS * 1_000 });
const resume = (deadlineAt: number, sleptMs = 0): LeaseEvent => ({
  kind: 'resume',
  contact: { askedAt: deadlineAt - S, sleptMs },
  deadlineAt,
});

/** Plays `[time, event]` pairs from the beginning. */
function play(...steps: [now: number, event: LeaseEvent][]): Lease {
  let lease: Lease = { at: 'unarmed' };
  for (const [now, event] of steps) lease = stepLease(lease, event, at(now), TERMS);
  return lease;
}

test('every state answers every event as the table says', () => {
  const armed = play([1_000, contact(1_000)]);
  const expired = stepLease(armed, LOOK, at(31_000), TERMS);
  const ended = stepLease(armed, LEFT, at(2_000), TERMS);
  const states: [string, Lease][] = [
    ['unarmed', { at: 'unarmed' }],
    ['armed', armed],
    ['expired', expired],
    ['ended', ended],
  ];
  const events: [string, LeaseEvent][] = [
    ['board', contact(2_000)],
    ['board, long ago', contact(-29_000)],
    ['broker', contact(2_000, 'broker')],
    ['resume', resume(20_000)],
    ['resume, too late', resume(2_000)],
    ['away', away(60)],
    ['look', LOOK],
    ['left', LEFT],
  ];
  const table = states.map(([name, state]) => {
    const next = events.map(([, event]) => stepLease(state, event, at(2_000), TERMS));
    return `${name}: ${next.map((lease) => `${lease.at}${lease === state ? '' : '*'}`).join(' ')}`;
  });
  assert.equal(table, [
    'unarmed: armed* unarmed unarmed armed* unarmed unarmed unarmed ended*',
    'armed: armed* armed armed* armed armed armed* armed ended*',
    'expired: expired expired expired expired expired expired expired expired',
    'ended: ended ended ended ended ended ended ended ended',
  ]);
  assert.equal(
    states.map(([, state]) => orderOf(state)),
    ['not armed', 'feed', 'reboot now', 'not armed'],
  );
});

test('a host that never had contact is never restarted, however long it waits', () => {
  assert.is(play([0, LOOK], [10 * S, contact(10 * S, 'broker')], [99 * S, LOOK]).at, 'unarmed');
});

test('an answer counts from the beat that it names, not from its arrival', () => {
  const steps: [number, LeaseEvent][] = [
    [0, contact(0)],
    [29_000, contact(5_000)],
  ];
  assert.is(play(...steps, [34_999, LOOK]).at, 'armed');
  assert.is(play(...steps, [35_000, LOOK]).at, 'expired');
});

test('an answer that overtook another does not shorten the lease', () => {
  const steps: [number, LeaseEvent][] = [
    [9_000, contact(8_000)],
    [9_001, contact(2_000)],
  ];
  assert.is(play(...steps, [37_999, LOOK]).at, 'armed');
});

test('a first answer that was longer on its way than the timeout begins nothing', () => {
  assert.is(play([S, contact(0)], [S, LOOK]).at, 'unarmed');
  assert.is(play([S - 1, contact(0)], [S - 1, LOOK]).at, 'armed');
});

test('contact after the end of the lease does not bring it back', () => {
  const late = play([0, contact(0)], [S, LOOK], [S + 1, contact(S + 1)], [S + 2, LEFT]);
  assert.equal(late, { at: 'expired', why: 'no-contact' });
});

test('a shim that follows goes on with the deadline of the one before, and with no later one', () => {
  const resumed = stepLease({ at: 'unarmed' }, resume(20_000), at(5_000), TERMS);
  assert.is(stepLease(resumed, LOOK, at(19_999), TERMS).at, 'armed');
  assert.is(stepLease(resumed, LOOK, at(20_000), TERMS).at, 'expired');
  // A longer timeout in the file does not lengthen what was promised before, a shorter one counts.
  const longer = stepLease({ at: 'unarmed' }, resume(20_000), at(5_000), terms(3 * S));
  assert.is(stepLease(longer, LOOK, at(20_000), terms(3 * S)).at, 'expired');
  const shorter = stepLease({ at: 'unarmed' }, resume(20_000), at(5_000), terms(10_000));
  assert.is(stepLease(shorter, LOOK, at(14_999), terms(10_000)).at, 'armed');
  assert.is(stepLease(shorter, LOOK, at(15_000), terms(10_000)).at, 'expired');
});

test('an agent that is stopped on purpose is waited for as long as it asks, and 600 s at most', () => {
  for (const [askedS, untilS] of [
    [60, 61],
    [10, 30],
    [3_000, 601],
  ] as const) {
    const lease = play([0, contact(0)], [1_000, away(askedS)]);
    const endsAt = untilS * 1_000;
    assert.is(stepLease(lease, LOOK, at(endsAt - 1), TERMS).at, 'armed', `${askedS} s`);
    assert.is(stepLease(lease, LOOK, at(endsAt), TERMS).at, 'expired', `${askedS} s`);
  }
});

test('nothing lengthens a suspension, and no farewell begins a lease', () => {
  const twice = play([0, contact(0)], [1_000, away(60)], [50_000, away(600)]);
  assert.is(stepLease(twice, LOOK, at(61_000), TERMS).at, 'expired');
  assert.is(play([0, away(600)], [1_000, LOOK]).at, 'unarmed');
});

test('contact from after the farewell ends the suspension, contact from before it does not', () => {
  const left = play([0, contact(0)], [1_000, away(600)]);
  // An ALIVE that was on its way names a beat from before.
  const late = stepLease(left, contact(999), at(1_200), TERMS);
  assert.is(stepLease(late, LOOK, at(600_999), TERMS).at, 'armed');
  const broker = stepLease(left, contact(40_000, 'broker'), at(40_010), TERMS);
  assert.is(stepLease(broker, LOOK, at(600_999), TERMS).at, 'armed');
  const back = stepLease(broker, contact(20_000), at(40_020), TERMS);
  assert.is(stepLease(back, LOOK, at(69_999), TERMS).at, 'armed');
  assert.is(stepLease(back, LOOK, at(70_000), TERMS).at, 'expired');
});

test('a shim that follows takes the suspension up, and no shim makes it longer', () => {
  const suspended = { at: 1_000, untilAt: 61_000 };
  const event = { ...resume(20_000), suspended } as LeaseEvent;
  const resumed = stepLease({ at: 'unarmed' }, event, at(30_000), TERMS);
  assert.is(stepLease(resumed, LOOK, at(60_999), TERMS).at, 'armed');
  assert.is(stepLease(resumed, LOOK, at(61_000), TERMS).at, 'expired');
  assert.is(stepLease({ at: 'unarmed' }, event, at(61_000), TERMS).at, 'unarmed', 'too late');
  assert.is(stepLease({ at: 'unarmed' }, event, at(30_000), ALONE).at, 'unarmed', 'never there');
});

test('a lease of the board alone knows no broker and no suspension', () => {
  const armed = stepLease({ at: 'unarmed' }, contact(0), at(0), ALONE);
  for (const event of [contact(9_000, 'broker'), away(600)])
    assert.is(stepLease(armed, event, at(9_000), ALONE), armed);
  assert.is(stepLease(armed, LOOK, at(S), ALONE).at, 'expired');
});

test('a machine that slept since its last contact restarts at once, and not for a nap', () => {
  const armed = stepLease({ at: 'unarmed' }, contact(0), at(0, 700), TERMS);
  assert.is(stepLease(armed, LOOK, at(1, 700 + SLEEP_MS_MAX), TERMS).at, 'armed');
  const slept = stepLease(armed, LOOK, at(1, 701 + SLEEP_MS_MAX), TERMS);
  assert.equal(slept, { at: 'expired', why: 'slept' });
  // It beat and was heard after a nap: the next one counts anew.
  const rested = stepLease(armed, contact(10, 'broker'), at(20, 700 + SLEEP_MS_MAX), TERMS);
  assert.is(stepLease(rested, LOOK, at(30, 700 + 2 * SLEEP_MS_MAX), TERMS).at, 'armed');
  const unarmed = stepLease({ at: 'unarmed' }, LOOK, at(1, 1e9), TERMS);
  assert.is(unarmed.at, 'unarmed');
});

test('a shim that was held up between two clocks does not take that for sleep', () => {
  // The machine never slept; this reading of the clocks was torn apart by 20 s, the next one not.
  const torn: Moment = { now: 0, slept: { leastMs: -20_000, mostMs: 0 } };
  const armed = stepLease({ at: 'unarmed' }, contact(0), torn, TERMS);
  assert.is(stepLease(armed, LOOK, at(20_001), TERMS).at, 'armed');
  const tornLater: Moment = { now: 21_000, slept: { leastMs: 0, mostMs: 20_000 } };
  assert.is(stepLease(armed, LOOK, tornLater, TERMS).at, 'armed');
});

test('a shim that follows knows the sleep since the contact of the one before', () => {
  const resumed = stepLease({ at: 'unarmed' }, resume(20_000, 100), at(5_000, 9_000), TERMS);
  assert.equal(stepLease(resumed, LOOK, at(5_000, 9_000), TERMS), { at: 'expired', why: 'slept' });
});

interface Told {
  lease: Lease;
  now: number;
  /** When what was acknowledged last had been sent, while a lease can stand. */
  heardAt: number | undefined;
}

/** One random step of a world in which answers come late, doubled, out of order, or not at all. */
function stir(told: Told, chance: Prng, sent: number[]): void {
  told.now += chance.between(0, chance.chance(0.05) ? 2 * S : S / 10);
  told.lease = stepLease(told.lease, LOOK, at(told.now), TERMS);
  if (chance.chance(0.6)) sent.push(told.now);
  if (sent.length === 0 || chance.chance(0.4)) return;
  const by = chance.chance(0.3) ? ('broker' as const) : ('board' as const);
  const askedAt = chance.pick(sent.slice(-8));
  const was = told.lease;
  told.lease = stepLease(was, contact(askedAt, by), at(told.now), TERMS);
  if (was.at !== 'armed' && told.lease.at !== 'armed') return;
  told.heardAt = Math.max(told.heardAt ?? askedAt, askedAt);
}

test('in random histories it stands exactly as long as acknowledged contact is younger than S', () => {
  let armed = 0;
  let expired = 0;
  for (let seed = 1; seed <= HISTORIES; seed += 1) {
    const chance = prng(seed);
    const sent: number[] = [];
    const told: Told = { lease: { at: 'unarmed' }, now: 0, heardAt: undefined };
    for (let i = 0; i < 60; i += 1) {
      const before = told.heardAt;
      const wasArmed = told.lease.at === 'armed';
      stir(told, chance, sent);
      const where = `seed ${seed}, step ${i}`;
      const ageMs = told.now - (before ?? Number.NaN);
      if (wasArmed && ageMs < S) assert.is(orderOf(told.lease), 'feed', where);
      if (wasArmed && ageMs >= S) assert.is(orderOf(told.lease), 'reboot now', where);
      if (before === undefined && told.heardAt === undefined)
        assert.is(orderOf(told.lease), 'not armed', where);
    }
    armed += told.lease.at === 'armed' ? 1 : 0;
    expired += told.lease.at === 'expired' ? 1 : 0;
  }
  assert.ok(
    armed > HISTORIES / 20 && expired > HISTORIES / 20,
    `${armed} armed, ${expired} expired`,
  );
});

test('in random histories with restarts of the shim no lease outlives what was promised', () => {
  for (let seed = 1; seed <= HISTORIES; seed += 1) {
    const chance = prng(seed);
    let now = 0;
    let lease: Lease = { at: 'unarmed' };
    let recorded: LeaseEvent | undefined;
    let promisedAt = Number.POSITIVE_INFINITY;
    for (let i = 0; i < 80 && lease.at !== 'expired'; i += 1) {
      now += chance.between(0, S / 6);
      if (chance.chance(0.1)) {
        // The shim dies, and another one comes after a while with the record of the first.
        now += chance.between(0, S / 2);
        lease = { at: 'unarmed' };
        if (recorded !== undefined) lease = stepLease(lease, recorded, at(now), TERMS);
        if (lease.at === 'unarmed') promisedAt = Number.POSITIVE_INFINITY;
      }
      lease = stepLease(lease, LOOK, at(now), TERMS);
      if (lease.at === 'armed') assert.ok(now < promisedAt, `seed ${seed}: ${now} ${promisedAt}`);
      if (!chance.chance(0.5)) continue;
      const askedAt = now - chance.between(0, 500);
      lease = stepLease(lease, contact(askedAt), at(now), TERMS);
      if (lease.at !== 'armed') continue;
      promisedAt = lease.contact.askedAt + S;
      recorded = { kind: 'resume', contact: lease.contact, deadlineAt: promisedAt };
    }
  }
});

test.run();
