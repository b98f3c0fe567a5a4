/**
 * What the board's own socket may ask of the agent: the shell implements it, `socket.ts` serves it.
 *
 * Nothing here decides. `order` passes an order on and hears of it twice at most; whoever asked may
 * be gone by then, which changes nothing for the order.
 */
import type { DoctorFacts } from '../../protocol/control/doctor.ts';
import type {
  BoardView,
  FenceRecord,
  KeysView,
  LocalOrder,
  OrderAnswer,
} from '../../protocol/wire/view.ts';

export interface Desk {
  view(): BoardView;
  /** Every key that is in force, and when something fresh last came under it; no key itself. */
  keys(): KeysView;
  /** Newest last; of one host, or of all. */
  records(host?: string): FenceRecord[];
  /**
   * Takes an order; `by` names who gave it, for the record. `answer` is called with `accepted`
   * first and then once with the end, or only once where the order is refused or already answered.
   */
  order(order: LocalOrder, by: string, answer: (a: OrderAnswer) => void): void;
  /** What is known of the board's own health; moves nothing. */
  doctor(): Promise<DoctorFacts>;
  /** Reads the configuration again; the running one stays where the new one has problems. */
  reload(): Promise<{ ok: boolean; problems: string[] }>;
}
