/**
 * The counters that build.mjs put into the code: which branches the last input took, and whether
 * that is news. Without them (in the quick tests) nothing is ever news and inputs are drawn blindly.
 *
 * A branch taken often is another event than one taken once, so counts fall into classes, each a bit:
 * 1, 2, 3, 4-7, 8-15, 16-31, 32-127, more. That is how AFL counts.
 */

interface Counted {
  /** `file#function of its top level`, and the line. */
  fuzzPoints?: [place: string, line: number][];
  fuzzCounts?: Uint32Array;
}

const { fuzzPoints = [], fuzzCounts = new Uint32Array(0) } = globalThis as Counted;

export interface Points {
  /** How many branches there are. */
  total: number;
  /** Forgets what was taken since the last call. */
  clear(): void;
  /** How many branches, and classes of counts, were taken for the first time since `clear`. */
  news(): number;
  /** Indexes of the branches that were taken since `clear`. */
  taken(): number[];
  /** How many were ever taken. */
  seen(): number;
  /** `file#function:line` of those that never were. */
  missed(): string[];
}

/** Watches the branches whose place, `file#function`, `covers` matches. */
export function pointsOf(covers: RegExp): Points {
  const own = fuzzPoints.flatMap(([place], at) => (covers.test(place) ? [at] : []));
  const ever = new Uint8Array(own.length);
  // The points of a file lie side by side, so what is cleared is a few stretches.
  const stretches: [from: number, to: number][] = [];
  for (const at of own) {
    const last = stretches.at(-1);
    if (last?.[1] === at) last[1] = at + 1;
    else stretches.push([at, at + 1]);
  }
  const isSeen = (index: number): boolean => (ever[index] ?? 0) !== 0;
  return {
    total: own.length,
    clear: () => {
      for (const [from, to] of stretches) fuzzCounts.fill(0, from, to);
    },
    news: () => {
      let count = 0;
      let index = 0;
      for (const [from, to] of stretches) {
        for (let at = from; at < to; at += 1, index += 1) {
          const times = fuzzCounts[at] as number;
          if (times === 0) continue;
          const bit = classOf(times);
          const was = ever[index] as number;
          if ((was & bit) !== 0) continue;
          ever[index] = was | bit;
          count += 1;
        }
      }
      return count;
    },
    taken: () => own.filter((at) => (fuzzCounts[at] ?? 0) > 0),
    seen: () => own.filter((_at, index) => isSeen(index)).length,
    missed: () =>
      own.flatMap((at, index) => (isSeen(index) ? [] : [(fuzzPoints[at] ?? ['?', 0]).join(':')])),
  };
}

function classOf(times: number): number {
  if (times < 4) return 1 << (times - 1);
  if (times < 8) return 8;
  if (times < 16) return 16;
  if (times < 32) return 32;
  return times < 128 ? 64 : 128;
}
