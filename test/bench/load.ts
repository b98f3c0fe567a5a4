/**
 * Many hosts in one process, so that the agent alone is what a bench measures.
 *
 * Each host is the shim's own core with a session on both of its paths. Its COM line is a
 * pseudo-terminal whose master is here and whose slave, linked as `DIR/NAME`, the agent opens. All
 * hosts share one connection to the broker: what the agent has to do does not depend on how many
 * clients its broker serves. They begin one after the other, spread over a keepalive or more, as servers
 * that know nothing of each other would; without that all would answer the same beacon and beat in
 * one burst for ever.
 *
 * A bench that measures an agent to which nobody speaks is easily pleased, so it counts: a beat is
 * acknowledged when an ALIVE names it. The gap between two ALIVEs of a path, whose period is a
 * round of the agent, bounds how late the loop of either process was.
 *
 * `node load.cjs CONFIG.json` prints `ready` when all lines lie; then each word on its input,
 * `begin`, `mark` (count from here), `noise BYTES-PER-S` on every line or `count`, is answered by one JSON line, and so is
 * `sample CODE THRESHOLD-MS COUNT EVERY-MS` (sample.ts). It ends with its input.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { newShim, type ShimEvent, stepShim } from '../../host-shim/core/shim.ts';
import { readKeysFile } from '../../protocol/keys-file.ts';
import { type MqttLink, mqttLink } from '../../protocol/link/mqtt.ts';
import { after, every, monotonicMs, type Timer } from '../../protocol/link/timers.ts';
import { openBody, peek } from '../../protocol/wire/codec.ts';
import { deframer, frameEncode } from '../../protocol/wire/framing.ts';
import { type KeyRing, keyRing } from '../../protocol/wire/keys.ts';
import { nodeCrypto } from '../../protocol/wire/mac.ts';
import type { Channel } from '../../protocol/wire/messages.ts';
import { event, hostDown, hostUp } from '../../protocol/wire/topics.ts';
import { openPty } from '../lib/pty.ts';
import { type Mutable, silenceSampler } from './sample.ts';

export interface LoadConfig {
  /** Where the lines appear, as links with the names of the hosts. */
  dir: string;
  hosts: { name: string; id: number }[];
  agent: { name: string; id: number };
  /** A keys file with the key of every host. */
  keys: string;
  url: string;
  keepaliveMs: number;
  /** Of the first host, whose shim has run away. */
  runawayKeepaliveMs?: number;
  /** The paths of each host; both by default. */
  channels?: readonly BenchChannel[];
  /** Some hosts of many: it asks the broker for what is said to these alone. */
  isPart?: boolean;
}

type BenchChannel = 'serial' | 'mqtt';

export interface LoadCounts {
  /** Paths, two a host, on which a session stands and is answered now. */
  inContact: number;
  /** Beats sent, and beats named by an ALIVE, since the last `mark`. */
  sent: number;
  acknowledged: number;
  /** Paths, two a host, on which the board answered since the last `mark`. */
  answered: number;
  /** Milliseconds between two ALIVEs of one path since the last `mark`; null while there are none. */
  aliveGap: { median: number; p99: number; max: number } | null;
}

interface Tally {
  sent: number;
  acknowledged: number;
  paths: Set<string>;
  gapsMs: number[];
}

const noTally = (): Tally => ({ sent: 0, acknowledged: 0, paths: new Set(), gapsMs: [] });

interface Player extends Mutable {
  /** Writes rubbish onto its line. */
  rubbish(bytes: number): void;
  begin(): void;
  take(event: ShimEvent): void;
  inContact(): number;
}

/** What passes there comes back to who sent it, and to nobody of ours. */
const BARE_TOPIC = `fencepost-bench/bare/${process.pid}`;
const crypto = nodeCrypto();
const NOISE_MS = 25;
const BOTH: readonly BenchChannel[] = ['serial', 'mqtt'];
/** What thousands of hosts are told waits before the answer to a ping. */
const MQTT = { packetBytesMax: 1_024, backlogBytesMax: 1 << 20, keepaliveS: 20 };
/** Two hundred begin in a second: sessions of them all cost more than two processors have. */
const BEGIN_MS_MIN = 5;

function keepaliveOf(host: LoadConfig['hosts'][number], config: LoadConfig): number {
  const { hosts, keepaliveMs, runawayKeepaliveMs = keepaliveMs } = config;
  return host === hosts[0] ? runawayKeepaliveMs : keepaliveMs;
}

