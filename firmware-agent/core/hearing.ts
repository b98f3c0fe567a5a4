/**
 * What one host has said on one channel, and what that channel is worth as a witness.
 *
 * Silence proves nothing unless the ear was open. `quiet` is listening time since the last fresh
 * beat; `proven` is how long the channel has shown, by something other than this host's silence,
 * that a beat would have been heard. Stale beats end no silence: they were sent long ago.
 */
import type { Instant } from '../../protocol/wire/instant.ts';
import type { Channel } from '../../protocol/wire/messages.ts';
import { awake, type BoardClock, listenedMs, type Medium } from './clock.ts';
import { afterGaps, type Gap, withGap } from './gaps.ts';
import { proofGapMs } from './limits.ts';
import type { Timing } from './settings.ts';

export type BeatChannel = Exclude<Channel, 'socket'>;

export interface Hearing {
  channel: BeatChannel;
  /** Has delivered a fresh beat in this life of the agent. */
  carried: boolean;
  /** A second beat of the present session came within the keepalive that was agreed. */
  paced: boolean;
  /** Beats of the present session that came slower. */
  slow: number;
  fresh: Mark | undefined;
  /** When beats began again after a silence that could make others suspect. */
  resumedAwake: Instant | undefined;
  /** That silence; absent where it was explained (we ended the session, it left, it was cut). */
  outage: { fromAt: Instant; untilAt: Instant } | undefined;
  /** The latest pauses between its beats that somebody on the board could not overlook. */
  pauses: readonly Pause[];
  /** The latest session heard here, for judging whether a stale beat keeps pace (doubt). */
  pace: { session: number; seq: number; at: Instant } | undefined;
  modem: ModemLine | undefined;
  /** The present run of beats that say of their host that it is useless; far proof (sickness.ts). */
  sick: { at: Instant; sinceAwake: Instant; lastAwake: Instant } | undefined;
  /** Beats that came too late to count as life. */
  stale: number;
  /** The silence of this channel was already told. */
  warned: boolean;
}

/** Between two fresh beats: whether the path worked meanwhile nobody knows from this one. */
export interface Pause {
  fromAt: Instant;
  untilAt: Instant;
  untilAwake: Instant;
}

/** Whoever waits for the end of one of these waits for less time than it takes to make eight. */
const PAUSES_MAX = 8;

export function withPause(pauses: readonly Pause[], pause: Pause): Pause[] {
  return [...pauses.slice(1 - PAUSES_MAX), pause];
}

/** A keepalive late by half is jitter; later than that it is another keepalive. */
const PACE_SLACK = 1.5;

/** Slow beats of one session before people are told; a loaded host makes one now and then. */
export const SLOW_BEATS_TOLD = 3;

/**
 * The pace of a session, judged by its latest two beats: a shim that was told another keepalive
 * would otherwise be found dead between them. Until the pace is shown, initdead counts.
 */
export function paceOf(
  was: Pick<Hearing, 'pace' | 'paced' | 'slow'>,
  beat: { session: number; seq: number },
  now: Instant,
  keepaliveMs: number,
): Pick<Hearing, 'paced' | 'slow'> {
  if (was.pace === undefined || was.pace.session !== beat.session) return { paced: false, slow: 0 };
  const beats = beat.seq - was.pace.seq;
  if (now - was.pace.at <= PACE_SLACK * keepaliveMs * beats) return { paced: true, slow: 0 };
  return { paced: was.paced, slow: was.slow + 1 };
}

/** One moment on every clock that a silence is measured by. */
export interface Mark {
  at: Instant;
  awake: Instant;
  listenedMs: number;
}

/** A modem line proves the cable only if it can fall: it must have been seen in both states. */
export interface ModemLine {
  seenAsserted: boolean;
  seenDropped: boolean;
  assertedSinceAwake: Instant | undefined;
  readAwake: Instant;
}

export function newHearing(channel: BeatChannel): Hearing {
  return {
    ...{ channel, carried: false, paced: false, slow: 0, stale: 0, warned: false, pauses: [] },
    fresh: undefined,
    resumedAwake: undefined,
    outage: undefined,
    pace: undefined,
    modem: undefined,
    sick: undefined,
  };
}

/**
 * The session on this channel ended by our own doing (its key was revoked, it grew too old): that
 * it is silent from then on is no evidence, until a beat carries it again. The rest stays known.
 */
export function uncarried(hearing: Hearing): Hearing {
  return { ...hearing, carried: false, warned: false };
}

export function mark(medium: Medium, clock: BoardClock, now: Instant): Mark {
  return { at: now, awake: awake(clock, now), listenedMs: listenedMs(medium, clock, now) };
}

/**
 * True when a stale beat's counter stands where a living host's would: it was sent now and only
 * its *down* path is broken. A hoard that a broker releases late has counted less than time did.
 */
export function keepsPace(
  pace: NonNullable<Hearing['pace']>,
  beat: { session: number; seq: number },
  now: Instant,
  limits: { keepaliveMs: number; freshnessMs: number; clockRateError: number },
): boolean {
  if (beat.session !== pace.session) return false;
  const sinceMs = now - pace.at;
  const behindMs = sinceMs - (beat.seq - pace.seq) * limits.keepaliveMs;
  const slackMs = limits.freshnessMs + 2 * limits.keepaliveMs + 2 * limits.clockRateError * sinceMs;
  return behindMs <= slackMs;
}

