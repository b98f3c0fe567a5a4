import { assert, suite } from '../../../lib/suite.ts';
import {
  beats,
  K_MS,
  kindOf,
  longestGap,
  newsKinds,
  run,
  STEP_MS,
  startAgent,
  startHost,
  tell,
  world,
} from '../lib/world.ts';

const test = suite('sessions over a link');

test('SOLICIT is repeated after 1, 2, 4 and then each 8 s until a beacon is heard', () => {
  const w = world(14);
  startHost(w, 1, 'boot-1', ['serial']);
  run(w, 30_000);
  assert.equal(
    w.sent.map(({ at }) => at),
    [0, 1_000, 3_000, 7_000, 15_000, 23_000],
  );
  startAgent(w);
  run(w, 30_000);
  assert.is(w.sent.filter((frame) => frame.at > 31_100 && kindOf(frame) === 'solicit').length, 0);
});

test('while the link is lost nothing is sent and nobody is woken without need', () => {
  const w = world(15);
  startAgent(w);
  const host = startHost(w, 1, 'boot-1', ['serial']);
  run(w, 5_000);
  tell(w, host, 'serial', { kind: 'lost' });
  w.inFlight = [];
  w.path = () => [];
  let wakes = 0;
  const from = w.now;
  for (let n = 0; n < 1_000; n += 1) {
    const line = host.channels.get('serial');
    if (line !== undefined && line.dueAt <= w.now) wakes += 1;
    run(w, STEP_MS);
  }
  assert.not(w.sent.some(({ at, direction }) => at > from && direction === 'up'));
  assert.ok(wakes <= 13, `${wakes} wakes in 10 s`);
  assert.equal(newsKinds(w, from), ['no-contact']);
  w.path = () => [STEP_MS];
  tell(w, host, 'serial', { kind: 'up' });
  const upAt = w.now;
  run(w, 1_000);
  assert.is(beats(w, { from: upAt })[0]?.seq, 13, 'seq counted the periods that passed');
  assert.ok((beats(w, { from: upAt })[0]?.at ?? Number.NaN) - upAt <= 2 * STEP_MS);
});

test('LEAVING is repeated until it is answered while beats go on; LEFT ends them', () => {
  const w = world(16);
  startAgent(w);
  const host = startHost(w, 1, 'boot-1', ['serial']);
  run(w, 5_000);
  w.path = (frame) => (kindOf(frame) === 'leavingSeen' && w.now < 8_000 ? [] : [STEP_MS]);
  tell(w, host, 'serial', { kind: 'leave', reason: 'reboot', returnByS: 300 });
  run(w, 10_000);
  const said = w.opened.flatMap(({ opened }) => (opened.kind === 'leaving' ? [opened] : []));
  assert.ok(said.length >= 3);
  assert.equal([said[0]?.reason, said[0]?.returnByS], ['reboot', 300]);
  assert.is(newsKinds(w).filter((kind) => kind === 'leaving-acknowledged').length, 1);
  assert.ok(longestGap(beats(w), 1_100, w.now) <= K_MS + STEP_MS);

  const leftAt = w.now;
  tell(w, host, 'serial', { kind: 'leftNow', reason: 'reboot' });
  run(w, 10_000);
  assert.ok(newsKinds(w).includes('left-acknowledged'));
  assert.is(beats(w, { from: leftAt + 2 * STEP_MS }).length, 0);
  const [last] = w.opened.slice(-1);
  assert.is(last?.opened.kind, 'left');
  assert.not(w.sent.some((frame) => frame.at > leftAt + 1_000 && frame.direction === 'up'));
});

test('a lost answer to LEFT is asked for again, and given, though the session is over', () => {
  const w = world(17);
  const agent = startAgent(w);
  const host = startHost(w, 1, 'boot-1', ['serial']);
  run(w, 5_000);
  w.path = (frame) => (kindOf(frame) === 'leftSeen' && w.now < 8_000 ? [] : [STEP_MS]);
  tell(w, host, 'serial', { kind: 'leftNow', reason: 'off' });
  run(w, 10_000);
  assert.ok(w.opened.filter(({ opened }) => opened.kind === 'left').length >= 2);
  assert.not(w.sent.some((frame) => frame.at > 5_000 && kindOf(frame) === 'beat'));
  assert.ok(newsKinds(w).includes('left-acknowledged'));
  assert.is(agent.sessions.table[1]?.paths.serial?.standing?.left, true);
});

test.run();
