/** The numbers that the board draws from its timers, at the defaults and in the story. */
import {
  beaconMs,
  defaultInitdeadMs,
  defaultWarntimeMs,
  delayMs,
  freshnessMs,
  judgeTickMs,
  loopLagMs,
  powerLossMs,
  proofGapMs,
  proofLimitMs,
  sampleAgeMs,
} from '../../../firmware-agent/core/limits.ts';
import type { Timing } from '../../../firmware-agent/core/settings.ts';
import { assert, suite } from '../../lib/suite.ts';

const test = suite('limits');

function timing(change: Partial<Timing> = {}): Timing {
  return {
    keepaliveMs: 1_000,
    warntimeMs: 5_000,
    deadtimeMs: 15_000,
    initdeadMs: 120_000,
    offHoldMs: 5_000,
    drainMs: 2_000,
    ...change,
  };
}

test('at the defaults they are those of the design', () => {
  assert.is(beaconMs(1_000), 1_000);
  assert.is(freshnessMs(timing(), 500), 5_000);
  assert.is(proofGapMs(timing(), 500), 5_000);
  assert.is(judgeTickMs(15_000), 50);
  assert.is(loopLagMs(15_000), 250);
  assert.is(powerLossMs(timing(), 500), 2_500);
  assert.is(proofLimitMs(timing()), 12_000);
  assert.equal([defaultWarntimeMs(15_000), defaultInitdeadMs(15_000)], [5_000, 120_000]);
});

test('with a short deadtime the round trip decides what is fresh', () => {
  const short = timing({ deadtimeMs: 4_000 });
  assert.is(freshnessMs(short, 500), 3_000);
  assert.is(proofGapMs(short, 500), 2_000);
  assert.is(judgeTickMs(400), 20);
  assert.is(loopLagMs(600), 200);
  assert.equal([defaultWarntimeMs(3_000), defaultInitdeadMs(90_000)], [1_000, 180_000]);
});

test('a slow keepalive slows neither beacons nor the answer to them', () => {
  assert.is(beaconMs(10_000), 1_000);
  assert.is(freshnessMs(timing({ keepaliveMs: 10_000, deadtimeMs: 60_000 }), 20), 5_000);
  assert.is(beaconMs(250), 250);
});

test('the slowest channel of a host counts, and only those that it has', () => {
  assert.is(delayMs({ mqtt: true, serial: { modem: false } }), 500);
  assert.is(delayMs({ mqtt: false, serial: { modem: false } }), 20);
  assert.is(delayMs({ mqtt: false }), 0);
  const slow = { serial: 700, mqtt: 300 };
  assert.is(delayMs({ mqtt: true, serial: { modem: false }, delayMs: slow }), 700);
  assert.is(delayMs({ mqtt: true, delayMs: slow }), 300);
});

test('a sample is young by its driver and never outlives half the off-hold', () => {
  assert.is(sampleAgeMs(50, 50, 5_000), 500);
  assert.is(sampleAgeMs(50, 300, 5_000), 900);
  assert.is(sampleAgeMs(50, 2_000, 5_000), 2_500);
});

test.run();
