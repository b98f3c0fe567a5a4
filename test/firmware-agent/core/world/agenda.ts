/** What is to happen when: a heap ordered by time, and by the order of entry within one instant. */
export interface Agenda {
  add(at: number, deed: () => void): void;
  /** Does the next deed that is due by `until`; answers its time, or nothing where none is. */
  next(until: number): { at: number; deed: () => void } | undefined;
}

interface Entry {
  at: number;
  turn: number;
  deed: () => void;
}

export function agenda(): Agenda {
  const heap: Entry[] = [];
  let turns = 0;
  const before = (a: number, b: number): boolean => {
    const [one, two] = [heap[a] as Entry, heap[b] as Entry];
    return one.at < two.at || (one.at === two.at && one.turn < two.turn);
  };
  const swap = (a: number, b: number): void => {
    [heap[a], heap[b]] = [heap[b] as Entry, heap[a] as Entry];
  };
  const rise = (from: number): void => {
    for (let at = from; at > 0; ) {
      const parent = (at - 1) >> 1;
      if (!before(at, parent)) return;
      swap(at, parent);
      at = parent;
    }
  };
  const sink = (): void => {
    for (let at = 0; ; ) {
      const left = 2 * at + 1;
      if (left >= heap.length) return;
      const child = left + 1 < heap.length && before(left + 1, left) ? left + 1 : left;
      if (!before(child, at)) return;
      swap(at, child);
      at = child;
    }
  };
  return {
    add: (at, deed) => {
      turns += 1;
      rise(heap.push({ at, turn: turns, deed }) - 1);
    },
    next: (until) => {
      const [first] = heap;
      if (first === undefined || first.at > until) return undefined;
      const last = heap.pop() as Entry;
      if (last !== first) {
        heap[0] = last;
        sink();
      }
      return first;
    },
  };
}
