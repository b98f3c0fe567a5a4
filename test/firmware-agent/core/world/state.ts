/** What a world is made of, shared by the files that move it. */
import type { Board } from '../../../../firmware-agent/core/board.ts';
import type { Durable } from '../../../../firmware-agent/core/durable.ts';
import type { Effect, Event } from '../../../../firmware-agent/core/events.ts';
import type { BoardSettings } from '../../../../firmware-agent/core/settings.ts';
import type { Recorder } from '../../../../firmware-agent/tape.ts';
import type { Prng } from '../../../lib/prng.ts';
import type { Agenda } from './agenda.ts';
import type { Machine } from './machine.ts';

export type Way = 'serial' | 'mqtt';

/** One path of one machine, with its faults and its session. */
export interface Path {
  host: number;
  channel: Way;
  upWorks: boolean;
  downWorks: boolean;
  lossUp: number;
  delayMs: number;
  /** While it is there, what is sent up waits in it. */
  hoard?: (() => void)[];
  session?: Session;
}

export interface Session {
  id: number;
  life: string;
  incarnation: number;
  since: number;
  lastSeq: number;
  /** LEFT was sent: this session says nothing more. */
  left: boolean;
}

/** What the board's side of the wire remembers of one host. */
export interface Table {
  live?: number;
  retired: Set<number>;
  heardSeq: Map<number, number>;
}

/** The agent's process: gone while it is crashed. */
export interface Process {
  board: Board;
  tables: Map<number, Table>;
  /** When each tick was issued, by the world's own account. */
  issuedAt: Map<number, number>;
}

export interface Told {
  at: number;
  effect: Effect;
}

export interface WorldState {
  settings: BoardSettings;
  now: number;
  prng: Prng;
  agenda: Agenda;
  machines: Map<number, Machine>;
  paths: Path[];
  process: Process | undefined;
  /** Counts lives of the agent. */
  life: number;
  disk: { durable?: Durable; works: boolean; delayMs: number };
  brokerWorks: boolean;
  serialOpen: Map<number, boolean>;
  /** While it is there, the agent stands still and its input waits in it. */
  stalled: { until: number; input: Event[] } | undefined;
  told: Told[];
  /** What the agent was given of fresh beats: host and channel to time of receipt. */
  freshAt: Map<string, number>;
  ids: number;
  /** Sees every event with its effects, after the core took it. */
  watch: ((event: Event, effects: Effect[]) => void)[];
  /** Tapes what the process does, where a test put one in. */
  recorder?: Recorder;
}

export function nextId(world: WorldState): number {
  world.ids += 1;
  return world.ids;
}

export function machineOf(world: WorldState, host: number): Machine {
  const machine = world.machines.get(host);
  if (machine === undefined) throw new Error(`there is no host ${host} in this world`);
  return machine;
}
