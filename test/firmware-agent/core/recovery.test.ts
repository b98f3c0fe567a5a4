/** What failed for all comes back, not for all at once: whoever comes back late is not dead. */
import { assert, suite } from '../../lib/suite.ts';
import { guarded, SECOND } from './world/settings.ts';
import { BEAT, rack } from './world/timed.ts';
import { type World, world } from './world/world.ts';

const test = suite('recovery');
const HUB = { serial: { adapter: 'hub', modem: false } };

function pair(differs: Parameters<typeof guarded>[2] = {}): World {
  const w = world({ hosts: [guarded(1, 'alpha', differs), guarded(2, 'beta', differs)] });
  w.run(30 * SECOND);
  return w;
}

function paths(w: World, name: string, is: 'broken' | 'whole'): void {
  w.cable(name, 'serial', is);
  w.cable(name, 'mqtt', is);
}

test('an outage of all paths that ends for one before the deadtime does not cut the other', () => {
  const w = pair();
  for (const name of ['alpha', 'beta']) paths(w, name, 'broken');
  w.run(12 * SECOND);
  paths(w, 'beta', 'whole');
  w.run(8 * SECOND);
  paths(w, 'alpha', 'whole');
  w.run(60 * SECOND);
  assert.is(w.cuts().length, 0);
});

test('the same for a timer that is shorter than the deadtime', () => {
  const w = rack(BEAT);
  w.run(5 * SECOND);
  for (const name of ['alpha', 'beta']) paths(w, name, 'broken');
  w.run(7 * SECOND);
  paths(w, 'beta', 'whole');
  w.run(2 * SECOND);
  paths(w, 'alpha', 'whole');
  w.run(60 * SECOND);
  assert.is(w.cuts().length, 0);
});

test('held hosts whose common hub is mended before their common switch are not cut', () => {
  const w = pair(HUB);
  for (const name of ['alpha', 'beta']) paths(w, name, 'broken');
  w.run(60 * SECOND);
  w.cable('beta', 'serial', 'whole');
  w.run(300 * SECOND);
  assert.is(w.cuts().length, 0);
});

test('a quick host that comes back after a slow one is not cut by the first beat of that one', () => {
  const quick = { deadtimeMs: 4 * SECOND, warntimeMs: 1 * SECOND };
  const slow = { keepaliveMs: 20 * SECOND, deadtimeMs: 60 * SECOND };
  for (let seed = 1; seed <= 20; seed += 1) {
    const w = world({
      seed,
      hosts: [guarded(1, 'alpha', { times: quick }), guarded(2, 'beta', { times: slow })],
    });
    w.run(60 * SECOND + seed * 970);
    for (const name of ['alpha', 'beta']) paths(w, name, 'broken');
    w.run(12 * SECOND);
    paths(w, 'beta', 'whole');
    w.run(8 * SECOND);
    paths(w, 'alpha', 'whole');
    w.run(60 * SECOND);
    assert.equal(w.cuts(), [], `${seed}`);
  }
});

test('a neighbour that beats too seldom to prove a path proves no silence on it', () => {
  const times = { deadtimeMs: 6 * SECOND, warntimeMs: 1 * SECOND };
  const slow = { keepaliveMs: 5 * SECOND, deadtimeMs: 30 * SECOND };
  const sense = { name: 'sense', covers: 'host', periodMs: 100, showsBreak: false } as const;
  const differs = { ...HUB, senses: [sense] };
  const w = world({
    board: { brokerOnBoard: true },
    hosts: [
      guarded(1, 'alpha', { ...differs, times }),
      guarded(2, 'beta', { ...differs, times: slow }),
    ],
  });
  w.run(60 * SECOND);
  paths(w, 'alpha', 'broken');
  w.run(120 * SECOND);
  assert.is(w.cuts().length, 0);
});

test.run();
