/**
 * Does it grow? A line through samples, and how sure that line is.
 *
 * Memory goes up and down by itself, and what stands next to each other in time is alike, so that the
 * formula for independent samples would promise far too much. So the samples are averaged in twelve
 * blocks first, and the line and its interval come from these.
 */

export interface Sample {
  atMs: number;
  value: number;
}

/** A line through samples: what it gains a day, and by how much that may be wrong, 95 times in 100. */
export interface Slope {
  perDay: number;
  plusMinus: number;
}

const BLOCKS = 12;
/** Student's t for 95 % on both sides and ten degrees of freedom: twelve blocks less two of the line. */
const T = 2.228;
const DAY_MS = 86_400_000;

/** Throws where there are fewer samples than blocks. */
export function slopeOf(samples: readonly Sample[]): Slope {
  const points = blocksOf(samples);
  const mean = (of: (point: Sample) => number): number =>
    points.reduce((sum, point) => sum + of(point), 0) / points.length;
  const [middleMs, level] = [mean(({ atMs }) => atMs), mean(({ value }) => value)];
  const spread = mean(({ atMs }) => (atMs - middleMs) ** 2);
  const perMs = mean(({ atMs, value }) => (atMs - middleMs) * (value - level)) / spread;
  const left = mean(({ atMs, value }) => (value - level - perMs * (atMs - middleMs)) ** 2);
  const error = Math.sqrt(left / (points.length - 2) / spread);
  return { perDay: perMs * DAY_MS, plusMinus: T * error * DAY_MS };
}

function blocksOf(samples: readonly Sample[]): Sample[] {
  if (samples.length < BLOCKS) throw new Error(`${samples.length} samples are too few for a line`);
  return Array.from({ length: BLOCKS }, (_, i) => {
    const [from, to] = [i, i + 1].map((n) => Math.floor((n * samples.length) / BLOCKS));
    const block = samples.slice(from, to);
    const mean = (of: (sample: Sample) => number): number =>
      block.reduce((sum, sample) => sum + of(sample), 0) / block.length;
    return { atMs: mean(({ atMs }) => atMs), value: mean(({ value }) => value) };
  });
}
