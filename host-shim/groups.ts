/**
 * Between the core's groups and the programs of this server that ask for them.
 *
 * A claim is asked for as long as somebody waits for it. Whoever stops waiting, because his time is
 * over or because he is gone, leaves no grant behind: the core gives it back. A grant is on disk
 * before anybody hears of it; where the disk does not take it, it is given back, too.
 */
import { after, type Timer } from '../protocol/link/timers.ts';
import type { Result } from '../protocol/result.ts';
import type { GroupAnswer } from '../protocol/wire/groups.ts';

import type { GroupState, GroupStates, GroupsEffect, GroupsEvent } from './core/groups.ts';
import { GROUP_SILENT_MS } from './core/limits.ts';

export interface GroupSaid {
  group: string;
  /** `silent` where the board has not answered. */
  answer: GroupAnswer | 'silent';
  /** The host that holds it, or is waited for; 0 for none. */
  holder: number;
  why?: string;
}

export interface GroupLine {
  group: string;
  id: number;
  state: GroupState;
}

export interface GroupDesk {
  /**
   * Answers `granted`, or what stands against it when `waitMs` are over; at once where they are 0.
   * `whenGone` calls back where nobody waits for the answer any more.
   */
  claim(name: string, waitMs: number, whenGone: WhenGone): Promise<GroupSaid>;
  /** Everything of the group was stopped. The board is told again and again, until it answers. */
  release(name: string): Promise<GroupSaid>;
  list(): GroupLine[];
  /** What the core has for us. */
  carry(effect: GroupsEffect): void;
}

export interface GroupDeskSetup {
  names: ReadonlyMap<string, number>;
  record: (held: readonly number[]) => Result<void>;
  take: (event: GroupsEvent) => void;
  states: () => GroupStates;
  say: (level: 'info' | 'warn', sentence: string) => void;
}

type Said = Omit<GroupSaid, 'group'>;

interface Waiter {
  kind: 'claim' | 'release';
  group: number;
  /** Waits on where what is said is not final. */
  isPatient: boolean;
  latest?: Said;
  end(said: Said): void;
}

interface Waiters {
  add(waiter: Omit<Waiter, 'end'>, waitMs: number, whenGone?: WhenGone): Promise<Said>;
  of(group: number): Waiter[];
}

type WhenGone = (then: () => void) => void;

/** Programs that wait for an answer, each for a time; the last that gives up a claim ends it. */
function waitingRoom(take: (event: GroupsEvent) => void): Waiters {
  const all = new Set<Waiter>();
  const of = (group: number): Waiter[] => [...all].filter((one) => one.group === group);
  const add: Waiters['add'] = (waiter, waitMs, whenGone) =>
    new Promise((resolve) => {
      let timer: Timer | undefined;
      const mine: Waiter = {
        ...waiter,
        end: (said) => {
          timer?.cancel();
          if (!all.delete(mine)) return;
          resolve(said);
          const { kind, group } = mine;
          const isOver = kind === 'claim' && said.answer !== 'granted' && of(group).length === 0;
          if (isOver) take({ kind: 'unclaim', group });
        },
      };
      const giveUp = (): void => mine.end(mine.latest ?? { answer: 'silent', holder: 0 });
      timer = after(waitMs, giveUp);
      whenGone?.(giveUp);
      all.add(mine);
      take({ kind: waiter.kind, group: waiter.group });
    });
  return { add, of };
}

/** Serves the programs of this server with the groups of its configuration. */
export function groupDesk({ names, record, take, states, say }: GroupDeskSetup): GroupDesk {
  const waiters = waitingRoom(take);
  let unwritten: string | undefined;
  const nameOf = (group: number): string =>
    [...names].find(([, id]) => id === group)?.[0] ?? String(group);
  const numberOf = (name: string): number | undefined =>
    names.get(name) ?? states().find(({ group }) => String(group) === name)?.group;
  const unknown = (group: string): GroupSaid => {
    const known = [...names.keys()].join(', ') || 'none';
    const why = `shim.toml has no group ${group}; its groups are: ${known}`;
    return { group, answer: 'refused', holder: 0, why };
  };

  const hear = ({ group, answer, holder }: GroupsEffect & { kind: 'group' }): void => {
    const name = nameOf(group);
    if (answer === 'granted' && unwritten !== undefined) {
      const why = `the grant cannot be remembered: ${unwritten}`;
      say('warn', `group ${name}: given back, since ${why}.`);
      take({ kind: 'release', group });
      for (const one of waiters.of(group)) one.end({ answer: 'refused', holder: 0, why });
      return;
    }
    if (answer === 'granted') say('info', `group ${name}: granted; this host holds it.`);
    if (answer === 'released') say('info', `group ${name}: released, and the board knows.`);
    for (const one of waiters.of(group)) {
      one.latest = { answer, holder };
      if (answer === 'granted' || answer === 'released' || !one.isPatient) one.end(one.latest);
    }
  };

  return {
    claim: async (name, waitMs, whenGone) => {
      const group = numberOf(name);
      if (group === undefined) return unknown(name);
      const waiter = { kind: 'claim', group, isPatient: waitMs > 0 } as const;
      const said = await waiters.add(waiter, waitMs > 0 ? waitMs : GROUP_SILENT_MS, whenGone);
      return { group: name, ...said };
    },
    release: async (name) => {
      const group = numberOf(name);
      if (group === undefined) return unknown(name);
      const why = 'it was released meanwhile';
      for (const one of waiters.of(group)) one.end({ answer: 'refused', holder: 0, why });
      const waiter = { kind: 'release', group, isPatient: true } as const;
      return { group: name, ...(await waiters.add(waiter, GROUP_SILENT_MS)) };
    },
    list: () => states().map(({ group, state }) => ({ group: nameOf(group), id: group, state })),
    carry: (effect) => {
      if (effect.kind === 'group') return hear(effect);
      if (effect.kind === 'hold') {
        const written = record(effect.held);
        unwritten = written.ok ? undefined : written.detail;
        if (!written.ok) say('warn', `groups: a restarted shim will not know them: ${unwritten}.`);
        return;
      }
      const remedy = 'release it if none of its services run';
      say('warn', `group ${nameOf(effect.group)}: the board says that it is held here; ${remedy}.`);
    },
  };
}
