import { openBody, peek, sealFrame } from '../../../../protocol/wire/codec.ts';
import type { Message } from '../../../../protocol/wire/messages.ts';
import {
  alive,
  beacons,
  endSession,
  type Received,
  refusals,
  retire,
  seen,
} from '../../../../protocol/wire/session/agent.ts';
import { sessionKeys } from '../../../../protocol/wire/session/derive.ts';
import { HALF_OPEN_MAX, RETIRED_MAX } from '../../../../protocol/wire/session/table.ts';
import { issue } from '../../../../protocol/wire/ticks.ts';
import { assert, suite } from '../../../lib/suite.ts';
import { base64Of, crypto, KEYS_TEXT, ringOf } from '../lib/keys.ts';
import {
  A_NONCE,
  beat,
  beatFrame,
  F_MS,
  give,
  handshake,
  helloFrame,
  keyOf,
  nonce,
  rig,
} from '../lib/peer.ts';
import { SAMPLES } from '../lib/samples.ts';

const test = suite('agent sessions');

test('a handshake made by hand opens beats with all their fields', () => {
  const r = rig();
  const peer = handshake(r, 1);
  const frame = beatFrame(peer, 9, 1, 0x15);
  assert.equal(give(r, frame).opened, {
    ...{ kind: 'beat', host: 1, channel: 'serial', session: 1, incarnation: 100 },
    ...{ seq: 9, echo: 1, flags: 0x15, bytes: frame },
  });
});

test('ALIVE and BEACON open under the keys of the host and say what was heard', () => {
  const r = rig();
  const peer = handshake(r, 1);
  assert.is(
    alive(r.sessions, 1, 'serial', 2),
    undefined,
    'no session stands before its first beat',
  );
  beat(r, peer, 41);
  const frame = alive(r.sessions, 1, 'serial', 2);
  if (frame === undefined) return assert.unreachable();
  const expected = { kind: 'alive', kid: 1, tick: 2, heard: 41 } as const;
  assert.equal(openBody(frame, 'alive'), expected);
  assert.equal(frame, sealFrame(crypto, peer.down, 'serial', expected));
  const [call = new Uint8Array()] = beacons(r.sessions, 1, 'mqtt', 3);
  assert.equal(openBody(call, 'beacon'), {
    ...{ kind: 'beacon', kid: 1, agent: 7, aNonce: A_NONCE, tick: 3 },
  });
});

test('SOLICIT is answered with a BEACON of the present tick', () => {
  const r = rig();
  const frame = sealFrame(crypto, keyOf('alpha').handshake(), 'serial', SAMPLES.solicit);
  const { opened, replies } = give(r, frame);
  assert.equal(opened, { kind: 'solicit', host: 1, channel: 'serial' });
  assert.equal(replies, beacons(r.sessions, 1, 'serial', 1));
});

test('the same HELLO again gets the same stored WELCOME, before and after its session stands', () => {
  const r = rig();
  const first = handshake(r, 1);
  assert.equal(handshake(r, 1).welcome, first.welcome);
  assert.is(beat(r, first, 1), 'beat');
  assert.equal(handshake(r, 1).welcome, first.welcome);
  assert.is(beat(r, first, 2), 'beat');
});

test('two handshakes wait at most, a third makes the oldest give way, and none disturbs the session', () => {
  const r = rig();
  const standing = handshake(r, 1);
  assert.is(beat(r, standing, 1), 'beat');
  const tries = [2, 3, 4].map((n) => handshake(r, n));
  assert.is(r.sessions.table[1]?.paths.serial?.halfOpen.length, HALF_OPEN_MAX);
  assert.is(beat(r, standing, 2), 'beat');
  const [oldest, second, third] = tries;
  if (oldest === undefined || second === undefined || third === undefined) {
    return assert.unreachable();
  }
  assert.is(beat(r, oldest, 1), 'mac');
  assert.is(beat(r, second, 1), 'beat');
  assert.is(beat(r, standing, 3), 'unknown-session', 'the old session ends with the new beat');
  assert.is(beat(r, third, 1), 'beat', 'a later try may still be under way');
});

