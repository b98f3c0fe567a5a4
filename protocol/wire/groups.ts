/**
 * What hosts and board say about groups of resources, besides their numbers.
 *
 * A claim lists the groups that a host holds: two bytes each, big end first, ascending. There is one
 * way to write a list, so a receiver refuses any other.
 */

/** What the board says to a claim or a release; `reported` answers a claim of no group. */
export const GROUP_ANSWER = {
  granted: 1,
  held: 2,
  waiting: 3,
  refused: 4,
  released: 5,
  reported: 6,
} as const;
export type GroupAnswer = keyof typeof GROUP_ANSWER;

/** What fits into a claim, and into a frame of the serial line. */
export const GROUPS_HELD_MAX = 16;

/** Takes numbers from 1 to 65,535 in any order, at most `GROUPS_HELD_MAX`. */
export function encodeHeld(groups: readonly number[]): Uint8Array {
  const sorted = groups.toSorted((a, b) => a - b);
  return Uint8Array.from(sorted.flatMap((group) => [group >> 8, group & 0xff]));
}

/** Ascending; undefined where the bytes are no such list. */
export function decodeHeld(bytes: Uint8Array): number[] | undefined {
  if (bytes.length % 2 !== 0) return undefined;
  const groups: number[] = [];
  for (let at = 0; at < bytes.length; at += 2) {
    const group = ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
    if (group <= (groups.at(-1) ?? 0)) return undefined;
    groups.push(group);
  }
  return groups;
}
