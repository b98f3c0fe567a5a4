/** The longest times that are published, against the figures of the design, worked out by hand. */
import { type WorstCase, worstCases } from '../../../firmware-agent/core/worst-case.ts';
import { assert, suite } from '../../lib/suite.ts';
import { boardOf, guarded, overBroker } from './world/settings.ts';

const test = suite('worst case');

const QUICK = [{ name: 'relay', method: 1, readable: true, periodMs: 50 }];
const SENSE = [{ name: 'sense', covers: 'host' as const, periodMs: 50, showsBreak: true }];

/** Of the first host of a board that has these. */
function ofFirst(...hosts: Parameters<typeof boardOf>[0]): WorstCase {
  return worstCases(boardOf(hosts))[0] ?? fail();
}

test('at the defaults a fence takes 7.6 s at most, and 12.6 s to fail', () => {
  const { fencedMs, failedMs } = ofFirst(guarded(1, 'a', { outlets: QUICK, senses: SENSE }));
  assert.equal([fencedMs, failedMs], [7_600, 12_600]);
});

test('a verdict falls D + q + L + d after death, clock error included, and 3K later after a stall', () => {
  const a = ofFirst(guarded(1, 'a'));
  assert.equal([a.verdictMs, a.afterStallMs], [15_015 + 50 + 250 + 500, 3_000]);
  const serial = ofFirst(guarded(1, 'a', { mqtt: false, times: { deadtimeMs: 3_000 } }));
  assert.is(serial.verdictMs, 3_003 + 50 + 250 + 20);
});

test('a verdict waits for the next beat of slow company, and as long again for a way back', () => {
  const slow = guarded(2, 'b', { times: { keepaliveMs: 20_000, deadtimeMs: 60_000 } });
  const { verdictMs } = ofFirst(guarded(1, 'a'), slow);
  // Both keepalives and both delays, and the longer of them again, with clock error; then q, L, d.
  assert.is(verdictMs, 42_542 + 50 + 250 + 500);
});

test('the judge is as quick as the shortest deadtime of the board wants it', () => {
  const quick = guarded(2, 'b', { times: { deadtimeMs: 600, keepaliveMs: 100 } });
  const slow = guarded(1, 'a', { outlets: QUICK, senses: [] });
  // q = 30 ms and L = 200 ms; the samples are slower than that by 20 ms.
  assert.is(ofFirst(slow, quick).verdictMs, 15_015 + 30 + 200 + 500);
  assert.is(ofFirst(slow, quick).fencedMs, 500 + 2_000 + 5_000 + 60 + 6 * 20);
});

test('each method may fail for as long as the first', () => {
  const outlets = [1, 2, 2].map((method, i) => ({
    ...(QUICK[0] ?? fail()),
    name: `${i}`,
    method,
  }));
  assert.is(ofFirst(guarded(1, 'a', { outlets })).failedMs, 2 * 12_600);
});

test('slow devices add their own time and never outlast the method', () => {
  const outlets = (periodMs: number) => [{ ...(QUICK[0] ?? fail()), periodMs }];
  assert.is(ofFirst(guarded(1, 'a', { outlets: outlets(300), senses: [] })).fencedMs, 9_100);
  assert.is(ofFirst(guarded(1, 'a', { outlets: outlets(9_000), senses: [] })).fencedMs, 12_600);
});

test('a session stands 2T + 3d after a restart', () => {
  assert.is(ofFirst(overBroker(1, 'a')).sessionMs, 3_500);
  assert.is(ofFirst(guarded(1, 'a', { mqtt: false })).sessionMs, 2_060);
});

function fail(): never {
  throw new Error('there is a host, with an outlet');
}

test.run();
