/**
 * A guard is a piece of shipping code that holds one line of the safety rules. Here it is named, with
 * its exact text and with what stands there when it is gone.
 */
import type { RuleLine } from './rules.ts';

export interface Guard {
  /** What it keeps from happening, in a few words; unique. */
  name: string;
  rule: RuleLine;
  /** Relative to the root of the project. */
  file: string;
  /** Its text; stands in the file exactly once. */
  find: string;
  /** What is left without it. */
  put: string;
  /** Why nothing is lost without it, where that is so; then it must survive. */
  redundant?: string;
  /** The guard behind it: without both something is lost, so the pair must be caught. */
  backup?: string;
}

/** Where `guard` stands in the text of its file. Throws where it does not stand there exactly once. */
export function placeOf(guard: Guard, text: string): { from: number; to: number } {
  const from = text.indexOf(guard.find);
  if (from < 0) throw new Error(`${guard.file} has no guard "${guard.name}": ${guard.find}`);
  if (text.includes(guard.find, from + 1)) {
    throw new Error(`${guard.file} has more than one "${guard.name}": ${guard.find}`);
  }
  return { from, to: from + guard.find.length };
}

/** The text of a file without these guards of it; undefined where two of them overlap. */
export function without(text: string, guards: readonly Guard[]): string | undefined {
  const edits = guards
    .map((guard) => ({ ...placeOf(guard, text), put: guard.put }))
    .sort((a, b) => b.from - a.from);
  let is = text;
  let before = text.length;
  for (const { from, to, put } of edits) {
    if (to > before) return undefined;
    is = is.slice(0, from) + put + is.slice(to);
    before = from;
  }
  return is;
}
