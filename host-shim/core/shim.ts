/**
 * When a host beats, and how it takes its leave.
 *
 * The board cuts the power of a host that falls silent on every channel, so nothing that goes wrong
 * on one channel may quieten the other. Each channel therefore has a session of its own, with its
 * own deadlines; one that is lost or clogged is skipped, never waited for. What the sessions share
 * is only the echo, the proof that this host heard the board lately.
 *
 * Leaving in order takes two words. LEAVING asks for grace and beats go on; LEFT ends the
 * membership, and is only said after everything that the host had promised to hold was stopped: not
 * while a group of resources is held, or may be (groups.ts), and else at once after the answer to
 * LEAVING, or when the wait for it is over. The sessions repeat an unanswered word; a board that never answers is not waited for
 * longer than `LEAVE_WAIT_MS` a word, and once it answered on one channel it knows: a clogged one
 * is then given `LEAVE_OTHERS_MS` more. Where this machine restarts if it ends unheard (a self-fence
 * stands), it is patient: a moment without contact is waited out, `LEAVE_PATIENT_MS` a word.
 *
 * | state   | event                          | next    | effects                     |
 * |---------|--------------------------------|---------|-----------------------------|
 * | serving | leave, the board is in contact | leaving | LEAVING on every channel    |
 * | serving | leave, patient                 | leaving | the same, in contact or not |
 * | serving | leave, no contact anywhere     | gone    | gone, untold                |
 * | leaving | all answered, or wait over     | parting | LEFT on every channel       |
 * | leaving | the same, and it may hold a group | gone | gone, untold                |
 * | parting | all answered, or wait over     | gone    | gone                        |
 * | leaving, parting, gone | leave           | same    | none                        |
 * | gone    | any                            | gone    | none                        |
 *
 * The board's watchdog timer, where the configuration has one, is armed on every channel before it
 * has a session: each new session then says so again by itself. Taking leave disarms it, unless it
 * is `nowayout`, or the machine goes off: then its expiry is what ends a shutdown that hangs. Kicks
 * of a local program are counted, at most one a keepalive, so that the four bits of the count that
 * beats carry never go round unheard; one that comes sooner waits.
 *
 * Frames, `up`, `lost` and due words pass to the session of their channel until the shim is gone.
 * Pure but for the sessions, which this file alone steps: time and nonces come in as arguments.
 */
import type { Crypto } from '../../protocol/wire/crypto.ts';
import type { Instant } from '../../protocol/wire/instant.ts';
import type { KeyRing } from '../../protocol/wire/keys.ts';
import type { Channel, LeaveReason } from '../../protocol/wire/messages.ts';
import {
  echoCell,
  type HostEvent,
  type HostNews,
  type HostSession,
  type HostStep,
  hostSession,
  stepHostSession,
} from '../../protocol/wire/session/host.ts';
import { isMissing } from '../../protocol/wire/session/host-state.ts';
import { encodeTimer, type TimerSettings } from '../../protocol/wire/timer.ts';
import {
  type Groups,
  type GroupsEffect,
  type GroupsEvent,
  type GroupsSetup,
  giveUpClaims,
  groupsDueAt,
  hearGroups,
  isSettling,
  mayHold,
  newGroups,
  nextGroupWord,
  wishGroup,
} from './groups.ts';
import { LEAVE_OTHERS_MS, LEAVE_PATIENT_MS, LEAVE_WAIT_MS } from './limits.ts';

export interface ShimSetup {
  crypto: Crypto;
  ring: KeyRing;
  host: number;
  hostName: string;
  agent: number;
  incarnation: number;
  keepaliveMs: number;
  channels: readonly Channel[];
  timer?: TimerSettings;
  groups?: GroupsSetup;
}

