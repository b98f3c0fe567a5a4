import { FLAG_TWO_AGENTS } from '../../../../protocol/wire/messages.ts';
import { retire } from '../../../../protocol/wire/session/agent.ts';
import { assert, suite } from '../../../lib/suite.ts';
import {
  beats,
  F_MS,
  K_MS,
  kindOf,
  longestGap,
  newsKinds,
  run,
  type Sent,
  STEP_MS,
  startAgent,
  startHost,
  T_MS,
  world,
} from '../lib/world.ts';

const test = suite('lives of hosts and agents');
const D_MS = STEP_MS;
/** L5: a session stands within 2T + 3d of a restart; one step more, as time moves in steps. */
const L5_MS = 2 * T_MS + 3 * D_MS + STEP_MS;

test('a reboot ends the life before it on every channel, and its HELLO gets no WELCOME', () => {
  const w = world(6);
  const agent = startAgent(w);
  const before = startHost(w, 1, 'boot-1', ['serial', 'mqtt']);
  run(w, 10_500);
  before.lives = false;
  startHost(w, 1, 'boot-2', ['serial']);
  run(w, 5_000);
  assert.equal(agent.sessions.table[1]?.retired, [before.incarnation]);
  assert.is(agent.sessions.table[1]?.paths.mqtt?.standing, undefined);
  // The machine was not dead but paused, and resumes.
  const from = w.now;
  before.lives = true;
  run(w, 10_000);
  const after = w.opened.filter(({ at }) => at > from).map(({ opened }) => opened);
  assert.not(after.some((o) => o.kind === 'beat' && o.incarnation === before.incarnation));
  const knocks = after.filter((o) => o.kind === 'hello' && o.incarnation === before.incarnation);
  assert.ok(knocks.length > 0);
  assert.ok(knocks.every((o) => o.kind === 'hello' && o.retired));
});

test('a beat of a dying life that was held up does not end the life that replaced it', () => {
  const w = world(7);
  startAgent(w);
  const held: Sent[] = [];
  const before = startHost(w, 1, 'boot-1', ['mqtt']);
  w.path = (frame) => {
    if (kindOf(frame) !== 'beat' || !before.lives) return [STEP_MS];
    held.push(frame);
    return [];
  };
  run(w, 1_200);
  before.lives = false;
  const after = startHost(w, 1, 'boot-2', ['serial']);
  w.path = (frame) => (kindOf(frame) === 'beat' ? [3_000] : [STEP_MS]);
  run(w, 500);
  // Fresh, authentic, and the first beat that this life of the agent hears.
  for (const frame of held) w.inFlight.push({ frame, at: w.now + STEP_MS });
  run(w, 10_000);
  const heard = beats(w, { from: 6_000 });
  assert.ok(heard.length > 3);
  assert.ok(heard.every(({ incarnation }) => incarnation === after.incarnation));
});

test('a stale first beat neither begins a life nor ends one', () => {
  const w = world(8);
  const agent = startAgent(w);
  const before = startHost(w, 1, 'boot-1', ['mqtt']);
  w.path = (frame) => (kindOf(frame) === 'beat' ? [F_MS + 2_000] : [STEP_MS]);
  run(w, 1_200);
  before.lives = false;
  run(w, 8_000);
  assert.is(beats(w).length, 0);
  assert.is(agent.sessions.table[1]?.live, undefined);
  assert.ok(w.refused.some(({ refused }) => refused === 'old-tick'));
});

test('a published fence ends the life: its beats are refused and its HELLO is opened as retired', () => {
  const w = world(9);
  const agent = startAgent(w);
  const host = startHost(w, 1, 'boot-1', ['serial', 'mqtt']);
  run(w, 5_500);
  retire(agent.sessions, 1, host.incarnation);
  const from = w.now;
  run(w, 20_000);
  assert.is(beats(w, { from }).length, 0);
  assert.ok(
    w.opened.some(({ at, opened }) => at > from && opened.kind === 'hello' && opened.retired),
  );
  const later = w.sent.filter(({ at }) => at > from);
  assert.not(later.some((frame) => ['welcome', 'alive'].includes(kindOf(frame))));
  assert.ok(newsKinds(w, from).includes('no-contact'));
});

test('two living agents both keep hearing the host, and it tells both of each other', () => {
  const w = world(18);
  const a = startAgent(w);
  startHost(w, 1, 'boot-1', ['serial', 'mqtt']);
  run(w, 10_000);
  const b = startAgent(w);
  const from = w.now;
  run(w, 30_000);
  for (const agent of [a, b]) {
    const heard = beats(w, { agent, channel: 'serial', from: from + L5_MS });
    assert.ok(longestGap(heard, from + L5_MS, w.now) <= 2 * K_MS);
    assert.ok(heard.slice(3).every(({ flags }) => (flags & FLAG_TWO_AGENTS) !== 0));
  }
  assert.is(newsKinds(w).filter((kind) => kind === 'two-agents').length, 1);
  b.lives = false;
  run(w, 80_000);
  assert.is((beats(w, { agent: a }).at(-1)?.flags ?? 0) & FLAG_TWO_AGENTS, 0);
});

test('a restarted agent is never taken for a second one, however late its last words come', () => {
  for (let seed = 0; seed < 20; seed += 1) {
    const w = world(seed);
    w.path = () => [STEP_MS + w.chance.int(900)];
    let agent = startAgent(w);
    startHost(w, 1, 'boot-1', ['serial', 'mqtt']);
    for (let n = 0; n < 4; n += 1) {
      run(w, 8_000 + w.chance.int(3_000));
      agent.lives = false;
      if (n % 2 === 1) run(w, w.chance.int(2_000));
      agent = startAgent(w);
    }
    run(w, 10_000);
    assert.not(newsKinds(w).includes('two-agents'), `seed ${seed}`);
  }
});

test.run();
