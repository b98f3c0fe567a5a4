/** What a rule works on: one file, its code without words, and what it imports. */
import { maskCode } from './mask.ts';

/** One file of the project, by its path from the root. */
export interface Source {
  path: string;
  text: string;
}

/** What is wrong at one line, with the remedy in the same sentence. */
export interface Finding {
  path: string;
  line: number;
  what: string;
}

/** Judges one file. */
export type Rule = (source: Source) => Finding[];

/** Reports every place in a file's text that `pattern` (with flag g) matches. */
export function inText({ path, text }: Source, pattern: RegExp, what: string): Finding[] {
  return [...text.matchAll(pattern)].map(({ index }) => ({
    path,
    line: lineAt(text, index),
    what,
  }));
}

/** Does the same for its code only: comments and strings are not searched. */
export function inCode({ path, text }: Source, pattern: RegExp, what: string): Finding[] {
  return inText({ path, text: maskCode(text) }, pattern, what);
}

/** Lists what a file imports, wherever in it and in whichever form. */
export function importsOf({ text }: Source): { line: number; specifier: string }[] {
  const opening = /\b(?:from|import|require)\s*\(?\s*['"]/g;
  return [...maskCode(text).matchAll(opening)].map((match) => {
    const start = match.index + match[0].length;
    return { line: lineAt(text, start), specifier: text.slice(start).split(/['"]/)[0] ?? '' };
  });
}

function lineAt(text: string, index: number): number {
  return text.slice(0, index).split('\n').length;
}
