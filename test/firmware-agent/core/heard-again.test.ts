/**
 * A host that was cut for its silence and is heard again, because nothing of what was to cut it did:
 * no further method is tried on a healthy host. Orders want it off whether it speaks or not.
 */
import type { HostSettings } from '../../../firmware-agent/core/settings.ts';
import { PLEDGE } from '../../../protocol/wire/messages.ts';
import { assert, suite } from '../../lib/suite.ts';
import { guarded, SECOND } from './world/settings.ts';
import { type World, world } from './world/world.ts';

const test = suite('heard again after a method that failed');

const relay = (name: string, method: number): HostSettings['outlets'][number] => ({
  name,
  method,
  readable: true,
  periodMs: 100,
});
const TWO = { outlets: [relay('relay', 1), relay('feed', 2)], delayMs: { serial: 20, mqtt: 50 } };

/** Its first relay is welded; both its cables are pulled until it is cut, and then put back. */
function cutAndHeard(differs: Partial<HostSettings>, pledge = false): World {
  const w = world({
    hosts: [guarded(1, 'alpha', differs), guarded(2, 'beta')],
    feeds: { alpha: [(differs.outlets ?? [0]).map((_, outlet) => outlet)] },
    started: false,
  });
  const alpha = w.machine('alpha');
  alpha.relays[0] = { really: 'closed', fault: 'welded' };
  const flags = PLEDGE.hardware | PLEDGE.nowayout | PLEDGE.boardAlone;
  if (pledge) alpha.pledge = { timeout: 300, watchdog: 100, flags };
  w.start();
  w.run(10 * SECOND);
  for (const channel of ['serial', 'mqtt'] as const) w.cable('alpha', channel, 'broken');
  w.untilNews('cut', 'alpha', 30 * SECOND);
  for (const channel of ['serial', 'mqtt'] as const) w.cable('alpha', channel, 'whole');
  return w;
}

test('whom a verdict cut in vain and who beats again is cut by no second method', () => {
  const w = cutAndHeard(TWO);
  w.run(60 * SECOND);
  assert.is(w.cuts('alpha').length, 1);
  assert.is(w.machine('alpha').at, 'up');
  assert.equal([w.news('failed', 'alpha').length, w.news('fenced', 'alpha').length], [1, 0]);
  assert.is(w.news('unguarded', 'alpha').length, 1, 'and people hear that its one fence is spent');
});

test('nor is it made to end itself by the loss of its keys', () => {
  const w = cutAndHeard({ ...TWO, outlets: [relay('relay', 1)], proof: 'by-timeout' }, true);
  w.run(60 * SECOND);
  assert.is(w.told((e) => e.kind === 'retire' && e.host === 1).length, 0);
  assert.is(w.news('failed', 'alpha').length, 1);
});

test('an order goes on to the next method, whatever is heard', () => {
  const w = cutAndHeard(TWO);
  const cmdId = w.order({ op: 'fence', host: 'alpha', by: 'operator' });
  w.run(60 * SECOND);
  assert.is(w.cuts('alpha').length, 2);
  assert.is(w.answers(cmdId).at(-1)?.outcome, 'done');
});

test('a host that stays silent is cut by the next method', () => {
  const w = cutAndHeard(TWO);
  for (const channel of ['serial', 'mqtt'] as const) w.cable('alpha', channel, 'broken');
  w.run(60 * SECOND);
  assert.is(w.cuts('alpha').length, 2);
  assert.is(w.news('fenced', 'alpha').length, 1);
});

test.run();
