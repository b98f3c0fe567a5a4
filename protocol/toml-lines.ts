/**
 * Finds the line of every key and value of a TOML text.
 *
 * An error in a configuration is only helpful with its line, but the TOML reader gives values
 * without positions. So the text, which the reader has already accepted, is walked once more: this
 * walk knows strings, comments, brackets and keys, and leaves what values mean to the reader.
 * Should it ever lose its way it stops, and what follows is placed at the nearest line it knows.
 */
import { parse } from 'smol-toml';
import { attemptSync } from './attempt.ts';

/** The keys and indexes that lead to a value. */
export type KeyPath = readonly (string | number)[];

/** Tells the line, from 1, of the value at a path; of its nearest ancestor where it is absent. */
export type LineOf = (path: KeyPath) => number;

interface Walk {
  text: string;
  at: number;
  line: number;
  lines: Map<string, number>;
  /** How many tables each array of tables has so far, by its path. */
  tables: Map<string, number>;
}

/** Walks `text`, which must be valid TOML, once; the answer keeps no reference to it. */
export function locateLines(text: string): LineOf {
  const walk: Walk = { text, at: 0, line: 1, lines: new Map(), tables: new Map() };
  let table: KeyPath = [];
  while (skipBlank(walk)) {
    const from = walk.at;
    if (walk.text[walk.at] === '[') table = header(walk);
    else keyAndValue(walk, table);
    if (walk.at === from) break;
  }
  const { lines } = walk;
  return (path) => {
    for (let length = path.length; length > 0; length -= 1) {
      const line = lines.get(placeOf(path.slice(0, length)));
      if (line !== undefined) return line;
    }
    return 1;
  };
}

/** `[a.b]` and `[[a.b]]`; the keys that follow belong to the path returned. */
function header(walk: Walk): KeyPath {
  const many = walk.text.startsWith('[[', walk.at);
  const { line } = walk;
  walk.at += many ? 2 : 1;
  const keys = dottedKey(walk);
  expect(walk, many ? ']]' : ']');
  if (!many) return resolve(walk, keys, line);
  const place = [...resolve(walk, keys.slice(0, -1), line), ...keys.slice(-1)];
  const count = walk.tables.get(placeOf(place)) ?? 0;
  walk.tables.set(placeOf(place), count + 1);
  mark(walk, place, line);
  return mark(walk, [...place, count], line);
}

/** Follows `keys` from the top; a step into an array of tables means its last table so far. */
function resolve(walk: Walk, keys: readonly string[], line: number): KeyPath {
  let path: KeyPath = [];
  for (const key of keys) {
    path = mark(walk, [...path, key], line);
    const count = walk.tables.get(placeOf(path));
    if (count !== undefined) path = mark(walk, [...path, count - 1], line);
  }
  return path;
}

function keyAndValue(walk: Walk, table: KeyPath): void {
  const { line } = walk;
  let path = table;
  for (const key of dottedKey(walk)) path = mark(walk, [...path, key], line);
  skipSpace(walk);
  expect(walk, '=');
  skipSpace(walk);
  value(walk, path);
}

function value(walk: Walk, path: KeyPath): void {
  const first = walk.text[walk.at];
  if (first === '"' || first === "'") string(walk);
  else if (first === '[')
    list(walk, ']', (index) => {
      const { line } = walk;
      value(walk, mark(walk, [...path, index], line));
    });
  else if (first === '{') list(walk, '}', () => keyAndValue(walk, path));
  else takeWhile(walk, (char) => !',]}#\n'.includes(char));
}

/** The members of an array or an inline table, up to and with `end`. */
function list(walk: Walk, end: string, member: (index: number) => void): void {
  walk.at += 1;
  for (let index = 0; skipBlank(walk) && walk.text[walk.at] !== end; index += 1) {
    const from = walk.at;
    member(index);
    skipBlank(walk);
    if (walk.text[walk.at] === ',') walk.at += 1;
    if (walk.at === from) return;
  }
  expect(walk, end);
}

/** Passes over a string of any of the four kinds and returns it with its quotes. */
function string(walk: Walk): string {
  const from = walk.at;
  const quote = walk.text[from] ?? '';
  const triple = walk.text.startsWith(quote.repeat(3), from);
  const fence = triple ? quote.repeat(3) : quote;
  walk.at += fence.length;
  while (walk.at < walk.text.length && !walk.text.startsWith(fence, walk.at)) {
    if (quote === '"' && walk.text[walk.at] === '\\') step(walk);
    step(walk);
  }
  walk.at += fence.length;
  // A multi-line string may end in one or two quotes of its own before the three.
  while (triple && walk.text[walk.at] === quote) walk.at += 1;
  return walk.text.slice(from, walk.at);
}

function dottedKey(walk: Walk): string[] {
  const keys: string[] = [];
  do {
    skipSpace(walk);
    const first = walk.text[walk.at];
    if (first === '"' || first === "'") keys.push(unquoted(string(walk)));
    else keys.push(takeWhile(walk, (char) => /[A-Za-z0-9_-]/.test(char)));
    skipSpace(walk);
  } while (expect(walk, '.'));
  return keys;
}

/** Quoted keys may hold escapes; the reader knows them. */
function unquoted(quoted: string): string {
  const read = attemptSync(() => parse(`key = ${quoted}`)['key']);
  return read.ok ? String(read.value) : quoted;
}

function mark(walk: Walk, path: KeyPath, line: number): KeyPath {
  const place = placeOf(path);
  if (!walk.lines.has(place)) walk.lines.set(place, line);
  return path;
}

function placeOf(path: KeyPath): string {
  return JSON.stringify(path);
}

function expect(walk: Walk, token: string): boolean {
  if (!walk.text.startsWith(token, walk.at)) return false;
  walk.at += token.length;
  return true;
}

function takeWhile(walk: Walk, accepts: (char: string) => boolean): string {
  const from = walk.at;
  while (walk.at < walk.text.length && accepts(walk.text.charAt(walk.at))) walk.at += 1;
  return walk.text.slice(from, walk.at);
}

function skipSpace(walk: Walk): void {
  takeWhile(walk, (char) => char === ' ' || char === '\t');
}

/** Passes over blanks, line ends and comments; false at the end of the text. */
function skipBlank(walk: Walk): boolean {
  for (;;) {
    const char = walk.text[walk.at];
    if (char === undefined) return false;
    if (char === '#') takeWhile(walk, (other) => other !== '\n');
    else if (' \t\r\n'.includes(char)) step(walk);
    else return true;
  }
}

function step(walk: Walk): void {
  if (walk.text[walk.at] === '\n') walk.line += 1;
  walk.at += 1;
}
