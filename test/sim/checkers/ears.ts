/**
 * What a board could know of each host's life by honest listening: the beats that its sessions
 * accepted, aged by the world's own clock, and everything else that speaks for or against a silence.
 *
 * Where truth leaves a choice the ear takes what is surely so: a beat counts as fresh only if it was
 * so by any clock, doubt only if no honest board could miss it. What a checker complains of by this
 * memory is wrong under every reading of the rules.
 */
import type { Effect, Event } from '../../../firmware-agent/core/events.ts';
import type { Truth } from '../witness.ts';
import type { Ear, Ears, Hearing, Listening, Stall, Way } from './ear-state.ts';
import { type HostRules, LEAVE_MAX_MS, type Rules } from './rules.ts';

export type { Ear, Ears, Hearing, Listening, Stall, Way } from './ear-state.ts';

export const WAYS: readonly Way[] = ['serial', 'mqtt'];

/** What it takes of events without effects. */
export const EARS_LOOK_AT: readonly Event['kind'][] = ['heard', 'listening', 'ended', 'modem'];

const SICK = 0x10;
const TWO_AGENTS = 0x20;
const STAYS = 0x80;
const NEVER = Number.NEGATIVE_INFINITY;

/** What truth says of a word beside its words. */
interface Word {
  age: number;
  sentAt: number;
  stalledMs: number;
}

const TICKS = 4_096;

const known = new WeakMap<Rules, Ears>();

/**
 * The ears of one world. All checkers of that world have the same, because what was heard is the
 * same for all and most of what is told is a beat; whoever tells them first is heard, and the others
 * tell them nothing new.
 */
export function ears(rules: Rules): Ears {
  const shared = known.get(rules) ?? once(listen(rules));
  known.set(rules, shared);
  return shared;
}

function once(all: Ears): Ears {
  let truthTold: Truth | undefined;
  let told: { at: number; event: Event; effects: readonly Effect[] } | undefined;
  return {
    ...all,
    truth: (at, truth) => {
      if (truth === truthTold) return;
      truthTold = truth;
      all.truth(at, truth);
    },
    step: (at, event, effects) => {
      if (told === undefined) told = { at, event, effects };
      else if (told.event === event && told.effects === effects && told.at === at) return;
      told.at = at;
      told.event = event;
      told.effects = effects;
      all.step(at, event, effects);
    },
  };
}

function listen(rules: Rules): Ears {
  const hosts: Ear[] = [];
  const media: Listening[] = [];
  const forget = (): void => {
    for (const one of rules.all) {
      hosts[one.host] = newEar(one);
      media[one.host] = newListening();
    }
    media[0] = newListening();
  };
  forget();
  const stall: Stall = { since: undefined, endAt: NEVER, lengthMs: 0, totalMs: 0 };
  const tickAt = new Float64Array(TICKS).fill(NEVER);
  const tickNo = new Float64Array(TICKS).fill(-1);
  /** The latest word, as truth knows it; the step that follows takes it. */
  const word = { host: 0, age: 0, sentAt: 0, stalledMs: 0 };
  const issue = (tick: number, at: number): void => {
    tickNo[tick % TICKS] = tick;
    tickAt[tick % TICKS] = at;
  };
  return {
    hosts,
    media,
    stall,
    ageOf: (tick, at) =>
      tickNo[tick % TICKS] === tick ? at - (tickAt[tick % TICKS] as number) : Infinity,
    truth: (at, truth) => {
      switch (truth.kind) {
        case 'heard':
          word.host = truth.host;
          word.age = at - truth.echoAt;
          word.sentAt = truth.sentAt;
          word.stalledMs = stall.totalMs;
          return;
        case 'stall':
          return noteStall(stall, at, truth.on, rules.lagMs);
        case 'agent':
          // It has listened for a while when it says that it is started.
          if (truth.is === 'started') return;
          forget();
          if (stall.since !== undefined) stall.since = at;
          stall.endAt = NEVER;
          stall.lengthMs = 0;
          stall.totalMs = 0;
          tickNo.fill(-1);
          return;
        default:
      }
    },
    step: (at, event, effects) => {
      // The first tick is issued with the process, before anything is told of it.
      if (tickNo[1] !== 1 && tickNo[2] === -1) issue(1, at);
      for (const effect of effects) {
        if (effect.kind === 'round') issue(effect.tick, at);
        if (effect.kind === 'news') noteSwitched(hosts, effect, effects);
      }
      hearEvent(hosts, media, at, event, word);
    },
  };
}

