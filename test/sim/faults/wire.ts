/** Faults of one cable or one way of it: rows 1 to 5 of the fault table, and who abuses them. */

import { sealFrame } from '../../../protocol/wire/codec.ts';
import { frameEncode } from '../../../protocol/wire/framing.ts';
import type { Message } from '../../../protocol/wire/messages.ts';
import type { Prng } from '../../lib/prng.ts';
import { quickCrypto } from '../crypto.ts';
import type { Entry, Plan } from '../plan.ts';
import { release } from '../world/bends.ts';
import { lookAtLinks } from '../world/broker.ts';
import { add, DEED, type Leg, machineOf, type World } from '../world/state.ts';
import { onLine } from '../world/wires.ts';
import { anySpan, bend, chanceOf, type Drawn, type FaultKind, hostWith, unbend } from './kind.ts';

/** The legs that an entry speaks of: `channel`, and `way` up, down or both. */
function legsOf(world: World, { host = 0, with: more }: Entry): Leg[] {
  const { index } = machineOf(world, host);
  const both = more['channel'] === 'serial' ? world.serial[index] : world.parties[index + 1];
  if (both === undefined) return [];
  if (more['way'] === 'up') return [both.up];
  return more['way'] === 'down' ? [both.down] : [both.up, both.down];
}

function anyLeg(chance: Prng, plan: Plan, more: Drawn['with'] = {}): Drawn | undefined {
  const channel = chance.pick(['serial', 'mqtt'] as const);
  const host = hostWith(chance, plan, channel);
  if (host === undefined) return undefined;
  const way = chance.pick(['up', 'down', 'both']);
  return { host, forMs: anySpan(chance, plan), with: { channel, way, ...more } };
}

/** A fault that only bends what passes. */
function bending(
  row: FaultKind['row'],
  kind: string,
  more: (chance: Prng) => Record<string, number>,
): FaultKind {
  return {
    row,
    draw: (chance, plan) => anyLeg(chance, plan, more(chance)),
    begin: (world, entry) => bend(world, entry, kind, legsOf(world, entry)),
    end: (world, entry) => {
      for (const was of unbend(entry, legsOf(world, entry))) release(world, was);
    },
  };
}

function cutting(way: 'up' | 'down' | 'both'): FaultKind {
  return {
    row: 18,
    draw: (chance, plan) => anyLeg(chance, plan, { way }),
    begin: (world, entry) => {
      bend(world, entry, 'cut', legsOf(world, entry));
      lookAtLinks(world);
    },
    end: (world, entry) => {
      unbend(entry, legsOf(world, entry));
      lookAtLinks(world);
    },
  };
}

const RATES = [1e-6, 1e-5, 1e-4, 1e-3, 1e-2] as const;

export const WIRE: Readonly<Record<string, FaultKind>> = {
  noise: bending(1, 'noise', (chance) => ({ rate: chance.pick(RATES) })),
  'burst-noise': bending(1, 'burst-noise', (chance) => ({ rate: chance.pick([0.05, 0.3, 0.9]) })),
  loss: bending(2, 'loss', (chance) => ({ rate: chance.pick([0.05, 0.3, 0.6, 0.9]) })),
  'loss-bursts': bending(2, 'bursts', (chance) => ({ rate: chance.pick([0.02, 0.1, 0.3]) })),
  duplicate: bending(3, 'twice', (chance) => ({
    rate: chance.pick([0.1, 0.5, 1]),
    ms: chance.pick([0, 50, 3_000, 20_000]),
  })),
  reorder: bending(3, 'jitter', (chance) => ({
    rate: chance.pick([0.2, 0.8]),
    ms: chance.pick([50, 800, 6_000]),
  })),
  slow: bending(5, 'slow', (chance) => ({ ms: chance.pick([20, 100, 450, 1_500, 6_000]) })),
  hoard: bending(5, 'hoard', () => ({})),
  cable: cutting('both'),
  'cable-up': cutting('up'),
  'cable-down': cutting('down'),
  replay: {
    row: 4,
    draw: (chance) => ({
      with: {
        count: chance.pick([1, 5, 40]),
        into: chance.pick(['same', 'host', 'channel', 'way']),
      },
    }),
    begin: replay,
  },
  garbage: {
    row: 36,
    draw: (chance, plan) => anyLeg(chance, plan, { gapMs: chance.pick([2, 20, 200]), way: 'up' }),
    begin: (world, _, index) => add(world, world.now, DEED.again, index, 0),
    end: () => {},
    again: (world, entry) => {
      const chance = chanceOf(world, { ...entry, at: world.now });
      const bytes = chance.bytes(chance.between(1, 60));
      pour(world, entry, bytes);
      return Number(entry.with['gapMs']);
    },
  },
  forged: {
    row: 28,
    draw: (chance, plan) => anyLeg(chance, plan, { gapMs: chance.pick([20, 300]), way: 'up' }),
    begin: (world, _, index) => add(world, world.now, DEED.again, index, 0),
    end: () => {},
    again: (world, entry) => {
      forge(world, entry);
      return Number(entry.with['gapMs']);
    },
  },
};

