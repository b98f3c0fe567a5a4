/**
 * What is to happen when: a heap ordered by time, and by the order of entry within one instant.
 *
 * A world steps through tens of millions of these, so an entry is numbers in flat arrays and at
 * most one object; nothing is allocated for it, and no closure is made.
 */

export interface Deed {
  at: number;
  /** What `a` and `b` mean says the kind, and the kind is the world's affair. */
  kind: number;
  a: number;
  b: number;
  what: unknown;
}

export interface Agenda {
  /** The deed taken last. */
  readonly next: Deed;
  at: Float64Array;
  turn: Float64Array;
  a: Float64Array;
  b: Float64Array;
  kind: Uint8Array;
  what: unknown[];
  free: number[];
  /** Slots, as a heap. */
  heap: number[];
  turns: number;
}

const FIRST_CAPACITY = 256;

export function agenda(): Agenda {
  const made: Agenda = {
    next: { at: 0, kind: 0, a: 0, b: 0, what: undefined },
    at: new Float64Array(0),
    turn: new Float64Array(0),
    a: new Float64Array(0),
    b: new Float64Array(0),
    kind: new Uint8Array(0),
    what: [],
    free: [],
    heap: [],
    turns: 0,
  };
  widen(made, FIRST_CAPACITY);
  return made;
}

function widen(agenda: Agenda, capacity: number): void {
  const before = agenda.at.length;
  for (const name of ['at', 'turn', 'a', 'b'] as const) {
    const wider = new Float64Array(capacity);
    wider.set(agenda[name]);
    agenda[name] = wider;
  }
  const kind = new Uint8Array(capacity);
  kind.set(agenda.kind);
  agenda.kind = kind;
  for (let slot = capacity - 1; slot >= before; slot -= 1) {
    agenda.free.push(slot);
    agenda.what[slot] = undefined;
  }
}

/** Adds one deed; `what` rides along. */
export function plan(
  agenda: Agenda,
  at: number,
  kind: number,
  a: number,
  b: number,
  what?: unknown,
): void {
  if (agenda.free.length === 0) widen(agenda, 2 * agenda.at.length);
  const slot = agenda.free.pop() as number;
  agenda.turns += 1;
  agenda.at[slot] = at;
  agenda.turn[slot] = agenda.turns;
  agenda.kind[slot] = kind;
  agenda.a[slot] = a;
  agenda.b[slot] = b;
  agenda.what[slot] = what;
  rise(agenda, agenda.heap.push(slot) - 1);
}

/** Moves the next deed that is due by `until` into `next`; false where there is none. */
export function take(agenda: Agenda, until: number): boolean {
  const { heap, next } = agenda;
  const slot = heap[0];
  if (slot === undefined || (agenda.at[slot] as number) > until) return false;
  const last = heap.pop() as number;
  if (last !== slot) {
    heap[0] = last;
    sink(agenda);
  }
  next.at = agenda.at[slot] as number;
  next.kind = agenda.kind[slot] as number;
  next.a = agenda.a[slot] as number;
  next.b = agenda.b[slot] as number;
  next.what = agenda.what[slot];
  agenda.what[slot] = undefined;
  agenda.free.push(slot);
  return true;
}

/** All deeds that wait, in their order. */
export function waiting(agenda: Agenda): Deed[] {
  return [...agenda.heap]
    .sort((one, two) => (before(agenda, one, two) ? -1 : 1))
    .map((slot) => ({
      at: agenda.at[slot] as number,
      kind: agenda.kind[slot] as number,
      a: agenda.a[slot] as number,
      b: agenda.b[slot] as number,
      what: agenda.what[slot],
    }));
}

/** Forgets all deeds and takes these in their place. */
export function replan(agenda: Agenda, deeds: readonly Deed[]): void {
  for (const slot of agenda.heap.splice(0)) {
    agenda.what[slot] = undefined;
    agenda.free.push(slot);
  }
  for (const { at, kind, a, b, what } of deeds) plan(agenda, at, kind, a, b, what);
}

function before({ at, turn }: Agenda, one: number, two: number): boolean {
  const atOne = at[one] as number;
  const atTwo = at[two] as number;
  return atOne < atTwo || (atOne === atTwo && (turn[one] as number) < (turn[two] as number));
}

function rise(agenda: Agenda, from: number): void {
  const { heap } = agenda;
  const slot = heap[from] as number;
  let place = from;
  while (place > 0) {
    const parent = (place - 1) >> 1;
    const above = heap[parent] as number;
    if (!before(agenda, slot, above)) break;
    heap[place] = above;
    place = parent;
  }
  heap[place] = slot;
}

function sink(agenda: Agenda): void {
  const { heap } = agenda;
  const slot = heap[0] as number;
  let place = 0;
  for (;;) {
    let child = 2 * place + 1;
    if (child >= heap.length) break;
    const other = heap[child + 1];
    if (other !== undefined && before(agenda, other, heap[child] as number)) child += 1;
    const below = heap[child] as number;
    if (!before(agenda, below, slot)) break;
    heap[place] = below;
    place = child;
  }
  heap[place] = slot;
}