export function hearModem(
  line: ModemLine | undefined,
  state: 'asserted' | 'dropped' | 'unknown',
  nowAwake: Instant,
  gapMaxMs: number,
): ModemLine {
  const isAsserted = state === 'asserted';
  // Where nobody looked for a while, nobody saw that it was asserted throughout.
  const wasSeen = line !== undefined && nowAwake - line.readAwake <= gapMaxMs;
  const since = (wasSeen ? line.assertedSinceAwake : undefined) ?? nowAwake;
  return {
    seenAsserted: line?.seenAsserted === true || isAsserted,
    seenDropped: line?.seenDropped === true || state === 'dropped',
    assertedSinceAwake: isAsserted ? since : undefined,
    readAwake: nowAwake,
  };
}

/** A run of proofs that a group of paths works on our side: own echoes, beats of other hosts. */
export interface ProofChain {
  firstAwake: Instant;
  lastAwake: Instant;
  gaps: Gap[];
}

/** Gaps shorter than this are never asked about: no host has a smaller P. */
const PROOF_GAP_KEPT_MS = 100;

export function extendProof(
  chain: ProofChain | undefined,
  nowAwake: Instant,
  now: Instant,
): ProofChain {
  if (chain === undefined) return { firstAwake: nowAwake, lastAwake: nowAwake, gaps: [] };
  const lengthMs = nowAwake - chain.lastAwake;
  const { firstAwake, gaps } = chain;
  if (lengthMs <= PROOF_GAP_KEPT_MS) return { firstAwake, lastAwake: nowAwake, gaps };
  const gap = { endAt: now, endAwake: nowAwake, lengthMs };
  return { firstAwake, lastAwake: nowAwake, gaps: withGap(gaps, gap) };
}

/** One channel as a witness of a silence. Milliseconds; infinite where nothing was ever heard. */
export interface Testimony {
  channel: BeatChannel;
  listening: boolean;
  /** Awake time for which the channel has not been listened to. */
  deafMs: number;
  quietMs: number;
  nearMs: number;
  farMs: number;
  /** What quiet and proof must reach here: D, or more after an outage or a new session. */
  needMs: number;
}

/** What a host's other evidence says: all its senses fell together with its last beat. */
export interface PowerLoss {
  sinceAwake: Instant;
}

export interface Ear {
  clock: BoardClock;
  medium: Medium;
  chain: ProofChain | undefined;
  powerLoss: PowerLoss | undefined;
  delayMs: number;
  /** For how long those who prove the channel may say nothing while all is well. */
  lullMs: number;
}

export function testify(
  hearing: Hearing & { fresh: Mark },
  ear: Ear,
  timing: Timing,
  now: Instant,
): Testimony {
  const nowAwake = awake(ear.clock, now);
  const proofGap = proofGapMs(timing, ear.delayMs);
  const { medium, chain } = ear;
  const { fresh } = hearing;
  const silenceMs = hearing.paced ? timing.deadtimeMs : timing.initdeadMs;
  const since = { at: fresh.at, fromAwake: fresh.awake, needMs: silenceMs };
  const limits = { ignoredMs: proofGap, lengthMaxMs: timing.initdeadMs };
  const own = afterGaps(medium.gaps, afterGaps(ear.clock.stalls, since, limits), limits);
  const gaps = chain?.gaps ?? [];
  // Who beats too seldom to prove a channel is no sign either that it fails.
  const outages = { ...limits, ignoredMs: Math.max(proofGap, ear.lullMs) };
  const { fromAwake, needMs } = afterGaps(gaps, own, outages);
  const sinceMs = nowAwake - fromAwake;
  const provenMs = nowAwake - afterGaps(gaps, own, limits).fromAwake;
  const heardMs = listenedMs(medium, ear.clock, now) - fresh.listenedMs;
  return {
    channel: hearing.channel,
    listening: medium.listening,
    // A fresh beat was heard, whatever the link says of itself.
    deafMs: medium.listening ? 0 : nowAwake - Math.max(medium.changedAwake, fresh.awake),
    quietMs: Math.max(0, Math.min(sinceMs, heardMs)),
    nearMs: Math.min(provenMs, chainMs(chain, nowAwake, proofGap)),
    farMs: Math.min(
      sinceMs,
      Math.max(
        modemMs(hearing.modem, nowAwake, proofGap),
        lossMs(ear, nowAwake),
        sickMs(hearing.sick, nowAwake, proofGap),
      ),
    ),
    needMs,
  };
}

function chainMs(chain: ProofChain | undefined, nowAwake: Instant, proofGap: number): number {
  if (chain === undefined || nowAwake - chain.lastAwake > proofGap) return 0;
  return nowAwake - chain.firstAwake;
}

function modemMs(line: ModemLine | undefined, nowAwake: Instant, ageMaxMs: number): number {
  if (line?.assertedSinceAwake === undefined || !line.seenAsserted || !line.seenDropped) return 0;
  // A line that is not read any more asserts nothing.
  return nowAwake - line.readAwake > ageMaxMs ? 0 : nowAwake - line.assertedSinceAwake;
}

function sickMs(run: Hearing['sick'], nowAwake: Instant, gapMaxMs: number): number {
  if (run === undefined || nowAwake - run.lastAwake > gapMaxMs) return 0;
  return nowAwake - run.sinceAwake;
}

function lossMs(ear: Ear, nowAwake: Instant): number {
  return ear.powerLoss === undefined ? 0 : nowAwake - ear.powerLoss.sinceAwake;
}
