import { openBody, sealFrame } from '../../../../protocol/wire/codec.ts';
import { FLAG_STAYS, type Message } from '../../../../protocol/wire/messages.ts';
import { type SessionKeys, sessionKeys } from '../../../../protocol/wire/session/derive.ts';
import {
  echoCell,
  type HostEvent,
  type HostSession,
  type HostStep,
  hostSession,
  stepHostSession,
} from '../../../../protocol/wire/session/host.ts';
import { assert, suite } from '../../../lib/suite.ts';
import { crypto, ring } from '../lib/keys.ts';
import { prng } from '../lib/prng.ts';

const test = suite('host session');
const nonce = (value: number): Uint8Array => new Uint8Array(8).fill(value);
const key = ring.sending('host', 'alpha');

interface Rig {
  session: HostSession;
  now: number;
  give: (event: HostEvent) => HostStep;
  /** As the board would say it, under the host's handshake key. */
  hear: (message: Message) => HostStep;
}

function rig(): Rig {
  const chance = prng(5);
  const session = hostSession({
    ...{ crypto, ring, host: 1, hostName: 'alpha', agent: 7, channel: 'serial', incarnation: 9 },
    ...{ keepaliveMs: 1_000, beaconMs: 1_000, echo: echoCell() },
  });
  const r: Rig = {
    session,
    now: 0,
    give: (event) => stepHostSession(session, event, r.now, () => chance.bytes(8)),
    hear: (message) => {
      if (key === undefined) throw new Error('alpha has no key');
      return r.give({
        kind: 'frame',
        bytes: sealFrame(crypto, key.handshake(), 'serial', message),
      });
    },
  };
  r.give({ kind: 'up' });
  return r;
}

function beaconOf(life: number, tick: number, agent = 7): Message {
  return { kind: 'beacon', kid: 1, agent, aNonce: nonce(life), tick };
}

function only<K extends 'hello' | 'beat' | 'leaving'>(step: HostStep, kind: K) {
  const [frame] = step.send;
  const message = openBody(frame ?? new Uint8Array(), kind);
  if ('refused' in message) throw new Error(`no ${kind} in ${step.send.length} frames`);
  return message;
}

/** Opens a session with a life and gives back its keys and first beat. */
function stand(r: Rig, life: number, tick: number, wNonce = nonce(0x77)) {
  const hello = only(r.hear(beaconOf(life, tick)), 'hello');
  const { hNonce } = hello;
  const step = r.hear({ kind: 'welcome', kid: 1, host: 1, hNonce, wNonce, tick });
  if (key === undefined) throw new Error('alpha has no key');
  const keys = sessionKeys(crypto, key.session(), {
    ...{ host: 1, agent: 7, channel: 'serial', incarnation: 9 },
    ...{ aNonce: nonce(life), hNonce, wNonce },
  });
  return { keys, hNonce, step };
}

function say(r: Rig, keys: SessionKeys, message: Message): HostStep {
  return r.give({ kind: 'frame', bytes: sealFrame(crypto, keys.down, 'serial', message) });
}

test('a WELCOME makes a session whose first beat goes at once and echoes its tick', () => {
  const r = rig();
  const { step } = stand(r, 1, 41);
  assert.equal(step.news, [{ kind: 'session', aNonce: nonce(1), tick: 41 }]);
  const beat = only(step, 'beat');
  assert.equal(beat, { kind: 'beat', kid: 1, host: 1, seq: 1, echo: 41, flags: FLAG_STAYS });
});

test('an ALIVE tells what it answers: the sending time of the beat that it names', () => {
  const r = rig();
  const { keys } = stand(r, 1, 41);
  r.now = 1_000;
  assert.is(only(r.give({ kind: 'due' }), 'beat').seq, 2);
  r.now = 1_200;
  const step = say(r, keys, { kind: 'alive', kid: 1, tick: 42, heard: 2 });
  assert.equal(step.news, [{ kind: 'contact', tick: 42, heard: 2, sentAt: 1_000 }]);
  assert.equal(say(r, keys, { kind: 'alive', kid: 1, tick: 42, heard: 2 }).news, []);
  assert.equal(say(r, keys, { kind: 'alive', kid: 1, tick: 43, heard: 3 }).news, []);
  assert.is(r.session.refusals.replay, 2);
  r.now = 2_000;
  assert.is(only(r.give({ kind: 'due' }), 'beat').echo, 42);
});

test('once a session stands a BEACON of its life feeds no echo, and is no contact', () => {
  const r = rig();
  stand(r, 1, 41);
  r.now = 1_000;
  assert.equal(
    r.hear(beaconOf(1, 99)).news.map(({ kind }) => kind),
    ['beacon'],
  );
  r.now = 3_001;
  const step = r.give({ kind: 'due' });
  assert.equal(step.news, [{ kind: 'no-contact' }]);
  assert.is(only(step, 'beat').echo, 41);
});

test('a beacon of another agent is authentic and still not followed', () => {
  const r = rig();
  assert.equal(r.hear(beaconOf(1, 1, 8)), { send: [], dueAt: r.now + 1_000, news: [] });
  assert.is(r.session.refusals['other-agent'], 1);
});