test('a HELLO with a nonce seen before is the same one only for the same boot id, kid and session', () => {
  const two = ringOf(`${KEYS_TEXT}\nhost alpha 2 ${base64Of(20)}`);
  const second = two.find('host', 'alpha', 2);
  if (second === undefined) return assert.unreachable();
  const r = rig(two);
  const first = handshake(r, 1, 100);
  assert.not.equal(handshake(r, 1, 101).welcome, first.welcome);
  const again = { ...SAMPLES.hello, aNonce: A_NONCE, tick: 1, hNonce: nonce(1), incarnation: 100 };
  const frame = sealFrame(crypto, second.handshake(), 'serial', { ...again, kid: 2 });
  assert.not.equal(give(r, frame).replies, [first.welcome]);
  r.now += 1_000;
  const peer = handshake(r, 3, 100);
  assert.is(beat(r, peer, 1), 'beat');
  const left: Message = { kind: 'left', kid: 1, host: 1, seq: 2, echo: 1, reason: 1 };
  const before = r.sessions.table[1]?.paths.serial?.standing;
  if (before === undefined) return assert.unreachable();
  assert.is(give(r, sealFrame(crypto, before.up, 'serial', left)).opened?.kind, 'left');
  assert.not.equal(handshake(r, 3, 100).welcome, peer.welcome);
});

test('a beat that names another kid than its session is refused', () => {
  const r = rig(ringOf(`${KEYS_TEXT}\nhost alpha 2 ${base64Of(20)}`));
  const peer = handshake(r, 1);
  beat(r, peer, 1);
  const message: Message = { kind: 'beat', kid: 2, host: 1, seq: 2, echo: 1, flags: 0 };
  assert.is(give(r, sealFrame(crypto, peer.up, 'serial', message)).refused, 'mac');
});

test('a session that stands settles every try before it', () => {
  const r = rig();
  const [older, newer] = [handshake(r, 1), handshake(r, 2)];
  assert.is(beat(r, newer, 1), 'beat');
  assert.equal(r.sessions.table[1]?.paths.serial?.halfOpen, []);
  assert.is(beat(r, older, 1), 'mac');
  assert.is(beat(r, newer, 2), 'beat');
});

test('a life whose sessions were all ended by us is over all the same when another begins', () => {
  const r = rig();
  assert.is(beat(r, handshake(r, 1, 100), 1), 'beat');
  endSession(r.sessions, 1, 'serial');
  assert.is(beat(r, handshake(r, 2, 200), 1), 'beat');
  assert.equal(r.sessions.table[1]?.retired, [100]);
});

test('a HELLO that is old, of another life, forged or on a wrong path evicts nothing', () => {
  const r = rig();
  const waiting = [handshake(r, 1), handshake(r, 2)];
  r.now = F_MS + 1;
  assert.is(give(r, helloFrame({ hNonce: nonce(3), tick: 1 })).refused, 'old-tick');
  assert.is(give(r, helloFrame({ hNonce: nonce(3), tick: 2 })).refused, 'old-tick');
  issue(r.ticks, r.now);
  const now = { hNonce: nonce(3), tick: 2 };
  assert.is(give(r, helloFrame({ ...now, aNonce: nonce(9) })).refused, 'life');
  assert.is(give(r, helloFrame({ ...now, kid: 2 })).refused, 'kid');
  assert.is(give(r, helloFrame({ ...now, host: 2 })).refused, 'mac');
  assert.is(give(r, helloFrame({ ...now, host: 3 })).refused, 'kid');
  assert.is(give(r, helloFrame(now, 'mqtt')).refused, 'mac');
  assert.is(give(r, helloFrame(now), 'serial', 2).refused, 'wrong-host');
  for (const peer of waiting) assert.is(beat(r, peer, 1, 2), 'beat');
});

