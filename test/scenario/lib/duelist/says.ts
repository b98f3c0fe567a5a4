/** What is said between the scenario and a node of the cluster. */
import type { OrderEnd } from '../../../../protocol/order-step.ts';

export interface DuelistSetup {
  /** The command that starts the shim. */
  shim: string[];
  /** The socket of the scenario. */
  desk: string;
  host: string;
  orderer: { orderer: number; name: string };
  /** A keys file with the orderer's key alone. */
  keys: string;
  /** The broker, as this node reaches it. */
  url: string;
}

export interface DuelCommand {
  /** 32 hex digits. */
  cmdId: string;
  /** The number of the host to fence. */
  host: number;
  atMs: number;
}

export type DuelReport =
  /** A new life of the node reached the board. */
  | { kind: 'ready'; host: string }
  | { kind: 'sent'; cmdId: string; atMs: number }
  | { kind: 'end'; cmdId: string; end: OrderEnd };
