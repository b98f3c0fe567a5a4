/**
 * Groups of resources: what may run on one host only (S15).
 *
 * A host starts the resources of a group, its own included, only on our GRANT in answer to its fresh
 * claim, so all that is ever asked here is who may hold a group now. It is held until its holder
 * released it, left, was proven off, was answered for by hand, or lives anew. Silence frees nothing,
 * and neither does a report: a shim may have lost its record, so what it lists is only added.
 *
 * What we know is in memory. After our own start nothing is granted until every other host of the
 * group has reported, left, or ended by proof, in this life of the agent; disk never grants. The words
 * of one life of a host have turns: a lower one was overtaken on a faster channel and does nothing,
 * the same one on a second channel is answered again. A stale word adds what it lists, and no more.
 *
 * | a fresh claim                                            | answer                      |
 * |----------------------------------------------------------|-----------------------------|
 * | of a group that is not its own, or by a host that leaves, is frozen or cut | refused   |
 * | while a host of the group hears two agents               | refused                     |
 * | another host holds the group                             | held, by that one           |
 * | of another host of the group nobody knows what it holds  | waiting, for that one       |
 * | else                                                     | granted                     |
 * | of no group, and we believe that it holds one more than it lists | granted, that group |
 * | of no group                                              | reported                    |
 *
 * The last but one tells a shim without its record what it held, and one that never heard our GRANT
 * what to give back.
 */

import type { GroupAnswer } from '../../protocol/wire/groups.ts';
import type { Instant } from '../../protocol/wire/instant.ts';
import type { OpenedClaim, OpenedLeft, OpenedRelease } from '../../protocol/wire/session/agent.ts';
import type { GroupView } from '../../protocol/wire/view.ts';
import { clear, type News, raise } from './alarms.ts';
import type { Board, Host } from './board.ts';
import type { Effect } from './events.ts';
import type { BoardSettings, GroupSettings } from './settings.ts';
import { tell } from './words.ts';

export interface Group {
  settings: GroupSettings;
  /** More than one only where hosts report what was never granted to both. */
  holders: Holder[];
}

interface Holder {
  host: number;
  incarnation: number;
  /** The tick that was out when it was granted, or listed last. */
  tick: number;
}

/** What a host has said about groups in this life of the agent. */
export interface GroupWords {
  /** Everything that it may hold is known. */
  isKnown: boolean;
  latest?: { incarnation: number; turn: number; said?: Said };
  /** What people were told last of a claim that came to nothing. */
  told?: string;
}

interface Said {
  group: number;
  answer: GroupAnswer;
  holder: number;
}

/** Absent where no group is configured. */
export function newGroups({ groups = [] }: BoardSettings): Pick<Board, 'groups'> {
  if (groups.length === 0) return {};
  return { groups: new Map(groups.map((it) => [it.group, { settings: it, holders: [] }])) };
}

/** Takes a word about groups; one that is not fresh gets no answer. */
export function hearForGroups(
  board: Board,
  host: Host,
  word: OpenedClaim | OpenedRelease,
  fresh: boolean,
  now: Instant,
): Effect[] {
  const words: GroupWords = { isKnown: false, ...host.groups };
  const { latest } = words;
  const { incarnation, turn, group } = word;
  if (latest?.incarnation === incarnation && turn <= latest.turn) {
    return fresh && turn === latest.turn ? answer(word, latest.said) : [];
  }
  if (board.groups !== undefined) host.groups = words;
  words.latest = { incarnation, turn };
  const effects = word.kind === 'claim' ? list(board, host, word, now) : [];
  if (!fresh) return effects;
  if (word.kind === 'release') {
    effects.push(...drop(board, host, (_, held) => held === group, 'it released it', now));
    words.latest.said = { group, answer: 'released', holder: 0 };
    return [...effects, ...answer(word, words.latest.said)];
  }
  words.isKnown = true;
  const { why, ...said } = group === 0 ? unlisted(board, host, word) : decide(board, host, group);
  words.latest.said = said;
  if (group !== 0) effects.push(...tellClaim(board, host, words, { ...said, why }));
  return [...effects, ...answer(word, said)];
}

/** A host that left stopped everything; what was granted or listed since it spoke is not meant. */
export function leaveGroups(board: Board, host: Host, left: OpenedLeft, now: Instant): Effect[] {
  if (board.groups !== undefined) host.groups = { ...host.groups, isKnown: true };
  return drop(board, host, ({ tick }) => tick < left.echo, 'it left', now);
}

/** It was proven off, or a person answers for it: whatever lived there holds nothing. */
export function endGroups(board: Board, host: Host, why: string, now: Instant): Effect[] {
  if (board.groups !== undefined) host.groups = { ...host.groups, isKnown: true };
  return drop(board, host, () => true, why, now);
}

/** Only one life of a host goes on: what those before it held is free. */
export function groupsOfLife(
  board: Board,
  host: Host,
  incarnation: number,
  now: Instant,
): Effect[] {
  return drop(board, host, (holder) => holder.incarnation !== incarnation, 'it lives anew', now);
}

/** Who holds each group, and whose report is missing. */
export function viewGroups(board: Board): GroupView[] {
  const nameOf = (host: number): string => board.hosts.get(host)?.settings.name ?? String(host);
  return [...(board.groups?.values() ?? [])].map(({ settings, holders }) => ({
    name: settings.name,
    group: settings.group,
    holders: holders.map(({ host }) => nameOf(host)),
    unknown: settings.hosts.filter((host) => !isKnown(board, host)).map(nameOf),
  }));
}