test('crossed cables are told by authentic frames on another host’s path', () => {
  const r = rig();
  const peer = handshake(r, 1);
  beat(r, peer, 1);
  assert.is(give(r, beatFrame(peer, 2), 'serial', 2).refused, 'wrong-host');
  const solicit = sealFrame(crypto, keyOf('alpha').handshake(), 'serial', SAMPLES.solicit);
  assert.is(give(r, solicit, 'serial', 2).refused, 'wrong-host');
  assert.is(beat(r, peer, 2), 'beat', 'and use up no seq');
  const rows = refusals(r.sessions).filter(({ counts }) => counts['wrong-host'] > 0);
  assert.equal(
    rows.map(({ host, counts }) => [host, counts['wrong-host']]),
    [[2, 2]],
    'counted where they came in',
  );
});

test('seq must grow; a repeat or an older one is a replay', () => {
  const r = rig();
  const peer = handshake(r, 1);
  const outcomes = [5, 5, 4, 6, 65_535].map((seq) => beat(r, peer, seq));
  assert.equal(outcomes, ['beat', 'replay', 'replay', 'beat', 'unknown-session']);
});

test('a session ends after 60,000 periods by the clock, whatever its seq', () => {
  const r = rig();
  const peer = handshake(r, 1);
  beat(r, peer, 1);
  r.now = 60_000 * 1_000;
  assert.is(beat(r, peer, 2), 'beat');
  r.now += 1;
  assert.is(beat(r, peer, 3), 'unknown-session');
  assert.is(alive(r.sessions, 1, 'serial', 2), undefined);
});

test('a WELCOME that nobody takes up within a minute is void', () => {
  const r = rig();
  const peer = handshake(r, 1);
  r.now = 60_001;
  issue(r.ticks, r.now);
  assert.is(beat(r, peer, 1, 2), 'unknown-session');
});

test('a beat of a new boot id drops and retires the others on all channels', () => {
  const r = rig();
  const old = [handshake(r, 1, 100, 'serial'), handshake(r, 2, 100, 'mqtt')];
  for (const peer of old) assert.is(beat(r, peer, 1), 'beat');
  const young = handshake(r, 3, 200, 'serial');
  for (const peer of old) assert.is(beat(r, peer, 2), 'beat', 'make before break');
  assert.is(beat(r, young, 1), 'beat');
  for (const peer of old) assert.is(beat(r, peer, 3), 'retired');
  const knock = give(r, helloFrame({ hNonce: nonce(4), incarnation: 100 }));
  assert.equal(knock, {
    opened: { kind: 'hello', host: 1, channel: 'serial', incarnation: 100, tick: 1, retired: true },
    replies: [],
  });
  assert.is(refusals(r.sessions).find(({ channel }) => channel === 'serial')?.counts.retired, 2);
});

test('the other host is untouched by a new life of the first', () => {
  const r = rig();
  const beta = handshake(r, 9, 300, 'serial', 'beta');
  assert.is(beat(r, beta, 1), 'beat');
  assert.is(beat(r, handshake(r, 1, 100), 1), 'beat');
  assert.is(beat(r, handshake(r, 2, 200), 1), 'beat');
  assert.is(beat(r, beta, 2), 'beat');
});

test('retire destroys the keys, so that not even a late beat is recognised', () => {
  const r = rig();
  const peer = handshake(r, 1, 100);
  const waiting = handshake(r, 2, 100);
  beat(r, peer, 1);
  retire(r.sessions, 1, 100);
  assert.is(beat(r, peer, 2), 'unknown-session');
  assert.is(beat(r, waiting, 1), 'unknown-session');
  assert.is(alive(r.sessions, 1, 'serial', 2), undefined);
  retire(r.sessions, 1, 100);
  assert.equal(r.sessions.table[1]?.retired, [100]);
});

