/**
 * Groups of resources on this host: asking for one, holding it, giving it back (S15).
 *
 * The services of a group may start only where the board has just said so, in answer to this host's
 * own claim; and nobody else may be given the group until this host has said that they are stopped,
 * or is off. Both ends forget: the board in a restart, a shim when it is killed. So what is held lies
 * on disk before anybody is told of it, every new session begins with a report, and whatever the two
 * ends believe differently is settled towards "it may be held".
 *
 * Every word has a turn, larger than any before in this life of the host, restarts of the shim
 * included: it counts tenths of a second since the boot, and words are at least as far apart. A GRANT
 * is taken only if it answers a word of the present wish, sent less than the shortest freshness limit
 * ago that the board can have, if no session began since that word, and while one life of the board is
 * in contact and no other: what a life before it granted, the present one does not know of. A wish that
 * is given up becomes a release, so that a GRANT which is late or lost leaves nothing behind.
 *
 * | a group is         | event                          | then                                     |
 * |--------------------|--------------------------------|------------------------------------------|
 * | free, unsure, held | claim                          | claimed again and again until granted    |
 * | free               | unclaim                        | released again and again until answered  |
 * | unsure, held       | unclaim                        | as it was, and asked for no more         |
 * | any                | release                        | free; released until answered            |
 * | any, claimed       | granted                        | held: recorded, then told                |
 * | any, claimed       | held, waiting, refused         | told; claimed on                         |
 * | unsure             | the board says that it is held | held: this shim found no record          |
 * | free               | the board says that it is held | released: its GRANT was never heard      |
 * | unsure             | the board says that is all     | free                                     |
 *
 * A report is a claim of group 0, repeated until the board answers that it knows of nothing more.
 * Where no record was found, groups are unsure, and nothing is claimed until that answer; where one was
 * found that cannot be read, each group of the configuration counts as held, until somebody who has
 * looked releases it.
 */

import type { GroupAnswer } from '../../protocol/wire/groups.ts';
import { GROUPS_HELD_MAX } from '../../protocol/wire/groups.ts';
import type { Instant } from '../../protocol/wire/instant.ts';

import { sameNonce } from '../../protocol/wire/session/derive.ts';
import type { HostEvent, HostNews } from '../../protocol/wire/session/host.ts';
import { GROUP_WORD_GAP_MS } from './limits.ts';

/** What the shim before this one, in the same life of the host, left behind. */
export type Remembered = { at: 'read'; held: readonly number[] } | { at: 'none' | 'unreadable' };

export interface GroupsSetup {
  /** Numbers of the groups in the configuration; without any, nothing is said of groups. */
  configured: readonly number[];
  remembered: Remembered;
}

type Hold = 'free' | 'unsure' | 'held';

interface Wish {
  kind: 'claim' | 'release';
  /** The first turn that may answer to it. */
  fromTurn: number;
}

/** Owned by the shim's core; changed by the functions of this file only. */
export interface Groups {
  isOn: boolean;
  /** What a group is that was never spoken of. */
  unspoken: 'free' | 'unsure';
  holds: Map<number, Hold>;
  wishes: Map<number, Wish>;
  /** Lives of the board that have not answered a report since their last new session. */
  unreported: Uint8Array[];
  turn: number;
  /** Words sent within the freshness limit, oldest first. */
  sent: { turn: number; group: number; at: Instant }[];
  /** When each group, 0 for the report, was spoken of last; and any at all. */
  saidAt: Map<number, Instant>;
  spokeAt: Instant;
  beaconMs: number;
  freshMs: number;
}

export type GroupsEvent = { kind: 'claim' | 'unclaim' | 'release'; group: number };

export type GroupsEffect =
  /** To be on disk before the next effect: all that is held now. */
  | { kind: 'hold'; held: number[] }
  /** What the board says; `granted` and `released` are final. `holder` is another host's number. */
  | { kind: 'group'; group: number; answer: GroupAnswer; holder: number }
  /** The board believes that this host holds it, and this shim found no record. */
  | { kind: 'found'; group: number };

/** `keepaliveMs` decides what is the shortest freshness limit that the board can have. */
export function newGroups(
  { configured, remembered }: GroupsSetup,
  keepaliveMs: number,
  beaconMs: number,
): Groups {
  const held = remembered.at === 'read' ? remembered.held : configured;
  const isSure = remembered.at !== 'none';
  return {
    isOn: configured.length > 0 || (remembered.at === 'read' && held.length > 0),
    unspoken: isSure ? 'free' : 'unsure',
    holds: new Map(isSure ? held.map((group) => [group, 'held']) : []),
    wishes: new Map(),
    unreported: [],
    turn: 0,
    sent: [],
    saidAt: new Map(),
    spokeAt: Number.NEGATIVE_INFINITY,
    beaconMs,
    freshMs: Math.max(2 * beaconMs, Math.min(keepaliveMs, 5_000)),
  };
}

