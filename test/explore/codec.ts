/**
 * How a state is said in bytes: one small codec for each kind of value, put together like the types.
 *
 * `record` takes one codec for each field of a type and no fewer, so a field that is added to the
 * core does not type-check here until somebody has said what it is: a time, a tick, a small number,
 * or nothing that a step reads. What is left out says why, beside its name.
 *
 * Times are written as ages in whole units, cut off at the age beyond which no step can tell the
 * difference, and read back before one fixed moment. Silences are also compared with each other:
 * those go through `silences`, which keeps their order and shortens only stretches that are longer
 * than any duration that a step compares with.
 */

/** The unit of all worlds: their keepalive, and the lag at which the board would notice a stall. */
export const UNIT_MS = 250;

/** The moment at which every state that is read back finds itself. */
export const NOW: number = 4_000 * UNIT_MS;
/** The tick that such a state has issued last. */
export const LATEST = 1_000;

export interface Pen {
  bytes: Uint8Array;
  at: number;
  /** The clocks of the state that is being written; those of one that is read are the constants. */
  now: number;
  awake: number;
  latest: number;
  /** Plain and awake times that are compared with each other, with the age that each is given. */
  plain: Map<number, number>;
  slept: Map<number, number>;
  /** The oldest fresh beat: a gap that ended before it concerns nobody. */
  oldestFresh: number;
  /** The listening clocks of the board's media, as the latest of them was written. */
  listened: { serial: number; mqtt: number };
  /** Nobody waits for more silence, or more proof, than initdead: one unit more is all the same. */
  silenceUnits: number;
  /** P: a gap that no host minds. */
  gapIgnoredMs: number;
  /** The board's life: ticks of any other are no ticks. */
  life: string;
  rewind(): void;
}

export interface Codec<T> {
  /** Never reads back as undefined. */
  readonly isSure?: boolean;
  write(value: T, to: Pen): void;
  read(from: Pen): T;
}

const STATE_BYTES_MAX = 4_096;

export function pen(bytes: Uint8Array = new Uint8Array(STATE_BYTES_MAX)): Pen {
  const self: Pen = {
    bytes,
    at: 0,
    ...{ now: NOW, awake: NOW, latest: LATEST },
    plain: new Map(),
    slept: new Map(),
    oldestFresh: Number.POSITIVE_INFINITY,
    listened: { serial: NOW, mqtt: NOW },
    ...{ silenceUnits: 0, gapIgnoredMs: 0, life: '' },
    rewind: () => {
      self.at = 0;
    },
  };
  return self;
}

/** One byte; whatever does not fit is a fault of the world, not to be cut off in silence. */
export function put(to: Pen, value: number): void {
  if (!(value >= 0 && value <= 255) || !Number.isInteger(value)) {
    throw new Error(`${value} does not fit into one byte of a state`);
  }
  to.bytes[to.at] = value;
  to.at += 1;
}

export function take(from: Pen): number {
  const value = from.bytes[from.at] as number;
  from.at += 1;
  return value;
}

export const small: Codec<number> = {
  isSure: true,
  write: (value, to) => put(to, value),
  read: take,
};

export const bool: Codec<boolean> = {
  isSure: true,
  write: (value, to) => put(to, value ? 1 : 0),
  read: (from) => take(from) === 1,
};

/** A word that is one of few. */
export function word<const T extends string>(...words: readonly T[]): Codec<T> {
  return {
    isSure: true,
    write: (value, to) => put(to, words.indexOf(value)),
    read: (from) => words[take(from)] as T,
  };
}

const texts: string[] = [];
const textNumbers = new Map<string, number>();

/** Any text of a small number of texts: names, details of answers. */
export const text: Codec<string> = {
  isSure: true,
  write(value, to) {
    let number = textNumbers.get(value);
    if (number === undefined) {
      number = texts.push(value) - 1;
      textNumbers.set(value, number);
    }
    put(to, number);
  },
  read: (from) => texts[take(from)] as string,
};