test('lives that are over are remembered up to a bound', () => {
  const r = rig();
  for (let n = 1; n <= RETIRED_MAX + 5; n += 1) retire(r.sessions, 1, n);
  assert.is(r.sessions.table[1]?.retired.length, RETIRED_MAX);
  assert.ok(r.sessions.table[1]?.retired.includes(RETIRED_MAX + 5));
});

test('LEFT ends its session but for its own repetition', () => {
  const r = rig();
  const peer = handshake(r, 1);
  beat(r, peer, 1);
  const leave = (seq: number, kind: 'leaving' | 'left', reason = 3): Received => {
    const common = { kid: 1, host: 1, seq, echo: 1, reason };
    const message: Message =
      kind === 'left' ? { kind, ...common } : { kind, ...common, returnByS: 60 };
    return give(r, sealFrame(crypto, peer.up, 'serial', message));
  };
  assert.is(leave(2, 'leaving', 9).refused, 'shape', 'a reason that nobody defined');
  const leaving = leave(3, 'leaving').opened;
  assert.equal(leaving, {
    ...{ kind: 'leaving', host: 1, channel: 'serial', session: 1, incarnation: 100 },
    ...{ seq: 3, echo: 1, reason: 'off', returnByS: 60 },
  });
  assert.is(beat(r, peer, 4), 'beat');
  const left = leave(5, 'left').opened;
  if (left?.kind !== 'left' || leaving?.kind !== 'leaving') return assert.unreachable();
  assert.is(beat(r, peer, 6), 'unknown-session');
  assert.is(leave(7, 'leaving').refused, 'unknown-session');
  assert.is(leave(5, 'left').refused, 'replay');
  assert.is(leave(8, 'left').opened?.kind, 'left');
  assert.is(alive(r.sessions, 1, 'serial', 2), undefined);
  const answer = seen(r.sessions, left, 2);
  if (answer === undefined) return assert.unreachable();
  assert.equal(openBody(answer, 'leftSeen'), { kind: 'leftSeen', kid: 1, tick: 2, heard: 5 });
  const peeked = peek(seen(r.sessions, leaving, 2) ?? new Uint8Array());
  assert.is('refused' in peeked ? '' : peeked.kind, 'leavingSeen');
  // The shim may come back, with a session of its own.
  assert.is(beat(r, handshake(r, 2), 1), 'beat');
  assert.is(seen(r.sessions, left, 3), undefined);
});

test('endSession forgets one channel, and the next HELLO opens it anew', () => {
  const r = rig();
  const serial = handshake(r, 1, 100, 'serial');
  const mqtt = handshake(r, 2, 100, 'mqtt');
  for (const peer of [serial, mqtt]) beat(r, peer, 1);
  endSession(r.sessions, 1, 'serial');
  endSession(r.sessions, 1, 'socket');
  assert.is(beat(r, serial, 2), 'unknown-session');
  assert.is(beat(r, mqtt, 2), 'beat');
  const again = handshake(r, 1, 100, 'serial');
  assert.not.equal(again.welcome, serial.welcome);
  assert.is(beat(r, again, 1), 'beat');
});

test('a flood of authentic tries, each with a nonce of its own, is cut to a rate', () => {
  const r = rig();
  const answers = Array.from({ length: 20 }, (_, i) =>
    give(r, helloFrame({ hNonce: nonce(i + 1), tick: r.ticks.latest })),
  );
  assert.is(answers.filter(({ replies }) => replies.length > 0).length, 4);
  assert.is(refusals(r.sessions)[0]?.counts.rate, 16);
  r.now += 1_000;
  issue(r.ticks, r.now);
  const later = give(r, helloFrame({ hNonce: nonce(99), tick: r.ticks.latest }));
  assert.is(later.replies.length, 1, 'answered again after a second of quiet');
});

