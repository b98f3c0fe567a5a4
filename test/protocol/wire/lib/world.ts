/**
 * Agents and hosts in one memory, joined by paths that lose, delay and double frames as a test
 * says. Time moves in steps of 10 ms; nothing sleeps.
 */
import { incarnationOf } from '../../../../protocol/wire/bootid.ts';
import { peek } from '../../../../protocol/wire/codec.ts';
import type { KeyRing } from '../../../../protocol/wire/keys.ts';
import { sha256 } from '../../../../protocol/wire/mac.ts';
import type { Channel } from '../../../../protocol/wire/messages.ts';
import {
  type AgentSessions,
  agentSessions,
  alive,
  beacons,
  type Opened,
  type Refusal,
  receive,
  saidFrame,
  seen,
} from '../../../../protocol/wire/session/agent.ts';
import {
  echoCell,
  type HostEvent,
  type HostNews,
  type HostSession,
  hostSession,
  stepHostSession,
} from '../../../../protocol/wire/session/host.ts';
import { issue, newTicks, type TickLog } from '../../../../protocol/wire/ticks.ts';
import { crypto, ring } from './keys.ts';
import { type Prng, prng } from './prng.ts';

export const STEP_MS = 10;
export const K_MS = 1_000;
export const T_MS = 1_000;
export const F_MS = 5_000;
const NAMES = ['-', 'alpha', 'beta'];

export interface Agent {
  sessions: AgentSessions;
  ticks: TickLog;
  /** False: it sends and hears nothing, like a process that is gone. */
  lives: boolean;
}

export interface Host {
  host: number;
  incarnation: number;
  channels: Map<Channel, { session: HostSession; dueAt: number }>;
  lives: boolean;
}

export interface Sent {
  direction: 'up' | 'down';
  host: number;
  channel: Channel;
  bytes: Uint8Array;
  at: number;
}

export interface World {
  now: number;
  chance: Prng;
  agents: Agent[];
  hosts: Host[];
  /** The delays after which copies of a frame arrive; none where it is lost. */
  path: (frame: Sent) => number[];
  sent: Sent[];
  opened: { agent: Agent; opened: Opened; at: number }[];
  refused: { refused: Refusal; at: number; direction: 'up'; channel: Channel }[];
  news: { host: Host; channel: Channel; news: HostNews; at: number }[];
  inFlight: { frame: Sent; at: number }[];
}

export function world(seed: number): World {
  return {
    now: 0,
    chance: prng(seed),
    agents: [],
    hosts: [],
    path: () => [STEP_MS],
    sent: [],
    opened: [],
    refused: [],
    news: [],
    inFlight: [],
  };
}

/** A new life of an agent; the ones before it must be ended by the test. */
export function startAgent(w: World, hosts: number[] = [1, 2], keys: KeyRing = ring): Agent {
  const agent: Agent = {
    sessions: agentSessions({
      crypto,
      agent: 7,
      aNonce: w.chance.bytes(8),
      hosts: hosts.map((host) => ({
        host,
        name: NAMES[host] ?? '',
        freshnessMs: F_MS,
        keepaliveMs: K_MS,
      })),
      ring: keys,
      draw: () => w.chance.bytes(8),
    }),
    ticks: newTicks(),
    lives: true,
  };
  w.agents.push(agent);
  return agent;
}

/** A boot of a host with its shim; the boot before it must be ended by the test. */
export function startHost(
  w: World,
  host: number,
  boot: string,
  channels: Channel[],
  keys: KeyRing = ring,
): Host {
  const echo = echoCell();
  const incarnation = incarnationOf(boot, sha256);
  const started: Host = { host, incarnation, channels: new Map(), lives: true };
  w.hosts.push(started);
  for (const channel of channels) {
    const session = hostSession({
      crypto,
      ring: keys,
      host,
      hostName: NAMES[host] ?? '',
      agent: 7,
      channel,
      incarnation,
      keepaliveMs: K_MS,
      beaconMs: T_MS,
      echo,
    });
    started.channels.set(channel, { session, dueAt: w.now });
    tell(w, started, channel, { kind: 'up' });
  }
  return started;
}

/** Gives one event to one channel of a host and sends what it wants sent. */
export function tell(w: World, host: Host, channel: Channel, event: HostEvent): void {
  const line = host.channels.get(channel);
  if (line === undefined) throw new Error(`no ${channel}`);
  const step = stepHostSession(line.session, event, w.now, () => w.chance.bytes(8));
  line.dueAt = step.dueAt;
  for (const news of step.news) w.news.push({ host, channel, news, at: w.now });
  for (const bytes of step.send) {
    send(w, { direction: 'up', host: host.host, channel, bytes, at: w.now });
  }
}

