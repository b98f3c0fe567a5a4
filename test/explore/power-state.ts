/**
 * The world of power: two hosts behind one relay and one sense each, who have each other fenced.
 *
 * What is here is the truth: who has power, who lives and in which life, what a relay and a sense
 * really do. The board sees none of it but through events, and is judged by it.
 */
import type { Board } from '../../firmware-agent/core/board.ts';
import type { Durable } from '../../firmware-agent/core/durable.ts';
import type { Order } from '../../firmware-agent/core/events.ts';
import type { BoardSettings, HostSettings } from '../../firmware-agent/core/settings.ts';
import { boardCodec } from './board-codec.ts';
import {
  bool,
  type Codec,
  list,
  maybe,
  NOW,
  type Pen,
  record,
  small,
  tick,
  time,
  UNIT_MS,
  unread,
  word,
} from './codec.ts';
import { durable, order } from './fence-codec.ts';
import { seq } from './hearing-codec.ts';
import { POWER, timingOf } from './timing.ts';

function hostOf(host: number, name: string): HostSettings {
  return {
    ...{
      host,
      name,
      timing: timingOf(POWER),
      silence: 'act',
      proof: 'verified',
      afterFence: 'restore',
    },
    mqtt: true,
    delayMs: { serial: 0, mqtt: POWER.delay * UNIT_MS },
    fate: [],
    outlets: [{ name: 'relay', method: 1, readable: true, periodMs: UNIT_MS }],
    senses: [{ name: 'sense', covers: 'host', periodMs: UNIT_MS, showsBreak: true }],
    pulses: [],
  };
}

const MAY = ['fence', 'off', 'on'] as const;

export const SETTINGS: BoardSettings = {
  agent: 1,
  name: 'board',
  brokerOnBoard: false,
  hosts: [hostOf(1, 'alpha'), hostOf(2, 'beta')],
  orderers: [
    { orderer: 1, name: 'operator', may: [...MAY] },
    { orderer: 2, name: 'alpha-key', boundTo: 1, may: [...MAY] },
    { orderer: 3, name: 'beta-key', boundTo: 2, may: [...MAY] },
  ],
};

export interface Machine {
  at: 'up' | 'hung' | 'off' | 'booting';
  /** Units until a machine that boots is up. */
  bootLeft: number;
  incarnation: number;
  /** The largest tick of the board's present life that it accepted; 0 for none. */
  echo: number;
  /** The main contact, which decides; the auxiliary one, which is read. */
  main: 'open' | 'closed';
  reads: 'open' | 'closed';
  /** A command on its way to the coil. */
  coil: { to: 'open' | 'closed'; left: number } | undefined;
  /** `unseen`: the auxiliary contact moves though the main one is welded. */
  weld: 'none' | 'seen' | 'unseen';
  /** The next command comes two units late. */
  isLate: boolean;
  lies: 'no' | 'on' | 'off';
  /** Since when it has no power. */
  darkAt: number | undefined;
  /** The last fresh beat of its present life that the board was given. */
  freshAt: number | undefined;
  /** The order of a host by which it was cut last, and the life that it ended, once it has. */
  cutBy: { giver: number; life: number } | undefined;
  killed: { life: number; giver: number; byLife: number } | undefined;
}

export interface Beat {
  host: number;
  incarnation: number;
  echo: number;
  seq: number;
}

/** One of the orders of this world, as it went out, and what came of it. */
export interface Given {
  order: Order;
  /** The life of the host whose key gave it. */
  byLife: number;
  arrived: boolean;
  hasCut: boolean;
}

export interface PowerState {
  now: number;
  life: number;
  board: Board | undefined;
  /** The agent died in this unit: no process starts faster than a relay moves. */
  isJustDead: boolean;
  /** What the sessions know of each host: its present life, and those that are over. */
  live: (number | undefined)[];
  retired: number[][];
  heardSeq: number[];
  machines: Machine[];
  held: Beat | undefined;
  /** Hosts whose intent is on its way to the disk. */
  journals: number[];
  /** What a crash leaves: what was written at once, and what was written when convenient. */
  synced: Durable | undefined;
  saved: Durable | undefined;
  isLatching: boolean;
  /** Only beta fails here, and only alpha gives an order. */
  isNarrow: boolean;
  given: (Given | undefined)[];
  faultsLeft: number;
  crashesLeft: number;
  ordersLeft: number;
}

/** What is left on disk when the agent dies: all, what was written at once, or nothing. */
export type Disk = 'saved' | 'synced' | 'lost';

/** One step under way: where the agent dies, if it does, and what was told and broken. */
export interface Scene {
  state: PowerState;
  deeds: number;
  /** Dies instead of this deed; negative where it lives. */
  diesAt: number;
  disk: Disk;
  broken: string[];
  /** The order that is being handed in was answered before. */
  isRepeat: boolean;
  say: ((line: string) => void) | undefined;
}

const machine: Codec<Machine> = record<Machine>({
  at: word('up', 'hung', 'off', 'booting'),
  bootLeft: small,
  incarnation: small,
  echo: tick(20),
  main: word('open', 'closed'),
  reads: word('open', 'closed'),
  coil: maybe(record<NonNullable<Machine['coil']>>({ to: word('open', 'closed'), left: small })),
  weld: word('none', 'seen', 'unseen'),
  isLate: bool,
  lies: word('no', 'on', 'off'),
  darkAt: maybe(time(POWER.hold + 1)),
  freshAt: maybe(time(POWER.deadtime)),
  cutBy: maybe(record<NonNullable<Machine['cutBy']>>({ giver: small, life: small })),
  killed: maybe(
    record<NonNullable<Machine['killed']>>({ life: small, giver: small, byLife: small }),
  ),
});

const LIVES = ['', 'life-1', 'life-2', 'life-3', 'life-4', 'life-5'];

export function lifeName(life: number): string {
  return LIVES[life] ?? `life-${life}`;
}

/** The board's life is not in its own bytes, so it is noted here while a state is read. */
const reading = { life: 0 };
const board = boardCodec(SETTINGS, () => lifeName(reading.life));

const ofBoard: Codec<Board | undefined> = {
  write(value, to) {
    bool.write(value !== undefined, to);
    if (value !== undefined) board.write(value, to);
  },
  read: (from) => (bool.read(from) ? board.read(from) : undefined),
};

const truth = record<Omit<PowerState, 'board' | 'life'>>({
  now: unread('all times are ages', () => NOW),
  isJustDead: bool,
  live: list(maybe(small)),
  retired: list(list(small)),
  heardSeq: list(seq(14)),
  machines: list(machine),
  held: maybe(record<Beat>({ host: small, incarnation: small, echo: tick(20), seq: seq(14) })),
  journals: list(small),
  synced: maybe(durable),
  saved: maybe(durable),
  isLatching: bool,
  isNarrow: bool,
  given: list(maybe(record<Given>({ order, byLife: small, arrived: bool, hasCut: bool }))),
  faultsLeft: small,
  crashesLeft: small,
  ordersLeft: small,
});

export function writePower(state: PowerState, to: Pen): void {
  small.write(state.life, to);
  to.now = state.now;
  to.awake = state.now;
  to.life = '';
  ofBoard.write(state.board, to);
  truth.write(state, to);
}

export function readPower(from: Pen): PowerState {
  const life = small.read(from);
  reading.life = life;
  const known = ofBoard.read(from);
  return { ...truth.read(from), life, board: known };
}
