/**
 * The hardware ports: what can cut power, what shows whether power is there, what gives a pulse.
 *
 * All are small and fallible. A driver reports what it read and decides nothing; what it cannot
 * read now is `unknown`, never the last value, and never what was commanded.
 */
import type { Result } from '../../protocol/result.ts';
import type { Reading } from '../../protocol/wire/messages.ts';
import type { Contact } from '../core/power.ts';

export type { Contact, Reading };

export interface PowerSwitch {
  readonly name: string;
  /** How often the driver can honestly be asked while a fence runs. */
  readonly periodMs: number;
  /** How seldom it likes to be asked while none runs and it answers; as others where absent. */
  readonly idleMs?: number;
  /**
   * Commands the contact. It resolves when the device took the command, which says nothing about
   * the contact: read it. It may fail, and it may be repeated.
   */
  turn(to: 'open' | 'closed'): Promise<Result<void>>;
  /** Asks the device where its contact is, now. It may take up to `periodMs`. */
  read(): Promise<Contact>;
}

export interface PulseLine {
  readonly name: string;
  /**
   * Gives one pulse, of a length that the device knows. It resolves when the device took the
   * command: nobody can read back what the line did inside the machine. It is never repeated.
   */
  pulse(): Promise<Result<void>>;
}

export interface Sense {
  readonly name: string;
  readonly periodMs: number;
  /** Asks the device whether power is there, now. A broken wire reads `unknown` where it can. */
  read(): Promise<Reading>;
}

/** What one host has of one driver: each device with its name and what the driver needs of it. */
export interface Wanted<O, S, P> {
  host: string;
  outlets: Asked<O>[];
  senses: Asked<S>[];
  pulses: Omit<Asked<P>, 'periodMs'>[];
}

export interface Asked<D> {
  name: string;
  periodMs: number;
  device: D;
}

/** The devices of a host, in the order in which they were wanted. */
export interface Opened {
  outlets: PowerSwitch[];
  senses: Sense[];
  pulses: PulseLine[];
}

/**
 * One kind of device. What a host has of it is opened together, because some can only be taken
 * over together (the lines of a GPIO chip). A device that is not there is opened all the same,
 * and reads `unknown` until it is.
 */
export interface Driver<O, S = never, P = never> {
  open(wanted: Wanted<O, S, P>): Promise<Opened>;
  /** Closes what one host has, if that can be done without touching the others. */
  letGo?(host: string): void;
  /** Ends what the devices share; afterwards each reads `unknown`. */
  close(): Promise<void>;
}
