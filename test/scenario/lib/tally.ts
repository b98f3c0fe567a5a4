/** How often each thing happened, for the last line of a scenario that draws its faults. */
export type Counts = Record<string, number>;

export function count(counts: Counts, word: string): void {
  counts[word] = (counts[word] ?? 0) + 1;
}

/** `done 10, interrupted 4` */
export function words(counts: Counts): string {
  return Object.entries(counts)
    .map(([word, many]) => `${word} ${many}`)
    .join(', ');
}
