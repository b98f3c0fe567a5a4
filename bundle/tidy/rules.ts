/**
 * Biome knows the language; it does not know this house. What only we know stands here, one small
 * function for each rule: where a timer may be set, who may catch, what a file must begin with.
 *
 * A rule takes one file and returns its findings, each with the remedy in the sentence, so that nobody
 * needs this page to mend what it found.
 */
import { type Finding, importsOf, inCode, inText, type Rule, type Source } from './source.ts';

const LINES_MAX = 400;
const TIMERS_HOME = 'protocol/link/timers.ts';
const UVU_HOME = 'test/lib/suite.ts';

const isScript = (path: string): boolean => /\.(ts|mjs)$/.test(path);
const isProduct = (path: string): boolean => /^(protocol|firmware-agent|host-shim)\//.test(path);
const isPure = (path: string): boolean =>
  isProduct(path) && /(^protocol\/wire\/|\/core\/)/.test(path);

/** Reports the imports of a file that `pattern` matches. */
const ofImports = (source: Source, pattern: RegExp, what: string): Finding[] =>
  importsOf(source)
    .filter(({ specifier }) => pattern.test(specifier))
    .map(({ line }) => ({ path: source.path, line, what }));

/** A core that rolls dice cannot be replayed. */
export const noChanceInCores: Rule = (source) =>
  isScript(source.path) && isPure(source.path)
    ? inCode(
        source,
        /\bMath\s*\.\s*random\b/g,
        'Math.random in a core: take the value from an event or pass a prng in',
      )
    : [];

/** Timers of the product are set in one file, so that a test can hold all of them. */
export const timersInOnePlace: Rule = (source) => {
  if (!isScript(source.path) || !isProduct(source.path) || source.path === TIMERS_HOME) return [];
  const what = `a timer outside ${TIMERS_HOME}: use the functions of that file`;
  return [
    ...inCode(source, /\bset(?:Timeout|Interval|Immediate)\b/g, what),
    ...ofImports(source, /^(node:)?timers(\/promises)?$/, what),
  ];
};

/** Only `attempt` and a program's last line catch: everybody else would swallow. */
export const catchInOnePlace: Rule = (source) =>
  isProduct(source.path) && /(?<!(^|\/)(attempt|main))\.ts$/.test(source.path)
    ? inCode(
        source,
        /\bcatch\b/g,
        'catch outside attempt.ts and main.ts: return a Result by way of attempt()',
      )
    : [];

/** No default exports, enums or classes anywhere. */
export const noHiddenShapes: Rule = (source) => {
  if (!isScript(source.path)) return [];
  return [
    ...inCode(source, /\bexport\s+default\b/g, 'a default export: give it a name'),
    ...inCode(source, /\benum\s+\w+\s*\{/g, 'an enum: write a union of strings'),
    ...inCode(
      source,
      /\bclass\b(?!\s*[:=,)])/g,
      'a class: write a function that returns an object',
    ),
  ];
};

/** A file that one sitting cannot read is two files. */
export const shortFiles: Rule = ({ path, text }) => {
  const lines = text.split('\n').length - 1;
  if (!/\.(ts|mjs|c)$/.test(path) || lines <= LINES_MAX) return [];
  const what = `${lines} lines, at most ${LINES_MAX}: give a part of it a file and a name of its own`;
  return [{ path, line: lines, what }];
};

/** A reader meets the problem before the code. */
export const headerFirst: Rule = ({ path, text }) => {
  const begun = /^(#!.*\n)?\s*(\/\*|\/\/)/.test(text);
  if (!/\.(ts|mjs|c)$/.test(path) || !isProduct(path) || begun) return [];
  return [{ path, line: 1, what: 'no header comment: begin with the problem, then the idea' }];
};

/** Tests take their suite from the one file that makes uvu's silent passes fail. */
export const uvuInOnePlace: Rule = (source) =>
  isScript(source.path) && source.path !== UVU_HOME
    ? ofImports(source, /^uvu(\/|$)/, `uvu by itself passes what failed: import from ${UVU_HOME}`)
    : [];

/** Nothing names a machine or a registry; the brackets keep these patterns from finding themselves. */
export const noWorkplaceWords: Rule = (source) => [
  ...inText(source, /\/w[o]rk\//g, 'a path of one machine: make it relative to the project'),
  ...inText(source, /\.\.\/sh[a]red\b/g, 'a path outside the project: say it in our words'),
  ...inText(
    source,
    /https?:\/\/[^\s"'`]*(?:r[e]gistry\.|npmm[i]rror|art[i]factory)|"r[e]solved":/g,
    'a registry host: packages come from wherever npm is told (omit-lockfile-registry-resolved)',
  ),
];

/** The rules that look at one file each. */
export const RULES: readonly Rule[] = [
  noChanceInCores,
  timersInOnePlace,
  catchInOnePlace,
  noHiddenShapes,
  shortFiles,
  headerFirst,
  uvuInOnePlace,
  noWorkplaceWords,
];
