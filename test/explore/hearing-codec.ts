/** Media, proof and what was heard of a host, in bytes; board-codec.ts says how it is done. */
import type { Medium } from '../../firmware-agent/core/clock.ts';
import type { Gap } from '../../firmware-agent/core/gaps.ts';
import type {
  Hearing,
  Mark,
  ModemLine,
  Pause,
  ProofChain,
} from '../../firmware-agent/core/hearing.ts';
import {
  absent,
  awakeSilence,
  awakeTime,
  bool,
  type Codec,
  list,
  maybe,
  NOW,
  type Pen,
  plainSilence,
  put,
  record,
  silenceSpan,
  silentAwake,
  silentTime,
  small,
  take,
  time,
  UNIT_MS,
  unread,
} from './codec.ts';

/** A stale beat keeps pace by its age alone, since both ends count the same units. */
const PACE_UNITS = 6;

const gap: Codec<Gap> = record<Gap>({
  endAt: silentTime,
  endAwake: awakeSilence,
  lengthMs: silenceSpan,
});

/** Gaps that some silence may still be asked about: longer than P of every host, and ended after its last beat. */
export function gapsThatMatter(gaps: readonly Gap[], to: Pen): Gap[] {
  return gaps.filter(({ endAt, lengthMs }) => lengthMs > to.gapIgnoredMs && endAt > to.oldestFresh);
}

const allGaps = list(gap);

/** Those gaps. */
export const gaps: Codec<Gap[]> = {
  isSure: true,
  write: (value, to) => allGaps.write(gapsThatMatter(value, to), to),
  read: allGaps.read,
};

/** One thing that can be listened to; its listening clock is read back as one moment. */
export function medium(of: 'serial' | 'mqtt'): Codec<Medium> {
  return {
    isSure: true,
    write(value, to) {
      to.listened[of] = value.heardMs + (value.listening ? to.awake - value.changedAwake : 0);
      put(to, (value.listening ? 1 : 0) + (value.everListened ? 2 : 0));
      gaps.write(value.gaps, to);
      if (value.listening) return;
      awakeSilence.write(value.changedAwake, to);
      plainSilence.write(value.changedAt, to);
    },
    read(from) {
      const bits = take(from);
      const listening = (bits & 1) === 1;
      const known = { listening, heardMs: NOW, gaps: gaps.read(from), everListened: bits > 1 };
      if (listening) return { ...known, changedAwake: NOW, changedAt: NOW };
      const changedAwake = awakeSilence.read(from);
      return { ...known, changedAwake, changedAt: plainSilence.read(from) };
    },
  };
}

/** A run of proofs that a group of paths works on our side. */
export const chain: Codec<ProofChain> = record<ProofChain>({
  firstAwake: awakeSilence,
  lastAwake: awakeSilence,
  gaps,
});

const allPauses = list(
  record<Pause>({ fromAt: silentTime, untilAt: silentTime, untilAwake: awakeSilence }),
);

/** Pauses of which somebody may still wait for the end: nobody does for longer than initdead. */
export function pausesThatMatter(all: readonly Pause[], to: Pen): Pause[] {
  return all.filter(({ untilAwake }) => to.awake - untilAwake < to.silenceUnits * UNIT_MS);
}

const pauses: Codec<readonly Pause[]> = {
  isSure: true,
  write: (value, to) => allPauses.write(pausesThatMatter(value, to), to),
  read: allPauses.read,
};

function hearing(channel: 'serial' | 'mqtt'): Codec<Hearing> {
  const listened: Codec<number> = {
    isSure: true,
    write: (value, to) => silenceSpan.write(to.listened[channel] - value, to),
    read: (from) => NOW - take(from) * UNIT_MS,
  };
  return record<Hearing>({
    channel: unread('its place in the list says it', () => channel),
    carried: bool,
    paced: bool,
    slow: unread('only a warning about a wrong keepalive counts them', () => 0),
    fresh: maybe(record<Mark>({ at: silentTime, awake: silentAwake, listenedMs: listened })),
    resumedAwake: maybe(silentAwake),
    outage: maybe(
      record<{ fromAt: number; untilAt: number }>({ fromAt: silentTime, untilAt: silentTime }),
    ),
    pace: maybe(
      record<NonNullable<Hearing['pace']>>({
        session: small,
        seq: seq(PACE_UNITS),
        at: time(PACE_UNITS),
      }),
    ),
    modem: maybe(
      record<ModemLine>({
        seenAsserted: bool,
        seenDropped: bool,
        assertedSinceAwake: maybe(awakeSilence),
        readAwake: awakeTime(2),
      }),
    ),
    sick: absent('a sick host'),
    stale: unread('a counter for people', () => 0),
    warned: unread('whether people were told of the silence', () => false),
    pauses,
  });
}

/** A beat's number: all sessions count the same units of time, so it is the time of its sending. */
export function seq(cap: number): Codec<number> {
  const age = time(cap);
  return {
    isSure: true,
    write: (value, to) => age.write(value * UNIT_MS, to),
    read: (from) => age.read(from) / UNIT_MS,
  };
}

/** What is heard of a host on either channel. */
export const HEARINGS: Record<'serial' | 'mqtt', Codec<Hearing>> = {
  serial: hearing('serial'),
  mqtt: hearing('mqtt'),
};