/** Ascending. */
export function heldGroups({ holds }: Groups): number[] {
  const held = [...holds].flatMap(([group, hold]) => (hold === 'held' ? [group] : []));
  return held.sort((a, b) => a - b);
}

/** Whether LEFT would be a lie: something is held, or nobody knows yet. */
export function mayHold(groups: Groups): boolean {
  const { isOn, unspoken, wishes } = groups;
  return isOn && (unspoken === 'unsure' || wishes.size > 0 || heldGroups(groups).length > 0);
}

/** Whether the board's answer to a report or a release may still come. */
export function isSettling({ isOn, unspoken, unreported, wishes }: Groups): boolean {
  return isOn && (wishes.size > 0 || (unspoken === 'unsure' && unreported.length > 0));
}

/** Takes what a local program wants. */
export function wishGroup(groups: Groups, { kind, group }: GroupsEvent): GroupsEffect[] {
  const { wishes, holds } = groups;
  const was = wishes.get(group)?.kind;
  const hold = holdOf(groups, group);
  const isHeld = hold === 'held';
  if (kind === 'unclaim' && was !== 'claim') return [];
  if (kind === 'claim' && !isHeld && was !== 'claim' && isFull(groups)) {
    return [{ kind: 'group', group, answer: 'refused', holder: 0 }];
  }
  groups.isOn = true;
  if (kind === 'unclaim' && hold !== 'free') {
    wishes.delete(group);
    return [];
  }
  const word = kind === 'claim' ? 'claim' : 'release';
  if (was !== word) {
    wishes.set(group, { kind: word, fromTurn: groups.turn + 1 });
    // A new wish waits for no repetition of an old one.
    groups.saidAt.delete(group);
  }
  if (kind !== 'release') return [];
  holds.set(group, 'free');
  return [{ kind: 'hold', held: heldGroups(groups) }];
}

/** No claim could list more, should all that is asked for be granted. */
function isFull({ holds, wishes }: Groups): boolean {
  const all = [...new Set([...holds.keys(), ...wishes.keys()])];
  const mayCome = (group: number): boolean =>
    holds.get(group) === 'held' || wishes.get(group)?.kind === 'claim';
  return all.filter(mayCome).length >= GROUPS_HELD_MAX;
}

/** Nothing more is asked for: what is not held is given back. */
export function giveUpClaims(groups: Groups): void {
  for (const group of [...groups.wishes.keys()]) wishGroup(groups, { kind: 'unclaim', group });
}

/** Takes what a session hears; `lives` of the board are in contact now. */
export function hearGroups(
  groups: Groups,
  news: HostNews,
  lives: () => readonly Uint8Array[],
  now: Instant,
): GroupsEffect[] {
  if (news.kind === 'session' && groups.isOn) {
    // The life before may have granted what this one will not know: its answers come too late now.
    groups.sent = [];
    groups.unreported = [...groups.unreported.filter((life) => isOther(life, news)), news.aNonce];
    groups.saidAt.delete(0);
  }
  if (news.kind !== 'grant') return [];
  const { turn, group } = news;
  const asked = groups.sent.find((word) => word.turn === turn && now - word.at <= groups.freshMs);
  if (asked?.group === 0) return hearReported(groups, news);
  const wish = groups.wishes.get(group);
  if (asked?.group !== group || wish === undefined || turn < wish.fromTurn) return [];
  return hearAnswer(groups, wish, news, lives);
}

type Grant = HostNews & { kind: 'grant' };

function hearAnswer(
  groups: Groups,
  wish: Wish,
  { aNonce, group, answer, holder }: Grant,
  lives: () => readonly Uint8Array[],
): GroupsEffect[] {
  const told: GroupsEffect = { kind: 'group', group, answer, holder };
  if (wish.kind === 'release') {
    if (answer !== 'released') return [];
    groups.wishes.delete(group);
    return [told];
  }
  if (answer === 'released' || answer === 'reported') return [];
  if (answer !== 'granted') return [told];
  // Two lives of the board, each of which may believe that it alone grants.
  if (lives().some((life) => !sameNonce(life, aNonce))) return [];
  groups.wishes.delete(group);
  return [...holdNow(groups, group), told];
}

