/** What a bench is made of: one JSON file, written by the test or the story that starts it. */
export interface BenchConfig {
  /** The unix socket to listen on. */
  socket: string;
  /** The file that the log is appended to. */
  log: string;
  /** Where the ends of cables appear: `NAME-a` for the board, `NAME-b` for the host. */
  dir: string;
  /**
   * What relays do when the last owner's connection ends: `latching` ones stay, `non-latching` ones fall back
   * to closed. `latching` by default.
   */
  line?: 'latching' | 'non-latching';
  hosts: BenchHost[];
}

export interface BenchHost {
  name: string;
  /** How long a supply lasts after its contact opened. 100 ms by default. */
  holdUpMs?: number;
  /** From power to the start of the shim, 0 by default; the first start does not wait. */
  bootMs?: number;
  /** The host has power while any outlet feeds it. */
  outlets: BenchOutlet[];
  senses: { name: string; covers: string[] | 'host' }[];
  /** Lines that can be pulsed; none by default. */
  pulses?: BenchPulse[];
  /** Lays a serial cable with the host's name. */
  cable?: boolean;
  /** The program that stands for the host; without one the host is only power. */
  shim?: BenchProgram;
}

export interface BenchOutlet {
  name: string;
  /** From command to contact, 5 ms by default. */
  relayMs?: number;
  /** From request to answer, 0 by default: a slow bus or a network switch. */
  answerMs?: number;
}

/** What a pulse on a line does: another life without a power edge, at once or later, or nothing. */
export interface BenchPulse {
  name: string;
  does: 'reboot' | 'nothing';
  /** A kernel that panics writes its dump before it boots. 0 by default. */
  afterMs?: number;
}

export interface BenchProgram {
  command: string[];
  env?: Record<string, string>;
  /** A file that its output is appended to; nowhere by default. */
  output?: string;
}

export type BenchContact = 'open' | 'closed';

/** What can be wrong with a relay; the empty object mends it. */
export interface RelayFault {
  /** A contact that stays there whatever is commanded. */
  stuck?: BenchContact;
  /** Added to the time from command to contact. */
  slowMs?: number;
  /** The contact changes so often, so far apart, before it settles. */
  bounce?: { times: number; everyMs: number };
  /** The device neither takes commands nor answers. */
  mute?: boolean;
  /** The device answers that it failed. */
  refuse?: boolean;
}

/** What can be wrong with a sense: it reads one value always, or does not answer. */
export type SenseFault = 'on' | 'off' | 'unknown' | 'mute' | 'none';
