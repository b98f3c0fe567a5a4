/**
 * The board as a command sees it, whichever way leads there: its own socket, or sealed frames.
 *
 * Failures keep apart what was never sent (`absent`, `forbidden`), what the only way that is left
 * cannot carry (`listless`), what was sent and not answered (`silent`), and what the board would
 * not do (`refused`).
 */
import type { DoctorFacts } from '../../protocol/control/doctor.ts';
import type { OrderEnd } from '../../protocol/order-step.ts';
import type { Result } from '../../protocol/result.ts';
import type { Operation } from '../../protocol/wire/messages.ts';
import type { OrderArgs } from '../../protocol/wire/order-args.ts';
import type { BoardView, FenceRecord, KeysView } from '../../protocol/wire/view.ts';
import type { Glance } from './glance.ts';

export type BoardFailure = 'absent' | 'forbidden' | 'listless' | 'silent' | 'refused' | 'wrong-use';

export interface BoardOrder {
  op: Operation;
  /** Empty for the whole board, where the operation can be of it. */
  host: string;
  /** 0 means whatever has power now. */
  incarnation: number;
  /** How long to wait for the end. */
  waitMs: number;
  args?: OrderArgs;
}

export interface Board {
  view(): Promise<Result<BoardView, BoardFailure>>;
  /** One host in a few words, whichever way is left; an unknown name is the caller's mistake. */
  glance(host: string): Promise<Result<Glance, BoardFailure>>;
  /** The same of all hosts that are known by name where a view is `listless`. */
  glances(): Promise<Result<Glance[], BoardFailure>>;
  /** The fences on record, of one host or of all, newest last; frames carry the last few. */
  records(host?: string): Promise<Result<FenceRecord[], BoardFailure>>;
  /** Orders and waits for the end; `accepted` is called when the board took the order. */
  order(order: BoardOrder, accepted: () => void): Promise<Result<OrderEnd, BoardFailure>>;
  /** The keys that the agent uses now, and when each was used last. */
  keys(): Promise<Result<KeysView, BoardFailure>>;
  /** What the agent knows of its own health; on the board itself only. */
  facts(): Promise<Result<DoctorFacts, BoardFailure>>;
  /** Makes the agent read its files again; `refused`, with every problem, where the old ones stay. */
  reload(): Promise<Result<void, BoardFailure>>;
  close(): Promise<void>;
}