function hearReported(groups: Groups, grant: Grant): GroupsEffect[] {
  const { group, answer } = grant;
  if (answer === 'reported') {
    groups.unreported = groups.unreported.filter((life) => isOther(life, grant));
    if (groups.unspoken === 'free') return [];
    groups.unspoken = 'free';
    return [{ kind: 'hold', held: heldGroups(groups) }];
  }
  if (answer !== 'granted') return [];
  const hold = holdOf(groups, group);
  if (hold === 'unsure') return [...holdNow(groups, group), { kind: 'found', group }];
  // Where there is a wish, its answer settles it.
  const isOpen = hold === 'held' || groups.wishes.has(group);
  return isOpen ? [] : wishGroup(groups, { kind: 'release', group });
}

function holdNow(groups: Groups, group: number): GroupsEffect[] {
  groups.holds.set(group, 'held');
  return [{ kind: 'hold', held: heldGroups(groups) }];
}

function holdOf({ holds, unspoken }: Groups, group: number): Hold {
  return holds.get(group) ?? unspoken;
}

function isOther(life: Uint8Array, { aNonce }: { aNonce: Uint8Array }): boolean {
  return !sameNonce(life, aNonce);
}

type Word = HostEvent & { kind: 'claim' | 'release' };

/** The next word, if it is time for one: what waits longest, each once in T. `lives` have a session. */
export function nextGroupWord(
  groups: Groups,
  lives: () => readonly Uint8Array[],
  now: Instant,
): Word | undefined {
  // The turns of the shim before this one end a moment before this one begins.
  if (groups.spokeAt === Number.NEGATIVE_INFINITY) groups.spokeAt = now;
  if (groups.unreported.length > 0) {
    const standing = lives();
    const stands = (one: Uint8Array): boolean => standing.some((life) => sameNonce(life, one));
    groups.unreported = groups.unreported.filter(stands);
  }
  const next = nextOf(groups);
  if (next === undefined || now < dueOf(groups, next.at)) return undefined;
  const { group } = next;
  const turn = Math.max(groups.turn + 1, Math.floor(now / GROUP_WORD_GAP_MS));
  groups.turn = turn;
  groups.spokeAt = now;
  groups.saidAt.set(group, now);
  const recent = groups.sent.filter(({ at }) => now - at <= groups.freshMs);
  groups.sent = [...recent, { turn, group, at: now }];
  if (groups.wishes.get(group)?.kind === 'release') return { kind: 'release', turn, group };
  return { kind: 'claim', turn, group, held: heldGroups(groups) };
}

const WISHED = { claim: 'claimed', release: 'releasing' } as const;
export type GroupState = Hold | 'claimed' | 'releasing';
export type GroupStates = { group: number; state: GroupState }[];

/** How it stands with each group that was spoken of, or is in `configured`. */
export function groupStates(groups: Groups, configured: readonly number[]): GroupStates {
  const all = new Set([...configured, ...groups.holds.keys(), ...groups.wishes.keys()]);
  return [...all].map((group) => {
    const wish = groups.wishes.get(group)?.kind;
    const hold = holdOf(groups, group);
    return { group, state: hold === 'held' || wish === undefined ? hold : WISHED[wish] };
  });
}

/** When a word is due; infinite while there is none. */
export function groupsDueAt(groups: Groups): Instant {
  const next = nextOf(groups);
  return next === undefined ? Number.POSITIVE_INFINITY : dueOf(groups, next.at);
}

/** What was said longest ago, or never. */
function nextOf(groups: Groups): { group: number; at: Instant } | undefined {
  const { wishes, unreported, saidAt, unspoken } = groups;
  if (wishes.size === 0 && unreported.length === 0) return undefined;
  const wanted = unreported.length > 0 ? [0] : [];
  for (const [group, { kind }] of wishes) {
    if (kind === 'release' || unspoken === 'free') wanted.push(group);
  }
  let next: { group: number; at: Instant } | undefined;
  for (const group of wanted) {
    const at = saidAt.get(group) ?? Number.NEGATIVE_INFINITY;
    if (next === undefined || at < next.at) next = { group, at };
  }
  return next;
}

function dueOf({ beaconMs, spokeAt }: Groups, saidAt: Instant): Instant {
  return Math.max(saidAt + beaconMs, spokeAt + Math.max(beaconMs / 2, GROUP_WORD_GAP_MS));
}
