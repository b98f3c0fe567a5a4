/** Timers and back-off: a wrong delay must throw, because Node would make it one millisecond. */
import { backoffMs } from '../../../protocol/link/backoff.ts';
import {
  after,
  every,
  inSlices,
  monotonicMs,
  nextTurn,
  soon,
} from '../../../protocol/link/timers.ts';
import { assert, suite } from '../../lib/suite.ts';
import { until } from '../../lib/until.ts';

const test = suite('timers and back-off');
const WRONG_DELAYS = [Number.NaN, -1, -0.001, 2 ** 31, Number.POSITIVE_INFINITY, 1e300];

test('a delay that Node would misunderstand throws', () => {
  for (const ms of WRONG_DELAYS) {
    assert.throws(() => after(ms, () => undefined), /not/, `after ${ms}`);
    assert.throws(() => every(ms, () => undefined), /not/, `every ${ms}`);
  }
  assert.throws(() => every(0, () => undefined), /busy loop/);
});

test('the longest delay is taken and can be cancelled', () => {
  after(2 ** 31 - 1, () => assert.unreachable()).cancel();
  every(2 ** 31 - 1, () => assert.unreachable()).cancel();
});

test('a timer fires once, an interval again and again, a cancelled one never', async () => {
  const fired: string[] = [];
  after(0, () => fired.push('once'));
  after(0, () => fired.push('never')).cancel();
  const interval = every(1, () => fired.push('again'));
  await until('three turns', () => fired.filter((name) => name === 'again').length >= 3);
  interval.cancel();
  assert.is(fired.filter((name) => name === 'once').length, 1);
  assert.not(fired.includes('never'));
});

test('what is done for thousands is done in order, and lets input and timers in between', async () => {
  const hosts = Array.from({ length: 200 }, (_, i) => i);
  const done: number[] = [];
  const seen: number[] = [];
  const other = every(1, () => seen.push(done.length));
  inSlices(hosts, (host) => done.push(host));
  assert.ok(done.length > 0 && done.length < hosts.length / 2, 'the first few are done at once');
  await until('all are done', () => done.length === hosts.length);
  other.cancel();
  assert.equal(done, hosts);
  assert.ok(new Set(seen).size >= 3, `timers in between saw ${[...new Set(seen)]}`);
});

test('soon comes after what the next check phase hands over', async () => {
  const order: string[] = [];
  await new Promise<void>((resolve) => {
    soon(() => {
      order.push('soon');
      resolve();
    });
    nextTurn(() => order.push('input'));
    soon(() => order.push('never')).cancel();
  });
  assert.equal(order, ['input', 'soon']);
});

test('soon can be cancelled between its two turns', async () => {
  const timer = soon(() => assert.unreachable());
  await new Promise<void>((resolve) => {
    nextTurn(resolve);
  });
  timer.cancel();
  await new Promise<void>((resolve) => {
    soon(resolve);
  });
});

test('the clock has fractions and never runs backwards', () => {
  let last = monotonicMs();
  let fractions = 0;
  for (let i = 0; i < 1_000; i += 1) {
    const now = monotonicMs();
    assert.ok(now >= last);
    if (!Number.isInteger(now)) fractions += 1;
    last = now;
  }
  assert.ok(fractions > 900, `${fractions} readings had a fraction`);
});

test('the wait doubles from the first to the cap', () => {
  const bounds = { firstMs: 100, capMs: 2_000 };
  const waits = [1, 2, 3, 4, 5, 6, 7, 1_000].map((failures) => backoffMs(failures, bounds, 0));
  assert.equal(waits, [100, 200, 400, 800, 1_600, 2_000, 2_000, 2_000]);
});

test('chance shortens a wait by up to a quarter and never lengthens it', () => {
  const bounds = { firstMs: 100, capMs: 2_000 };
  assert.is(backoffMs(1, bounds, 1), 75);
  assert.is(backoffMs(9, bounds, 0.5), 1_750);
  for (const chance of [-0.1, 1.1, Number.NaN]) {
    assert.throws(() => backoffMs(1, bounds, chance), /chance/);
  }
  for (const failures of [0, -1, 1.5, Number.NaN]) {
    assert.throws(() => backoffMs(failures, bounds, 0), /failures/);
  }
});

test.run();