/** Lays the line of one host; it is silent until `begin`. */
function player(
  host: LoadConfig['hosts'][number],
  setup: { config: LoadConfig; ring: KeyRing; broker: () => MqttLink; tally: Tally },
): Player {
  const { config, ring, tally } = setup;
  const { channels = BOTH } = config;
  const shim = newShim({
    ...{ crypto, ring, host: host.id, hostName: host.name, agent: config.agent.id },
    ...{ incarnation: host.id, keepaliveMs: keepaliveOf(host, config), channels },
  });
  const input = deframer();
  const up = hostUp(config.agent.name, host.name);
  const last = new Map<Channel, { heard: number; atMs: number }>();
  let timer: Timer | undefined;
  let begun = false;
  let muted = false;
  let lastBeat: { frame: Uint8Array; atMs: number } | undefined;

  const send = (channel: Channel, frame: Uint8Array): void => {
    if (muted) return;
    const peeked = peek(frame);
    const isBeat = !('refused' in peeked) && peeked.kind === 'beat';
    if (isBeat) tally.sent += 1;
    if (channel === 'serial') pty?.write(frameEncode(frame));
    else setup.broker().publish(up, frame, { qos: 0 });
    if (isBeat) lastBeat = { frame, atMs: monotonicMs() };
  };
  const answered = (channel: Channel, heard: number, now: number): void => {
    const was = last.get(channel);
    if (was !== undefined) tally.gapsMs.push(now - was.atMs);
    tally.paths.add(`${channel} ${host.name}`);
    if (heard > 0 && heard !== was?.heard) tally.acknowledged += 1;
    last.set(channel, { heard, atMs: now });
  };
  const take = (event: ShimEvent): void => {
    if (!begun) return;
    const now = monotonicMs();
    const { effects, dueAt } = stepShim(shim, event, now, () => randomBytes(8));
    timer?.cancel();
    timer = after(Math.max(0, Math.ceil(dueAt - now)), () => take({ kind: 'due' }));
    for (const effect of effects) {
      if (effect.kind === 'send') send(effect.channel, effect.frame);
      if (effect.kind === 'news' && effect.news.kind === 'contact') {
        answered(effect.channel, effect.news.heard, now);
      }
    }
  };
  const fromLine = (bytes: Uint8Array): void =>
    input.push(bytes, monotonicMs(), (frame) =>
      take({ kind: 'frame', channel: 'serial', bytes: frame }),
    );
  const pty = channels.includes('serial') ? openPty(fromLine) : undefined;
  if (pty !== undefined) symlinkSync(pty.slavePath, join(config.dir, host.name));
  return {
    name: host.name,
    take,
    begin: () => {
      begun = true;
      for (const channel of channels) take({ kind: 'up', channel });
    },
    rubbish: (bytes) => void pty?.write(randomBytes(bytes)),
    inContact: () => shim.legs.filter((leg) => leg.inContact).length,
    mute: () => {
      muted = true;
    },
    unmute: () => {
      muted = false;
    },
    lastBeat: () => {
      const opened = lastBeat === undefined ? undefined : openBody(lastBeat.frame, 'beat');
      if (lastBeat === undefined || opened === undefined || 'refused' in opened) return undefined;
      const heard = [...last.values()].some((answer) => answer.heard === opened.seq);
      return { atMs: lastBeat.atMs, heard };
    },
  };
}

function countsOf(players: readonly Player[], tally: Tally): LoadCounts {
  const { sent, acknowledged, paths, gapsMs } = tally;
  const sorted = Float64Array.from(gapsMs).sort();
  const at = (share: number): number => sorted[Math.floor(share * (sorted.length - 1))] ?? 0;
  return {
    inContact: players.reduce((sum, one) => sum + one.inContact(), 0),
    sent,
    acknowledged,
    answered: paths.size,
    aliveGap: sorted.length === 0 ? null : { median: at(0.5), p99: at(0.99), max: at(1) },
  };
}

function downTopics({ hosts, agent, isPart = false }: LoadConfig): string[] {
  if (isPart) return hosts.map(({ name }) => hostDown(agent.name, name));
  return [hostDown(agent.name, 'x').replace('x', '+')];
}

function main(config: LoadConfig): void {
  const keys = readKeysFile(config.keys);
  if (!keys.ok) throw new Error(keys.problems[0]?.problem);
  const ring = keyRing(crypto, keys.keys);
  const tally = noTally();
  const byTopic = new Map<string, Player>();
  const broker = mqttLink(
    {
      ...MQTT,
      url: config.url,
      protocol: 5,
      clientId: `fencepost-bench-${process.pid}`,
      subscriptions: [
        ...downTopics(config).map((topic) => ({ topic, qos: 0 as const })),
        { topic: event(config.agent.name), qos: 1 },
        { topic: BARE_TOPIC, qos: 0 },
      ],
    },
    {
      up: () => process.stdout.write('ready\n'),
      lost: (reason) => process.stderr.write(`the load generator lost its broker: ${reason}\n`),
      message: (topic, bytes) => {
        const of = byTopic.get(topic);
        if (of !== undefined) of.take({ kind: 'frame', channel: 'mqtt', bytes });
        else if (topic === BARE_TOPIC) sampler.cameBack(bytes);
        else if (topic === event(config.agent.name)) sampler.said(bytes);
      },
    },
  );
  const players = config.hosts.map((host) => {
    // The beats of who has run away are dropped, and no loss.
    const counts = keepaliveOf(host, config) === config.keepaliveMs ? tally : noTally();
    const made = player(host, { config, ring, broker: () => broker, tally: counts });
    byTopic.set(hostDown(config.agent.name, host.name), made);
    return made;
  });
  const sampler = silenceSampler(players, (bytes) => broker.publish(BARE_TOPIC, bytes, { qos: 0 }));
  const answer = (value: object): void => {
    process.stdout.write(`${JSON.stringify(value)}\n`);
  };
  const words: Record<string, () => void> = {
    begin: () => {
      const stepMs = Math.max(config.keepaliveMs / players.length, BEGIN_MS_MIN);
      players.forEach((one, i) => {
        after(i * stepMs, one.begin);
      });
    },
    mark: () => Object.assign(tally, noTally()),
    count: () => undefined,
  };
  let noise: Timer | undefined;
  const makeNoise = (bytesPerS: number): void => {
    noise?.cancel();
    if (bytesPerS === 0) return;
    noise = every(NOISE_MS, () => {
      for (const one of players) one.rubbish((bytesPerS * NOISE_MS) / 1_000);
    });
  };
  createInterface({ input: process.stdin })
    .on('line', (line) => {
      const [word = '', code = '', ...numbers] = line.split(' ');
      if (word === 'noise') makeNoise(Number(code));
      words[word]?.();
      if (word !== 'sample') return answer(countsOf(players, tally));
      const [thresholdMs = 0, count = 0, everyMs = 0] = numbers.map(Number);
      void sampler.sample({ code, thresholdMs, count, everyMs }).then(answer);
    })
    .on('close', () => process.exit(0));
}

main(JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')));