test('HELLO goes to each life once a second at most, with a nonce of its own', () => {
  const r = rig();
  const sent = [1, 2, 1, 2].map((life, n) => {
    r.now += 10;
    return r.hear(beaconOf(life, n + 1)).send.length;
  });
  assert.equal(sent, [1, 1, 0, 0]);
  r.now += 1_000;
  const again = r.give({ kind: 'due' }).send;
  assert.is(again.length, 2);
  const hellos = again.map((frame) => openBody(frame, 'hello'));
  const nonces = new Set(hellos.map((hello) => ('hNonce' in hello ? hello.hNonce.join() : '')));
  assert.is(nonces.size, 2);
});

test('beacons of many dead lives cost a session neither its life nor its echo', () => {
  const r = rig();
  stand(r, 1, 41);
  for (let life = 2; life < 20; life += 1) {
    r.now += 10;
    r.hear(beaconOf(life, 1_000));
  }
  assert.is(r.session.lives.length, 4);
  r.now = 1_000;
  assert.is(only(r.give({ kind: 'due' }), 'beat').echo, 41);
});

test('a WELCOME is taken once, for the present nonce, and for this host', () => {
  const r = rig();
  const { hNonce } = stand(r, 1, 41);
  const welcome = {
    kind: 'welcome',
    kid: 1,
    host: 1,
    hNonce,
    wNonce: nonce(0x77),
    tick: 42,
  } as const;
  assert.equal(r.hear(welcome).news, []);
  assert.equal(r.hear({ ...welcome, hNonce: nonce(3) }).news, []);
  assert.equal(r.hear({ ...welcome, wNonce: nonce(4), host: 2 }).news, []);
  assert.is(r.hear({ ...welcome, wNonce: nonce(4) }).news[0]?.kind, 'session');
});

test('a host that lost its session to the late WELCOME of a dead board knocks with a new nonce', () => {
  const r = rig();
  const dead = only(r.hear(beaconOf(1, 1)), 'hello');
  const { hNonce } = stand(r, 2, 1);
  // The first beat is lost, so the living board has only a half-open slot, and sends no ALIVE.
  const late = { kind: 'welcome', kid: 1, host: 1, wNonce: nonce(0x78), tick: 1 } as const;
  assert.is(r.hear({ ...late, hNonce: dead.hNonce }).news[0]?.kind, 'session');
  const knocks: string[] = [];
  for (let tick = 2; tick < 8; tick += 1) {
    r.now += 1_000;
    for (const frame of r.hear(beaconOf(2, tick)).send) {
      const said = openBody(frame, 'hello');
      if ('hNonce' in said) knocks.push(said.hNonce.join());
    }
  }
  // The board answers the old nonce with the WELCOME that was taken before, and is not heard.
  assert.ok(knocks.length > 0);
  assert.not.ok(knocks.includes(hNonce.join()));
});

test('the flags given last are in every beat', () => {
  const r = rig();
  stand(r, 1, 41);
  r.give({ kind: 'flags', flags: 0x13 });
  r.now = 1_000;
  assert.is(only(r.give({ kind: 'due' }), 'beat').flags, FLAG_STAYS | 0x13);
});

test('the answer to one LEAVING does not answer the next', () => {
  const r = rig();
  const { keys } = stand(r, 1, 41);
  const first = only(r.give({ kind: 'leave', reason: 'reboot', returnByS: 60 }), 'leaving');
  const second = only(r.give({ kind: 'leave', reason: 'off', returnByS: 60 }), 'leaving');
  const answer = (heard: number): string[] =>
    say(r, keys, { kind: 'leavingSeen', kid: 1, tick: 42, heard }).news.map(({ kind }) => kind);
  assert.equal(answer(first.seq), []);
  assert.equal(answer(second.seq + 1), []);
  assert.equal(answer(second.seq), ['leaving-acknowledged']);
  assert.equal(answer(second.seq), []);
});

test('the last words of an agent that was restarted are no sign of two', () => {
  const r = rig();
  const before = stand(r, 1, 41);
  r.now = 1_000;
  r.give({ kind: 'due' });
  r.now = 1_400;
  const after = stand(r, 2, 1, nonce(0x78));
  r.now = 2_100;
  const late = say(r, before.keys, { kind: 'alive', kid: 1, tick: 42, heard: 2 });
  const alive = say(r, after.keys, { kind: 'alive', kid: 1, tick: 2, heard: 1 });
  r.now = 2_400;
  r.give({ kind: 'due' });
  const next = say(r, after.keys, { kind: 'alive', kid: 1, tick: 3, heard: 2 });
  const told = [late, alive, next].flatMap(({ news }) => news.map(({ kind }) => kind));
  assert.equal(told, ['contact', 'contact', 'contact']);
});

test('frames for others, forged ones and nonsense change nothing and are counted apart', () => {
  const r = rig();
  const frames: [Uint8Array, keyof HostSession['refusals']][] = [
    [new Uint8Array(5), 'shape'],
    [sealFrame(crypto, crypto.key(new Uint8Array(32)), 'serial', beaconOf(1, 1)), 'mac'],
    [
      sealFrame(crypto, crypto.key(new Uint8Array(32)), 'mqtt', { ...beaconOf(1, 1), kid: 2 }),
      'kid',
    ],
    [
      sealFrame(crypto, crypto.key(new Uint8Array(32)), 'serial', {
        ...{ kind: 'alive', kid: 1, tick: 1, heard: 1 },
      }),
      'no-session',
    ],
  ];
  for (const [bytes, refusal] of frames) {
    assert.equal(r.give({ kind: 'frame', bytes }).news, []);
    assert.is(r.session.refusals[refusal], 1, refusal);
  }
});

test.run();
