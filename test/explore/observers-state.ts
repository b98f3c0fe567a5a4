/** What the world of observers is made of: the truth about two hosts and their ways to the board. */
import type { Board } from '../../firmware-agent/core/board.ts';
import type { BoardSettings, HostSettings } from '../../firmware-agent/core/settings.ts';
import { boardCodec } from './board-codec.ts';
import {
  bool,
  type Codec,
  list,
  maybe,
  NOW,
  record,
  small,
  tick,
  time,
  UNIT_MS,
  unread,
  word,
} from './codec.ts';
import { seq } from './hearing-codec.ts';
import { OBSERVERS, timingOf } from './timing.ts';

function hostOf(host: number, name: string): HostSettings {
  return {
    ...{
      host,
      name,
      timing: timingOf(OBSERVERS),
      silence: 'prove',
      proof: 'by-hold',
      afterFence: 'restore',
    },
    serial: { adapter: 'hub', modem: true },
    mqtt: true,
    delayMs: { serial: 0, mqtt: 0 },
    fate: [],
    outlets: [{ name: 'relay', method: 1, readable: true, periodMs: UNIT_MS }],
    ...{ senses: [], pulses: [] },
  };
}

/** Two hosts alike. */
export const SETTINGS: BoardSettings = {
  ...{ agent: 1, name: 'board', brokerOnBoard: false },
  ...{ hosts: [hostOf(1, 'alpha'), hostOf(2, 'beta')], orderers: [] },
};
/** Their names, by place. */
export const names: string[] = SETTINGS.hosts.map(({ name }) => name);

/** A beat on its way. */
export interface Beat {
  echo: number;
  seq: number;
}

/** A host as it is. */
export interface Machine {
  lives: boolean;
  /** The largest tick of the board's present life that it accepted; 0 for none. */
  echo: number;
  /** Its own serial cable; its own way up to the broker; what the board says to it, on both. */
  line: 'works' | 'pulled';
  net: 'works' | 'lost' | 'hoards';
  down: 'works' | 'broken';
  /** What waits in the broker: the latest two. */
  hoard: Beat[];
  /** The last fresh beat that the board was given, in this life of the board. */
  freshAt: number | undefined;
  /** Since when it lives and has a way of its own that works. */
  wellAt: number | undefined;
  /** Since when its line, and its way to the broker, do not work. */
  lineBadAt: number | undefined;
  netBadAt: number | undefined;
}

/** The whole world. */
export interface State {
  now: number;
  board: Board;
  machines: Machine[];
  broker: 'works' | 'down' | 'parted';
  hub: 'works' | 'down';
  /** Hosts whose intent is on its way to the disk. */
  journals: number[];
  stallAt: number | undefined;
  /** Beta was never there: what is shared is alpha's alone. */
  isAlone: boolean;
  /** Somebody was cut: this scenario is over. */
  isOver: boolean;
  faultsLeft: number;
  crashesLeft: number;
}

/** One step under way. */
export interface Scene {
  state: State;
  broken: string[];
  say: ((line: string) => void) | undefined;
}

/** Something that may happen now. */
export interface Plan {
  name: string;
  may(state: State): boolean;
  run(scene: Scene): void;
}

const machineCodec: Codec<Machine> = record<Machine>({
  lives: bool,
  echo: tick(8),
  line: word('works', 'pulled'),
  net: word('works', 'lost', 'hoards'),
  down: word('works', 'broken'),
  hoard: list(record<Beat>({ echo: tick(8), seq: seq(8) })),
  freshAt: maybe(time(OBSERVERS.deadtime)),
  wellAt: maybe(time(OBSERVERS.deadtime)),
  lineBadAt: maybe(time(OBSERVERS.deadtime + OBSERVERS.initdead + 3)),
  netBadAt: maybe(time(OBSERVERS.deadtime + OBSERVERS.initdead + 3)),
});

/** The world in bytes. */
export const codec: Codec<State> = record<State>({
  board: boardCodec(SETTINGS, () => 'life'),
  now: unread('all times are ages', () => NOW),
  machines: list(machineCodec),
  broker: word('works', 'down', 'parted'),
  hub: word('works', 'down'),
  journals: list(small),
  stallAt: maybe(time(8)),
  isAlone: bool,
  isOver: bool,
  faultsLeft: small,
  crashesLeft: small,
});
