/**
 * One shim and one board at two ends of two cables, in simulated time.
 *
 * The board is the real session code with the beacons and ALIVEs that its loop would send; what it
 * opened is kept with the time. Cables can be cut, clogged (open, and nothing passes) and mended,
 * the board can restart, and the shim can be killed and started anew.
 */
import type { GroupsEffect, GroupsSetup, Remembered } from '../../../host-shim/core/groups.ts';
import {
  newShim,
  type Shim,
  type ShimEffect,
  type ShimEvent,
  stepShim,
} from '../../../host-shim/core/shim.ts';
import { GROUP_ANSWER, type GroupAnswer } from '../../../protocol/wire/groups.ts';
import type { Channel, LeaveReason } from '../../../protocol/wire/messages.ts';
import {
  type AgentSessions,
  agentSessions,
  alive,
  beacons,
  type Opened,
  type OpenedClaim,
  type OpenedRelease,
  receive,
  saidFrame,
  seen,
} from '../../../protocol/wire/session/agent.ts';
import { issue, newTicks, type TickLog } from '../../../protocol/wire/ticks.ts';
import type { TimerSettings } from '../../../protocol/wire/timer.ts';
import { crypto, ring } from '../../protocol/wire/lib/keys.ts';
import { prng } from '../../protocol/wire/lib/prng.ts';

export const KEEPALIVE_MS = 1_000;
const DELAY_MS = 5;
const HOST = 1;
const AGENT = 7;
const CHANNELS: readonly Channel[] = ['serial', 'mqtt'];

export type Cable = 'open' | 'clogged' | 'cut';

/** What the board says to a word about groups; undefined for nothing. */
export type GroupAnswers = (
  word: OpenedClaim | OpenedRelease,
) => { group: number; answer: GroupAnswer; holder: number } | undefined;

export interface World {
  /** What the board opened, oldest first. */
  opened: { atMs: number; what: Opened }[];
  /** When the shim was gone, and whether the board had said that it heard. */
  gone: { atMs: number; told: boolean } | undefined;
  /** What the shim said of groups to its own host, oldest first. */
  ofGroups: (GroupsEffect & { atMs: number })[];
  /** What lies on disk of the groups that are held. */
  record: Remembered;
  answers: GroupAnswers;
  /** How long a frame of the board is on its way. */
  downMs: number;
  /** A program on the host wants something of a group. */
  group(kind: 'claim' | 'unclaim' | 'release', group: number): void;
  nowMs(): number;
  /** Lets time pass. */
  run(ms: number): void;
  cable(channel: Channel, to: Cable): void;
  /** A new life of the board: new nonce, no sessions; it is deaf for `downMs`. */
  restartBoard(downMs: number): void;
  /** The shim dies without a word and starts anew after `downMs`. */
  restartShim(downMs: number): void;
  leave(reason: LeaveReason, patient?: 'patient'): void;
  /** A program on the host says that it is well. */
  kick(): void;
  /** The longest silence of beats on `channel`, or on any, from `sinceMs` until now. */
  longestGapMs(sinceMs: number, channel?: Channel): number;
}

/** What happens when, in order of time and then of asking. */
interface Agenda {
  now: number;
  at(atMs: number, fn: () => void): void;
  /** Runs what is due until `untilMs`; `wakeAt` and `wake` are one deadline beside the list. */
  run(untilMs: number, wakeAt: () => number, wake: () => void): void;
}

function newAgenda(): Agenda {
  const queue: { atMs: number; order: number; fn: () => void }[] = [];
  let order = 0;
  const agenda: Agenda = {
    now: 0,
    at(atMs, fn) {
      order += 1;
      queue.push({ atMs, order, fn });
      queue.sort((a, b) => a.atMs - b.atMs || a.order - b.order);
    },
    run(untilMs, wakeAt, wake) {
      for (;;) {
        const next = queue[0]?.atMs ?? Number.POSITIVE_INFINITY;
        const dueMs = Math.min(next, wakeAt());
        if (dueMs > untilMs) break;
        agenda.now = Math.max(agenda.now, dueMs);
        if (next <= wakeAt()) queue.shift()?.fn();
        else wake();
      }
      agenda.now = untilMs;
    },
  };
  return agenda;
}

