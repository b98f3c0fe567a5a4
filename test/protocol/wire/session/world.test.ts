import { ageOf } from '../../../../protocol/wire/ticks.ts';
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
  T_MS,
  world,
} from '../lib/world.ts';

const test = suite('sessions end to end');
const D_MS = STEP_MS;
/** L5: a session stands within 2T + 3d of a restart; one step more, as time moves in steps. */
const L5_MS = 2 * T_MS + 3 * D_MS + STEP_MS;

test('a starting shim solicits and needs one exchange: it is heard before the next beacon', () => {
  const w = world(1);
  startAgent(w);
  run(w, 1_500);
  startHost(w, 1, 'boot-1', ['serial']);
  run(w, 100);
  const [first] = beats(w);
  assert.is(first?.seq, 1);
  assert.ok((first?.at ?? 0) <= 1_500 + 5 * D_MS, `heard at ${first?.at}`);
  assert.equal(w.sent.filter(({ at }) => at > 1_400).map(kindOf), [
    'solicit',
    'beacon',
    'hello',
    'welcome',
    'beat',
  ]);
});

test('in steady state a host is heard every K on each channel, and is never older than it is', () => {
  const w = world(2);
  const agent = startAgent(w);
  startHost(w, 1, 'boot-1', ['serial', 'mqtt']);
  run(w, 60_000);
  for (const channel of ['serial', 'mqtt'] as const) {
    const heard = beats(w, { channel });
    assert.ok(longestGap(heard, 1_100, 60_000) <= K_MS + STEP_MS);
    assert.is(new Set(heard.map(({ session }) => session)).size, 1);
    for (const beat of heard.filter(({ at }) => at > 50_000)) {
      const ageMs = ageOf(agent.ticks, beat.echo, beat.at) ?? Number.NaN;
      assert.ok(ageMs <= T_MS + 2 * D_MS + K_MS, `echo ${ageMs} ms old`);
    }
  }
  assert.is(w.refused.length, 0);
  assert.not(newsKinds(w).includes('no-contact'));
});

test('with a third of all frames lost, doubled and delayed, seq still grows strictly', () => {
  for (let seed = 1; seed <= 10; seed += 1) {
    const w = world(seed);
    startAgent(w);
    startHost(w, 1, 'boot-1', ['serial', 'mqtt']);
    startHost(w, 2, 'boot-2', ['serial', 'mqtt']);
    w.path = () => {
      if (w.chance.chance(0.33)) return [];
      const delays = [STEP_MS + w.chance.int(800)];
      if (w.chance.chance(0.33)) delays.push(STEP_MS + w.chance.int(3_000));
      return delays;
    };
    run(w, 60_000);
    const last = new Map<string, number>();
    for (const { opened } of w.opened) {
      if (opened.kind !== 'beat') continue;
      const where = `${opened.host} ${opened.channel} ${opened.session}`;
      assert.ok(opened.seq > (last.get(where) ?? 0), `seed ${seed}: ${where}`);
      last.set(where, opened.seq);
    }
    for (const host of [1, 2]) {
      for (const channel of ['serial', 'mqtt'] as const) {
        const gapMs = longestGap(beats(w, { host, channel }), 0, w.now);
        assert.ok(gapMs < 15_000, `seed ${seed}: ${gapMs} ms of silence of a living host`);
      }
    }
    assert.not(w.refused.some(({ refused }) => refused === 'mac' || refused === 'shape'));
  }
});

test('after a restart of the agent every session stands again within L5', () => {
  for (let at = 0; at < 2_000; at += 170) {
    const w = world(at);
    const first = startAgent(w);
    startHost(w, 1, 'boot-1', ['serial', 'mqtt']);
    run(w, 10_000 + at);
    first.lives = false;
    const second = startAgent(w);
    const restartedAt = w.now;
    run(w, 10_000);
    for (const channel of ['serial', 'mqtt'] as const) {
      const heard = beats(w, { channel, agent: second });
      const [beat] = heard;
      assert.ok((beat?.at ?? Number.NaN) - restartedAt <= L5_MS, `${beat?.at} ${restartedAt}`);
      assert.ok(longestGap(heard, beat?.at ?? 0, w.now) <= 2 * K_MS);
    }
    // Beats of the old session are no attack.
    assert.not(w.refused.some(({ refused }) => refused === 'mac'));
  }
});

