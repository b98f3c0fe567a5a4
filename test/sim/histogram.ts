/** A histogram whose buckets grow by 5 %: a few dozen numbers hold millions of spans. */
export interface Histogram {
  count: number;
  least: number;
  most: number;
  /** Count by bucket; bucket b holds values up to 1.05^b. */
  buckets: Record<number, number>;
}

const GROWTH = Math.log(1.05);

export function newHistogram(): Histogram {
  return { count: 0, least: Infinity, most: 0, buckets: {} };
}

export function addTo(histogram: Histogram, value: number): void {
  const bucket = value <= 0 ? -1_000 : Math.ceil(Math.log(value) / GROWTH);
  histogram.count += 1;
  histogram.least = Math.min(histogram.least, value);
  histogram.most = Math.max(histogram.most, value);
  histogram.buckets[bucket] = (histogram.buckets[bucket] ?? 0) + 1;
}

/** Adds the second to the first. */
export function mergeHistograms(into: Histogram, one: Histogram): void {
  // Where nothing was counted there is no least, and JSON knows no infinity.
  if (one.count === 0) return;
  into.count += one.count;
  into.least = Math.min(into.least, one.least);
  into.most = Math.max(into.most, one.most);
  for (const [bucket, count] of Object.entries(one.buckets)) {
    into.buckets[Number(bucket)] = (into.buckets[Number(bucket)] ?? 0) + count;
  }
}

/** The value below which this share lies, to 5 %; 0 where there is none. */
export function shareBelow(histogram: Histogram, share: number): number {
  const ordered = Object.entries(histogram.buckets).map(([b, n]) => [Number(b), n] as const);
  ordered.sort(([a], [b]) => a - b);
  let below = 0;
  for (const [bucket, count] of ordered) {
    below += count;
    if (below >= share * histogram.count) {
      return Math.min(histogram.most, Math.exp(bucket * GROWTH));
    }
  }
  return 0;
}
