/** The walks of the fuzzer in small: short inputs, recorded frames elsewhere, torn writes. */
import { assert, suite } from '../lib/suite.ts';
import { everyShortInput } from './exhaustive.ts';
import { replayRecordings } from './recordings.ts';
import { tornImages } from './torn.ts';

const test = suite('fuzz walks');

test('no input of up to two bytes is a frame, and each is counted as short', () => {
  const { runs, failures } = everyShortInput(2);
  assert.equal(failures, []);
  assert.is(runs, 3 * (1 + 256 + 65_536));
});

test('no frame of a hundred sessions is taken in another session, channel, host, direction or life', () => {
  const { figures, failures, runs } = replayRecordings({ worlds: 13, seed: 1 });
  assert.equal(failures, []);
  assert.ok((figures['sessions'] ?? 0) >= 100 && runs > 100_000, `${figures['sessions']} ${runs}`);
});

test('of hundreds of torn images of the state file each gives the newest whole state', () => {
  const { runs, failures } = tornImages({ sectors: 5, pair: 3, reordered: 0 });
  assert.equal(failures, []);
  assert.ok(runs > 400, `${runs} images`);
});

test('of thousands of images of three writes in any order each gives the newest whole state', () => {
  const { runs, failures } = tornImages({ sectors: 0, pair: 0, reordered: 3 });
  assert.equal(failures, []);
  assert.ok(runs > 2_000, `${runs} images`);
});

test.run();
