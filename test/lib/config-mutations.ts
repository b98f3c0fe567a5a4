/**
 * Spoils one key of a configuration after another, in every way that a slip of the hand can.
 *
 * Whoever walks these holds a promise: each spoilt file is refused with the line of the spoilt key
 * and a remedy, or it means the same as before, or it is in a list of harmless changes with a
 * reason beside it.
 */
import { stringify } from 'smol-toml';
import type { KeyPath, Parsed } from '../../protocol/toml.ts';
import { pathText } from '../../protocol/toml.ts';

export type Way = 'absent' | 'wrong type' | 'zero' | 'negative' | 'huge' | 'unknown sibling';

export interface Mutation {
  path: KeyPath;
  way: Way;
  /** The whole file, with this one change. */
  text: string;
}

type Table = Record<string, unknown>;

const UNKNOWN_KEY = 'unheard_of';
const DURATION = /^\d+(ms|s|m|h)$/;
const HUGE_CHARS = 5_000;

/** Every mutation of every key of a configuration that was read as `value`. */
export function* mutations(value: Table): Generator<Mutation> {
  for (const path of keysOf(value, [])) {
    const was = valueAt(value, path);
    const spoilt: [Way, unknown][] = [
      ['wrong type', wrongType(was)],
      ['zero', zero(was)],
      ['negative', negative(was)],
      ['huge', huge(was)],
    ];
    for (const [way, next] of spoilt) yield { path, way, text: changed(value, path, next) };
    if (typeof path.at(-1) === 'string') {
      yield { path, way: 'absent', text: changed(value, path, undefined) };
    }
    if (isTable(was)) {
      const at = [...path, UNKNOWN_KEY];
      yield { path: at, way: 'unknown sibling', text: changed(value, at, 1) };
    }
  }
  const at = [UNKNOWN_KEY];
  yield { path: at, way: 'unknown sibling', text: changed(value, at, 1) };
}

/** What is wrong with a refusal of `mutation`, as a sentence; undefined where it helps its reader. */
export function flawOf(mutation: Mutation, parsed: Parsed<unknown>): string | undefined {
  if (parsed.ok) return 'it is accepted';
  const lines = mutation.text.split('\n');
  const spoilt = pathText(mutation.path);
  for (const { line, path, problem, remedy } of parsed.problems) {
    const key =
      path
        .split(/[.[]/)
        .filter((part) => !/^\d+\]$/.test(part))
        .at(-1) ?? '';
    const text = lines[line - 1];
    if (text === undefined) return `line ${line} does not exist`;
    if (problem === '' || (!remedy.endsWith('.') && !remedy.endsWith('?')))
      return `bare: ${problem}`;
    const missing = /is missing|no channel|no host is guarded|no sense|proven|bound/.test(problem);
    if (!missing && !text.includes(key)) return `line ${line} is not about ${path}: ${text}`;
  }
  const own = mutation.way === 'absent' ? undefined : spoilt;
  if (own === undefined) return undefined;
  const near = parsed.problems.some(({ path }) => path.startsWith(own) || own.startsWith(path));
  return near ? undefined : `no problem is about ${own}: ${JSON.stringify(parsed.problems)}`;
}

function* keysOf(value: unknown, path: KeyPath): Generator<KeyPath> {
  if (path.length > 0) yield path;
  if (Array.isArray(value)) {
    for (const [index, member] of value.entries()) yield* keysOf(member, [...path, index]);
  } else if (isTable(value)) {
    for (const [key, member] of Object.entries(value)) yield* keysOf(member, [...path, key]);
  }
}

function valueAt(value: unknown, path: KeyPath): unknown {
  return path.reduce((at: unknown, key) => (at as Table)[key], value);
}

function changed(value: Table, path: KeyPath, next: unknown): string {
  const copy = structuredClone(value);
  const parent = valueAt(copy, path.slice(0, -1)) as Table;
  const key = path.at(-1) ?? '';
  if (next === undefined) delete parent[key];
  else parent[key] = next;
  return stringify(copy);
}

function wrongType(was: unknown): unknown {
  return typeof was === 'string' ? 42 : 'text';
}

function zero(was: unknown): unknown {
  if (typeof was === 'string') return DURATION.test(was) ? '0s' : '';
  return Array.isArray(was) ? [] : 0;
}

function negative(was: unknown): unknown {
  if (typeof was !== 'string') return -1;
  return DURATION.test(was) ? `-${was}` : '-1';
}

function huge(was: unknown): unknown {
  if (typeof was === 'string') {
    return DURATION.test(was) ? '9999999999h' : was + 'x'.repeat(HUGE_CHARS);
  }
  if (Array.isArray(was)) return Array.from({ length: 6_000 }, (_, at) => was[at % was.length]);
  return isTable(was) ? Number.MAX_VALUE : 10 ** 15;
}

function isTable(value: unknown): value is Table {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