interface BoardEnd {
  hear(channel: Channel, frame: Uint8Array): void;
  start(): void;
  stop(): void;
}

/** The board's end; `say` sends towards the shim. */
function boardEnd(
  agenda: Agenda,
  draw: () => Uint8Array,
  say: (channel: Channel, bytes: Uint8Array) => void,
  note: (what: Opened) => void,
  answers: GroupAnswers,
): BoardEnd {
  let life: { sessions: AgentSessions; ticks: TickLog } | undefined;
  const offer = (channel: Channel, bytes: Uint8Array | undefined): void => {
    if (bytes !== undefined) say(channel, bytes);
  };
  return {
    stop() {
      life = undefined;
    },
    start() {
      const host = { host: HOST, name: 'alpha', freshnessMs: 5_000, keepaliveMs: KEEPALIVE_MS };
      const setup = { crypto, agent: AGENT, aNonce: draw(), hosts: [host], ring, draw };
      const mine = { sessions: agentSessions(setup), ticks: newTicks() };
      life = mine;
      const round = (): void => {
        if (life !== mine) return;
        const tick = issue(mine.ticks, agenda.now);
        for (const channel of CHANNELS) {
          for (const call of beacons(mine.sessions, HOST, channel, tick)) offer(channel, call);
          offer(channel, alive(mine.sessions, HOST, channel, tick));
        }
        agenda.at(agenda.now + KEEPALIVE_MS, round);
      };
      round();
    },
    hear(channel, frame) {
      if (life === undefined) return;
      const { sessions, ticks } = life;
      const from = { channel, host: HOST };
      const { opened, replies } = receive(sessions, from, frame, ticks, agenda.now);
      for (const reply of replies) say(channel, reply);
      if (opened === undefined) return;
      note(opened);
      if (opened.kind === 'kick' && opened.op !== 'timer-reset') {
        const { seq: heard, args } = opened;
        const about = { kind: 'timer', timer: 1, remaining: 50, args } as const;
        const said = { ...about, tick: ticks.latest, heard };
        offer(channel, saidFrame(sessions, HOST, channel, said));
      }
      if (opened.kind === 'claim' || opened.kind === 'release') {
        const said = answers(opened);
        if (said === undefined) return;
        const words = { turn: opened.turn, ...said, answer: GROUP_ANSWER[said.answer] };
        const grant = { kind: 'grant', tick: ticks.latest, ...words } as const;
        offer(channel, saidFrame(sessions, HOST, channel, grant));
      }
      if (opened.kind !== 'leaving' && opened.kind !== 'left') return;
      offer(channel, seen(sessions, opened, ticks.latest));
    },
  };
}

interface ShimEnd {
  dueAt: number;
  step(event: ShimEvent): void;
  start(): void;
  stop(): void;
}

/** The host's end. */
function shimEnd(
  agenda: Agenda,
  draw: () => Uint8Array,
  {
    carryOut,
    isOpen,
    timer,
    groups,
  }: {
    carryOut: (effect: ShimEffect) => void;
    isOpen: (channel: Channel) => boolean;
    timer: TimerSettings | undefined;
    groups: () => GroupsSetup | undefined;
  },
): ShimEnd {
  let shim: Shim | undefined;
  const end: ShimEnd = {
    dueAt: Number.POSITIVE_INFINITY,
    step(event) {
      if (shim === undefined) return;
      const { effects, dueAt } = stepShim(shim, event, agenda.now, draw);
      end.dueAt = dueAt;
      for (const effect of effects) carryOut(effect);
    },
    start() {
      const who = { host: HOST, hostName: 'alpha', agent: AGENT, incarnation: 0x1a2b3c4d };
      const of = groups();
      const armed = {
        ...(timer === undefined ? {} : { timer }),
        ...(of === undefined ? {} : { groups: of }),
      };
      const mine = { keepaliveMs: KEEPALIVE_MS, channels: CHANNELS, ...armed };
      shim = newShim({ crypto, ring, ...who, ...mine });
      for (const channel of CHANNELS) if (isOpen(channel)) end.step({ kind: 'up', channel });
    },
    stop() {
      shim = undefined;
      end.dueAt = Number.POSITIVE_INFINITY;
    },
  };
  return end;
}