export function send(w: World, frame: Sent): void {
  w.sent.push(frame);
  for (const delayMs of w.path(frame)) w.inFlight.push({ frame, at: w.now + delayMs });
}

export function run(w: World, durationMs: number): void {
  const endAt = w.now + durationMs;
  while (w.now < endAt) {
    w.now += STEP_MS;
    const due = w.inFlight.filter(({ at }) => at <= w.now);
    w.inFlight = w.inFlight.filter(({ at }) => at > w.now);
    for (const { frame } of due) deliver(w, frame);
    if (w.now % T_MS === 0) for (const agent of w.agents) round(w, agent);
    for (const host of w.hosts.filter(({ lives }) => lives)) {
      for (const [channel, { dueAt }] of host.channels) {
        if (dueAt <= w.now) tell(w, host, channel, { kind: 'due' });
      }
    }
  }
}

/** One period T of an agent: the next tick, and BEACON and ALIVE on every channel. */
function round(w: World, agent: Agent): void {
  if (!agent.lives) return;
  const tick = issue(agent.ticks, w.now);
  for (const { host } of agent.sessions.setup.hosts) {
    for (const channel of ['serial', 'mqtt'] as const) {
      const frames = [
        ...beacons(agent.sessions, host, channel, tick),
        alive(agent.sessions, host, channel, tick),
      ];
      for (const bytes of frames) {
        if (bytes !== undefined) send(w, { direction: 'down', host, channel, bytes, at: w.now });
      }
    }
  }
}

function deliver(w: World, frame: Sent): void {
  const { direction, host, channel, bytes } = frame;
  if (direction === 'down') {
    for (const one of w.hosts) {
      if (one.host === host && one.lives && one.channels.has(channel)) {
        tell(w, one, channel, { kind: 'frame', bytes });
      }
    }
    return;
  }
  for (const agent of w.agents.filter(({ lives }) => lives)) {
    const got = receive(agent.sessions, { channel, host }, bytes, agent.ticks, w.now);
    const { opened, refused, replies } = got;
    if (refused !== undefined) w.refused.push({ refused, at: w.now, direction, channel });
    if (opened !== undefined) w.opened.push({ agent, opened, at: w.now });
    if (opened?.kind === 'leaving' || opened?.kind === 'left' || opened?.kind === 'pledge') {
      const answer = seen(agent.sessions, opened, issue(agent.ticks, w.now));
      if (answer !== undefined) replies.push(answer);
    }
    if (opened?.kind === 'kick' && opened.op !== 'timer-reset') {
      const { seq: heard, args } = opened;
      const about = { kind: 'timer', timer: 1, remaining: 50, args } as const;
      const said = { ...about, tick: agent.ticks.latest, heard };
      const answer = saidFrame(agent.sessions, host, channel, said);
      if (answer !== undefined) replies.push(answer);
    }
    if (opened?.kind === 'claim' || opened?.kind === 'release') {
      const { turn, group } = opened;
      const said = { kind: 'grant', turn, group, answer: 1, holder: host } as const;
      const tick = agent.ticks.latest;
      const answer = saidFrame(agent.sessions, host, channel, { ...said, tick });
      if (answer !== undefined) replies.push(answer);
    }
    for (const reply of replies) {
      send(w, { direction: 'down', host, channel, bytes: reply, at: w.now });
    }
  }
}

/** Opened beats, by a filter. */
export function beats(
  w: World,
  which: { host?: number; channel?: Channel; from?: number; agent?: Agent } = {},
): {
  seq: number;
  session: number;
  at: number;
  echo: number;
  flags: number;
  incarnation: number;
}[] {
  return w.opened.flatMap(({ agent, opened, at }) => {
    if (opened.kind !== 'beat') return [];
    if (which.host !== undefined && opened.host !== which.host) return [];
    if (which.channel !== undefined && opened.channel !== which.channel) return [];
    if (which.agent !== undefined && agent !== which.agent) return [];
    return at >= (which.from ?? 0) ? [{ ...opened, at }] : [];
  });
}

/** The longest time between beats that were opened, and from `from` to the first. */
export function longestGap(list: { at: number }[], from: number, to: number): number {
  const times = [from, ...list.map(({ at }) => at), to];
  return Math.max(...times.slice(1).map((at, n) => at - (times[n] ?? 0)));
}

/** The kind of a frame that was sent, or why it is none. */
export function kindOf({ bytes }: Sent): string {
  const peeked = peek(bytes);
  return 'refused' in peeked ? peeked.refused : peeked.kind;
}

/** What hosts told of, beacons aside. */
export function newsKinds(w: World, from = 0): string[] {
  return w.news
    .filter(({ at, news }) => at >= from && news.kind !== 'beacon')
    .map(({ news }) => news.kind);
}
