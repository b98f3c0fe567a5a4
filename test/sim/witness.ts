/**
 * What a simulated world tells about itself. Truth and claims come in one order, so that a checker
 * can hold what the board did and said against what really was, without ever asking the board.
 *
 * The world calls every witness at the moment a thing happens. A witness keeps its own memory,
 * changes nothing, and complains; so checkers are small, know nothing of each other, and cost
 * nothing where they do not care. All times are the world's own, in ms since it began; no clock of
 * a simulated machine is ever used to judge.
 */
import type { Event as BoardEvent, Effect } from '../../firmware-agent/core/events.ts';
import type { BeatChannel } from '../../firmware-agent/core/hearing.ts';
import type { BoardSettings } from '../../firmware-agent/core/settings.ts';
import type { OpenedMember } from '../../protocol/wire/session/agent.ts';

/** The facts of the world, which no simulated program can see. */
export type Truth =
  /** A quiet stretch was jumped over: whatever was is so much older (world/jump.ts). */
  | { kind: 'leap'; ms: number }
  /** The supplies of a host give power, after hold-up, or no longer. */
  | { kind: 'power'; host: number; on: boolean }
  /** Where the life of a host stands; `over` when it lost power or was reset. */
  | { kind: 'life'; host: number; incarnation: number; is: 'booting' | 'up' | 'hung' | 'over' }
  /** A relay really moved, whoever or whatever moved it. */
  | { kind: 'relay'; host: number; outlet: number; is: 'open' | 'closed' }
  /** Whether any outlet or sense of the host is broken, lying or mute, from now on. */
  | { kind: 'devices'; host: number; honest: boolean }
  /** A process of the board began or ended; `remembers` says whether its disk gave it anything. */
  | { kind: 'agent'; is: 'started' | 'ended'; life: number; remembers: boolean }
  /** The board's process stands still, or goes on. */
  | { kind: 'stall'; on: boolean }
  /** A fault of the table begins or ends; `host` where it concerns one host only. */
  | { kind: 'fault'; fault: string; on: boolean; host?: number }
  /**
   * A message of a host that its session accepted, as the core got it. `sentAt` is when its shim
   * really sent it, `echoAt` when the board really issued the tick that it echoes.
   */
  | {
      kind: 'heard';
      host: number;
      channel: BeatChannel;
      incarnation: number;
      what: OpenedMember['kind'] | 'hello';
      sick: boolean;
      sentAt: number;
      echoAt: number;
    }
  /** Somebody gave an order; it may never arrive. */
  | { kind: 'ordered'; cmdId: string; by: string; op: string; host: number; incarnation: number }
  /** A local program of the host said that it is well. */
  | { kind: 'kicked'; host: number; incarnation: number }
  /** Services of a group run on it from now on, or no longer. */
  | { kind: 'runs'; host: number; group: number; on: boolean }
  /** From here on no fault is struck any more: what was broken is mended, what is owed must come. */
  | { kind: 'calm' };

/** How a world is made: what a checker may know beforehand. */
export interface WorldFacts {
  seed: number;
  settings: BoardSettings;
  /** Longest time between a cut and the loss of power, by host. */
  holdUpMs: ReadonlyMap<number, number>;
  /** By what share the clocks of this world may be wrong at worst; absent: 0.1 %, as the rules say. */
  clockError?: number;
}

export interface Complaint {
  /** The promise that was broken: S1, L2, ... */
  rule: string;
  at: number;
  host?: number;
  sentence: string;
}

/** One checker, or a counter. Whatever it does not name it does not see. */
export interface Witness {
  truth?(at: number, truth: Truth): void;
  /**
   * Kinds of events that it takes even where the board gave no effect; all where it does not say. Most
   * events change nothing, and most witnesses look at few of those.
   */
  looksAt?: readonly BoardEvent['kind'][];
  /** The board took this event and gave these effects; they have not been carried out yet. */
  step?(at: number, event: BoardEvent, effects: readonly Effect[]): void;
  /** The run is over. */
  end?(at: number): void;
}

/** Makes a checker for one world. */
export type Checker = (facts: WorldFacts, complain: (complaint: Complaint) => void) => Witness;
