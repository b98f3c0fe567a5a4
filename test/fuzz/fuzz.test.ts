/** The fuzzer in small: every target for a moment, blindly, and whatever it ever found, again. */
import { readFileSync } from 'node:fs';
import { assert, suite } from '../lib/suite.ts';
import { everyShortInput } from './exhaustive.ts';
import { readCorpus, regressions } from './lib/files.ts';
import { judge, search } from './lib/search.ts';
import { replayRecordings } from './recordings.ts';
import { TARGETS } from './targets/all.ts';
import { tornImages } from './torn.ts';

const test = suite('fuzz');
const RUNS_MAX = 2_000;
/** Less on a machine that has much to do, rather than a test that is stopped. */
const MS_MAX = 250;

for (const target of TARGETS) {
  test(`${target.name}: ${target.promise}`, async () => {
    const { broken, runs } = await search(target, {
      seed: 1,
      runsMax: RUNS_MAX,
      untilMs: performance.now() + MS_MAX,
      known: readCorpus(target.name),
      progress: () => undefined,
    });
    if (broken === undefined) return assert.ok(runs >= target.seeds.length);
    assert.unreachable(`${Buffer.from(broken.input).toString('hex')}\n${broken.problem}`);
  });
}

test('what once broke a promise keeps it', async () => {
  for (const { target: name, path } of regressions()) {
    const target = TARGETS.find((one) => one.name === name);
    if (target === undefined) return assert.unreachable(`${path} is of no target`);
    assert.is(await judge(target, readFileSync(path)), undefined, path);
  }
});

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
  const { runs, failures } = tornImages({ sectors: 5, pair: 3 });
  assert.equal(failures, []);
  assert.ok(runs > 400, `${runs} images`);
});

test.run();