export type ShimEvent =
  | GroupsEvent
  | { kind: 'up'; channel: Channel }
  | { kind: 'lost'; channel: Channel }
  | { kind: 'frame'; channel: Channel; bytes: Uint8Array }
  | { kind: 'due' }
  /** Flags of every beat from now on; a new one is said at once. */
  | { kind: 'flags'; flags: number }
  /** What ends this life without contact, in units of the wire. */
  | { kind: 'pledge'; timeout: number; watchdog: number; flags: number }
  /** A local program says that it is well. */
  | { kind: 'kick' }
  /** `returnByS` is at most 600; `patient` where it matters much to be heard. */
  | { kind: 'leave'; reason: LeaveReason; returnByS: number; patient?: boolean };

export type ShimEffect =
  | { kind: 'send'; channel: Channel; frame: Uint8Array }
  | { kind: 'news'; channel: Channel; news: HostNews }
  | GroupsEffect
  /** Nothing more will be said; `told` when the board acknowledged LEFT on some channel. */
  | { kind: 'gone'; told: boolean };

type Stage =
  | { at: 'serving' }
  | { at: 'leaving'; reason: LeaveReason; untilAt: Instant; settledBy: Instant; patient: boolean }
  | { at: 'parting'; untilAt: Instant; patient: boolean }
  | { at: 'gone' };

interface Leg {
  channel: Channel;
  session: HostSession;
  open: boolean;
  /** A session stands and its ALIVEs come. */
  inContact: boolean;
  leavingSeen: boolean;
  leftSeen: boolean;
  dueAt: Instant;
}

/** Owned by `stepShim`; nobody else reads or changes it. */
export interface Shim {
  stage: Stage;
  legs: Leg[];
  timer: TimerSettings | undefined;
  kicks: Kicks;
  groups: Groups;
}

interface Kicks {
  count: number;
  /** At most one kick is counted in this time. */
  gapMs: number;
  countedAt: Instant;
  waits: boolean;
}

export interface ShimStep {
  effects: ShimEffect[];
  /** When a `due` event is wanted; infinite when there is nothing left to do. */
  dueAt: Instant;
}

/** Makes the shim of one host; no channel is open yet. */
export function newShim(setup: ShimSetup): Shim {
  const { channels, timer, groups = NO_GROUPS, ...common } = setup;
  const echo = echoCell();
  const beaconMs = Math.min(setup.keepaliveMs, 1_000);
  const legs = channels.map((channel): Leg => {
    const session = hostSession({ ...common, beaconMs, echo, channel });
    const nothing = { open: false, inContact: false, leavingSeen: false, leftSeen: false };
    return { channel, session, ...nothing, dueAt: Number.POSITIVE_INFINITY };
  });
  if (timer !== undefined) {
    const wish = { kind: 'timer', op: 'timer-set', args: encodeTimer(timer) } as const;
    // No channel is open yet, so nothing is sent; each session begins with it.
    for (const { session } of legs) stepHostSession(session, wish, 0, () => new Uint8Array());
  }
  const countedAt = Number.NEGATIVE_INFINITY;
  const kicks = { count: 0, gapMs: setup.keepaliveMs, countedAt, waits: false };
  const held = newGroups(groups, setup.keepaliveMs, beaconMs);
  return { stage: { at: 'serving' }, legs, timer, kicks, groups: held };
}

const NO_GROUPS: GroupsSetup = { configured: [], remembered: { at: 'read', held: [] } };

