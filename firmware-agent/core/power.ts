/**
 * What is known of a host's power now: where each contact was read, what each sense shows.
 *
 * A fact counts only while it is read. Every sample carries when it was asked for and when it
 * came; a value is a fact from the first of a run of equal samples without a late one, and stops
 * being one when the next is late. What was commanded appears nowhere in this file.
 */
import type { Instant } from '../../protocol/wire/instant.ts';
import type { Reading } from '../../protocol/wire/messages.ts';
import { idleSampleAgeMs } from './limits.ts';
import type { HostSettings, SenseSettings } from './settings.ts';

/** `open` interrupts the supply, `closed` lets it through; `unknown` confirms nothing. */
export type Contact = 'open' | 'closed' | 'unknown';

export interface Sampled<T> {
  value: T;
  askedAt: Instant;
  at: Instant;
  /** Start of the present run of equal samples, none of them late. */
  since: Instant;
}

export type ContactState = Sampled<Contact>;

export interface SenseState extends Sampled<Reading> {
  seenOn: boolean;
  seenOff: boolean;
  /** Read off while the host provably lived; not believed until seen in both states anew. */
  suspect: boolean;
  /** When it went from on to off, while it stays off. */
  fellAt?: Instant;
}

export interface Power {
  contacts: ContactState[];
  senses: SenseState[];
}

export function unknownPower(settings: HostSettings, now: Instant): Power {
  const none = { askedAt: now, at: now, since: now };
  return {
    contacts: settings.outlets.map(() => ({ value: 'unknown', ...none })),
    senses: settings.senses.map(() => ({
      value: 'unknown',
      seenOn: false,
      seenOff: false,
      suspect: false,
      ...none,
    })),
  };
}

export interface Sample<T> {
  value: T;
  askedAt: Instant;
  at: Instant;
  /** A sample that comes later than this after the one before starts a new run. */
  ageMaxMs: number;
}

/** Start of the run of equal samples that this one belongs to. */
function runSince<T>(was: Sampled<T>, { value, at, ageMaxMs }: Sample<T>): Instant {
  const runs = value === was.value && at - was.at <= ageMaxMs;
  return runs ? was.since : at;
}

export function sampleContact(was: ContactState, sample: Sample<Contact>): ContactState {
  const { value, askedAt, at } = sample;
  return { value, askedAt, at, since: runSince(was, sample) };
}

export function sampleSense(was: SenseState, sample: Sample<Reading>): SenseState {
  const { value, askedAt, at } = sample;
  const seenOn = was.seenOn || value === 'on';
  const seenOff = was.seenOff || value === 'off';
  const suspect = was.suspect && !(seenOn && seenOff);
  const since = runSince(was, sample);
  const is: SenseState = { value, askedAt, at, since, seenOn, seenOff, suspect };
  if (value !== 'off') return is;
  const fellAt = was.value === 'on' ? at : was.fellAt;
  if (fellAt !== undefined) is.fellAt = fellAt;
  return is;
}

/** A sense that called a living host off: it must be seen in both states again to be believed. */
export function suspected(sense: SenseState): SenseState {
  return { ...sense, suspect: true, seenOn: false, seenOff: false };
}

export function isBelieved(sense: SenseState): boolean {
  return sense.seenOn && sense.seenOff && !sense.suspect;
}

/** When the fact became one, if the latest sample is young enough to still be one. */
export function factSince<T>(
  state: Sampled<T>,
  value: T,
  now: Instant,
  ageMaxMs: number,
): Instant | undefined {
  return state.value === value && now - state.at <= ageMaxMs ? state.since : undefined;
}

/** True when the senses together see every one of these outlets. */
export function coversAll(senses: readonly SenseSettings[], outlets: readonly number[]): boolean {
  return outlets.every((outlet) =>
    senses.some((sense) => sense.covers === 'host' || sense.covers.includes(outlet)),
  );
}

/** First and last fall, where all senses, covering every outlet, fell from on and stay off. */
export function allFell(
  power: Power,
  settings: HostSettings,
  now: Instant,
): { firstAt: Instant; lastAt: Instant } | undefined {
  const everyOutlet = settings.outlets.map((_, index) => index);
  if (settings.senses.length === 0 || !coversAll(settings.senses, everyOutlet)) return undefined;
  if (!settings.senses.every((sense) => sense.showsBreak)) return undefined;
  const falls = power.senses.map((sense, i) => {
    // A sense that is not read any more shows nothing.
    const isRead = now - sense.at <= idleSampleAgeMs(settings.senses[i]?.periodMs ?? 0);
    return sense.suspect || !isRead ? undefined : sense.fellAt;
  });
  if (!falls.every((at) => at !== undefined)) return undefined;
  return { firstAt: Math.min(...falls), lastAt: Math.max(...falls) };
}