function hearEvent(
  hosts: readonly Ear[],
  media: readonly Listening[],
  at: number,
  event: Event,
  word: Word & { host: number },
): void {
  switch (event.kind) {
    case 'heard':
      if (event.opened.host === word.host) hearWord(hosts, at, event.opened, word);
      return;
    case 'listening':
      return noteListening(media[event.channel === 'mqtt' ? 0 : event.host], at, event.on);
    case 'ended': {
      const ear = hosts[event.host];
      if (ear !== undefined) ear.ways[event.channel].carried = false;
      return;
    }
    case 'modem': {
      const ear = hosts[event.host];
      if (ear !== undefined && event.line === 'asserted') ear.modem = true;
      return;
    }
    default:
  }
}

function newEar(rules: HostRules): Ear {
  const never = (): Hearing => ({
    freshAt: NEVER,
    stalledMs: 0,
    incarnation: 0,
    resumedAt: NEVER,
    carried: false,
    session: 0,
    seq: 0,
    seqAt: NEVER,
    beatAt: NEVER,
    beatSeq: 0,
    paced: 0,
  });
  return {
    rules,
    ways: { serial: never(), mqtt: never() },
    incarnation: 0,
    since: NEVER,
    missed: false,
    sickSince: Infinity,
    uselessAt: NEVER,
    doubtUntil: NEVER,
    doubtfulAt: NEVER,
    twoAgents: false,
    leavingUntil: NEVER,
    askedAt: NEVER,
    left: false,
    goesOff: false,
    modem: false,
  };
}

function noteStall(stall: Stall, at: number, on: boolean, lagMs: number): void {
  if (on) stall.since = at;
  if (on || stall.since === undefined) return;
  stall.lengthMs = at - stall.since;
  if (stall.lengthMs > lagMs) stall.totalMs += stall.lengthMs;
  stall.endAt = at;
  stall.since = undefined;
}

function newListening(): Listening {
  return { on: false, changedAt: NEVER, gapEndAt: NEVER, gapMs: 0 };
}

function noteListening(medium: Listening | undefined, at: number, on: boolean): void {
  if (medium === undefined || medium.on === on) return;
  if (on && medium.changedAt !== NEVER) {
    const lengthMs = at - medium.changedAt;
    // A shorter outage right after a longer one asks for less than that one does.
    if (lengthMs >= medium.gapMs || medium.gapEndAt < at - 2 * lengthMs) {
      medium.gapMs = lengthMs;
      medium.gapEndAt = at;
    }
  }
  medium.on = on;
  medium.changedAt = at;
}

const SWITCHED: ReadonlySet<string> = new Set([
  'fenced',
  'acknowledged',
  'restored',
  'unconfirmed',
]);

function noteSwitched(
  hosts: readonly Ear[],
  news: Effect & { kind: 'news' },
  effects: readonly Effect[],
): void {
  const ear = news.host === undefined ? undefined : hosts[news.host];
  // What was silent while nobody was to judge it has to be heard before its silence means anything.
  if (news.over === true && news.code === 'maintenance' && ear !== undefined) uncarry(ear);
  if (news.over === true && news.code === 'disabled') for (const one of hosts) uncarry(one);
  if (ear === undefined || news.over === true || !SWITCHED.has(news.code)) return;
  if (news.code !== 'fenced' || !isOfAnotherLife(ear, effects)) ear.missed = true;
}

/** By timeout a life ends and nothing is switched: the next one, which was heard already, goes on. */
function isOfAnotherLife({ rules, incarnation }: Ear, effects: readonly Effect[]): boolean {
  return effects.some(
    (effect) =>
      effect.kind === 'record' &&
      effect.record.host === rules.settings.name &&
      effect.record.proof === 'by-timeout' &&
      effect.record.incarnation !== incarnation,
  );
}

function uncarry(ear: Ear | undefined): void {
  if (ear === undefined) return;
  ear.ways.serial.carried = false;
  ear.ways.mqtt.carried = false;
}

type Opened = (Event & { kind: 'heard' })['opened'];

function hearWord(hosts: readonly Ear[], at: number, opened: Opened, word: Word): void {
  const ear = hosts[opened.host];
  if (ear === undefined || !('echo' in opened) || opened.channel === 'socket') return;
  const way = ear.ways[opened.channel];
  const { freshMs } = ear.rules;
  if (word.age > ear.rules.atLeast(freshMs)) {
    ear.doubtfulAt = at;
    if (word.age > freshMs) hearStale(ear, way, at, opened, word.sentAt);
    return;
  }
  if (opened.kind === 'beat') noteFlags(ear, at, opened.flags);
  if (isUseless(ear, at, opened.kind)) {
    ear.uselessAt = at;
    return;
  }
  if (ear.incarnation !== opened.incarnation) {
    for (const name of WAYS) if (name !== opened.channel) ear.ways[name].carried = false;
    ear.incarnation = opened.incarnation;
    ear.since = at;
    ear.left = false;
    ear.leavingUntil = NEVER;
    ear.goesOff = false;
  }
  ear.missed = false;
  if (at - way.freshAt > ear.rules.soonMs) way.resumedAt = at;
  way.freshAt = at;
  way.stalledMs = word.stalledMs;
  way.incarnation = opened.incarnation;
  way.carried = true;
  if (opened.kind === 'beat') notePace(ear, way, at, opened);
  way.session = opened.session;
  way.seq = opened.seq;
  way.seqAt = at;
  const stays = opened.kind === 'beat' && (opened.flags & STAYS) !== 0;
  if (stays && at - word.age > ear.askedAt) ear.leavingUntil = Math.min(ear.leavingUntil, at);
  noteLeave(ear, at, opened);
}

