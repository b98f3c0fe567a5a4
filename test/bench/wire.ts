/**
 * How fast the wire is on one core, with real MACs: beats deframed, verified, decoded and taken per
 * second, what single parts of it cost, and how many bytes a beat is on a line.
 */
import { openBody, peek, sealFrame, verify } from '../../protocol/wire/codec.ts';
import { deframer, frameEncode } from '../../protocol/wire/framing.ts';
import { nodeCrypto } from '../../protocol/wire/mac.ts';
import type { Message } from '../../protocol/wire/messages.ts';
import { agentSessions, receive } from '../../protocol/wire/session/agent.ts';
import { echoCell, hostSession, stepHostSession } from '../../protocol/wire/session/host.ts';
import { issue, newTicks } from '../../protocol/wire/ticks.ts';
import { crypto, ring } from '../protocol/wire/lib/keys.ts';
import { prng } from '../protocol/wire/lib/prng.ts';
import { SAMPLES } from '../protocol/wire/lib/samples.ts';
import { most, type Section } from './section.ts';
import { spreadOf } from './spread.ts';

const ROUNDS = 7;
const chance = prng(1);

interface Work {
  name: string;
  /** So many of it are done by one call of `once`. */
  count: number;
  once: () => void;
}

/** All works in turn, round by round after one to warm up, so that a busy moment falls on each. */
export function measureWire(tell: (what: string) => void): Section[] {
  tell('frames a second on one core');
  const works = [wholePath(), ...parts()];
  for (const { once } of works) once();
  const rates = works.map(() => [] as number[]);
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [i, { count, once }] of works.entries()) {
      const startedAt = performance.now();
      once();
      rates[i]?.push((count / (performance.now() - startedAt)) * 1_000);
    }
  }
  const spreads = works.map(({ name }, i) => ({ name, rate: spreadOf(rates[i] ?? []) }));
  return [
    {
      name: 'wire',
      title:
        'the wire on one core, a second; HMAC-SHA-256; as on boards of over 200 hosts, which use all compilers',
      head: ['min', 'median', 'max', 'rounds'],
      rows: spreads.map(({ name, rate }) => [
        name,
        ...[rate.min, rate.median, rate.max].map((one) => Math.round(one).toLocaleString('en')),
        String(rate.count),
      ]),
      verdicts: [],
      figures: spreads,
    },
    bytesOnLine(),
  ];
}

const BAUDS = [9_600, 115_200] as const;
/** Start bit, eight of data, stop bit. */
const BITS = 10;
/** What a beat may be at most: host numbers below 24, and any. */
const BEAT_BYTES_MAX = { small: 28, any: 32 };

/** Bytes between two zero bytes, and what a second of one host takes of its line at K = T = 1 s. */
function bytesOnLine(): Section {
  const real = nodeCrypto();
  const key = real.key(new Uint8Array(32).fill(1));
  const bytesOf = (message: Message): number =>
    frameEncode(sealFrame(real, key, 'serial', message)).length;
  const beat = (host: number, kid: number): number =>
    bytesOf({ kind: 'beat', kid, host, seq: 60_000, echo: 2 ** 32 - 1, flags: 255 });
  const alive = bytesOf(SAMPLES.alive);
  const beacon = bytesOf(SAMPLES.beacon);
  const [small, any] = [beat(23, 1), beat(65_535, 65_535)];
  const shares = (bytes: number): string[] =>
    BAUDS.map((baud) => `${((100 * BITS * bytes) / baud).toFixed(2)} %`);
  return {
    name: 'bytes',
    title: 'bytes on the line, and their share of it at one a second',
    head: ['bytes', ...BAUDS.map((baud) => `${baud} Bd`)],
    rows: [
      ['a beat, host number below 24', String(small), ...shares(small)],
      ['a beat, the largest numbers', String(any), ...shares(any)],
      ['ALIVE and BEACON, the other way', String(alive + beacon), ...shares(alive + beacon)],
    ],
    verdicts: [
      most('bytes of a beat, host number below 24', small, BEAT_BYTES_MAX.small),
      most('bytes of a beat, the largest numbers', any, BEAT_BYTES_MAX.any),
    ],
    figures: { small, any, alive, beacon },
  };
}

/** Many beats of one session, as they would come off a line, each a second later. */
function wholePath(): Work {
  const sessions = agentSessions({
    ...{ crypto, agent: 7, aNonce: chance.bytes(8), ring, draw: () => chance.bytes(8) },
    hosts: [{ host: 1, name: 'alpha', freshnessMs: 5_000, keepaliveMs: 1_000 }],
  });
  const ticks = newTicks();
  const host = hostSession({
    ...{ crypto, ring, host: 1, hostName: 'alpha', agent: 7, channel: 'serial', incarnation: 9 },
    ...{ keepaliveMs: 1_000, beaconMs: 1_000, echo: echoCell() },
  });
  const from = { channel: 'serial', host: 1 } as const;
  const draw = (): Uint8Array => chance.bytes(8);
  issue(ticks, 0);
  let now = 0;
  let send = stepHostSession(host, { kind: 'up' }, now, draw).send;
  while (host.standing.length === 0) {
    for (const frame of send) {
      for (const bytes of receive(sessions, from, frame, ticks, now).replies) {
        send = stepHostSession(host, { kind: 'frame', bytes }, now, draw).send;
      }
    }
  }
  const lines = send.map(frameEncode);
  for (let n = 0; n < 20_000; n += 1) {
    now += 1_000;
    lines.push(...stepHostSession(host, { kind: 'due' }, now, draw).send.map(frameEncode));
  }
  const serving = sessions.table[1]?.paths.serial;
  const once = (): void => {
    const receiver = deframer();
    if (serving?.standing !== undefined) serving.standing.lastSeq = 0;
    let taken = 0;
    let at = 0;
    for (const line of lines) {
      at += 1_000;
      receiver.push(line, at, (frame) => {
        if (receive(sessions, from, frame, ticks, at).opened?.kind === 'beat') taken += 1;
      });
    }
    if (taken < 20_000) throw new Error(`only ${taken} were taken`);
  };
  return { name: 'beats deframed, verified, decoded and taken', count: 20_000, once };
}

function parts(): Work[] {
  const real = nodeCrypto();
  const key = real.key(new Uint8Array(32).fill(1));
  const frame = sealFrame(real, key, 'serial', SAMPLES.beat);
  const line = frameEncode(frame);
  const noise = chance.bytes(1_000_000).map((byte) => (byte < 8 ? 0 : byte));
  const times = (name: string, count: number, one: () => void): Work => ({
    ...{ name, count },
    once: () => {
      for (let n = 0; n < count; n += 1) one();
    },
  });
  const receiver = deframer();
  return [
    times('beats sealed', 50_000, () => sealFrame(real, key, 'serial', SAMPLES.beat)),
    times('MACs verified', 50_000, () => {
      const peeked = peek(frame);
      if (!('refused' in peeked)) verify(real, key, 'serial', peeked);
    }),
    times('bodies decoded', 100_000, () => openBody(frame, 'beat')),
    times('frames peeked at', 500_000, () => peek(frame)),
    times('frames deframed', 100_000, () => receiver.push(line, 0, () => {})),
    {
      ...{ name: 'bytes of noise deframed', count: noise.length },
      once: () => receiver.push(noise, 0, () => {}),
    },
  ];
}
