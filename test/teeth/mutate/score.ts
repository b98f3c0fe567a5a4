/** From Stryker's report to a score per file, and the survivors that nobody has explained. */

interface Mutant {
  mutatorName: string;
  replacement?: string;
  status: string;
  location: { start: Position; end: Position };
}

interface Position {
  line: number;
  column: number;
}

/** The part of Stryker's report that is read here. */
export interface StrykerReport {
  files: Record<string, { source: string; mutants: Mutant[] }>;
}

export interface Score {
  file: string;
  all: number;
  caught: number;
  explained: number;
  /** Explanations of this file that explain no survivor any more. */
  stale: string[];
  /** Survivors without an explanation, each in a line that `explained.json` would take as key. */
  open: string[];
}

const CAUGHT = ['Killed', 'Timeout', 'RuntimeError', 'CompileError'];

/** `explained` says of a survivor, by its key, why nothing is lost. */
export function scoresOf(
  { files }: StrykerReport,
  explained: Readonly<Record<string, string>>,
): Score[] {
  return Object.entries(files).map(([file, { source, mutants }]) => {
    const survivors = mutants
      .filter(({ status }) => !CAUGHT.includes(status))
      .map((mutant) => keyOf(file, source, mutant));
    const open = survivors.filter((key) => explained[key] === undefined);
    const all = mutants.length;
    const caught = all - survivors.length;
    const stale = Object.keys(explained).filter(
      (key) => key.startsWith(`${file}: `) && !survivors.includes(key),
    );
    return { file, all, caught, explained: survivors.length - open.length, stale, open };
  });
}

/** By its text and not by its line, so that it stays the same when lines are added above. */
function keyOf(file: string, source: string, { location, replacement = '' }: Mutant): string {
  const { start, end } = location;
  const lines = source.split('\n').slice(start.line - 1, end.line);
  const line = (lines[0] ?? '').trim();
  const last = lines.length - 1;
  const cut = lines.map((text, i) =>
    text.slice(i === 0 ? start.column - 1 : 0, i === last ? end.column - 1 : undefined),
  );
  const squeeze = (text: string): string => text.replace(/\s+/g, ' ').trim().slice(0, 120);
  return `${file}: ${squeeze(line)}: ${squeeze(cut.join(' '))} -> ${squeeze(replacement)}`;
}

export function tableOf(scores: readonly Score[]): string {
  const row = (name: string, all: number, caught: number, explained: number): string => {
    const percent = all === 0 ? 100 : (100 * caught) / all;
    return `${percent.toFixed(1).padStart(6)} %  ${String(caught).padStart(5)} of ${String(all).padStart(5)}, ${explained} explained  ${name}`;
  };
  const sum = (pick: (score: Score) => number): number =>
    scores.reduce((total, score) => total + pick(score), 0);
  const open = scores.flatMap((score) => score.open);
  return [
    ...open.map((key) => `survived  ${key}`),
    ...scores.flatMap(({ stale }) => stale.map((key) => `explains nothing  ${key}`)),
    ...scores.map(({ file, all, caught, explained }) => row(file, all, caught, explained)),
    row(
      'all',
      sum(({ all }) => all),
      sum(({ caught }) => caught),
      sum(({ explained }) => explained),
    ),
  ].join('\n');
}
