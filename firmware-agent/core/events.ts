/**
 * What goes into the core and what comes out of it.
 *
 * Effects are ordered, and the order is a promise: the shell carries them out one after the other,
 * a `cut` before it reads any more input. The intent is journalled before the cut, what was read
 * back is announced after it, announcements come last.
 */

import type { GroupAnswer } from '../../protocol/wire/groups.ts';
import type { Instant } from '../../protocol/wire/instant.ts';
import type { Operation, Outcome, Proof, Reading } from '../../protocol/wire/messages.ts';
import type { OrderArgs } from '../../protocol/wire/order-args.ts';
import type {
  Opened,
  OpenedClaim,
  OpenedKick,
  OpenedRelease,
  OpenedWord,
  Refusal,
} from '../../protocol/wire/session/agent.ts';
import type { FenceRecord } from '../../protocol/wire/view.ts';
import type { News } from './alarms.ts';
import type { Durable } from './durable.ts';
import type { BeatChannel } from './hearing.ts';
import type { Contact } from './power.ts';

export type Event =
  /** One judge tick. `drained` says that everything received so far was handed in before it. */
  | { kind: 'judge'; drained: boolean }
  /** T is over: the next tick is due. */
  | { kind: 'round' }
  | { kind: 'heard'; opened: Opened }
  | { kind: 'listening'; channel: 'mqtt'; on: boolean }
  | { kind: 'listening'; channel: 'serial'; host: number; on: boolean }
  /** A frame that was dropped before it could mean anything. */
  | { kind: 'refused'; host: number; channel: BeatChannel; why: Refusal }
  /** The session that stood there was ended by us: what follows on that channel is no silence. */
  | { kind: 'ended'; host: number; channel: BeatChannel; why: 'revoked' | 'expired' }
  /** Our own echo came back through the broker, with the nonce sent last. */
  | { kind: 'echoed' }
  | { kind: 'modem'; host: number; line: 'asserted' | 'dropped' | 'unknown' }
  | { kind: 'contact'; host: number; outlet: number; value: Contact; askedAt: Instant }
  | { kind: 'sense'; host: number; sense: number; value: Reading; askedAt: Instant }
  /** The intent of this fence or pulse is on disk; all input was drained since. */
  | { kind: 'journalled'; host: number; fence: number }
  /** The disk has taken, or refused, what an order asked to be remembered. */
  | { kind: 'stored'; cmdId: string; ok: boolean }
  | { kind: 'order'; order: Order }
  /** Everything was read once; `durable` is what the disk remembers, if anything, `lastId` of records. */
  | { kind: 'start'; durable?: Durable; amnesia?: string; lastId?: number; wallMs: number };

/** Who gives an order: a key, or somebody on the board itself. */
export interface Orderer {
  name: string;
  /** Number of its key; absent on the local socket. */
  orderer?: number;
  /** The host that its key is bound to. */
  boundTo?: number;
}

export interface Order {
  from: Orderer;
  /** 32 hex digits. */
  cmdId: string;
  /** Hex of the life nonce that it names. */
  life: string;
  tick: number;
  /** 0 means the whole board, for what can be said of it. */
  host: number;
  /** 0 means whatever has power now. */
  incarnation: number;
  op: Operation;
  args: OrderArgs;
  ttlMs: number;
}

export interface Answer {
  from: Orderer;
  cmdId: string;
  op: Operation;
  host: number;
  incarnation: number;
  outcome: Outcome;
  proof: Proof;
  untested: boolean;
  tick: number;
  /** A few words, or a code; the wire takes the first 15 characters. */
  detail: string;
}

export type Effect =
  /** Write `durableOf(board)` now; answer with `journalled`. */
  | { kind: 'journal'; host: number; fence: number }
  /** Write it now; answer with `stored`. */
  | { kind: 'store'; cmdId: string }
  /** Write it when convenient, at most once a second. */
  | { kind: 'save' }
  | { kind: 'cut'; host: number; outlets: readonly number[]; fence: number }
  | { kind: 'restore'; host: number; outlets: readonly number[]; fence: number }
  /** Pulse one line of the host, by its index. */
  | { kind: 'pulse'; host: number; line: number; pulse: number }
  /** Send BEACON, ALIVE and the own echo with this tick on every open channel. */
  | { kind: 'round'; tick: number }
  /** Destroy all session keys of this life and refuse it from now on. */
  | { kind: 'retire'; host: number; incarnation: number }
  /** The host's LEAVING, LEFT or PLEDGE was taken note of. */
  | { kind: 'acknowledge'; opened: OpenedWord }
  /** Tell the host where its timer stands: in answer to a word of it, or on every channel. */
  | { kind: 'tell-timer'; host: number; to?: OpenedKick }
  /** Answer a word about groups where it came from. */
  | {
      kind: 'tell-group';
      to: OpenedClaim | OpenedRelease;
      group: number;
      answer: GroupAnswer;
      holder: number;
    }
  /** End the host's sessions on every channel but this one: what they still hold was sent before. */
  | { kind: 'hang-up'; host: number; but: BeatChannel }
  | { kind: 'answer'; answer: Answer }
  | { kind: 'record'; record: FenceRecord }
  | News
  /** End the process: only a new start can mend this. */
  | { kind: 'end'; why: string };
