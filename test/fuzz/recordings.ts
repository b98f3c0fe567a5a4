/**
 * Every frame that was ever sent, in every place that it was not sent to: other sessions, channels,
 * hosts, directions, and later lives of the agent and of other boards with the very same keys.
 *
 * Small worlds are played with real MACs: two hosts on two channels, a timer, a leave, an agent that
 * starts again. Each frame is then given to every door of its own world and of the worlds before.
 * No time passes meanwhile, so what refuses it can only be its key, its seq or its nonces. Only an
 * invitation may be repeated, on its own path: a SOLICIT, a BEACON, a HELLO of the same life.
 */
import { openBody, peek } from '../../protocol/wire/codec.ts';
import { receive } from '../../protocol/wire/session/agent.ts';
import { sameNonce } from '../../protocol/wire/session/derive.ts';
import {
  openAnswer,
  openOrderer,
  sealAnswer,
  sealOrder,
} from '../../protocol/wire/session/orderer.ts';
import { crypto, ring } from '../protocol/wire/lib/keys.ts';
import { SAMPLES } from '../protocol/wire/lib/samples.ts';
import {
  type Agent,
  type Host,
  run,
  type Sent,
  startAgent,
  startHost,
  tell,
  type World,
  world,
} from '../protocol/wire/lib/world.ts';
import { newTally, type Part, type Tally } from './lib/parts.ts';

const CHANNELS = ['serial', 'mqtt', 'socket'] as const;
const LINES = ['serial', 'mqtt'] as const;
const TIMER = Uint8Array.of(4, 1, 3, 0, 0, 100, 0, 0);
/** Worlds that are kept to be knocked at. */
const NEIGHBOURS = 4;
const FAILURES_MAX = 10;

interface Played {
  seed: number;
  world: World;
  agent: Agent;
  hosts: Host[];
  frames: Sent[];
  sessions: number;
}

/** Plays `worlds` worlds from `seed` on, and tries each of their frames everywhere. */
export function replayRecordings(
  { worlds, seed }: { worlds: number; seed: number },
  look: (tally: Tally) => boolean = () => true,
): Tally {
  const tally = newTally();
  const figures = { worlds: 0, sessions: 0, frames: 0, accepted: 0, repeated: 0 };
  tally.figures = figures;
  const recent: Played[] = [];
  for (let n = 0; n < worlds && look(tally); n += 1) {
    const played = play(seed + n);
    figures.worlds += 1;
    figures.sessions += played.sessions;
    figures.frames += played.frames.length;
    recent.unshift(played);
    recent.length = Math.min(recent.length, NEIGHBOURS + 1);
    for (const frame of played.frames) {
      for (const target of recent) knockEverywhere(frame, played, target, tally, figures);
    }
    // A recording of a world before, in the world of today.
    for (const older of recent.slice(1)) {
      for (const frame of older.frames) knockEverywhere(frame, older, played, tally, figures);
    }
    ordersElsewhere(tally, figures);
  }
  return tally;
}

type Figures = { accepted: number; repeated: number };

function play(seed: number): Played {
  const w = world(seed);
  const first = startAgent(w);
  // The same lives of the same hosts in every world: only the nonces of the sessions tell them apart.
  const hosts = [1, 2].map((host) => startHost(w, host, `boot-${host}`, [...LINES]));
  const [timed, leaving] = hosts;
  if (timed === undefined || leaving === undefined) throw new Error('two hosts were started');
  run(w, 1_200 + w.chance.int(800));
  for (const channel of LINES)
    tell(w, timed, channel, { kind: 'timer', op: 'timer-set', args: TIMER });
  // Often longer than the life that follows, so that seq alone does not refuse what was said in it.
  run(w, 500 + w.chance.int(6_000));
  for (const channel of LINES) tell(w, timed, channel, { kind: 'kick', count: 1 });
  first.lives = false;
  const agent = startAgent(w);
  run(w, 1_300 + w.chance.int(1_500));
  for (const channel of LINES) tell(w, timed, channel, { kind: 'kick', count: 2 });
  for (const channel of LINES)
    tell(w, timed, channel, { kind: 'claim', turn: 1, group: 1, held: [2] });
  for (const channel of LINES) tell(w, timed, channel, { kind: 'release', turn: 2, group: 1 });
  for (const channel of LINES)
    tell(w, leaving, channel, { kind: 'leave', reason: 'stop', returnByS: 60 });
  run(w, 1_100);
  for (const channel of LINES) tell(w, leaving, channel, { kind: 'leftNow', reason: 'stop' });
  run(w, 500);
  // What is still on its way has not been heard once.
  const frames = w.sent.filter(({ at }) => at < w.now - 20);
  const sessions = first.sessions.lastId + agent.sessions.lastId;
  return { seed, world: w, agent, hosts, frames, sessions };
}

