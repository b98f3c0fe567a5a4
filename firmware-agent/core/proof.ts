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
  /** Since when a device that must be read gives no fact. */
  lostSince?: Instant;
}

export interface Bench {
  now: Instant;
  settings: HostSettings;
  power: Power;
  judgeTickMs: number;
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
  | 'not-proven';

export function weigh(cut: Cut, bench: Bench): Weighed {
  const { now, settings } = bench;
  const facts = gather(cut, bench);
  const { openSince, offSince } = facts;
  const holdMs = settings.timing.offHoldMs;
  const byHold = settings.proof === 'by-hold';
  if (offSince !== undefined && now - offSince >= holdMs) {
    if (bench.power.senses.every(isBelieved)) return { is: 'proven', proof: 'verified' };
    if (byHold && facts.readable) return { is: 'proven', proof: 'by-hold' };
  }
  if (byHold && facts.readable && openSince !== undefined && !facts.senseOn) {
    // A sense that changed its mind in the meantime starts the hold anew.
    const steady = bench.power.senses.map((sense) => sense.since);
    const heldSince = Math.max(openSince + settings.timing.drainMs, ...steady);
    if (now - heldSince >= holdMs) return { is: 'proven', proof: 'by-hold' };
  }
  const lostSince = facts.lost ? (cut.lostSince ?? now) : undefined;
  if (lostSince !== undefined && now - lostSince > holdMs) {
    return { is: 'failed', reason: 'device-lost' };
  }
  if (now - cut.cutAt > proofLimitMs(settings.timing)) {
    return { is: 'failed', reason: whyNot(facts) };
  }
  return {
    is: 'pending',
    ...(openSince === undefined ? {} : { openSince }),
    ...(offSince === undefined ? {} : { offSince }),
    ...(lostSince === undefined ? {} : { lostSince }),
  };
}

/** Whether what was proven is still being read, and still reads off: a proof of old is no fact. */
export function readsOff(outlets: readonly number[], proof: Proof, bench: Bench): boolean {
  const { settings, power, now } = bench;
  const isFact = <T>(state: Sampled<T> | undefined, value: T, periodMs: number): boolean => {
    const ageMs = sampleAgeMs(bench.judgeTickMs, periodMs, settings.timing.offHoldMs);
    return state !== undefined && factSince(state, value, now, ageMs) !== undefined;
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
  const senseLost = power.senses.some((sense, i) => isLost(sense, now, senseAges[i] as number));
  return {
    openSince,
    offSince: covered && openSince !== undefined ? latest([openSince, ...off]) : undefined,
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

function whyNot(facts: Facts): FailReason {
  if (facts.openSince === undefined) return 'relay-closed';
  if (facts.senseOn) return 'sense-on';
  return facts.offSince === undefined ? 'not-proven' : 'sense-doubted';
}
