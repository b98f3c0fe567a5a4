/**
 * The world of the handshake: one host's shipping session against the board's, over a line on which
 * an adversary drops, holds back, doubles and replays frames, and restarts either end.
 *
 * Time goes in periods of T, up to a horizon; frames are taken off the line one by one. The adversary
 * has a number of tricks and of restarts. What it keeps in its pocket it may let go at any later
 * moment, also in another life of either end. The truth kept of a frame is who sent it, when, and to
 * which life.
 */
import { attemptSync } from '../../protocol/attempt.ts';
import { peek } from '../../protocol/wire/codec.ts';
import { alive, beacons, type Opened, receive } from '../../protocol/wire/session/agent.ts';
import {
  echoCell,
  type HostEvent,
  type HostNews,
  stepHostSession,
} from '../../protocol/wire/session/host.ts';
import { ageOf, issue } from '../../protocol/wire/ticks.ts';
import type { Pen } from './codec.ts';
import {
  drawForBoard,
  drawForHost,
  FRESH_MS,
  type Frame,
  HOST,
  newAgent,
  newSession,
  numberOf,
  PERIOD_MS,
  present,
  RULES,
  type Scene,
  type State,
  ticksOf,
} from './handshake-state.ts';
import { copyPlain, writePlain } from './plain.ts';
import type { World } from './search.ts';

const POCKET_MAX = 2;

/** One period: the shim does what is due, the board sends its round. */
function pass(scene: Scene): void {
  const { state } = scene;
  state.now += PERIOD_MS;
  if (state.dueAt <= state.now) tellHost(scene, { kind: 'due' });
  round(scene);
}

function round(scene: Scene): void {
  const { state } = scene;
  const ticks = ticksOf(state);
  const tick = issue(ticks, state.now);
  state.latestTick = tick;
  const said = alive(state.agent, HOST, 'serial', tick);
  for (const bytes of beacons(state.agent, HOST, 'serial', tick)) send(state, 'down', bytes);
  if (said !== undefined) send(state, 'down', said);
}

function send(state: State, goes: 'up' | 'down', bytes: Uint8Array): void {
  const { now: sentAt, board, host, shim } = state;
  state.wire.push({ bytes, goes, sentAt, board, host, shim });
}

function tellHost(scene: Scene, event: HostEvent): void {
  const { state } = scene;
  const before = new Map(state.session.standing.map((own) => [own, own.aliveTick]));
  const step = stepHostSession(state.session, event, state.now, drawForHost);
  const isNewer = [...before].some(([own, tick]) => own.aliveTick > tick);
  const isContact = step.news.some(({ kind }) => kind === 'contact');
  if (isContact && !isNewer) scene.broken.push('the host took an ALIVE twice');
  state.dueAt = step.dueAt;
  for (const bytes of step.send) send(state, 'up', bytes);
  for (const news of step.news) judgeNews(scene, news);
}

function judgeNews({ state, broken, say }: Scene, news: HostNews): void {
  if (news.kind !== 'beacon') say?.(`the host: ${news.kind}`);
  const [newest] = state.session.standing;
  if (news.kind === 'session' && newest !== undefined) {
    const key = numberOf(newest.up);
    const isOfThisBoard = sameLife(newest.aNonce, state.board);
    const isShared = state.opened.some((one) => one.key === key);
    if (isOfThisBoard && !isShared)
      broken.push('the host has a session key that the board has not');
    if (state.stood.includes(key)) broken.push('one WELCOME made two sessions');
    state.stood = [...state.stood, key];
  }
}

function sameLife(aNonce: Uint8Array, life: number): boolean {
  return aNonce[1] === life;
}

function deliver(scene: Scene, frame: Frame): void {
  const { state, say } = scene;
  say?.(`${frame.goes}: ${kindOf(frame)} sent at ${frame.sentAt / PERIOD_MS}`);
  if (frame.goes === 'down') return tellHost(scene, { kind: 'frame', bytes: frame.bytes });
  const ticks = ticksOf(state);
  const elsewhere = receive(
    state.agent,
    { channel: 'mqtt', host: HOST },
    frame.bytes,
    ticks,
    state.now,
  );
  if (elsewhere.opened !== undefined)
    scene.broken.push(`a ${kindOf(frame)} was taken on another channel`);
  const taken = receive(
    state.agent,
    { channel: 'serial', host: HOST },
    frame.bytes,
    ticks,
    state.now,
  );
  say?.(`the board: ${taken.refused ?? taken.opened?.kind}`);
  for (const bytes of taken.replies) send(state, 'down', bytes);
  noteSessions(state);
  if (taken.opened !== undefined) judgeOpened(scene, frame, taken.opened);
}