test('a flood of authentic beats is cut to a rate, counted, and leaves other paths alone', () => {
  const r = rig();
  const peer = handshake(r, 1);
  const mqtt = handshake(r, 2, 100, 'mqtt');
  let taken = 0;
  for (let seq = 1; seq <= 1_000; seq += 1) {
    r.now += 1;
    if (beat(r, peer, seq) === 'beat') taken += 1;
  }
  assert.ok(taken >= 60 && taken <= 80, `${taken} of 1,000 taken in a second`);
  assert.is(refusals(r.sessions)[0]?.counts.rate, 1_000 - taken);
  assert.is(beat(r, mqtt, 1), 'beat');
  r.now += 1_000;
  issue(r.ticks, r.now);
  assert.is(beat(r, peer, 2_000, 2), 'beat', 'taken again after a second of quiet');
});

test('replayed SOLICITs and HELLOs get a bounded number of answers and starve no beat', () => {
  const r = rig();
  const peer = handshake(r, 1);
  beat(r, peer, 1);
  const solicit = sealFrame(crypto, keyOf('alpha').handshake(), 'serial', SAMPLES.solicit);
  const hello = helloFrame({ hNonce: nonce(1), incarnation: 100 });
  let answers = 0;
  for (let n = 0; n < 500; n += 1) {
    answers += give(r, solicit).replies.length + give(r, hello).replies.length;
  }
  assert.ok(answers <= 12, `${answers} answers`);
  assert.is(beat(r, peer, 2), 'beat');
  assert.is(handshake(r, 5).host, 1);
});

test('our own echo, orders and unknown messages end quietly', () => {
  const r = rig();
  const peer = handshake(r, 1);
  beat(r, peer, 1);
  for (const call of beacons(r.sessions, 1, 'serial', 1)) assert.is(give(r, call).refused, 'shape');
  assert.is(give(r, alive(r.sessions, 1, 'serial', 1) ?? new Uint8Array()).refused, 'shape');
  assert.is(give(r, peer.welcome).refused, 'shape');
  assert.is(give(r, sealFrame(crypto, peer.up, 'serial', SAMPLES.order)).refused, 'shape');
  assert.is(give(r, Uint8Array.from([0x84, 23, ...new Uint8Array(40)])).refused, 'shape');
});

test('a key may be changed without a gap: both serve while the host moves over', () => {
  const r = rig(ringOf(`${KEYS_TEXT}\nhost alpha 2 ${base64Of(20)}`));
  const peer = handshake(r, 1);
  assert.is(beat(r, peer, 1), 'beat');
  const key = r.sessions.setup.ring.find('host', 'alpha', 2);
  if (key === undefined) return assert.unreachable();
  const hello = { ...SAMPLES.hello, kid: 2, aNonce: A_NONCE, tick: 1, incarnation: 100 };
  const [welcome] = give(r, sealFrame(crypto, key.handshake(), 'serial', hello)).replies;
  const opened = openBody(welcome ?? new Uint8Array(), 'welcome');
  if ('refused' in opened) return assert.unreachable();
  assert.is(opened.kid, 2);
  assert.is(beat(r, peer, 2), 'beat');
  const keys = sessionKeys(crypto, key.session(), {
    ...{ host: 1, agent: 7, channel: 'serial', incarnation: 100 },
    ...{ aNonce: A_NONCE, hNonce: hello.hNonce, wNonce: opened.wNonce },
  });
  const first: Message = { kind: 'beat', kid: 2, host: 1, seq: 1, echo: 1, flags: 0 };
  assert.is(give(r, sealFrame(crypto, keys.up, 'serial', first)).opened?.kind, 'beat');
});

test('a host without a key is our own mistake and throws, as does a host that is none of ours', () => {
  assert.throws(() => rig(ringOf(`host alpha 1 ${base64Of(1)}`)), 'beta has no key');
  const r = rig();
  assert.throws(() => give(r, new Uint8Array(30), 'serial', 3), 'no host of this board');
});

test.run();
