/**
 * A share of a serial line for what may wait: orders, and the answers to them.
 *
 * A port takes kilobytes at once and sends them in its own time, so frames that are handed over in
 * a heap would stand before the next beat for seconds. Here one is handed over at a time, and the
 * next only after twice the time that it takes on the line. So they use half of the line at most, and a
 * beat finds at most one of them before it, which takes 9 ms at 115,200 baud. Who knows when he will beat next
 * says so, and nothing is begun that would not be over by then. What finds no room in the queue is dropped:
 * whoever ordered repeats it.
 */
import { after, type Timer } from './timers.ts';

export interface LineShare {
  /** Offers one frame; `owner` is whoever it is from. False when it was dropped. */
  offer(frame: Uint8Array, owner: unknown): boolean;
}

export interface LineShareSetup {
  baud: number;
  /** Hands one frame to the port. */
  send(frame: Uint8Array): void;
  /** For how long nobody else needs the line, in ms, as far as is known. */
  freeMs?: () => number;
}

/** Half a second of the line at 115,200 baud, and six at 9,600: more would be too old. */
const WAITING_MAX = 32;
/** One who floods leaves room for others. */
const WAITING_PER_OWNER_MAX = 8;
/** COBS, CRC and the zeros around a frame. */
const FRAMING_BYTES = 5;
/** A start bit, eight of data, a stop bit; in the thousandths that make seconds milliseconds. */
const BITS_PER_BYTE_MS = 10_000;

export function lineShare({ baud, send, freeMs }: LineShareSetup): LineShare {
  const waiting: { frame: Uint8Array; owner: unknown }[] = [];
  let timer: Timer | undefined;

  const next = (hasWaited: boolean): void => {
    timer = undefined;
    const [head] = waiting;
    if (head === undefined) return;
    const lineMs = ((head.frame.length + FRAMING_BYTES) * BITS_PER_BYTE_MS) / baud;
    const leftMs = freeMs?.() ?? lineMs;
    // Once, or a beat as frequent as frames are long would never let an order pass.
    if (leftMs < lineMs && !hasWaited) {
      timer = after(Math.ceil(Math.max(0, leftMs)) + 1, () => next(true));
      return;
    }
    waiting.shift();
    send(head.frame);
    timer = after(Math.ceil(2 * lineMs), () => next(false));
  };

  return {
    offer: (frame, owner) => {
      const own = waiting.filter((one) => one.owner === owner).length;
      if (waiting.length >= WAITING_MAX || own >= WAITING_PER_OWNER_MAX) return false;
      waiting.push({ frame, owner });
      if (timer === undefined) next(false);
      return true;
    },
  };
}
