/** What `make teeth` prints of its trials, and which of them are as they should be. */
import type { PairCounts } from './pairs.ts';
import type { Verdict } from './trials.ts';

/**
 * A guard whose loss is noticed, or one of which was written down that nothing is lost, and nothing
 * is. Of two the same, but where one stands behind the other, the loss of both must be noticed.
 */
export function passes({ guards, outcome }: Verdict): boolean {
  if (outcome === 'overlap') return true;
  const redundant = guards.filter((guard) => guard.redundant !== undefined);
  if (outcome === 'survived') {
    const isBehind = guards.some(({ backup }) => guards.some(({ name }) => name === backup));
    return redundant.length === guards.length && !isBehind;
  }
  return outcome === 'caught' && (guards.length > 1 || redundant.length === 0);
}

/** One line of a trial; more where it is not as it should be. */
export function lineOf(verdict: Verdict): string {
  const { guards, outcome, by, words, timeMs } = verdict;
  const names = guards.map(({ rule, name }) => `${rule.split(':')[0]} ${name}`).join(' + ');
  const time = `${Math.round(timeMs)} ms`;
  const where = by === undefined ? '' : `  (${by.judge}) ${by.test.title}, ${time}`;
  if (passes(verdict)) {
    return outcome === 'caught' ? `  caught  ${names}${where}` : `  needless  ${names}, ${time}`;
  }
  const remedy = {
    survived: 'no test notices: write one, or write down why nothing is lost',
    caught: 'it is not redundant, as was written: a test notices',
    broken: 'the mutant does not run: mend what is put in its place',
    overlap: '',
  }[outcome];
  return `  FAILED  ${names}: ${remedy}${where}${words === '' ? '' : `\n    ${words.slice(0, 300)}`}`;
}

export function pairLines({ pairs, overlap, sameRun, sameTest, verdicts }: PairCounts): string {
  const bad = verdicts.filter((verdict) => !passes(verdict)).map(lineOf);
  const caught = verdicts.filter(({ outcome }) => outcome === 'caught').length;
  const needless = verdicts.filter((pair) => pair.outcome === 'survived' && passes(pair)).length;
  const told =
    `${pairs} pairs: ${overlap} overlap and are no pair, ${sameRun} caught by the run that caught one ` +
    `of the two, ${sameTest} by a test that did, ${caught} by another test, ${needless} of needless ones`;
  return [...bad, told].join('\n');
}

export function closingLine(singles: readonly Verdict[], pairs: PairCounts | undefined): string {
  const verdicts = [...singles, ...(pairs?.verdicts ?? [])];
  const failed = verdicts.filter((verdict) => !passes(verdict)).length;
  const settled = pairs === undefined ? 0 : pairs.sameRun + pairs.sameTest;
  return `${verdicts.length - failed + settled} passed, ${failed} failed`;
}

export function inJson(verdicts: readonly Verdict[]): string {
  return JSON.stringify(
    verdicts.map((verdict) => ({
      guards: verdict.guards.map(({ name }) => name),
      rules: verdict.guards.map(({ rule }) => rule),
      outcome: verdict.outcome,
      passed: passes(verdict),
      judge: verdict.by?.judge,
      test: verdict.by?.test.title,
      file: verdict.by?.test.file,
      words: verdict.words,
      timeMs: Math.round(verdict.timeMs),
    })),
    undefined,
    2,
  );
}
