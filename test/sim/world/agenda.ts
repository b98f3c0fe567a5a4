/**
 * What is to happen when: a heap ordered by time, and by the order of entry within one instant.
 *
 * A world steps through tens of millions of these, so an entry is numbers in flat arrays and at
 * most one object; nothing is allocated for it, and no closure is made.
 */

export interface Agenda {
  /** Adds one deed; `kind`, `a` and `b` mean what the world wants, `what` rides along. */
  add(at: number, kind: number, a: number, b: number, what?: unknown): void;
  /** Moves the next deed that is due by `until` into `next`; false where there is none. */
  take(until: number): boolean;
  /** The deed taken last. */
  readonly next: { at: number; kind: number; a: number; b: number; what: unknown };
  /** When the next deed is due; infinite where there is none. */
  nextAt(): number;
  /** All deeds that wait, in their order. */
  list(): { at: number; kind: number; a: number; b: number; what: unknown }[];
  /** Moves all deeds that wait by `ms`, those of `fixed` kinds excepted. */
  shift(ms: number, fixed: ReadonlySet<number>): void;
}

export function agenda(): Agenda {
  let capacity = 256;
  let at = new Float64Array(capacity);
  let turn = new Float64Array(capacity);
  let a = new Float64Array(capacity);
  let b = new Float64Array(capacity);
  let kind = new Uint8Array(capacity);
  const what: unknown[] = new Array(capacity).fill(undefined);
  const free: number[] = [];
  for (let slot = capacity - 1; slot >= 0; slot -= 1) free.push(slot);
  /** Slots, as a heap. */
  const heap: number[] = [];
  let turns = 0;
  const next: Agenda['next'] = { at: 0, kind: 0, a: 0, b: 0, what: undefined };

  const before = (one: number, two: number): boolean => {
    const [atOne, atTwo] = [at[one] as number, at[two] as number];
    return atOne < atTwo || (atOne === atTwo && (turn[one] as number) < (turn[two] as number));
  };
  const grow = (): void => {
    const wider = (old: Float64Array): Float64Array<ArrayBuffer> => {
      const made = new Float64Array(2 * capacity);
      made.set(old);
      return made;
    };
    at = wider(at);
    turn = wider(turn);
    a = wider(a);
    b = wider(b);
    const kinds = new Uint8Array(2 * capacity);
    kinds.set(kind);
    kind = kinds;
    for (let slot = 2 * capacity - 1; slot >= capacity; slot -= 1) free.push(slot);
    capacity *= 2;
  };
  const rise = (from: number): void => {
    const slot = heap[from] as number;
    let place = from;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      const above = heap[parent] as number;
      if (!before(slot, above)) break;
      heap[place] = above;
      place = parent;
    }
    heap[place] = slot;
  };
  const sink = (): void => {
    const slot = heap[0] as number;
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1] as number, heap[child] as number)) {
        child += 1;
      }
      const below = heap[child] as number;
      if (!before(below, slot)) break;
      heap[place] = below;
      place = child;
    }
    heap[place] = slot;
  };

  return {
    next,
    add: (when, which, first, second, rides) => {
      if (free.length === 0) grow();
      const slot = free.pop() as number;
      turns += 1;
      at[slot] = when;
      turn[slot] = turns;
      kind[slot] = which;
      a[slot] = first;
      b[slot] = second;
      what[slot] = rides;
      rise(heap.push(slot) - 1);
    },
    take: (until) => {
      const [slot] = heap;
      if (slot === undefined || (at[slot] as number) > until) return false;
      const last = heap.pop() as number;
      if (last !== slot) {
        heap[0] = last;
        sink();
      }
      next.at = at[slot] as number;
      next.kind = kind[slot] as number;
      next.a = a[slot] as number;
      next.b = b[slot] as number;
      next.what = what[slot];
      what[slot] = undefined;
      free.push(slot);
      return true;
    },
    nextAt: () =>
      heap.length === 0 ? Number.POSITIVE_INFINITY : (at[heap[0] as number] as number),
    list: () =>
      [...heap]
        .sort((one, two) => (before(one, two) ? -1 : 1))
        .map((slot) => ({
          at: at[slot] as number,
          kind: kind[slot] as number,
          a: a[slot] as number,
          b: b[slot] as number,
          what: what[slot],
        })),
    shift: (ms, fixed) => {
      for (const slot of heap)
        if (!fixed.has(kind[slot] as number)) at[slot] = (at[slot] as number) + ms;
      const slots = heap.splice(0);
      for (const slot of slots) rise(heap.push(slot) - 1);
    },
  };
}
