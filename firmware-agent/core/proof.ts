/**
 * Whether a host that was cut is off: the one place that decides what `fenced` rests on.
 *
 * Rule S1. `verified`: every sense read off, believed, without a break for H, while every contact
 * of the method read open. `by-hold`, where the configuration allows it: every contact read open
 * throughout H after the time its supply may need, and no sense that says on. Only samples that
 * were asked for after the cut count, and only while they are young.
 */
import type { Instant } from '../../protocol/wire/instant.ts';
import type { Proof } from '../../protocol/wire/messages.ts';
import { proofLimitMs, sampleAgeMs } from './limits.ts';
import { coversAll, factSince, isBelieved, type Power, type Sampled } from './power.ts';
import type { HostSettings, SenseSettings } from './settings.ts';

export interface Cut {
  /** Outlets that were cut together, as indexes into the settings. */
  outlets: readonly number[];
  cutAt: Instant;
  /** All stalls of the board up to then. */
  stalledMs: number;
  /** Since when a device that must be read gives no fact. */
  lostSince?: Instant;
}

export interface Bench {
  now: Instant;
  settings: HostSettings;
  power: Power;
  judgeTickMs: number;
  /** All stalls of the board so far. */
  stalledMs: number;
}

export type Weighed =
  | { is: 'proven'; proof: 'verified' | 'by-hold' }
  | { is: 'failed'; reason: FailReason }
  | { is: 'pending'; openSince?: Instant; offSince?: Instant; lostSince?: Instant };

export type FailReason =
  | 'relay-closed'
  | 'sense-on'
  | 'sense-doubted'
  | 'device-lost'
  | 'not-proven'
  /** What a pledge lacks that could prove it by timeout. */
  | 'not-pledged'
  | 'softdog'
  | 'no-nowayout'
  | 'not-alone'
  | 'two-agents';

export function weigh(cut: Cut, bench: Bench): Weighed {
  const { now, settings } = bench;
  const facts = gather(cut, bench);
  const { openSince, offSince } = facts;
  const holdMs = settings.timing.offHoldMs;
  const byHold = settings.proof === 'by-hold';
  const believed = bench.power.senses.every(isBelieved);
  if (offSince !== undefined && facts.readUntil - offSince >= holdMs && believed) {
    return { is: 'proven', proof: 'verified' };
  }
  if (byHold && facts.readable && openSince !== undefined && !facts.senseOn) {
    // A sense that changed its mind in the meantime starts the hold anew.
    const steady = bench.power.senses.map((sense) => sense.since);
    const heldSince = Math.max(openSince + settings.timing.drainMs, ...steady);
    if (facts.openUntil - heldSince >= holdMs) return { is: 'proven', proof: 'by-hold' };
  }
  const lostSince = facts.lost ? (cut.lostSince ?? now) : undefined;
  if (lostSince !== undefined && now - lostSince > holdMs) {
    return { is: 'failed', reason: 'device-lost' };
  }
  // Our own sleep is not the fault of the hardware; samples that it made late begin the hold anew.
  const sleptMs = bench.stalledMs - cut.stalledMs;
  if (now - cut.cutAt - sleptMs > proofLimitMs(settings.timing)) {
    return { is: 'failed', reason: whyNot(facts, believed) };
  }
  return {
    is: 'pending',
    ...(openSince === undefined ? {} : { openSince }),
    ...(offSince === undefined ? {} : { offSince }),
    ...(lostSince === undefined ? {} : { lostSince }),
  };
}

/**
 * Whether what was proven is still being read, and still reads off: a proof of old is no fact.
 * Only samples asked for at `from` or later count.
 */
