import { assert, suite } from '../../lib/suite.ts';
import { type History, history, news } from './history.ts';
import { oneHolder } from './one-holder.ts';

const test = suite('checker: one holder');

const runs = (h: History, host: number, group: number, on: boolean): History =>
  h.truth({ kind: 'runs', host, group, on });

test('a group that starts on a second host is seen, and another group is not', () => {
  const h = runs(history(oneHolder), 1, 5, true);
  assert.equal(runs(h, 2, 6, true).rules(), []);
  assert.equal(runs(h, 2, 5, true).rules(), ['S15']);
});

test('stopped, dead and acknowledged hosts run nothing', () => {
  const second = (between: (h: History) => History): string[] =>
    runs(between(runs(history(oneHolder), 1, 5, true)), 2, 5, true).rules();
  assert.equal(
    second((h) => runs(h, 1, 5, false)),
    [],
  );
  assert.equal(
    second((h) => h.truth({ kind: 'life', host: 1, incarnation: 7, is: 'over' })),
    [],
  );
  assert.equal(
    second((h) => h.tick(news(1, 'acknowledged'))),
    [],
  );
  assert.equal(
    second((h) => h.truth({ kind: 'life', host: 1, incarnation: 7, is: 'hung' })),
    ['S15'],
  );
  assert.equal(
    second((h) => h.tick(news(1, 'failed'))),
    ['S15'],
  );
});

test.run();
