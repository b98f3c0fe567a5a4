import {
  type CountHeard,
  hearCount,
  type Kicks,
  repeatsOldCount,
} from '../../../firmware-agent/core/kicks.ts';
import { assert, suite } from '../../lib/suite.ts';

const test = suite('kick counts');
const K_MS = 1_000;

type Word = [atMs: number, channel: CountHeard['channel'], session: number, count: number];

/** What each word of a story says. */
function story(...words: Word[]): { said: string[]; kicks: Kicks } {
  let kicks: Kicks | undefined;
  const said = words.map(([at, channel, session, count]) => {
    const told = hearCount(kicks, { channel, session, count }, at, K_MS);
    kicks = told.kicks;
    return told.kicked;
  });
  assert.ok(kicks);
  return { said, kicks: kicks as Kicks };
}

test('a count that changes within a session is a kick, and the same again is none', () => {
  const { said } = story(
    [0, 'serial', 1, 3],
    [1_000, 'serial', 1, 3],
    [1_500, 'serial', 1, 4],
    [2_000, 'serial', 1, 4],
    [3_000, 'serial', 1, 15],
    [4_000, 'serial', 1, 0],
  );
  assert.equal(said, ['no', 'no', 'yes', 'no', 'yes', 'yes']);
});

test('one kick that is heard on two channels is one kick', () => {
  const { said } = story(
    [0, 'serial', 1, 3],
    [10, 'mqtt', 2, 3],
    [1_000, 'serial', 1, 4],
    [1_400, 'mqtt', 2, 4],
    [2_000, 'mqtt', 2, 5],
    [2_010, 'serial', 1, 5],
  );
  assert.equal(said, ['no', 'no', 'yes', 'no', 'yes', 'no']);
});

test('what a channel missed while it was down is not kicked when it is back', () => {
  const beats = Array.from({ length: 20 }, (_, i): Word => [2_000 + i * K_MS, 'serial', 1, 4]);
  const { said } = story(
    [0, 'serial', 1, 3],
    [10, 'mqtt', 2, 3],
    [1_000, 'serial', 1, 4],
    ...beats,
    [22_000, 'mqtt', 2, 4],
  );
  assert.is(said.at(-1), 'no');
});

test('a shim that starts anew may count from zero, and its first kick counts', () => {
  const { said } = story(
    [0, 'serial', 1, 1],
    [5_000, 'serial', 9, 0],
    [6_000, 'serial', 9, 0],
    [7_000, 'serial', 9, 1],
  );
  assert.equal(said, ['no', 'perhaps', 'no', 'yes']);
  const same = story([0, 'serial', 1, 0], [5_000, 'serial', 9, 0], [6_000, 'serial', 9, 1]);
  assert.equal(same.said, ['no', 'no', 'yes']);
});

test('after a gap in which the count may have gone round, somebody may have kicked', () => {
  const short = story([0, 'serial', 1, 3], [14_999, 'serial', 1, 3]);
  assert.is(short.said.at(-1), 'no');
  const long = story([0, 'serial', 1, 3], [15_000, 'serial', 1, 3]);
  assert.is(long.said.at(-1), 'perhaps');
});

test('an old count says that nobody kicked only after words have come without a gap', () => {
  const limits = { keepaliveMs: K_MS, freshnessMs: 5_000, overAt: 5_500 };
  const beats = (from: number, to: number): Word[] =>
    Array.from({ length: (to - from) / K_MS + 1 }, (_, i) => [from + i * K_MS, 'serial', 1, 3]);
  const steady = story(...beats(0, 7_000)).kicks;
  assert.not.ok(repeatsOldCount(steady, 6_999, limits));
  assert.ok(repeatsOldCount(steady, 7_000, limits));
  assert.ok(repeatsOldCount(steady, 9_000, limits));
  assert.not.ok(repeatsOldCount(steady, 9_001, limits), 'nothing is heard any more');
  const early = { ...limits, overAt: 7_001 };
  assert.not.ok(repeatsOldCount(steady, 7_100, early), 'it was not heard since its time was over');
  const gap = story(...beats(0, 7_000), ...beats(11_000, 17_000)).kicks;
  assert.not.ok(repeatsOldCount(gap, 17_000, limits), 'what was sent in the gap may still come');
  assert.ok(
    repeatsOldCount(story(...beats(0, 7_000), ...beats(10_000, 17_000)).kicks, 17_000, limits),
  );
});

test.run();
