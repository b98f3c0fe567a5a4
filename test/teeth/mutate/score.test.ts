/** A survivor that nobody has looked at must not look like one that somebody has explained. */
import { assert, suite } from '../../lib/suite.ts';
import { type StrykerReport, scoresOf, tableOf } from './score.ts';

const test = suite('mutation score');

const at = (line: number, from: number, to: number) => ({
  start: { line, column: from },
  end: { line, column: to },
});
const report: StrykerReport = {
  files: {
    'a.ts': {
      source: 'const a = 1;\n  if (a > 0) go();\n',
      mutants: [
        { mutatorName: 'x', replacement: 'a >= 0', status: 'Survived', location: at(2, 7, 12) },
        { mutatorName: 'x', replacement: 'true', status: 'Killed', location: at(2, 7, 12) },
        { mutatorName: 'x', replacement: 'false', status: 'NoCoverage', location: at(2, 7, 12) },
        { mutatorName: 'x', replacement: '', status: 'Timeout', location: at(2, 14, 18) },
      ],
    },
  },
};
const SURVIVOR = 'a.ts: if (a > 0) go();: a > 0 -> a >= 0';

test('who survives or is passed by no test is open, and named by its text', () => {
  const [score] = scoresOf(report, {});
  assert.equal(score?.open, [SURVIVOR, 'a.ts: if (a > 0) go();: a > 0 -> false']);
  assert.is(score?.caught, 2);
  assert.is(score?.all, 4);
});

test('what is explained is not open, and not caught either', () => {
  const scores = scoresOf(report, { [SURVIVOR]: 'a is a count and 0 means nothing to do' });
  assert.is(scores[0]?.explained, 1);
  assert.is(scores[0]?.open.length, 1);
  assert.is(scores[0]?.caught, 2);
  assert.match(tableOf(scores), /50\.0 % +2 of +4, 1 explained {2}all/);
});

test('an explanation of what survives no more is told', () => {
  const key = 'a.ts: const a = 1;: 1 -> 2';
  assert.equal(scoresOf(report, { [key]: 'it was so once' })[0]?.stale, [key]);
  assert.equal(scoresOf(report, { 'b.ts: x: y -> z': 'another file' })[0]?.stale, []);
});

test.run();
