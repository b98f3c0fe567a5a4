/** What is remembered of outages: as little as can still matter, and never less than was asked. */
import {
  newMedium,
  noticeTime,
  setListening,
  startClock,
} from '../../../firmware-agent/core/clock.ts';
import { afterGaps, type Gap, withGap } from '../../../firmware-agent/core/gaps.ts';
import { assert, suite } from '../../lib/suite.ts';

const test = suite('gaps');
const LIMITS = { ignoredMs: 1_000, lengthMaxMs: 120_000 };

/** Twenty outages, each shorter than the one before. */
const OUTAGES: Gap[] = Array.from({ length: 20 }, (_, i) => {
  const endAt = 100_000 * (i + 1);
  return { endAt, endAwake: endAt, lengthMs: 60_000 - 2_000 * i };
});

const kept = (): Gap[] => OUTAGES.reduce<Gap[]>(withGap, []);

test('of many outages sixteen are kept, and the longest of them are not the ones that go', () => {
  assert.is(kept().length, 16);
  assert.is(kept()[0]?.lengthMs, 60_000);
});

test('what was merged asks for at least as much as every outage did', () => {
  for (let at = 0; at < 2_100_000; at += 50_000) {
    const since = { at, fromAwake: at, needMs: 15_000 };
    const asked = afterGaps(OUTAGES, since, LIMITS);
    const still = afterGaps(kept(), since, LIMITS);
    assert.ok(still.fromAwake >= asked.fromAwake, `from ${still.fromAwake} of a silence at ${at}`);
    assert.ok(still.needMs >= asked.needMs, `${still.needMs} ms of a silence at ${at}`);
  }
});

test('a shorter outage takes nothing from a longer one, and a longer one makes it needless', () => {
  const gap = (endAt: number, lengthMs: number): Gap => ({ endAt, endAwake: endAt, lengthMs });
  const [long, short, longer] = [gap(10_000, 5_000), gap(20_000, 2_000), gap(40_000, 9_000)];
  assert.equal([long, short].reduce<Gap[]>(withGap, []), [long, short]);
  assert.equal([long, short, longer].reduce<Gap[]>(withGap, []), [longer]);
});

test('gaps that shrink for hours, as drifting clocks make them, do not carry an outage along', () => {
  const outage: Gap = { endAt: 20_000, endAwake: 20_000, lengthMs: 20_000 };
  let gaps: Gap[] = [outage];
  for (let i = 1; i < 600; i += 1) {
    const endAt = 20_000 + 1_000 * i;
    gaps = withGap(gaps, { endAt, endAwake: endAt, lengthMs: 900 - i });
    assert.equal(gaps[0], outage, `after ${i} gaps`);
    for (const kept of gaps.slice(1)) {
      const trueMs = 900 - (kept.endAt - 20_000) / 1_000;
      assert.ok(kept.lengthMs <= 1.5 * trueMs, `${kept.lengthMs} ms stands for ${trueMs} ms`);
    }
  }
});

test('an outage that the board slept through was an outage all the same', () => {
  const clock = startClock(0);
  let medium = setListening(newMedium(clock, 0), true, clock, 0);
  noticeTime(clock, 200, 250);
  clock.judgedAt = 1_000;
  medium = setListening(medium, false, clock, 1_000);
  noticeTime(clock, 61_000, 250);
  medium = setListening(medium, true, clock, 61_000);
  assert.equal(
    medium.gaps.map(({ lengthMs }) => lengthMs),
    [60_000],
  );
});

test.run();
