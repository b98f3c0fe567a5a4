/**
 * Scoreboard, row 14: CBOR that was made to hurt, in every field of every message, with a MAC that is
 * right for its path: under the keys of live sessions, of orderers and of the board. Each is refused
 * in less than a millisecond, and none leaves anything behind.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { encodeBody, macHead } from '../../protocol/wire/codec.ts';
import type { Key } from '../../protocol/wire/crypto.ts';
import { MESSAGES, type MessageKind } from '../../protocol/wire/messages.ts';
import { openAnswer, openOrderer } from '../../protocol/wire/session/orderer.ts';
import { assert, suite } from '../lib/suite.ts';
import { crypto, ring } from '../protocol/wire/lib/keys.ts';
import { give, handshake, keyOf, rig } from '../protocol/wire/lib/peer.ts';
import { SAMPLES } from '../protocol/wire/lib/samples.ts';
import { run, startAgent, startHost, tell, world } from '../protocol/wire/lib/world.ts';
import { HOSTILE, HUGE } from './lib/hostile.ts';

const test = suite('hostile CBOR');
const LIMIT_MS = 1;
const TRIES = 40;
const GROWN_BYTES_MAX = 500_000;
const NAMES = new Map([[11, 'alpha-pcmk']]);

/** Each says whether it took the frame. */
const board = rig();
const peer = handshake(board, 1);
const w = world(3);
startAgent(w);
const host = startHost(w, 1, 'boot-1', ['serial']);
run(w, 3_000);

/** The key that is right for a message, and who hears it. */
function pathOf(kind: MessageKind): { key: Key; takes: (frame: Uint8Array) => boolean } {
  const order = ring.sending('order', 'alpha-pcmk');
  const down = w.agents[0]?.sessions.table[1]?.paths.serial?.standing?.down;
  if (order === undefined || down === undefined) throw new Error('no key');
  const { key, direction } = MESSAGES[kind];
  if (key === 'order' && direction === 'up') {
    return {
      key: order.order(),
      takes: (frame) => !('refused' in openOrderer(crypto, ring, NAMES, 'serial', frame)),
    };
  }
  if (key === 'order') {
    const self = { orderer: 11, name: 'alpha-pcmk' };
    return {
      key: order.order(),
      takes: (frame) => !('refused' in openAnswer(crypto, ring, self, 'serial', frame)),
    };
  }
  if (direction === 'up') {
    const sessionKey = key === 'handshake' ? keyOf('alpha').handshake() : peer.up;
    return { key: sessionKey, takes: (frame) => give(board, frame).opened !== undefined };
  }
  const takes = (frame: Uint8Array): boolean => {
    const before = w.news.length;
    tell(w, host, 'serial', { kind: 'frame', bytes: frame });
    return w.news.length > before;
  };
  return { key: key === 'handshake' ? keyOf('alpha').handshake() : down, takes };
}

/** The body of a good message with `item` in place of one of its fields. */
function bodyWith(kind: MessageKind, field: number, item: Uint8Array): Uint8Array {
  const { fields } = MESSAGES[kind];
  const values = SAMPLES[kind] as unknown as Record<string, unknown>;
  const parts: Uint8Array[] = [encodeBody(SAMPLES[kind]).slice(0, 2)];
  fields.forEach(([name], at) => {
    parts.push(at === field ? item : itemOf(values[name]));
  });
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

function itemOf(value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return Uint8Array.of(0x40 | value.length, ...value);
  const number = value as number;
  if (number < 24) return Uint8Array.of(number);
  const bytes =
    number < 0x100 ? [0x18, number] : number < 0x1_0000 ? [0x19, number >> 8, number] : undefined;
  return Uint8Array.from(bytes ?? [0x1a, number >>> 24, number >>> 16, number >>> 8, number]);
}

function sealed(kind: MessageKind, body: Uint8Array, key: Key): Uint8Array {
  const { direction, tagBytes } = MESSAGES[kind];
  const tag = crypto.mac(key, macHead('serial', direction), body, tagBytes);
  const frame = new Uint8Array(body.length + 1 + tagBytes);
  frame.set(body);
  frame[body.length] = 0x40 | tagBytes;
  frame.set(tag, body.length + 1);
  return frame;
}

interface Shot {
  name: string;
  frame: Uint8Array;
  takes: (frame: Uint8Array) => boolean;
}

function* shots(): Generator<Shot> {
  for (const kind of Object.keys(MESSAGES) as MessageKind[]) {
    const { key, takes } = pathOf(kind);
    for (const [field, [fieldName, type]] of MESSAGES[kind].fields.entries()) {
      const items = type === 'body' ? { ...HOSTILE, ...HUGE } : HOSTILE;
      for (const [name, item] of Object.entries(items)) {
        const frame = sealed(kind, bodyWith(kind, field, item), key);
        yield { name: `${name} as ${kind}.${fieldName}`, frame, takes };
      }
    }
  }
}

test('each item in each field, under a right MAC, is refused in less than a millisecond', () => {
  let count = 0;
  for (const { name, frame, takes } of shots()) {
    count += 1;
    let bestMs = Number.POSITIVE_INFINITY;
    for (let n = 0; n < TRIES && (n === 0 || bestMs >= LIMIT_MS); n += 1) {
      const from = performance.now();
      assert.is(takes(frame), false, name);
      bestMs = Math.min(bestMs, performance.now() - from);
    }
    assert.ok(bestMs < LIMIT_MS, `${name}: ${bestMs} ms`);
  }
  assert.ok(count > 3_000, `${count} items`);
});

test('the same paths take what is good', () => {
  const tick = board.ticks.latest;
  const { key, takes } = pathOf('beat');
  assert.ok(takes(sealed('beat', encodeBody({ ...SAMPLES.beat, seq: 1, echo: tick }), key)));
  const query = pathOf('query');
  assert.ok(query.takes(sealed('query', encodeBody(SAMPLES.query), query.key)));
  const state = pathOf('state');
  assert.ok(state.takes(sealed('state', encodeBody(SAMPLES.state), state.key)));
  const alive = pathOf('alive');
  assert.ok(alive.takes(sealed('alive', encodeBody({ ...SAMPLES.alive, heard: 1 }), alive.key)));
});

test('nothing is left of them: the heap is as it was after ten thousand more', () => {
  const all = [...shots()];
  const shoot = (): void => {
    for (const { frame, takes } of all) takes(frame);
  };
  shoot();
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  const used = (): number => {
    gc();
    return process.memoryUsage().heapUsed;
  };
  const before = used();
  for (let n = 0; n < 3; n += 1) shoot();
  const grown = used() - before;
  assert.ok(grown < GROWN_BYTES_MAX, `${grown} bytes more`);
});

test.run();