/** Takes one event; changes `shim` in place, because its sessions cannot be copied. */
export function stepShim(
  shim: Shim,
  event: ShimEvent,
  now: Instant,
  draw: () => Uint8Array,
): ShimStep {
  const effects: ShimEffect[] = [];
  const tell = (leg: Leg, heard: HostEvent): void => {
    const { channel } = leg;
    const { send, news } = stepLeg(leg, heard, now, draw);
    for (const frame of send) effects.push({ kind: 'send', channel, frame });
    for (const one of news) {
      effects.push({ kind: 'news', channel, news: one });
      effects.push(...hearGroups(shim.groups, one, () => inContact(shim, now), now));
    }
  };
  if (shim.stage.at !== 'gone') {
    if (event.kind === 'leave') startLeaving(shim, event, now, tell);
    else if (event.kind === 'kick') shim.kicks.waits = true;
    else if (isOfGroups(event)) effects.push(...wish(shim, event));
    else if (event.kind === 'flags' || event.kind === 'pledge')
      for (const leg of shim.legs) tell(leg, event);
    else if (event.kind === 'due') for (const leg of dueLegs(shim, now)) tell(leg, { kind: 'due' });
    else onChannel(shim, event, tell);
    countKick(shim, now, tell);
    sayOfGroups(shim, now, tell);
    goOnLeaving(shim, now, tell, effects);
  }
  return { effects, dueAt: nextDue(shim) };
}

function countKick({ kicks, legs }: Shim, now: Instant, tell: Tell): void {
  if (!kicks.waits || now - kicks.countedAt < kicks.gapMs) return;
  kicks.waits = false;
  kicks.countedAt = now;
  kicks.count = (kicks.count + 1) & 0xff;
  for (const leg of legs) tell(leg, { kind: 'kick', count: kicks.count });
}

function isOfGroups(event: ShimEvent): event is GroupsEvent {
  return event.kind === 'claim' || event.kind === 'unclaim' || event.kind === 'release';
}

function wish({ groups, stage }: Shim, event: GroupsEvent): ShimEffect[] {
  const isLate = event.kind === 'claim' && stage.at !== 'serving';
  if (!isLate) return wishGroup(groups, event);
  return [{ kind: 'group', group: event.group, answer: 'refused', holder: 0 }];
}

/** On every channel at once: the board takes the first that comes, and the turn tells it the rest. */
function sayOfGroups(shim: Shim, now: Instant, tell: Tell): void {
  if (shim.stage.at === 'parting') return;
  const lives = (): Uint8Array[] =>
    shim.legs.flatMap(({ session }) => session.standing.map(({ aNonce }) => aNonce));
  const word = nextGroupWord(shim.groups, lives, now);
  if (word !== undefined) for (const leg of shim.legs) tell(leg, word);
}

/** Lives of the board that answer on any channel; one of them may be there more than once. */
function inContact({ legs }: Shim, now: Instant): Uint8Array[] {
  return legs.flatMap(({ session }) =>
    session.standing.flatMap((own) => (isMissing(session, own, now) ? [] : [own.aNonce])),
  );
}

type Tell = (leg: Leg, event: HostEvent) => void;

function stepLeg(leg: Leg, event: HostEvent, now: Instant, draw: () => Uint8Array): HostStep {
  const step = stepHostSession(leg.session, event, now, draw);
  leg.dueAt = step.dueAt;
  for (const { kind } of step.news) {
    if (kind === 'session' || kind === 'contact') leg.inContact = true;
    if (kind === 'no-contact') leg.inContact = false;
    if (kind === 'leaving-acknowledged') leg.leavingSeen = true;
    if (kind === 'left-acknowledged') leg.leftSeen = true;
  }
  return step;
}

function onChannel(
  shim: Shim,
  event: Exclude<ShimEvent, GroupsEvent | { kind: 'due' | 'kick' | 'leave' | 'flags' | 'pledge' }>,
  tell: Tell,
): void {
  const leg = shim.legs.find(({ channel }) => channel === event.channel);
  if (leg === undefined) return;
  if (event.kind === 'up') leg.open = true;
  if (event.kind === 'lost') leg.open = false;
  tell(leg, event.kind === 'frame' ? { kind: 'frame', bytes: event.bytes } : { kind: event.kind });
}

/** A lost channel is asked, too: it has nothing to say, and notices that its board is gone. */
function dueLegs({ legs }: Shim, now: Instant): Leg[] {
  return legs.filter(({ dueAt }) => dueAt <= now);
}

