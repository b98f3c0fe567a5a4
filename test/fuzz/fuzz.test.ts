/** The fuzzer in small: every target for a moment, blindly, and whatever it ever found, again. */
import { readFileSync } from 'node:fs';
import { assert, suite } from '../lib/suite.ts';
import { readCorpus, regressions } from './lib/files.ts';
import { judge, search } from './lib/search.ts';
import { TARGETS } from './targets/all.ts';

const test = suite('fuzz');
const RUNS_MAX = 2_000;
/** Less on a machine that has much to do, rather than a test that is stopped. */
const MS_MAX = 120;

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

test.run();
