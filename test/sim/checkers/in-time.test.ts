import { guarded } from '../../firmware-agent/core/world/settings.ts';
import { assert, suite } from '../../lib/suite.ts';
import { answer, cut, type History, history, LIFE, news, order, over, restore } from './history.ts';
import { resultsInTime } from './results-in-time.ts';
import { verdictInTime } from './verdict-in-time.ts';
import { whyNotFenced } from './why-not-fenced.ts';

const test = suite('checkers: what is owed in time');

const ticks = (h: History, ms: number): History => {
  for (const end = h.at + ms; h.at < end; h.wait(50)) h.tick();
  return h;
};

test('a proven silence of a deadtime is a verdict, within a tick', () => {
  const h = history(verdictInTime).beats([1, 2], 200_000).silence(15_000, [2]);
  assert.equal(ticks(h, 500).rules(), ['L1']);
  const found = history(verdictInTime).beats([1, 2], 200_000).silence(14_900, [2]).verdict(1);
  assert.equal(ticks(found, 500).rules(), []);
});

test('no verdict is owed where anything may stand against it', () => {
  const owed = (disturb: (h: History) => void, others = [2]): string[] => {
    const h = history(verdictInTime).beats([1, 2], 200_000).silence(5_000, others);
    disturb(h);
    return ticks(h.silence(10_000, others), 500).rules();
  };
  assert.equal(
    owed(() => {}),
    ['L1'],
  );
  assert.equal(
    owed((h) => h.truth({ kind: 'stall', on: true }).truth({ kind: 'stall', on: false })),
    [],
  );
  assert.equal(
    owed((h) => h.hear(1, { ageMs: 9_000 })),
    [],
  );
  assert.equal(
    owed((h) => h.tick(news(1, 'held', 'alarm'))),
    [],
  );
  assert.equal(
    owed((h) => h.step({ kind: 'ended', host: 1, channel: 'mqtt', why: 'expired' })),
    [],
  );
  assert.equal(
    owed((h) => h.tick(cut(2))),
    [],
  );
  assert.equal(
    owed(() => {}, []),
    [],
  );
});

test('no verdict is owed of a host that is frozen, though it beats again, until it is thawed', () => {
  const frozen = (): History =>
    history(verdictInTime).tick(news(1, 'integrity', 'alarm', 'frozen: why'));
  const dies = (h: History): string[] =>
    ticks(h.beats([1, 2], 200_000).silence(15_000, [2]), 500).rules();
  assert.equal(dies(frozen()), []);
  assert.equal(dies(frozen().tick(news(1, 'thawed'))), ['L1']);
});

test('a fence is proven or failed in time, whatever it meets', () => {
  const begun = (): History => history(resultsInTime).verdict(1);
  assert.equal(ticks(begun(), 15_000).rules(), ['L2']);
  assert.equal(ticks(ticks(begun(), 10_000).tick(news(1, 'failed', 'alarm')), 9_000).rules(), []);
  const stalled = ticks(begun(), 8_000).truth({ kind: 'stall', on: true }).wait(30_000);
  ticks(stalled.truth({ kind: 'stall', on: false }), 4_000);
  assert.equal(stalled.tick(news(1, 'fenced')).tick(restore(1)).rules(), []);
});

test('an order is answered in time, and a host is given its power back', () => {
  const given = order({ host: 1 });
  const take = (of = given): History =>
    history(resultsInTime).step({ kind: 'order', order: of }, answer(of, 'accepted'));
  assert.equal(ticks(take(), 25_000).rules(), ['L3']);
  assert.equal(ticks(take().tick(answer(given, 'failed')), 25_000).rules(), []);
  const disable = order({ host: 0, op: 'disable' });
  assert.equal(ticks(take(disable), 2_000).rules(), ['L3']);
  const fenced = (): History => history(resultsInTime).verdict(1).tick(news(1, 'fenced'));
  assert.equal(ticks(fenced(), 15_000).rules(), ['L6']);
  assert.equal(ticks(fenced().tick(restore(1)), 15_000).rules(), []);
});

test('a dead host that is not fenced has an alarm that says why', () => {
  const dead = (): History =>
    history(whyNotFenced)
      .beats([1, 2], 5_000)
      .truth({
        ...{ kind: 'life', host: 1, incarnation: LIFE + 1, is: 'hung' },
      });
  assert.equal(dead().silence(400_000, [2]).rules(), ['L8']);
  assert.equal(
    dead()
      .tick(news(1, 'held', 'alarm'))
      .silence(400_000, [2])
      .rules(),
    [],
  );
  assert.equal(
    dead()
      .tick(news(1, 'late', 'warning'))
      .silence(400_000, [2])
      .rules(),
    ['L8'],
  );
  assert.equal(dead().verdict(1).silence(400_000, [2]).rules(), []);
  const switched = (): History => dead().silence(200_000, [2]).tick(restore(1));
  assert.equal(switched().silence(200_000, [2]).rules(), [], 'given power, it may be booting');
  assert.equal(switched().silence(400_000, [2]).rules(), ['L8']);
});

test('an alarm that ends gives way to a verdict at once, or after the gap of another fence', () => {
  const released = (): History =>
    history(whyNotFenced, [guarded(1, 'one'), guarded(2, 'two'), guarded(3, 'three')])
      .beats([1, 2, 3], 5_000)
      .truth({ kind: 'life', host: 1, incarnation: LIFE + 1, is: 'hung' })
      .tick(news(1, 'held', 'alarm'))
      .silence(400_000, [2, 3]);
  const verdict = (h: History): string[] => h.verdict(1).silence(400_000, [2, 3]).rules();
  assert.equal(verdict(released().tick(over(1, 'held')).wait(50)), [], 'it falls in the next tick');
  assert.equal(ticks(released().tick(over(1, 'held')), 2_000).rules(), ['L8'], 'none falls');
  const undrained = released().tick(over(1, 'held')).wait(1_000);
  assert.equal(verdict(undrained.step({ kind: 'judge', drained: false }).wait(50)), []);
  const another = (): History => released().verdict(2).tick(over(1, 'held'));
  assert.equal(verdict(another().silence(29_000, [3])), [], 'the other was fenced just now');
  assert.equal(another().silence(32_000, [3]).rules(), ['L8'], 'the gap is over');
  const enabled = released().tick(news(undefined, 'disabled', 'alarm'), over(1, 'held'));
  assert.equal(verdict(enabled.wait(1_000).tick(over(undefined, 'disabled')).wait(50)), []);
  const late = released()
    .tick(news(1, 'late', 'warning'), over(1, 'held'))
    .wait(1_000);
  assert.equal(late.tick(over(1, 'late')).rules(), ['L8'], 'that one gave no reason');
});

test('in the calm every host that runs is heard, and no alarm of its silence stands', () => {
  const calm = (): History =>
    history(whyNotFenced, [guarded(1, 'one'), guarded(2, 'two')]).truth({ kind: 'calm' });
  assert.equal(calm().beats([1, 2], 60_000).end().rules(), []);
  assert.equal(calm().silence(60_000, [2]).end().rules(), ['L5']);
  assert.equal(
    calm()
      .tick(news(1, 'held', 'alarm'))
      .beats([1, 2], 60_000)
      .end()
      .rules(),
    ['L8'],
  );
});

test.run();
