import assert from 'node:assert/strict';
import { prng } from '../lib/prng.ts';
import { suite } from '../lib/suite.ts';
import { type Sample, slopeOf } from './slope.ts';

const test = suite('slope');
const DAY_MS = 86_400_000;

/** An hour of samples every 5 s: a level, a daily gain, and noise. */
function samples(gain: number, noise: number, seed: number): Sample[] {
  const random = prng(seed);
  return Array.from({ length: 720 }, (_, i) => {
    const atMs = 5_000 * i;
    return { atMs, value: 60 + (gain * atMs) / DAY_MS + noise * (random.next() - 0.5) };
  });
}

test('a line without noise is found exactly', () => {
  const { perDay, plusMinus } = slopeOf(samples(7, 0, 1));
  assert.ok(Math.abs(perDay - 7) < 1e-6 && plusMinus < 1e-6, `${perDay} +- ${plusMinus}`);
});

test('the interval holds the true gain in about 95 of 100 runs', () => {
  const runs = Array.from({ length: 400 }, (_, seed) => slopeOf(samples(3, 0.4, seed + 1)));
  const held = runs.filter(({ perDay, plusMinus }) => Math.abs(perDay - 3) <= plusMinus).length;
  assert.ok(held > 0.92 * 400 && held < 0.98 * 400, `${held} of 400`);
});

test('a run that is too short for a line says so', () => {
  assert.throws(() => slopeOf(samples(0, 0, 1).slice(0, 11)), /11 samples/);
});

test.run();