function notePace(
  { rules }: Ear,
  way: Hearing,
  at: number,
  { session, seq }: { session: number; seq: number },
): void {
  const sinceMs = at - way.beatAt;
  const isSame = way.session === session;
  const inTime = isSame && sinceMs <= 1.3 * rules.keepaliveMs * (seq - way.beatSeq);
  way.paced = inTime ? way.paced + 1 : 0;
  way.beatAt = at;
  way.beatSeq = seq;
}

function noteFlags(ear: Ear, at: number, flags: number): void {
  ear.twoAgents = (flags & TWO_AGENTS) !== 0;
  if ((flags & SICK) === 0) ear.sickSince = Infinity;
  else if (ear.sickSince === Infinity) ear.sickSince = at;
}

const SPEAKS: ReadonlySet<string> = new Set(['beat', 'kick', 'claim', 'release']);

/** Where the user wants it so, a host that calls itself sick for long is not heard any more. */
function isUseless(ear: Ear, at: number, kind: string): boolean {
  const { sick } = ear.rules.settings;
  if (sick === undefined || !SPEAKS.has(kind)) return false;
  return at - ear.sickSince >= ear.rules.atLeast(sick.timeMs);
}

function noteLeave(ear: Ear, at: number, opened: Opened): void {
  switch (opened.kind) {
    case 'leaving':
      ear.goesOff = opened.reason === 'off';
      ear.askedAt = at;
      if (opened.reason === 'stop-failed') ear.leavingUntil = NEVER;
      else if (ear.leavingUntil < at && !ear.left) {
        ear.leavingUntil = at + ear.rules.atLeast(Math.min(opened.returnByS * 1_000, LEAVE_MAX_MS));
      }
      return;
    case 'left':
      ear.goesOff = opened.reason === 'off';
      ear.left = true;
      ear.leavingUntil = NEVER;
      for (const name of WAYS) ear.ways[name].carried = false;
      return;
    case 'beat':
    case 'kick':
    case 'claim':
    case 'release':
      ear.left = false;
      if (ear.leavingUntil < at) ear.goesOff = false;
      return;
    default:
  }
}

/** Sent a moment ago, by a counter that kept up with time: it lives and does not hear us. */
function hearStale(ear: Ear, way: Hearing, at: number, opened: Opened, sentAt: number): void {
  if (!('seq' in opened) || way.session !== opened.session || !way.carried) return;
  const { keepaliveMs, freshMs, deadMs } = ear.rules;
  const behindMs = at - way.seqAt - (opened.seq - way.seq) * keepaliveMs;
  if (at - sentAt > freshMs || behindMs > freshMs) return;
  ear.doubtUntil = Math.max(ear.doubtUntil, at + ear.rules.atLeast(deadMs));
}

/** An order from a key that is bound to a host, made a moment ago, is a sign of life of that host. */
export function doubtByOrder(
  all: Ears,
  at: number,
  event: Event,
  effects: readonly Effect[],
): void {
  if (event.kind !== 'order') return;
  const { boundTo } = event.order.from;
  const ear = boundTo === undefined ? undefined : all.hosts[boundTo];
  if (ear !== undefined) ear.doubtfulAt = at;
  if (ear === undefined || all.ageOf(event.order.tick, at) > ear.rules.atLeast(ear.rules.freshMs))
    return;
  const isStale = effects.some(
    (effect) => effect.kind === 'answer' && effect.answer.outcome === 'stale',
  );
  if (!isStale) ear.doubtUntil = Math.max(ear.doubtUntil, at + ear.rules.atLeast(ear.rules.deadMs));
}

/** For how long the board has surely listened, at the most, since it heard the host last. */
export function quietMs({ stall }: Ears, { ways: { serial, mqtt } }: Ear, at: number): number {
  const since = (way: Hearing): number => at - way.freshAt - (stall.totalMs - way.stalledMs);
  return Math.min(since(serial), since(mqtt));
}

/** When the host was surely heard last, on any channel. */
export function heardAt(ear: Ear): number {
  return Math.max(ear.ways.serial.freshAt, ear.ways.mqtt.freshAt);
}