/** Not written: no step of these worlds reads it, because of `why`; it is read back as `value`. */
export function unread<T>(why: string, value: () => T): Codec<T> {
  if (why === '') throw new Error('say why it may be left out');
  return { write: () => undefined, read: value };
}

/** Never there in these worlds; that it is not is checked. */
export function absent(what: string): Codec<undefined> {
  return {
    write(value) {
      if (value !== undefined) throw new Error(`${what} has no place in this world`);
    },
    read: () => undefined,
  };
}

/** Offset of ages in their byte, so that a time ahead of now fits, too. */
const AHEAD = 24;
const NEVER = 255;

function units(ms: number): number {
  const count = ms / UNIT_MS;
  if (!Number.isInteger(count)) throw new Error(`${ms} ms are not whole units`);
  return count;
}

function putAge(to: Pen, age: number, cap: number): void {
  put(to, age === Number.POSITIVE_INFINITY ? NEVER : AHEAD + Math.min(age, cap));
}

function takeAge(from: Pen): number {
  const byte = take(from);
  return byte === NEVER ? Number.POSITIVE_INFINITY : byte - AHEAD;
}

const timeBefore = (age: number): number => NOW - age * UNIT_MS;

/** A plain time; `cap` units of age and more are all the same. */
export function time(cap: number): Codec<number> {
  return {
    isSure: true,
    write: (value, to) => putAge(to, ageIn(to.now, value), cap),
    read: (from) => timeBefore(takeAge(from)),
  };
}

/** A time on the board's awake clock. */
export function awakeTime(cap: number): Codec<number> {
  return {
    isSure: true,
    write: (value, to) => putAge(to, ageIn(to.awake, value), cap),
    read: (from) => timeBefore(takeAge(from)),
  };
}

/** How long something is silent or proven, on the plain and on the awake clock, and as a duration. */
export const plainSilence: Codec<number> = {
  isSure: true,
  write: (value, to) => putAge(to, ageIn(to.now, value), to.silenceUnits),
  read: (from) => timeBefore(takeAge(from)),
};
export const awakeSilence: Codec<number> = {
  isSure: true,
  write: (value, to) => putAge(to, ageIn(to.awake, value), to.silenceUnits),
  read: (from) => timeBefore(takeAge(from)),
};
export const silenceSpan: Codec<number> = {
  isSure: true,
  write: (value, to) => put(to, Math.min(units(value), to.silenceUnits)),
  read: (from) => take(from) * UNIT_MS,
};

function ageIn(now: number, value: number): number {
  return value === Number.NEGATIVE_INFINITY ? Number.POSITIVE_INFINITY : units(now - value);
}

/** A plain time that is compared with others of its kind; `silences` has given it its age. */
export const silentTime: Codec<number> = {
  isSure: true,
  write: (value, to) => putAge(to, mapped(to.plain, value), 200),
  read: (from) => timeBefore(takeAge(from)),
};

/** The same on the awake clock. */
export const silentAwake: Codec<number> = {
  isSure: true,
  write: (value, to) => putAge(to, mapped(to.slept, value), 200),
  read: (from) => timeBefore(takeAge(from)),
};

function mapped(ages: Map<number, number>, value: number): number {
  const age = ages.get(value);
  if (age === undefined) throw new Error('a silence that was not collected is written');
  return age;
}

/** Gives ages to times that are compared with each other: no stretch between two is longer than `gap`. */
export function silences(
  now: number,
  times: number[],
  gap: number,
  into: Map<number, number>,
): void {
  into.clear();
  let age = 0;
  let last = now;
  for (const at of times.sort((a, b) => b - a)) {
    if (into.has(at)) continue;
    age += Math.min(units(last - at), gap);
    last = at;
    into.set(at, age);
  }
}

/** A duration in whole units. */
export function span(cap: number): Codec<number> {
  return {
    isSure: true,
    write: (value, to) => put(to, Math.min(units(value), cap)),
    read: (from) => take(from) * UNIT_MS,
  };
}

