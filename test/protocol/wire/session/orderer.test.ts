import { macHead, sealFrame } from '../../../../protocol/wire/codec.ts';
import type { Key } from '../../../../protocol/wire/crypto.ts';
import {
  type Channel,
  MESSAGES,
  type Message,
  type MessageKind,
} from '../../../../protocol/wire/messages.ts';
import { agentSessions, receive } from '../../../../protocol/wire/session/agent.ts';
import {
  openAnswer,
  openOrderer,
  sealAnswer,
  sealOrder,
  sendingKid,
} from '../../../../protocol/wire/session/orderer.ts';
import { issue, newTicks } from '../../../../protocol/wire/ticks.ts';
import { assert, suite } from '../../../lib/suite.ts';
import { crypto, ring } from '../lib/keys.ts';
import { SAMPLES } from '../lib/samples.ts';

const test = suite('orderers');
const names = new Map([
  [11, 'alpha-pcmk'],
  [12, 'beta-pcmk'],
  [13, 'anna'],
]);
const self = { orderer: 11, name: 'alpha-pcmk' };
const NOTHING = new Uint8Array(0);

const open = (frame: Uint8Array, channel: Channel = 'mqtt') =>
  openOrderer(crypto, ring, names, channel, frame);
const refusal = (result: object): string =>
  'refused' in result ? String(result.refused) : 'opened';

test('orders and queries open as they were sealed, with the name and role of their orderer', () => {
  for (const message of [SAMPLES.order, SAMPLES.query]) {
    const frame = sealOrder(crypto, ring, 'alpha-pcmk', 'mqtt', message) ?? NOTHING;
    assert.equal(open(frame), { message, orderer: 'alpha-pcmk', role: 'order' });
  }
  const anna = { ...SAMPLES.order, orderer: 13 };
  const frame = sealOrder(crypto, ring, 'anna', 'mqtt', anna) ?? NOTHING;
  assert.equal(open(frame), { message: anna, orderer: 'anna', role: 'admin' });
});

test('answers open for the orderer that they are for, and for no other', () => {
  for (const message of [SAMPLES.state, SAMPLES.result]) {
    const frame = sealAnswer(crypto, ring, 'alpha-pcmk', 'mqtt', message) ?? NOTHING;
    assert.equal(openAnswer(crypto, ring, self, 'mqtt', frame), { message });
    assert.is(refusal(openAnswer(crypto, ring, self, 'serial', frame)), 'mac');
    const other = { orderer: 12, name: 'beta-pcmk' };
    assert.is(refusal(openAnswer(crypto, ring, other, 'mqtt', frame)), 'mac');
    assert.is(refusal(openAnswer(crypto, ring, { ...self, orderer: 12 }, 'mqtt', frame)), 'mac');
  }
});

test('a STATE may carry 60 KB', () => {
  const message = { ...SAMPLES.state, body: new Uint8Array(61_440).fill(0x20) };
  const frame = sealAnswer(crypto, ring, 'alpha-pcmk', 'mqtt', message) ?? NOTHING;
  assert.equal(openAnswer(crypto, ring, self, 'mqtt', frame), { message });
});

test('a wrong role, an unknown orderer, kid or path is refused just as a wrong MAC is', () => {
  const seal = (key: Key | undefined, message: Message): string =>
    key === undefined ? '' : refusal(open(sealFrame(crypto, key, 'mqtt', message)));
  const own = ring.find('order', 'alpha-pcmk', 1);
  const host = ring.find('host', 'alpha', 1);
  assert.is(seal(own?.order(), SAMPLES.order), 'opened');
  assert.is(seal(own?.handshake(), SAMPLES.order), 'mac');
  assert.is(seal(host?.order(), SAMPLES.order), 'mac');
  assert.is(seal(host?.handshake(), SAMPLES.order), 'mac');
  assert.is(seal(own?.order(), { ...SAMPLES.order, orderer: 12 }), 'mac');
  assert.is(seal(own?.order(), { ...SAMPLES.order, orderer: 99 }), 'mac');
  assert.is(seal(own?.order(), { ...SAMPLES.order, kid: 2 }), 'mac');
  const frame = sealOrder(crypto, ring, 'alpha-pcmk', 'mqtt', SAMPLES.order) ?? NOTHING;
  assert.is(refusal(open(frame, 'serial')), 'mac');
  assert.is(refusal(open(frame.slice(0, 20))), 'short');
});

test('an order cannot be sealed without a key, and the sending kid says so first', () => {
  assert.is(sendingKid(ring, 'alpha-pcmk'), 1);
  assert.is(sendingKid(ring, 'anna'), 1);
  assert.is(sendingKid(ring, 'nobody'), undefined);
  assert.is(sealOrder(crypto, ring, 'nobody', 'mqtt', SAMPLES.order), undefined);
  assert.is(
    sealAnswer(crypto, ring, 'alpha-pcmk', 'mqtt', { ...SAMPLES.result, kid: 9 }),
    undefined,
  );
});

/** All keys that exist in the file, in each of their derived forms. */
function allKeys(): { name: string; key: Key }[] {
  const owners = [
    ['host', 'alpha'],
    ['host', 'beta'],
    ['order', 'alpha-pcmk'],
    ['order', 'beta-pcmk'],
    ['admin', 'anna'],
  ] as const;
  return owners.flatMap(([role, owner]) => {
    const key = ring.find(role, owner, 1);
    return key === undefined
      ? []
      : (['handshake', 'session', 'order'] as const).map((use) => ({
          name: `${role} ${owner} ${use}`,
          key: key[use](),
        }));
  });
}

test('every key opens what it is for and nothing else: key x message x receiver, in full', () => {
  const aNonce = SAMPLES.hello.aNonce;
  const ticks = newTicks();
  const sessions = agentSessions({
    ...{ crypto, agent: 7, aNonce, ring, draw: () => new Uint8Array(8) },
    hosts: [{ host: 1, name: 'alpha', freshnessMs: 5_000, keepaliveMs: 1_000 }],
  });
  issue(ticks, 0);
  const passed: string[] = [];
  const kinds = Object.keys(MESSAGES) as MessageKind[];
  for (const { name, key } of allKeys()) {
    for (const kind of kinds) {
      const message = kind === 'hello' ? { ...SAMPLES.hello, tick: 1 } : SAMPLES[kind];
      const frame = sealFrame(crypto, key, 'mqtt', message);
      const at = { channel: 'mqtt', host: 1 } as const;
      if (receive(sessions, at, frame, ticks, 0).opened) passed.push(`${name}: host path: ${kind}`);
      if ('message' in open(frame)) passed.push(`${name}: order path: ${kind}`);
      if ('message' in openAnswer(crypto, ring, self, 'mqtt', frame)) {
        passed.push(`${name}: answer path: ${kind}`);
      }
    }
  }
  assert.equal(passed, [
    'host alpha handshake: host path: solicit',
    'host alpha handshake: host path: hello',
    'order alpha-pcmk order: order path: query',
    'order alpha-pcmk order: answer path: state',
    'order alpha-pcmk order: order path: order',
    'order alpha-pcmk order: answer path: result',
  ]);
});

test('an answer turned round is no order: the direction is under the MAC', () => {
  assert.not.equal(macHead('mqtt', 'up'), macHead('mqtt', 'down'));
});

test.run();