function answer(to: OpenedClaim | OpenedRelease, said: Said | undefined): Effect[] {
  return said === undefined ? [] : [{ kind: 'tell-group', to, ...said }];
}

function isKnown(board: Board, host: number): boolean {
  return board.hosts.get(host)?.groups?.isKnown === true;
}

type Decision = Said & { why: string };

function decide(board: Board, host: Host, group: number): Decision {
  const refused = (why: string): Decision => ({ group, answer: 'refused', holder: 0, why });
  const at = host.settings.host;
  const it = board.groups?.get(group);
  if (it === undefined) return refused('no such group is configured');
  const { hosts } = it.settings;
  if (!hosts.includes(at)) return refused('it is no host of this group');
  if (!board.started) return refused('the board is starting');
  if (host.life.at !== 'present') return refused('it is leaving');
  if (host.frozen !== undefined) return refused('it is frozen');
  if (host.fence !== undefined) return refused('it is being fenced, or was');
  if (hosts.some((one) => board.hosts.get(one)?.twoAgents === true)) {
    return refused('a host of it hears two agents');
  }
  const other = it.holders.find((holder) => holder.host !== at);
  if (other !== undefined) return { group, answer: 'held', holder: other.host, why: '' };
  const unknown = hosts.find((one) => one !== at && !isKnown(board, one));
  if (unknown !== undefined) return { group, answer: 'waiting', holder: unknown, why: '' };
  hold(board, it, at, host.life.incarnation);
  return { group, answer: 'granted', holder: at, why: '' };
}

/** A group that we believe it to hold and that it does not list; none is left to name at last. */
function unlisted(board: Board, host: Host, { held }: OpenedClaim): Decision {
  const at = host.settings.host;
  for (const [group, { holders }] of board.groups ?? []) {
    if (held.includes(group) || !holders.some((holder) => holder.host === at)) continue;
    return { group, answer: 'granted', holder: at, why: '' };
  }
  return { group: 0, answer: 'reported', holder: 0, why: '' };
}

/** Adds what a claim lists; nobody is asked whether it may hold it. */
function list(board: Board, host: Host, claim: OpenedClaim, now: Instant): Effect[] {
  const groups = claim.held.flatMap((group) => board.groups?.get(group) ?? []);
  const at = host.settings.host;
  const added = groups.filter((it) => hold(board, it, at, claim.incarnation));
  return added.length === 0 ? [] : judgeHolders(board, now);
}

/** Answers whether that is new. */
function hold(board: Board, it: Group, host: number, incarnation: number): boolean {
  const others = it.holders.filter((holder) => holder.host !== host);
  const isNew = others.length === it.holders.length;
  it.holders = [...others, { host, incarnation, tick: board.ticks.latest }];
  return isNew;
}

/** Frees what this host holds, where it is over. */
function drop(
  board: Board,
  host: Host,
  isOver: (holder: Holder, group: number) => boolean,
  why: string,
  now: Instant,
): Effect[] {
  const effects: Effect[] = [];
  for (const [group, it] of board.groups ?? []) {
    const mine = it.holders.find((holder) => holder.host === host.settings.host);
    if (mine === undefined || !isOver(mine, group)) continue;
    it.holders = it.holders.filter((holder) => holder !== mine);
    effects.push(tell(host, 'info', 'group', `it holds group ${it.settings.name} no more: ${why}`));
  }
  if (effects.length === 0) return [];
  // What was answered, and told, before is not true any more.
  delete host.groups?.latest?.said;
  delete host.groups?.told;
  return [...effects, ...judgeHolders(board, now)];
}

/** Two that hold one group were not granted it by us, so only a person can know which is right. */
function judgeHolders(board: Board, now: Instant): News[] {
  const shared = viewGroups(board).filter(({ holders }) => holders.length > 1);
  return [...board.hosts.values()].flatMap(({ settings }) => {
    const { host, name } = settings;
    const it = shared.find(({ holders }) => holders.includes(name));
    const code = 'two-holders';
    if (it === undefined) return clear(board.alarms, host, code, 'it is the only holder again');
    const text = `it says that it holds group ${it.name}, and so do others: ${it.holders.join(', ')}`;
    const remedy =
      'look where its services run; where they do not, say `fencepost-shim release ' +
      `${it.name}\`; or order a fence of one of them`;
    return raise(board.alarms, { host, code, text, remedy }, now);
  });
}

/** A claim is repeated, and said once. */
function tellClaim(board: Board, host: Host, words: GroupWords, said: Decision): News[] {
  const { group, answer: is, holder, why } = said;
  const name = board.groups?.get(group)?.settings.name ?? group;
  const other = board.hosts.get(holder)?.settings.name ?? holder;
  const [what, remedy] = {
    granted: [' is granted to it', ''],
    held: [`: ${other} holds it`, `release it there, or order \`fencepost fence ${other}\``],
    waiting: [
      `: nobody knows what ${other} holds`,
      `start its shim, with this group in its shim.toml, or order \`fencepost fence ${other}\``,
    ],
    refused: [`: ${why}`, ''],
    ...{ released: ['', ''], reported: ['', ''] },
  }[is] as [string, string];
  const text = `group ${name}${is === 'granted' ? '' : ' is not granted to it'}${what}`;
  if (words.told === text) return [];
  words.told = text;
  return [{ ...tell(host, 'info', 'group', text), ...(remedy === '' ? {} : { remedy }) }];
}
