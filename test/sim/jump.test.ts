/** A world that was jumped is the world that was stepped: same ages, same states, same everything. */
import { assert, suite } from '../lib/suite.ts';
import { quickCrypto } from './crypto.ts';
import { drawPlan } from './draw.ts';
import type { Plan } from './plan.ts';
import { INSTANT, periodOf, picture, tryJump } from './world/jump.ts';
import type { World } from './world/state.ts';
import { makeWorld, run } from './world/world.ts';

const test = suite('jumps');
const SETTLED_MS = 130_000;

/** Plans of long runs, with nothing in them: what beats in step, beats in step. */
function* quietPlans(count: number): Generator<Plan> {
  for (let seed = 1, found = 0; found < count; seed += 1) {
    const plan = drawPlan({ seed, hours: 0 });
    if (plan.hosts.length > 3 || plan.calmAt < 200 * 3_600_000) continue;
    found += 1;
    yield { ...plan, schedule: [] };
  }
}

function settled(plan: Plan): World {
  const world = makeWorld(plan, { crypto: quickCrypto(), witnesses: [] });
  const periodMs = periodOf(world);
  run(world, Math.ceil(SETTLED_MS / periodMs) * periodMs);
  return world;
}

/** A picture relative to now: instants as ages, counters that only count left out. */
function relative(world: World): unknown[] {
  const counters = new Set([
    'lastSeq',
    'seq',
    'latest',
    'tick',
    'aliveTick',
    'turn',
    'alarms',
    'b',
  ]);
  return picture(world)
    .filter(({ name }) => !counters.has(name))
    .map(({ name, value }) =>
      typeof value === 'number' && INSTANT.test(name)
        ? [name, Math.round((world.now - value) * 1e3) / 1e3]
        : [name, value],
    );
}

test('stepping through a quiet stretch and jumping it end in the same state', () => {
  for (const plan of quietPlans(3)) {
    const jumped = settled(plan);
    const periodMs = periodOf(jumped);
    let leapMs = 0;
    for (let tries = 0; leapMs === 0 && tries < 60; tries += 1) {
      leapMs = tryJump(jumped, periodMs, jumped.now + 60 * periodMs);
      if (leapMs === 0) run(jumped, jumped.now + 7 * periodMs);
    }
    assert.ok(leapMs > 0, `seed ${plan.seed}: it never came into step`);
    const stepped = settled(plan);
    run(stepped, jumped.now + leapMs);
    const [one, other] = [relative(jumped), relative(stepped)];
    assert.is(one.length, other.length);
    const unequal = one.flatMap((leaf, at) =>
      JSON.stringify(leaf) === JSON.stringify(other[at]) ? [] : [[leaf, other[at]]],
    );
    assert.equal(unequal, [], `seed ${plan.seed}: jumped, and stepped`);
  }
});

test.run();