/** Raw bytes into a line, or one message over the broker. */
function pour(world: World, entry: Entry, bytes: Uint8Array): void {
  const { index } = machineOf(world, entry.host ?? 0);
  const envelope = { bytes, sentAt: world.now };
  if (entry.with['channel'] === 'serial') onLine(world, index, 'up', envelope);
  else add(world, world.now + 5, DEED.upMqtt, index, 0, envelope);
}

/** A message of the right form, with the right numbers, under a key that the attacker made up. */
function forge(world: World, entry: Entry): void {
  const chance = chanceOf(world, { ...entry, at: world.now });
  const host = entry.host ?? 0;
  const own = quickCrypto();
  const key = own.key(chance.bytes(32));
  const tick = world.board.process?.board.ticks.latest ?? 1;
  const nonce = (): Uint8Array => chance.bytes(8);
  const sessionWords = { kid: 1, host, seq: chance.between(1, 60_000), echo: tick };
  const messages: Message[] = [
    { kind: 'beat', ...sessionWords, flags: 0 },
    { kind: 'left', ...sessionWords, reason: 1 },
    { kind: 'solicit', kid: 1, host, sNonce: nonce() },
    ...[1, 2].map(
      (kid): Message => ({
        ...{ kind: 'hello', kid, host, aNonce: nonce(), tick, hNonce: nonce() },
        incarnation: chance.between(1, 1e9),
      }),
    ),
  ];
  const channel = entry.with['channel'] === 'serial' ? 'serial' : 'mqtt';
  const frame = sealFrame(own, key, channel, chance.pick(messages));
  pour(world, entry, channel === 'serial' ? frameEncode(frame) : frame);
}

/** Frames that somebody recorded come again: where they were, or where they never belonged. */
function replay(world: World, entry: Entry): void {
  const { tape } = world;
  if (tape === undefined || tape.length === 0) return;
  const chance = chanceOf(world, entry);
  const hosts = world.machines.length;
  for (let n = 0; n < Number(entry.with['count']); n += 1) {
    const { deed, a, envelope } = chance.pick(tape);
    const into = deed === DEED.order ? 'same' : entry.with['into'];
    const other = into === 'host' ? (a + 1) % hosts : a;
    const at = world.now + 1 + chance.between(0, 400);
    add(
      world,
      at,
      into === 'same' || into === 'host' ? deed : turned(deed, into),
      other,
      0,
      envelope,
    );
  }
}

/** The same bytes on the other channel, or the other way. */
function turned(deed: number, into: unknown): number {
  const { upSerial, upMqtt, downSerial, downMqtt } = DEED;
  const pairs: readonly (readonly [number, number])[] =
    into === 'channel'
      ? [
          [upSerial, upMqtt],
          [downSerial, downMqtt],
        ]
      : [
          [upSerial, downSerial],
          [upMqtt, downMqtt],
        ];
  for (const [one, two] of pairs) {
    if (deed === one) return two;
    if (deed === two) return one;
  }
  return deed;
}
