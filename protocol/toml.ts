/**
 * Reads a configuration file and speaks about it in lines.
 *
 * Whoever mends a configuration wants to see everything that is wrong with it at once, where it
 * stands, and what to write instead. `Problem` is that, for every program of the project; `tell`
 * notes one against a place in the file, and the line is found from it.
 */
import { parse, TomlError } from 'smol-toml';
import { attemptSync } from './attempt.ts';
import { type KeyPath, type LineOf, locateLines } from './toml-lines.ts';

export type { KeyPath } from './toml-lines.ts';

/** One thing that is wrong with a file, or (as a warning) unwise in it. */
export interface Problem {
  file: string;
  /** From 1. */
  line: number;
  /** As a person would write it: `hosts.deimos.outlets[0].driver`; empty for the whole file. */
  path: string;
  problem: string;
  /** What to do about it, in the imperative. */
  remedy: string;
}

/** What a parser of a configuration answers: everything, or everything that is wrong. */
export type Parsed<T> =
  | { ok: true; config: T; warnings: Problem[] }
  | { ok: false; problems: Problem[] };

/** A file that was read as TOML, and the notes taken on it. */
export interface TomlFile {
  file: string;
  value: Record<string, unknown>;
  lineOf: LineOf;
  problems: Problem[];
  warnings: Problem[];
}

/** Longer than any sane configuration; a device file named by mistake must not fill the memory. */
const TEXT_CHARS_MAX = 1 << 22;
/** Arrays and inline tables in each other; ours need three. */
const DEPTH_MAX = 16;

/** Reads `text` as TOML; `file` is its name for people. */
export function readToml(text: string, file: string): TomlFile | Problem {
  if (text.length > TEXT_CHARS_MAX) {
    return {
      file,
      line: 1,
      path: '',
      problem: `the file is longer than ${TEXT_CHARS_MAX} characters`,
      remedy: 'Name a configuration file.',
    };
  }
  let line = 1;
  const read = attemptSync(
    () => parse(text, { maxDepth: DEPTH_MAX }),
    (thrown) => {
      if (thrown instanceof TomlError) line = thrown.line;
    },
  );
  if (read.ok) {
    return { file, value: read.value, lineOf: lazily(text), problems: [], warnings: [] };
  }
  return {
    file,
    line,
    path: '',
    problem: syntaxProblem(read.detail),
    remedy: 'Correct the TOML of this line; the lines after it are checked once it can be read.',
  };
}

/** A file that is in order needs no lines, and its reader is waiting to guard hosts. */
function lazily(text: string): LineOf {
  let lineOf: LineOf | undefined;
  return (path) => {
    lineOf ??= locateLines(text);
    return lineOf(path);
  };
}

/** Notes that something is wrong at `path`. */
export function tell(toml: TomlFile, path: KeyPath, problem: string, remedy: string): void {
  note(toml.problems, noteAt(toml, path, problem, remedy));
}

/** Notes that something at `path` is allowed and unwise. */
export function warn(toml: TomlFile, path: KeyPath, problem: string, remedy: string): void {
  note(toml.warnings, noteAt(toml, path, problem, remedy));
}

/** The answer of a parser: the configuration unless a problem was told; both lists by line. */
export function concluded<T>(toml: TomlFile, config: T | undefined): Parsed<T> {
  const byLine = (a: Problem, b: Problem): number => a.line - b.line;
  if (toml.problems.length > 0 || config === undefined) {
    return { ok: false, problems: toml.problems.sort(byLine) };
  }
  return { ok: true, config, warnings: toml.warnings.sort(byLine) };
}

/** Writes a path as a person would write it in the file. */
export function pathText(path: KeyPath): string {
  let text = '';
  for (const key of path) {
    if (typeof key === 'number') text += `[${key}]`;
    else
      text += `${text === '' ? '' : '.'}${/^[A-Za-z0-9_-]+$/.test(key) ? key : JSON.stringify(key)}`;
  }
  return text;
}

/** Hosts that inherit one wrong timer would otherwise each repeat it. */
function note(notes: Problem[], one: Problem): void {
  const same = (other: Problem): boolean =>
    other.line === one.line && other.path === one.path && other.problem === one.problem;
  if (!notes.some(same)) notes.push(one);
}

function noteAt(toml: TomlFile, path: KeyPath, problem: string, remedy: string): Problem {
  return { file: toml.file, line: toml.lineOf(path), path: pathText(path), problem, remedy };
}

/** `Invalid TOML document: what, blank line, numbered lines`; those lines are not repeated. */
function syntaxProblem(detail: string): string {
  const what = detail.split('\n', 1)[0]?.replace('Invalid TOML document: ', '') ?? '';
  return `this is not TOML: ${what}`;
}
