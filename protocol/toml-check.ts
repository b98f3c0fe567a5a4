/**
 * Holds a part of a configuration against its schema and turns every deviation into a `Problem`.
 *
 * The schema library stops at the first unknown key and speaks of types. Here the schemas carry
 * sentences (`says`), the closed shape is checked by a walk of our own that misses no key, and a
 * misspelt key is met with the key that was probably meant.
 */
import * as v from 'valibot';
import { type KeyPath, type TomlFile, tell } from './toml.ts';

type Schema = v.GenericSchema;

/** Message of a schema: what is wrong, and what to write instead. */
export function says(problem: string, remedy: string): string {
  return `${problem}\n${remedy}`;
}

/**
 * The value at `path` as the schema gives it, or undefined after every deviation was told.
 * Keys in `later` are known and belong to a version that is not written yet.
 */
export function checked<S extends Schema>(
  toml: TomlFile,
  path: KeyPath,
  schema: S,
  value: unknown,
  later: ReadonlySet<string> = new Set(),
): v.InferOutput<S> | undefined {
  const before = toml.problems.length;
  closed(toml, path, schema, value, later);
  const read = v.safeParse(schema, value);
  if (read.success) return toml.problems.length === before ? read.output : undefined;
  for (const issue of read.issues) {
    // Unknown keys are told by `closed`, all of them and with a suggestion.
    if (issue.type === 'strict_object' && issue.expected === 'never') continue;
    tellIssue(toml, path, issue);
  }
  return undefined;
}

/** The nearest of `known`, as a sentence's end; empty where nothing is near. */
export function didYouMean(word: string, known: readonly string[]): string {
  const near = known
    .map((candidate) => ({ candidate, distance: distanceOf(word, candidate) }))
    .filter(({ candidate, distance }) => distance <= Math.max(1, candidate.length / 3))
    .sort((a, b) => a.distance - b.distance)[0];
  return near === undefined ? '' : ` Did you mean "${near.candidate}"?`;
}

function tellIssue(toml: TomlFile, base: KeyPath, issue: v.BaseIssue<unknown>): void {
  const steps = issue.path ?? [];
  const path: KeyPath = [...base, ...steps.map((step) => step.key as string | number)];
  const missing = issue.type === 'strict_object' && issue.input === undefined;
  const [problem, remedy] = issue.message.split('\n');
  if (missing) tell(toml, path, 'the key is missing', `Add "${String(path.at(-1))}".`);
  else tell(toml, path, problem ?? '', remedy ?? 'See the example file for its form.');
}

/** Tells every key that the schema does not know, at any depth. */
function closed(
  toml: TomlFile,
  path: KeyPath,
  schema: Schema,
  value: unknown,
  later: ReadonlySet<string>,
): void {
  const shape = shapeOf(schema);
  if (Array.isArray(value) && shape.item !== undefined) {
    for (const [index, member] of value.entries()) {
      closed(toml, [...path, index], shape.item, member, later);
    }
  }
  if (!isTable(value) || shape.entries === undefined) return;
  for (const [key, member] of Object.entries(value)) {
    const entry = Object.hasOwn(shape.entries, key) ? shape.entries[key] : undefined;
    if (entry !== undefined) closed(toml, [...path, key], entry, member, later);
    else tellUnknown(toml, [...path, key], Object.keys(shape.entries), later);
  }
}

function tellUnknown(
  toml: TomlFile,
  path: KeyPath,
  known: readonly string[],
  later: ReadonlySet<string>,
): void {
  const key = String(path.at(-1));
  if (later.has(key)) {
    tell(
      toml,
      path,
      'this version does not support the key yet',
      'Remove it; nothing here would act on it.',
    );
  } else {
    const instead = didYouMean(key, known) || ` Known here are: ${known.join(', ')}.`;
    tell(toml, path, 'the key is not known here', `Remove or correct it.${instead}`);
  }
}

/** The parts of a schema that the walk looks at; the library has them on every schema. */
interface Shape {
  entries?: Record<string, Schema>;
  item?: Schema;
  wrapped?: Schema;
}

/** The object or array schema inside an optional one; a pipe shows its first part itself. */
function shapeOf(schema: Schema): Shape {
  const shape = schema as unknown as Shape;
  return shape.wrapped === undefined ? shape : shapeOf(shape.wrapped);
}

/** Whether a TOML value is a table. */
export function isTable(value: unknown): value is Record<string, unknown> {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date)
  );
}

/** A value as it may be repeated in a message: short, and on one line. */
export function asText(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

/** Few keys are begun and not finished by mistake: `password` means `password_file`. */
function distanceOf(word: string, candidate: string): number {
  const begun = word.length > 2 && candidate.startsWith(word);
  return begun ? 1 : editDistance(word, candidate);
}

function editDistance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 8 || a.length > 64) return Number.MAX_SAFE_INTEGER;
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const swap = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(swap, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
