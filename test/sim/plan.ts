/**
 * One run of the simulator, as data: who is there, how it is set up, and what happens when.
 *
 * A plan is drawn from a seed and then nothing is left to chance but small change (which byte flips,
 * which frame is lost), and that comes from streams named after the entry that needs it. So an entry
 * can be taken out or shortened and everything else happens as before: a failure can be shrunk.
 */
import type {
  GroupSettings,
  HostSettings,
  OrdererSettings,
} from '../../firmware-agent/core/settings.ts';

export interface Plan {
  seed: number;
  /** When the last fault is mended, ms; from then on everything that is owed must come. */
  calmAt: number;
  endAt: number;
  board: BoardPlan;
  hosts: HostPlan[];
  orderers: OrdererSettings[];
  /** In order of time. */
  schedule: Entry[];
}

export interface BoardPlan {
  agent: number;
  brokerOnBoard: boolean;
  /** 0 where the configuration does not ask for it. */
  matchHoldMs: number;
  /** How many millionths its clock runs fast. */
  fastPpm: number;
  /** How long the disk takes for an intent. */
  journalMs: number;
  /** Whether relays keep their place when the board loses its power. */
  latching: boolean;
  /** Groups of resources; absent where the run has none. */
  groups?: GroupSettings[];
}

export interface HostPlan {
  settings: HostSettings;
  /** Outlets in series before each supply, by index; one fed supply is power. */
  feeds: number[][];
  holdUpMs: number;
  /** From power, or a reset, to a shim that beats. */
  bootMs: number;
  /** How many millionths its clock runs fast. */
  fastPpm: number;
  /** How long a frame takes on each channel, one way. */
  serialMs: number;
  mqttMs: number;
  /** How often a program of it kicks the board's timer; 0 for never. */
  kickMs: number;
  /** Which of its devices may ever lie. Where all may, nobody can know anything. */
  liar: 'nobody' | 'contacts' | 'senses';
  /** It ends itself without contact; `refuses`: its kernel does not restart it, only its chip does. */
  ends?: { timeoutMs: number; watchdogMs: number; flags: number; refuses: boolean };
}

/** One fault or deed. What it does, and what `with` means, says its kind (`faults/`). */
export interface Entry {
  at: number;
  /** How long it lasts; 0 for a deed of one moment. It ends at the calm at the latest. */
  forMs: number;
  kind: string;
  /** The host that it concerns, where it concerns one. */
  host?: number;
  with: Readonly<Record<string, number | string>>;
}