function knockEverywhere(
  frame: Sent,
  from: Played,
  at: Played,
  tally: Tally,
  figures: Figures,
): void {
  const note = (where: string, what: string): void => {
    figures.accepted += 1;
    if (tally.failures.length >= FAILURES_MAX) return;
    const kind = kindOf(frame.bytes);
    tally.failures.push(
      `${kind} of world ${from.seed} (host ${frame.host}, ${frame.channel} ${frame.direction}, ${frame.at} ms) ` +
        `opened as ${what} at world ${at.seed} ${where}: ${Buffer.from(frame.bytes).toString('hex')}`,
    );
  };
  for (const channel of CHANNELS) {
    for (const host of [1, 2]) {
      tally.runs += 1;
      const isOwnPath = channel === frame.channel && host === frame.host;
      const { sessions, ticks } = at.agent;
      const { opened } = receive(sessions, { channel, host }, frame.bytes, ticks, at.world.now);
      if (opened === undefined) continue;
      const { kind } = opened;
      const mayRepeat = kind === 'solicit' || (kind === 'hello' && isToLife(frame, at.agent));
      if (mayRepeat && isOwnPath) figures.repeated += 1;
      else note(`board, host ${host}, ${channel}`, kind);
    }
  }
  for (const host of at.hosts) {
    for (const channel of LINES) {
      tally.runs += 1;
      const before = at.world.news.length;
      tell(at.world, host, channel, { kind: 'frame', bytes: frame.bytes });
      const news = at.world.news.splice(before).map((one) => one.news.kind);
      const isOwnPath = channel === frame.channel && host.host === frame.host;
      for (const kind of news) {
        if (kind === 'no-contact') continue;
        if (kind === 'beacon' && isOwnPath) figures.repeated += 1;
        else note(`host ${host.host}, ${channel}`, kind);
      }
    }
  }
  at.world.inFlight.length = 0;
}

/** Whether a HELLO names the beacon of that life. */
function isToLife({ bytes }: Sent, { sessions }: Agent): boolean {
  const hello = openBody(bytes, 'hello');
  return !('refused' in hello) && sameNonce(hello.aNonce, sessions.setup.aNonce);
}

function kindOf(bytes: Uint8Array): string {
  const peeked = peek(bytes);
  return 'refused' in peeked ? peeked.refused : peeked.kind;
}

const ORDERERS = { 'alpha-pcmk': 11, 'beta-pcmk': 12, anna: 10 } as const;
const NAMES = new Map(Object.entries(ORDERERS).map(([name, number]) => [number, name]));

/** Orders and answers, on each channel, at each orderer: only their own place opens them. */
function ordersElsewhere(tally: Tally, figures: Figures): void {
  for (const [name, orderer] of Object.entries(ORDERERS)) {
    for (const channel of CHANNELS) {
      const order = sealOrder(crypto, ring, name, channel, { ...SAMPLES.order, orderer });
      const result = sealAnswer(crypto, ring, name, channel, { ...SAMPLES.result, orderer });
      if (order === undefined || result === undefined) throw new Error(`no key of ${name}`);
      for (const other of CHANNELS) {
        const isOwn = other === channel;
        const note = (opens: boolean, expected: boolean, what: string): void => {
          tally.runs += 1;
          if (opens === expected) return;
          figures.accepted += 1;
          tally.failures.push(`${what} of ${name} for ${channel} at ${other}: ${opens}`);
        };
        const asOrder = (bytes: Uint8Array): boolean =>
          !('refused' in openOrderer(crypto, ring, NAMES, other, bytes));
        note(asOrder(order), isOwn, 'an order');
        note(asOrder(result), false, 'a result as an order');
        for (const [self, number] of Object.entries(ORDERERS)) {
          const asAnswer = (bytes: Uint8Array): boolean =>
            !('refused' in openAnswer(crypto, ring, { orderer: number, name: self }, other, bytes));
          note(asAnswer(result), isOwn && self === name, 'a result');
          note(asAnswer(order), false, 'an order as a result');
        }
      }
    }
  }
}

export const recordingsPart: Part = {
  name: 'recordings',
  promise: 'no recorded frame is taken in another session, channel, host, direction or life',
  run: ({ seed, untilMs, progress }) => {
    let lookedAt = performance.now();
    return replayRecordings({ worlds: Number.MAX_SAFE_INTEGER, seed }, (tally) => {
      const now = performance.now();
      if (now > lookedAt + 1_000) {
        lookedAt = now;
        progress(tally);
      }
      return now < untilMs;
    });
  },
};
