/** A part of a run that counts its own way: exhaustive walks and the replay of recordings. */

export interface Tally {
  /** Inputs given to the code. */
  runs: number;
  /** What else there is to tell, by name. */
  figures: Record<string, number>;
  /** What went wrong, with all that is needed to see it again; empty where nothing did. */
  failures: string[];
}

export interface Part {
  name: string;
  promise: string;
  /** Runs until it is through, or until `untilMs` of performance.now(). */
  run(budget: { seed: number; untilMs: number; progress(tally: Tally): void }): Tally;
}

export function newTally(): Tally {
  return { runs: 0, figures: {}, failures: [] };
}
