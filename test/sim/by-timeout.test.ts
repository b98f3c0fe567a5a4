/** Simulated worlds of hosts without outlets: what is reported by timeout is over, whatever fails. */
import { assert, suite } from '../lib/suite.ts';
import { checkersFor } from './checkers/all.ts';
import type { Outlived } from './checkers/outlived.ts';
import { drawPlan } from './draw.ts';
import { cryptoFor } from './play.ts';
import { runPlan } from './run.ts';
import { withoutOutlets } from './without-outlets.ts';

const test = suite('simulated worlds without outlets');
const FENCED = 6;
const SEEDS_MAX = 60;

test('a life that was reported by timeout is over, and has been for a while', () => {
  const seen: Outlived = { fenced: 0, spareMs: Number.POSITIVE_INFINITY };
  for (let seed = 1; seed <= SEEDS_MAX && seen.fenced < FENCED; seed += 1) {
    const drawn = drawPlan({ seed, hours: 0 });
    if (drawn.endAt * drawn.hosts.length > 700_000) continue;
    const plan = withoutOutlets(drawn);
    const checkers = checkersFor(plan, seen);
    const { complaints } = runPlan(plan, { crypto: cryptoFor(false), checkers });
    const said = complaints.map(({ rule, sentence }) => `${rule}: ${sentence}`);
    assert.equal(said, [], `SEED=${seed}`);
  }
  assert.ok(seen.fenced >= FENCED, `${seen.fenced} fences`);
  assert.ok(seen.spareMs > 0, `${seen.spareMs} ms`);
});

test.run();