export function readsOff(
  outlets: readonly number[],
  proof: Proof,
  bench: Bench,
  from: Instant,
): boolean {
  const { settings, power, now } = bench;
  const isFact = <T>(state: Sampled<T> | undefined, value: T, periodMs: number): boolean => {
    const ageMs = sampleAgeMs(bench.judgeTickMs, periodMs, settings.timing.offHoldMs);
    if (state === undefined || state.askedAt < from) return false;
    return factSince(state, value, now, ageMs) !== undefined;
  };
  const open = outlets.every((outlet) => {
    const { readable, periodMs } = settings.outlets[outlet] ?? { readable: true, periodMs: 0 };
    return !readable || isFact(power.contacts[outlet], 'open', periodMs);
  });
  const isOff = (sense: SenseSettings, i: number): boolean =>
    isFact(power.senses[i], 'off', sense.periodMs);
  return open && (proof !== 'verified' || settings.senses.every(isOff));
}

interface Facts {
  openSince: Instant | undefined;
  /** All contacts open and all senses off together, since then. */
  offSince: Instant | undefined;
  /** The question that every contact has answered; what came after it nobody has read yet. */
  openUntil: Instant;
  /** The same of every contact and every sense. */
  readUntil: Instant;
  senseOn: boolean;
  lost: boolean;
  /** Every contact of the method can be read back. */
  readable: boolean;
}

function gather(cut: Cut, bench: Bench): Facts {
  const { settings, power, now } = bench;
  const contacts = cut.outlets.filter((outlet) => settings.outlets[outlet]?.readable);
  const ageOf = (periodMs: number): number =>
    sampleAgeMs(bench.judgeTickMs, periodMs, settings.timing.offHoldMs);
  const since = <T>(state: Sampled<T> | undefined, value: T, ageMs: number): Instant | undefined =>
    state === undefined || state.askedAt < cut.cutAt
      ? undefined
      : factSince(state, value, now, ageMs);
  const open = contacts.map((outlet) =>
    since(power.contacts[outlet], 'open', ageOf(settings.outlets[outlet]?.periodMs ?? 0)),
  );
  const senseAges = settings.senses.map((sense) => ageOf(sense.periodMs));
  const off = power.senses.map((sense, i) => since(sense, 'off', senseAges[i] as number));
  const covered = settings.senses.length > 0 && coversAll(settings.senses, cut.outlets);
  const openSince = latest([cut.cutAt, ...open]);
  const contactLost = contacts.some((outlet) =>
    isLost(power.contacts[outlet], now, ageOf(settings.outlets[outlet]?.periodMs ?? 0)),
  );
  const asked = contacts.map((outlet) => power.contacts[outlet]?.askedAt ?? cut.cutAt);
  // Without a contact to read only the senses can prove, and they have their own times.
  const openUntil = asked.length === 0 ? now : Math.min(...asked);
  const senseLost = power.senses.some((sense, i) => isLost(sense, now, senseAges[i] as number));
  return {
    openSince,
    offSince: covered && openSince !== undefined ? latest([openSince, ...off]) : undefined,
    openUntil,
    readUntil: Math.min(openUntil, ...power.senses.map((sense) => sense.askedAt)),
    // Its last word stands, however old: that it is silent since does not mean that power went.
    senseOn: power.senses.some((sense) => sense.value === 'on'),
    lost: contactLost || (senseLost && settings.proof === 'verified'),
    readable: contacts.length === cut.outlets.length,
  };
}

/** The latest of several beginnings, or nothing if one of them has not begun. */
function latest(instants: (Instant | undefined)[]): Instant | undefined {
  return instants.every((at) => at !== undefined) ? Math.max(...instants) : undefined;
}

function isLost<T>(state: Sampled<T> | undefined, now: Instant, ageMs: number): boolean {
  return state === undefined || state.value === 'unknown' || now - state.at > ageMs;
}

function whyNot(facts: Facts, believed: boolean): FailReason {
  if (facts.openSince === undefined) return 'relay-closed';
  if (facts.senseOn) return 'sense-on';
  return facts.offSince === undefined || believed ? 'not-proven' : 'sense-doubted';
}
