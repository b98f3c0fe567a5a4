/**
 * How fast the wire is on one core: beats deframed, verified, decoded and judged per second, and
 * what single parts of it cost. Prints one line per figure; goal for the first: 100,000 a second.
 */
import { openBody, peek, sealFrame, verify } from '../../protocol/wire/codec.ts';
import { deframer, frameEncode } from '../../protocol/wire/framing.ts';
import { nodeCrypto } from '../../protocol/wire/mac.ts';
import { agentSessions, receive } from '../../protocol/wire/session/agent.ts';
import { echoCell, hostSession, stepHostSession } from '../../protocol/wire/session/host.ts';
import { issue, newTicks } from '../../protocol/wire/ticks.ts';
import { crypto, ring } from '../protocol/wire/lib/keys.ts';
import { prng } from '../protocol/wire/lib/prng.ts';
import { SAMPLES } from '../protocol/wire/lib/samples.ts';

const ROUNDS = 5;
const chance = prng(1);

/** The median of some rounds, after one to warm up. */
function measure(name: string, count: number, work: () => void): void {
  work();
  const rates = Array.from({ length: ROUNDS }, () => {
    const startedAt = performance.now();
    work();
    return (count / (performance.now() - startedAt)) * 1_000;
  }).sort((a, b) => a - b);
  const median = Math.round(rates[ROUNDS >> 1] ?? 0).toLocaleString('en');
  process.stdout.write(`${median.padStart(12)} /s  ${name}\n`);
}

/** Many beats of one session, as they would come off a line, each a second later. */
function wholePath(): void {
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
  measure('beats deframed, verified, decoded and taken', 20_000, () => {
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
  });
}

function parts(): void {
  const real = nodeCrypto();
  const key = real.key(new Uint8Array(32).fill(1));
  const frame = sealFrame(real, key, 'serial', SAMPLES.beat);
  const line = frameEncode(frame);
  const noise = chance.bytes(1_000_000).map((byte) => (byte < 8 ? 0 : byte));
  const times = (count: number, one: () => void) => () => {
    for (let n = 0; n < count; n += 1) one();
  };
  measure(
    'beats sealed',
    50_000,
    times(50_000, () => sealFrame(real, key, 'serial', SAMPLES.beat)),
  );
  measure(
    'MACs verified',
    50_000,
    times(50_000, () => {
      const peeked = peek(frame);
      if (!('refused' in peeked)) verify(real, key, 'serial', peeked);
    }),
  );
  measure(
    'bodies decoded',
    100_000,
    times(100_000, () => openBody(frame, 'beat')),
  );
  measure(
    'frames peeked at',
    500_000,
    times(500_000, () => peek(frame)),
  );
  const receiver = deframer();
  measure(
    'frames deframed',
    100_000,
    times(100_000, () => receiver.push(line, 0, () => {})),
  );
  measure('bytes of noise deframed', noise.length, () => receiver.push(noise, 0, () => {}));
}

wholePath();
parts();