/** A tick of the board's present life; 0 is none. */
export function tick(cap = 16): Codec<number> {
  return {
    isSure: true,
    write: (value, to) => {
      if (value === 0) put(to, NEVER);
      else put(to, AHEAD + Math.min(to.latest - value, cap));
    },
    read: (from) => {
      const byte = take(from);
      return byte === NEVER ? 0 : LATEST - (byte - AHEAD);
    },
  };
}

export function maybe<T>(codec: Codec<T>): Codec<T | undefined> {
  return {
    write(value, to) {
      put(to, value === undefined ? 0 : 1);
      if (value !== undefined) codec.write(value, to);
    },
    read: (from) => (take(from) === 1 ? codec.read(from) : undefined),
  };
}

export function list<T>(codec: Codec<T>): Codec<T[]> {
  return {
    isSure: true,
    write(values, to) {
      put(to, values.length);
      for (const value of values) codec.write(value, to);
    },
    read: (from) => {
      const values: T[] = [];
      for (let left = take(from); left > 0; left -= 1) values.push(codec.read(from));
      return values;
    },
  };
}

/** A map whose keys come in a fixed order, whatever order they were set in. */
export function mapOf<T>(key: Codec<string>, codec: Codec<T>): Codec<Map<string, T>> {
  return {
    isSure: true,
    write(values, to) {
      put(to, values.size);
      for (const name of [...values.keys()].sort()) {
        key.write(name, to);
        codec.write(values.get(name) as T, to);
      }
    },
    read: (from) => {
      const values = new Map<string, T>();
      for (let left = take(from); left > 0; left -= 1) {
        const name = key.read(from);
        values.set(name, codec.read(from));
      }
      return values;
    },
  };
}

export type Fields<T> = { [F in keyof T]-?: Codec<T[F]> | Codec<T[F] | undefined> };

/**
 * One codec for each field; a field that reads back as undefined is not there.
 *
 * The two functions are made as text, with the names of the fields in them, so that the engine sees
 * plain literals of one shape: a loop over names takes three times as long, and this is where the
 * explorer spends its time.
 */
export function record<T extends object>(fields: Fields<T>): Codec<T> {
  const names = Object.keys(fields) as (keyof T & string)[];
  const codecs = names.map((name) => fields[name] as Codec<unknown>);
  const all = names.map((_, i) => i);
  const writers = all.map((i) => `const w${i}=codecs[${i}].write;`);
  const readers = all.map((i) => `const r${i}=codecs[${i}].read;`);
  const writes = names.map((name, i) => `w${i}(value.${name},to);`);
  const reads = all.map((i) => `const v${i}=r${i}(from);`);
  const isSure = (i: number): boolean => codecs[i]?.isSure === true;
  const sure = names.flatMap((name, i) => (isSure(i) ? [`${name}:v${i}`] : []));
  const rest = names.flatMap((name, i) =>
    isSure(i) ? [] : [`if(v${i}!==undefined)made.${name}=v${i};`],
  );
  const source = [
    ...[...writers, ...readers, `return {isSure:true,write(value,to){${writes.join('')}},`],
    ...['read(from){', ...reads, `const made={${sure.join()}};`, ...rest, 'return made;}}'],
  ];
  return new Function('codecs', source.join(''))(codecs) as Codec<T>;
}

type Variant<T, K extends keyof T, W> = Omit<Extract<T, Record<K, W>>, K>;

/** A union told apart by one word. */
export function union<T extends object, K extends keyof T & string>(
  tag: K,
  variants: { [W in T[K] & string]: Codec<Variant<T, K, W>> },
): Codec<T> {
  const words = Object.keys(variants) as (T[K] & string)[];
  return {
    isSure: true,
    write(value, to) {
      const kind = value[tag] as T[K] & string;
      put(to, words.indexOf(kind));
      (variants[kind] as Codec<object>).write(value, to);
    },
    read(from) {
      const kind = words[take(from)] as T[K] & string;
      return { [tag]: kind, ...(variants[kind] as Codec<object>).read(from) } as T;
    },
  };
}
