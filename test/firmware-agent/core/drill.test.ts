/** A drill shows whose outlets these are; until then every proof says that nobody has looked. */
import { assert, suite } from '../../lib/suite.ts';
import { turn } from './world/bench.ts';
import { guarded, SECOND } from './world/settings.ts';
import { type World, world } from './world/world.ts';

const test = suite('drill');
const args = { drill: true } as const;
const WIRING = 'bench alpha-relay';

function pair(wiring = WIRING): World {
  const w = world({ hosts: [guarded(1, 'alpha', { wiring }), guarded(2, 'beta')] });
  w.run(30 * SECOND);
  return w;
}

function drill(w: World): string {
  const cmdId = w.order({ op: 'fence', host: 'alpha', by: 'operator', args });
  w.run(60 * SECOND);
  return cmdId;
}

/** Whether the next fence of alpha is answered as untested. */
function isUntested(w: World): boolean {
  const cmdId = w.order({ op: 'fence', host: 'alpha', by: 'operator' });
  w.run(60 * SECOND);
  const last = w.answers(cmdId).at(-1);
  assert.is(last?.outcome, 'done');
  return last?.untested === true;
}

function detail(w: World, cmdId: string): string {
  const last = w.answers(cmdId).at(-1);
  return `${last?.outcome} ${last?.detail}`;
}

test('a host that falls silent alone, and comes back anew, is tested from then on', () => {
  const w = pair();
  const own = drill(w);
  assert.is(w.answers(own).at(-1)?.untested, true, 'its own proof came before');
  assert.is(w.news('drilled', 'alpha').length, 1);
  const tested = w.state.process?.board.hosts.get(1)?.tested;
  assert.is(tested?.wiring, WIRING);
  const { holdUpMs = 0, bootMs = 0 } = tested ?? {};
  assert.ok(holdUpMs > 0 && holdUpMs <= 200, `bridges ${holdUpMs} ms; the truth is 30`);
  assert.ok(bootMs >= 20_000 && bootMs <= 22_000, `boots in ${bootMs} ms; the truth is 20,000`);
  assert.is(isUntested(w), false);
});

test('a fence that nobody ordered as a drill shows nothing', () => {
  const w = pair();
  assert.is(isUntested(w), true);
  assert.is(isUntested(w), true);
  assert.is(w.news('drilled').length, 0);
});

test('what was shown outlives the agent, and no other wiring', () => {
  for (const [wiring, untested] of [
    [WIRING, false],
    ['bench beta-relay', true],
  ] as const) {
    const w = pair();
    drill(w);
    w.crash();
    const [alpha] = w.state.settings.hosts;
    if (alpha !== undefined) alpha.wiring = wiring;
    w.start();
    w.run(30 * SECOND);
    assert.is(isUntested(w), untested, wiring);
  }
});

test('where another falls silent, or restarts, the wires are crossed', () => {
  for (const restarts of [true, false]) {
    const w = pair();
    w.order({ op: 'fence', host: 'alpha', by: 'operator', args });
    w.untilNews('cut', 'alpha', 5 * SECOND);
    if (restarts) {
      // It hangs on the same relay, and is back before anybody calls its silence long.
      w.machine('beta').bootMs = 3 * SECOND;
      turn(w.state, w.machine('beta'), [0], 'open');
      w.run(SECOND);
      turn(w.state, w.machine('beta'), [0], 'closed');
    } else {
      w.cable('beta', 'serial', 'broken');
      w.cable('beta', 'mqtt', 'broken');
    }
    w.run(60 * SECOND);
    assert.is(w.news('drilled').length, 0);
    assert.is(w.news('drill-failed', 'alpha').length, 1);
  }
});

test('where another is silent when it comes back, the drill shows nothing', () => {
  const w = pair();
  w.order({ op: 'fence', host: 'alpha', by: 'operator', args });
  w.untilNews('restored', 'alpha', 20 * SECOND);
  w.run(12 * SECOND);
  for (const channel of ['serial', 'mqtt'] as const) w.cable('beta', channel, 'broken');
  w.untilNews('heard', 'alpha', 20 * SECOND);
  for (const channel of ['serial', 'mqtt'] as const) w.cable('beta', channel, 'whole');
  w.run(SECOND);
  assert.is(w.news('drilled').length, 0);
  assert.is(w.news('drill-failed', 'alpha').length, 1);
});

test('a drill that proved nothing takes back what an earlier one has shown', () => {
  const w = pair();
  drill(w);
  const [relay] = w.machine('alpha').relays;
  if (relay !== undefined) relay.fault = 'welded';
  const cmdId = drill(w);
  assert.is(w.answers(cmdId).at(-1)?.outcome, 'failed');
  assert.is(w.news('drill-failed', 'alpha').length, 1);
  if (relay !== undefined) delete relay.fault;
  assert.is(isUntested(w), true);
});

test('it is refused where its silence would show nothing, and to whoever is bound to a host', () => {
  const w = pair();
  const bound = w.order({ op: 'fence', host: 'alpha', by: 'second', args });
  assert.is(detail(w, bound), 'refused operators only');
  w.hang('beta');
  w.run(8 * SECOND);
  const beside = w.order({ op: 'fence', host: 'alpha', by: 'operator', args });
  assert.is(detail(w, beside), 'refused another silent');
  const silent = w.order({ op: 'fence', host: 'beta', by: 'operator', args });
  assert.is(detail(w, silent), 'refused not beating');
  assert.is(w.cuts('alpha').length, 0);
});

test.run();
