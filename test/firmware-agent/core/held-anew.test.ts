/**
 * A fence that the agent's death cut short, and its host still has no power: what the next life holds
 * anew, by which senses it lets itself be convinced, and what it does not do on the word of the disk.
 */
import type { HostSettings } from '../../../firmware-agent/core/settings.ts';
import { assert, suite } from '../../lib/suite.ts';
import { alarms, outcomes } from './world/after.ts';
import { turn } from './world/bench.ts';
import { guarded, SECOND } from './world/settings.ts';
import { type World, world } from './world/world.ts';

const test = suite('held anew');

const outlet = (name: string, method: number): HostSettings['outlets'][number] => ({
  ...{ name, method, readable: true, periodMs: 100 },
});

function pair(differs: Parameters<typeof guarded>[2] = {}, feeds?: number[][]): World {
  const w = world({
    hosts: [guarded(1, 'alpha', differs), guarded(2, 'beta')],
    ...(feeds === undefined ? {} : { feeds: { alpha: feeds } }),
  });
  w.run(30 * SECOND);
  return w;
}

/** Orders a fence, and kills the agent so long after that; `meanwhile` it is away for a second. */
function killedInTheDark(w: World, afterMs: number, meanwhile: () => void = () => {}): string {
  const cmdId = w.order({ op: 'fence', host: 'alpha', by: 'operator' });
  w.run(afterMs);
  w.crash();
  meanwhile();
  w.run(SECOND);
  w.start();
  return cmdId;
}

test('a fence that is held anew is another one, and the first has its record', () => {
  const w = pair();
  killedInTheDark(w, 1_500);
  w.untilNews('fenced', 'alpha', 8 * SECOND);
  const records = w
    .told(({ kind }) => kind === 'record')
    .flatMap(({ effect }) => (effect.kind === 'record' ? [effect.record] : []));
  assert.equal(
    records.map(({ id, by, outcome }) => [id, by, outcome]),
    [
      [1, 'order by operator', 'interrupted'],
      [2, 'restart', 'fenced'],
    ],
  );
});

test('only where all of its own outlets are open is it held anew; else it has power', () => {
  const w = pair({ outlets: [outlet('a', 1), outlet('b', 1)] });
  const cmdId = killedInTheDark(w, 1_500, () => turn(w.state, w.machine('alpha'), [0], 'closed'));
  assert.equal(outcomes(w, cmdId), ['accepted', 'interrupted']);
  w.untilNews('restored', 'alpha', 5 * SECOND);
});

test('a sense that no life saw on proves nothing', () => {
  const w = pair();
  w.machine('alpha').senses[0] = { reads: 'off' };
  w.crash();
  w.start();
  w.run(SECOND);
  killedInTheDark(w, 1_500);
  w.run(60 * SECOND);
  assert.equal(w.news('fenced', 'alpha'), []);
  assert.ok(alarms(w, 'alpha').includes('failed'));
});

test('a sense that has lied is not believed because the life before saw it on since', () => {
  const w = pair();
  w.machine('alpha').senses[0] = { reads: 'off' };
  w.untilNews('sense-suspect', 'alpha', 10 * SECOND);
  w.machine('alpha').senses[0] = {};
  w.run(SECOND);
  killedInTheDark(w, 100);
  w.run(60 * SECOND);
  assert.equal(w.news('fenced', 'alpha'), []);
  assert.ok(alarms(w, 'alpha').includes('failed'));
});

test('what does not prove it cuts nothing more: no method is tried that had not cut', () => {
  const w = pair({ outlets: [outlet('relay', 1), outlet('feed', 2)] }, [[0, 1]]);
  killedInTheDark(w, 1_500, () => {
    w.machine('alpha').senses[0] = { reads: 'unknown' };
  });
  w.untilNews('failed', 'alpha', 30 * SECOND);
  const cut = w.cuts('alpha').map(({ effect }) => (effect.kind === 'cut' ? effect.outlets : []));
  assert.equal(cut, [[0]]);
});

test('a fence that was reported, and whose host has power again, was interrupted by nothing', () => {
  const w = pair();
  const cmdId = w.order({ op: 'fence', host: 'alpha', by: 'operator' });
  w.untilNews('fenced', 'alpha', 20 * SECOND);
  w.crash();
  turn(w.state, w.machine('alpha'), [0], 'closed');
  w.run(SECOND);
  w.start();
  w.run(SECOND);
  assert.equal(outcomes(w, cmdId), ['accepted', 'done']);
  assert.equal(w.news('interrupted', 'alpha'), []);
  assert.equal(w.state.process?.board.hosts.get(1)?.interruptedWallMs, []);
});

test.run();