/** Only a session that stands, on a channel that is open, can carry a word. */
function speakers(shim: Shim): Leg[] {
  return shim.legs.filter(({ open, inContact }) => open && inContact);
}

/** Who is told of our leave: a session without contact keeps the word for when it has some. */
function audience(shim: Shim, patient: boolean): Leg[] {
  return patient ? shim.legs : speakers(shim);
}

/** Whose answers are waited for. */
function awaited(shim: Shim, patient: boolean): Leg[] {
  const legs = speakers(shim);
  return patient && legs.length === 0 ? shim.legs : legs;
}

function waitEnd(patient: boolean, now: Instant): Instant {
  return now + (patient ? LEAVE_PATIENT_MS : LEAVE_WAIT_MS);
}

function startLeaving(
  shim: Shim,
  { reason, returnByS, patient = false }: Extract<ShimEvent, { kind: 'leave' }>,
  now: Instant,
  tell: Tell,
): void {
  if (shim.stage.at !== 'serving') return;
  giveUpClaims(shim.groups);
  const untilAt = waitEnd(patient, now);
  shim.stage = { at: 'leaving', reason, untilAt, settledBy: untilAt, patient };
  const { timer } = shim;
  const disarms = timer !== undefined && !timer.nowayout && reason !== 'off';
  const off = { kind: 'timer', op: 'timer-off', args: new Uint8Array() } as const;
  for (const leg of audience(shim, patient)) {
    if (disarms) tell(leg, off);
    tell(leg, { kind: 'leave', reason, returnByS });
  }
}

function goOnLeaving(shim: Shim, now: Instant, tell: Tell, effects: ShimEffect[]): void {
  const { stage } = shim;
  if (stage.at === 'leaving') {
    if (!isOver(stage, awaited(shim, stage.patient), 'leavingSeen', now)) return;
    if (isSettling(shim.groups) && now < stage.settledBy) return;
    if (mayHold(shim.groups)) return finish(shim, effects);
    part(shim, stage, now, tell);
  }
  // `part` may have changed the stage, and with nobody to speak to there is nothing to wait for.
  if (shim.stage.at !== 'parting') return;
  const { patient } = shim.stage;
  if (isOver(shim.stage, awaited(shim, patient), 'leftSeen', now)) finish(shim, effects);
}

/** All have answered, or the wait is over; the first answer shortens it for the others. */
function isOver(
  wait: { untilAt: Instant },
  legs: Leg[],
  answer: 'leavingSeen' | 'leftSeen',
  now: Instant,
): boolean {
  const answered = legs.filter((leg) => leg[answer]).length;
  if (answered > 0) wait.untilAt = Math.min(wait.untilAt, now + LEAVE_OTHERS_MS);
  return answered === legs.length || now >= wait.untilAt;
}

function part(
  shim: Shim,
  { reason, patient }: { reason: LeaveReason; patient: boolean },
  now: Instant,
  tell: Tell,
): void {
  shim.stage = { at: 'parting', untilAt: waitEnd(patient, now), patient };
  for (const leg of audience(shim, patient)) tell(leg, { kind: 'leftNow', reason });
}

function finish(shim: Shim, effects: ShimEffect[]): void {
  effects.push({ kind: 'gone', told: shim.legs.some(({ leftSeen }) => leftSeen) });
  shim.stage = { at: 'gone' };
}

function nextDue({ stage, legs, kicks, groups }: Shim): Instant {
  if (stage.at === 'gone') return Number.POSITIVE_INFINITY;
  const wanted = legs.map(({ dueAt }) => dueAt);
  if (stage.at !== 'parting') wanted.push(groupsDueAt(groups));
  if (kicks.waits) wanted.push(kicks.countedAt + kicks.gapMs);
  if (stage.at !== 'serving') {
    const waits = stage.at === 'leaving' && isSettling(groups);
    wanted.push(waits ? stage.settledBy : stage.untilAt);
  }
  return Math.min(...wanted);
}