/** Keys that the board has opened a session under. */
function noteSessions(state: State): void {
  const path = state.agent.table[HOST]?.paths.serial;
  for (const { up } of path?.halfOpen ?? []) {
    const key = numberOf(up);
    if (!state.opened.some((one) => one.key === key)) state.opened.push({ key, seq: 0 });
  }
}

function judgeOpened({ state, broken }: Scene, frame: Frame, opened: Opened): void {
  if (opened.kind !== 'beat') return;
  const { incarnation, seq, echo } = opened;
  if (incarnation !== frame.host) broken.push('a beat is taken for another life than its own');
  if (frame.board !== state.board)
    broken.push('a beat meant for another life of the board is taken');
  const key = numberOf(state.agent.table[HOST]?.paths.serial?.standing?.up);
  const known = state.opened.find((one) => one.key === key);
  if (known === undefined) broken.push('a beat is taken under a key that was never agreed');
  else {
    if (seq <= known.seq) broken.push(`beat ${seq} is taken twice`);
    known.seq = Math.max(known.seq, seq);
  }
  const ageMs = ageOf(ticksOf(state), echo, state.now);
  const isFresh = ageMs !== undefined && ageMs <= FRESH_MS;
  if (isFresh && state.now - frame.sentAt > FRESH_MS) broken.push('an old beat is taken for fresh');
  if (incarnation < state.heardHost)
    broken.push('a life that gave way to a later one is heard again');
  if (incarnation > state.heardHost && !isFresh) broken.push('a stale beat began a new life');
  state.heardHost = Math.max(state.heardHost, incarnation);
}

function kindOf({ bytes }: Frame): string {
  const peeked = peek(bytes);
  return 'refused' in peeked ? peeked.refused : peeked.kind;
}

function startBoard(scene: Scene): void {
  const { state } = scene;
  state.board += 1;
  state.drawnByBoard = 0;
  state.agent = newAgent(state.board, drawForBoard);
  state.latestTick = 0;
  state.firstTickAt = state.now;
  state.opened = [];
  state.heardHost = 0;
  round(scene);
}

function startShim(scene: Scene, isBoot: boolean): void {
  const { state } = scene;
  state.shim += 1;
  if (isBoot) state.host += 1;
  state.drawnByHost = 0;
  state.echo = echoCell();
  state.stood = [];
  state.session = newSession(state.host, state.echo);
  tellHost(scene, { kind: 'up' });
}

interface Plan {
  name: string;
  may(state: State, bounds: HandshakeBounds): boolean;
  run(scene: Scene): void;
}

function trick(name: string, run: (scene: Scene, frame: Frame) => void): Plan {
  return {
    name: `the next frame ${name}`,
    may: ({ tricksLeft, wire, pocket }) =>
      tricksLeft > 0 && wire.length > 0 && (name === 'is lost' || pocket.length < POCKET_MAX),
    run: (scene) => {
      scene.state.tricksLeft -= 1;
      const frame = scene.state.wire.shift();
      if (frame !== undefined) run(scene, frame);
    },
  };
}

function restart(name: string, run: (scene: Scene) => void): Plan {
  return {
    name,
    may: ({ restartsLeft, wire }) => restartsLeft > 0 && wire.length === 0,
    run: (scene) => {
      scene.state.restartsLeft -= 1;
      run(scene);
    },
  };
}

