/**
 * What is said on the bench's socket: one JSON object a line. A request carries an `id`, its answer
 * repeats it with a `value` or an `error`; one that a mute device got is never answered.
 *
 * The owner is the agent's driver: it says `own` once per connection and then only what a board
 * can do to real hardware; a plug is `HOST-OUTLET`, `HOST-SENSE` or `HOST-PULSE`. All other requests are the
 * director's, that is, a test's.
 */
import type { CableState } from '../pty.ts';
import type { BenchContact, RelayFault, SenseFault } from './config.ts';
import type { BenchEntry } from './log.ts';

export type OwnerRequest =
  | { do: 'own' }
  | { do: 'turn'; plug: string; to: BenchContact }
  | { do: 'contact'; plug: string }
  | { do: 'sense'; plug: string }
  | { do: 'pulse'; plug: string };

export type HostDeed = 'hang' | 'resume' | 'restart' | 'reboot' | 'terminate' | 'kill';

export type DirectorRequest =
  | { do: 'relay-fault'; host: string; outlet: string; fault: RelayFault }
  | { do: 'sense-fault'; host: string; sense: string; fault: SenseFault }
  | { do: 'feed'; host: string; outlet: string; on: boolean }
  | { do: 'host'; host: string; what: HostDeed }
  | { do: 'cable'; name: string; change: Partial<CableState> }
  | { do: 'plug'; name: string; end: 'a' | 'b'; plugged: boolean }
  | { do: 'inject'; name: string; end: 'a' | 'b'; hex: string }
  | { do: 'mark'; text: string }
  /** Answers with all entries so far; each later one follows as an `entry`. */
  | { do: 'watch' }
  | { do: 'state' };

export type BenchRequest = (OwnerRequest | DirectorRequest) & { id: number };

export type BenchAnswer =
  | { id: number; value: unknown }
  | { id: number; error: string }
  | { entry: BenchEntry };

/** The answer to `state`. */
export interface HostState {
  host: string;
  power: boolean;
  pid: number | null;
  bootId: string;
  contacts: Record<string, BenchContact>;
}
