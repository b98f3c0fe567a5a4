/** What a fuzz target is: a way in for bytes that somebody else chose, and the promises made there. */

export interface Target {
  name: string;
  /** What is held against the code, in a sentence. */
  promise: string;
  /** The branches that guide the search and are reported, by `file#function`. */
  covers: RegExp;
  /** No input is longer. */
  bytesMax: number;
  /** What one input may take, by the best of several tries. */
  limitMs: number;
  /** Inputs to begin with, good ones above all. */
  seeds: readonly Uint8Array[];
  /** Words that mean something there; mutations put them in. */
  words: readonly Uint8Array[];
  /** Gives one input to the code; throws when a promise is broken. The input must not be kept. */
  run(input: Uint8Array): void | Promise<void>;
}

export const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

export const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** Throws unless `holds`; the words are the same for every input, so that a shorter one can be known by them. */
export function must(holds: boolean, promise: string): asserts holds {
  if (!holds) throw new Error(`broken: ${promise}`);
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let at = 0; at < a.length; at += 1) if (a[at] !== b[at]) return false;
  return true;
}
