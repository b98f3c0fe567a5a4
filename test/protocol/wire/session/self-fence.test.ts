/** What a host pledges of its own end, and what its agent says before it stops. */
import { FLAG_STAYS, FLAG_SUSPENDED } from '../../../../protocol/wire/messages.ts';
import { type OpenedPledge, saidFrame } from '../../../../protocol/wire/session/agent.ts';
import { issue } from '../../../../protocol/wire/ticks.ts';
import { assert, suite } from '../../../lib/suite.ts';
import {
  type Agent,
  beats,
  type Host,
  kindOf,
  newsKinds,
  run,
  startAgent,
  startHost,
  tell,
  type World,
  world,
} from '../lib/world.ts';

const test = suite('sessions and the self-fence');

const TERMS = { timeout: 300, watchdog: 100, flags: 7 };
const pledges = (w: World, from = 0): OpenedPledge[] =>
  w.opened.flatMap(({ opened, at }) => (opened.kind === 'pledge' && at >= from ? [opened] : []));

/** What the agent would say on a channel now, handed over at once. */
function farewell(agent: Agent, host: Host, channel: 'serial' | 'mqtt'): Uint8Array {
  const tick = agent.ticks.latest;
  const said = { kind: 'away', tick, returnByS: 60 } as const;
  const frame = saidFrame(agent.sessions, host.host, channel, said);
  assert.ok(frame !== undefined);
  return frame as Uint8Array;
}

test('a pledge is said in each session until it is answered, and again when it changes', () => {
  const w = world(41);
  const agent = startAgent(w);
  let lost = 0;
  w.path = (frame) => {
    if (kindOf(frame) !== 'pledgeSeen' || lost === 2) return [10];
    lost += 1;
    return [];
  };
  const host = startHost(w, 1, 'boot-1', ['serial']);
  tell(w, host, 'serial', { kind: 'pledge', ...TERMS });
  run(w, 8_000);
  const said = pledges(w);
  assert.is(said.length, 3, 'two answers were lost');
  assert.equal([said[0]?.timeout, said[0]?.watchdog, said[0]?.flags], [300, 100, 7]);
  assert.is(newsKinds(w).filter((kind) => kind === 'pledge-acknowledged').length, 1);
  tell(w, host, 'serial', { kind: 'pledge', ...TERMS, flags: 5 });
  run(w, 3_000);
  assert.equal(
    pledges(w)
      .slice(3)
      .map(({ flags }) => flags),
    [5],
  );
  agent.lives = false;
  startAgent(w);
  const from = w.now;
  run(w, 6_000);
  assert.is(pledges(w, from).length, 1, 'the new life of the board is told once');
});

test('a new flag is told by a beat at once', () => {
  const w = world(42);
  startAgent(w);
  const host = startHost(w, 1, 'boot-1', ['serial', 'mqtt']);
  run(w, 3_450);
  const from = w.now;
  for (const channel of ['serial', 'mqtt'] as const)
    tell(w, host, channel, { kind: 'flags', flags: FLAG_SUSPENDED });
  run(w, 50);
  assert.equal(
    beats(w, { from }).map(({ flags }) => flags),
    [FLAG_STAYS | FLAG_SUSPENDED, FLAG_STAYS | FLAG_SUSPENDED],
  );
});

test('a farewell is taken once, and no copy of it on any channel', () => {
  const w = world(43);
  const agent = startAgent(w);
  const host = startHost(w, 1, 'boot-1', ['serial', 'mqtt']);
  run(w, 3_000);
  const from = w.now;
  const frames = (['serial', 'mqtt'] as const).map((channel) => ({
    channel,
    bytes: farewell(agent, host, channel),
  }));
  for (const { channel, bytes } of [...frames, ...frames])
    tell(w, host, channel, { kind: 'frame', bytes });
  assert.equal(newsKinds(w, from), ['away']);
});

test('a farewell that comes after a later sign of the agent, or of its successor, is not taken', () => {
  const w = world(44);
  const agent = startAgent(w);
  const host = startHost(w, 1, 'boot-1', ['serial', 'mqtt']);
  run(w, 3_000);
  const bytes = farewell(agent, host, 'mqtt');
  // The agent was not stopped after all: its next ALIVE comes on the other channel.
  run(w, 1_500);
  const from = w.now;
  tell(w, host, 'mqtt', { kind: 'frame', bytes });
  assert.equal(newsKinds(w, from), []);
  const last = farewell(agent, host, 'mqtt');
  agent.lives = false;
  const next = startAgent(w);
  issue(next.ticks, w.now);
  run(w, 2_000);
  assert.ok(beats(w, { agent: next }).length > 0);
  const then = w.now;
  tell(w, host, 'mqtt', { kind: 'frame', bytes: last });
  assert.equal(newsKinds(w, then), []);
});

test('a farewell that was long on its way is not taken', () => {
  const w = world(45);
  const agent = startAgent(w);
  const host = startHost(w, 1, 'boot-1', ['serial']);
  run(w, 3_000);
  const bytes = farewell(agent, host, 'serial');
  agent.lives = false;
  run(w, 6_500);
  const from = w.now;
  tell(w, host, 'serial', { kind: 'frame', bytes });
  assert.equal(newsKinds(w, from), []);
});

test.run();