/** `configured` are the groups of its shim.toml. */
export function makeWorld(
  seed: number,
  timer?: TimerSettings,
  configured?: readonly number[],
): World {
  const chance = prng(seed);
  const draw = (): Uint8Array => chance.bytes(8);
  const agenda = newAgenda();
  const cables = new Map<Channel, Cable>(CHANNELS.map((channel) => [channel, 'open']));
  const carry = (channel: Channel, fn: () => void, delayMs = DELAY_MS): void => {
    if (cables.get(channel) === 'open') agenda.at(agenda.now + delayMs, fn);
  };
  const board: BoardEnd = boardEnd(
    agenda,
    draw,
    (channel, bytes) =>
      carry(channel, () => shim.step({ kind: 'frame', channel, bytes }), world.downMs),
    (what) => void world.opened.push({ atMs: agenda.now, what }),
    (word) => world.answers(word),
  );
  const carryOut = (effect: ShimEffect): void => {
    const atMs = agenda.now;
    if (effect.kind === 'hold') world.record = { at: 'read', held: effect.held };
    if (effect.kind === 'send')
      carry(effect.channel, () => board.hear(effect.channel, effect.frame));
    else if (effect.kind === 'gone') world.gone = { atMs, told: effect.told };
    else if (effect.kind !== 'news') world.ofGroups.push({ ...effect, atMs });
  };
  const shim: ShimEnd = shimEnd(agenda, draw, {
    carryOut,
    isOpen: (channel) => cables.get(channel) !== 'cut',
    timer,
    groups: () => configured && { configured, remembered: world.record },
  });

  const world: World = {
    opened: [],
    gone: undefined,
    ofGroups: [],
    downMs: DELAY_MS,
    record: { at: 'none' },
    answers: ({ group }) => ({ group, answer: group === 0 ? 'reported' : 'granted', holder: 0 }),
    group: (kind, group) => shim.step({ kind, group }),
    nowMs: () => agenda.now,
    run: (ms) =>
      agenda.run(
        agenda.now + ms,
        () => shim.dueAt,
        () => shim.step({ kind: 'due' }),
      ),
    cable(channel, to) {
      const was = cables.get(channel);
      cables.set(channel, to);
      if (was === 'cut' && to !== 'cut') shim.step({ kind: 'up', channel });
      if (was !== 'cut' && to === 'cut') shim.step({ kind: 'lost', channel });
    },
    restartBoard(downMs) {
      board.stop();
      agenda.at(agenda.now + downMs, board.start);
    },
    restartShim(downMs) {
      shim.stop();
      agenda.at(agenda.now + downMs, shim.start);
    },
    kick: () => shim.step({ kind: 'kick' }),
    leave: (reason, patient) =>
      shim.step({ kind: 'leave', reason, returnByS: 60, patient: patient !== undefined }),
    longestGapMs: (sinceMs, channel) => longestGapMs(world, sinceMs, channel),
  };
  board.start();
  shim.start();
  return world;
}

function longestGapMs({ opened, nowMs }: World, sinceMs: number, channel?: Channel): number {
  let lastMs = sinceMs;
  let gapMs = 0;
  for (const { atMs, what } of opened) {
    if (atMs < sinceMs || what.kind !== 'beat') continue;
    if (channel !== undefined && what.channel !== channel) continue;
    gapMs = Math.max(gapMs, atMs - lastMs);
    lastMs = atMs;
  }
  return Math.max(gapMs, nowMs() - lastMs);
}