const PLANS: readonly Plan[] = [
  {
    name: 'the next frame arrives',
    may: ({ wire }) => wire.length > 0,
    run: (scene) => {
      const frame = scene.state.wire.shift();
      if (frame !== undefined) deliver(scene, frame);
    },
  },
  {
    name: 'a period passes',
    may: ({ wire, now }, { periods }) => wire.length === 0 && now < periods * PERIOD_MS,
    run: pass,
  },
  trick('is lost', () => undefined),
  trick('is held back', ({ state }, frame) => {
    state.pocket.push(frame);
  }),
  trick('arrives, and is copied', (scene, frame) => {
    scene.state.pocket.push(frame);
    deliver(scene, frame);
  }),
  ...Array.from({ length: POCKET_MAX }, (_, i) => ({
    name: `frame ${i + 1} of the pocket arrives`,
    may: ({ pocket }: State) => pocket.length > i,
    run: (scene: Scene) => {
      const [frame] = scene.state.pocket.splice(i, 1);
      if (frame !== undefined) deliver(scene, frame);
    },
  })),
  restart('the board starts anew', startBoard),
  restart('the shim starts anew', (scene) => startShim(scene, false)),
  restart('the host boots', (scene) => startShim(scene, true)),
];

/** How much the adversary may do in one part of the world. */
export interface HandshakePart {
  tricks: number;
  restarts: number;
}

export interface HandshakeBounds {
  parts: readonly HandshakePart[];
  /** The horizon: time does not go on beyond it. */
  periods: number;
}

function initial({ tricks, restarts }: HandshakePart): State {
  const echo = echoCell();
  const state: State = {
    ...{ now: 0, board: 0, host: 1, shim: 1, agent: newAgent(0, drawForBoard) },
    ...{ firstTickAt: 0, latestTick: 0, session: newSession(1, echo), echo, dueAt: 0 },
    ...{ drawnByBoard: 0, drawnByHost: 0, wire: [], pocket: [], opened: [], stood: [] },
    ...{ heardHost: 0, tricksLeft: tricks, restartsLeft: restarts },
  };
  present.state = state;
  const scene: Scene = { state, broken: [], say: undefined };
  startBoard(scene);
  tellHost(scene, { kind: 'up' });
  return state;
}

/** 3T until a host misses the answers of a board that lost its session, and 2T to open another. */
const CALM_PERIODS = 5;

/** From here on everything arrives: a session stands on both ends, and the host is answered. */
function calm(state: State, say?: (line: string) => void): string[] {
  const scene: Scene = { state, broken: [], say };
  state.wire.push(...state.pocket);
  state.pocket = [];
  const drain = (): void => {
    for (let frame = state.wire.shift(); frame !== undefined; frame = state.wire.shift()) {
      deliver(scene, frame);
    }
  };
  drain();
  for (let period = 0; period < CALM_PERIODS; period += 1) {
    pass(scene);
    drain();
  }
  const standing = state.agent.table[HOST]?.paths.serial?.standing;
  const own = state.session.standing.find(({ up }) => up === standing?.up);
  if (own === undefined) scene.broken.push('no session stands on both ends');
  else if (own.aliveAt !== state.now) scene.broken.push('the host is not answered');
  if (standing !== undefined && standing.incarnation !== state.host) {
    scene.broken.push('the session is of a life that is over');
  }
  return scene.broken;
}

function copyOf(state: State): State {
  const copied = copyPlain(state, RULES);
  // Sessions keep their echo in their setup; the copy has one of its own.
  const session = { ...copied.session, setup: { ...state.session.setup, echo: copied.echo } };
  return { ...copied, session };
}

export function handshakeWorld(bounds: HandshakeBounds): World<State> {
  return {
    name: 'handshake',
    initial: () => bounds.parts.map(initial),
    actions: (state) => PLANS.flatMap(({ may }, i) => (may(state, bounds) ? [i] : [])),
    step(state, action, say) {
      const scene: Scene = { state, broken: [], say };
      present.state = state;
      const ran = attemptSync(() => PLANS[action]?.run(scene));
      if (!ran.ok) scene.broken.push(ran.detail);
      return { state, broken: scene.broken };
    },
    isRest: ({ wire }) => wire.length === 0,
    calm(state, say) {
      present.state = state;
      return calm(state, say);
    },
    write: (state: State, to: Pen) => writePlain(state, to, RULES),
    copy: copyOf,
    describe: (action) => PLANS[action]?.name ?? '',
  };
}