test('after a restart of the shim alone a new session of the same life stands at once', () => {
  const w = world(5);
  const agent = startAgent(w);
  const before = startHost(w, 1, 'boot-1', ['serial', 'mqtt']);
  run(w, 10_500);
  before.lives = false;
  startHost(w, 1, 'boot-1', ['serial', 'mqtt']);
  const restartedAt = w.now;
  run(w, 5_000);
  const heard = beats(w, { from: restartedAt, channel: 'serial' });
  assert.ok((heard[0]?.at ?? Number.NaN) - restartedAt <= 5 * D_MS);
  assert.is(heard[0]?.incarnation, before.incarnation);
  assert.equal(agent.sessions.table[1]?.retired, []);
});

test('a rekey begins at seq 2^15, and no beat is missed over it', () => {
  const w = world(10);
  startAgent(w);
  const host = startHost(w, 1, 'boot-1', ['serial', 'mqtt']);
  run(w, 5_000);
  for (const { session } of host.channels.values()) {
    for (const own of session.standing) own.lastSeq = 2 ** 15 - 3;
  }
  run(w, 20_000);
  for (const channel of ['serial', 'mqtt'] as const) {
    const heard = beats(w, { channel });
    assert.ok(longestGap(heard, 1_100, w.now) <= K_MS + STEP_MS);
    assert.is(new Set(heard.map(({ session }) => session)).size, 2);
    assert.ok((heard.at(-1)?.seq ?? 0) < 100);
  }
  assert.is(w.refused.length, 0);
});

test('while every WELCOME is lost the old session serves on, and the rekey is tried each 60 s', () => {
  const w = world(11);
  startAgent(w);
  const host = startHost(w, 1, 'boot-1', ['serial']);
  run(w, 5_000);
  const own = host.channels.get('serial')?.session.standing[0];
  if (own === undefined) return assert.unreachable();
  own.lastSeq = 2 ** 15;
  w.path = (frame) => (kindOf(frame) === 'welcome' ? [] : [STEP_MS]);
  run(w, 150_000);
  const heard = beats(w);
  assert.is(new Set(heard.map(({ session }) => session)).size, 1);
  assert.ok(longestGap(heard, 1_100, w.now) <= K_MS + STEP_MS);
  assert.is(w.sent.filter((frame) => frame.at > 5_000 && kindOf(frame) === 'hello').length, 3);
});

test('both ends drop a session after 60,000 periods, and another follows', () => {
  const w = world(12);
  startAgent(w);
  const host = startHost(w, 1, 'boot-1', ['serial']);
  run(w, 5_000);
  const own = host.channels.get('serial')?.session.standing[0];
  if (own === undefined) return assert.unreachable();
  own.lastSeq = 59_990;
  own.rekeyAt = Number.POSITIVE_INFINITY;
  run(w, 20_000);
  const seqs = beats(w).map(({ seq }) => seq);
  assert.is(w.refused.length, 0);
  assert.is(Math.max(...seqs), 60_000);
  assert.ok((seqs.at(-1) ?? 0) < 20);
});

test('one blocked channel does not block the other, and its echo keeps the other fresh', () => {
  const w = world(13);
  const agent = startAgent(w);
  startHost(w, 1, 'boot-1', ['serial', 'mqtt']);
  run(w, 5_000);
  // MQTT carries beats up and nothing down: the ticks of the serial line must do for both.
  w.path = ({ channel, direction }) =>
    channel === 'mqtt' && direction === 'down' ? [] : [STEP_MS];
  const from = w.now;
  run(w, 60_000);
  const heard = beats(w, { channel: 'mqtt', from });
  assert.ok(longestGap(heard, from, w.now) <= K_MS + STEP_MS);
  for (const beat of heard) {
    const ageMs = ageOf(agent.ticks, beat.echo, beat.at) ?? Number.NaN;
    assert.ok(ageMs <= T_MS + 2 * D_MS + K_MS, `echo ${ageMs} ms old`);
  }
});

test.run();
