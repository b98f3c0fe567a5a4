/**
 * A serial line as a link: frames in, frames out, and an honest word about whether anybody listens.
 *
 * Serial ports fail in silence. An unplugged adapter may say `close` twice or never, a path may
 * come to name another device, a peer that does not read fills the kernel's buffer until a write
 * would block. Each of these must become `lost` or a dropped frame within bounds, and none may
 * touch another port. One opening of the port lives in serial-port.ts; this file opens it again
 * and again.
 *
 * state   | event                       | next
 * opening | opened                      | open, `up`
 * opening | failed                      | waiting, `lost` if it is the first failure since `up`
 * open    | the opening says it is over | waiting, `lost`
 * waiting | back-off over               | opening
 * any     | close()                     | closed, nothing more is said
 */
import { attempt } from '../attempt.ts';
import { deframer, frameEncode } from '../wire/framing.ts';
import { backoffMs } from './backoff.ts';
import type { Link, LinkCounters, LinkEvents } from './link.ts';
import { type ModemReading, openSerialPort, type SerialPort } from './serial-port.ts';
import { after, monotonicMs, type Timer } from './timers.ts';

export type { ModemReading } from './serial-port.ts';

export interface SerialSetup {
  /** A stable name, such as one below /dev/serial/by-path. */
  path: string;
  /** Bits per second; the line is 8N1 without flow control. */
  baud: number;
  /** False leaves the port open to others; true by default. */
  lock?: boolean;
}

export interface SerialLink extends Link {
  /** `reason` is why the line was lost or could not be opened, the last time; else empty. */
  counters(): LinkCounters & { reason: string };
  /** Asks the port for CTS, DSR and DCD, now; `unknown` when it has none or is not open. */
  modem(): Promise<ModemReading>;
}

/** 100 ms is soon for a plug that was pushed home; 2 s is what a missing one may cost. */
const REOPEN = { firstMs: 100, capMs: 2_000 };

/** Opens the line and keeps it open until `close`. Events come from later turns, never from a call. */
export function serialLink(setup: SerialSetup, events: LinkEvents): SerialLink {
  const input = deframer();
  const totals = { framesIn: 0, framesOut: 0, dropped: 0, opened: 0, reason: '' };
  let port: SerialPort | undefined;
  let closed = false;
  let lossTold = false;
  let failures = 0;
  let openedAt = 0;
  let waiting: Timer | undefined;

  const lose = (reason: string): void => {
    if (closed) return;
    // A port that opens and dies at once does not win a fresh start each time.
    const upMs = port === undefined ? 0 : monotonicMs() - openedAt;
    failures = upMs > REOPEN.capMs ? 1 : failures + 1;
    port = undefined;
    totals.reason = reason;
    waiting = after(backoffMs(failures, REOPEN, 0), () => {
      opening = open();
    });
    if (lossTold) return;
    lossTold = true;
    events.lost(reason);
  };
  const take = (bytes: Uint8Array): void =>
    input.push(bytes, monotonicMs(), (frame) => {
      // The callee may close the link at any frame.
      if (closed) return;
      totals.framesIn += 1;
      events.frame(frame);
    });
  const open = async (): Promise<void> => {
    const opened = await attempt(() => openSerialPort(setup, { bytes: take, over: lose }));
    if (closed) {
      if (opened.ok) await opened.value.close();
      return;
    }
    if (!opened.ok) return lose(`${setup.path} cannot be opened: ${openingWords(opened.detail)}`);
    port = opened.value;
    openedAt = monotonicMs();
    totals.opened += 1;
    lossTold = false;
    events.up();
  };
  let opening = open();

  return {
    send: (frame) => {
      const sent = port?.write(frameEncode(frame)) ?? false;
      totals[sent ? 'framesOut' : 'dropped'] += 1;
      return sent;
    },
    modem: async () => (await port?.modem()) ?? 'unknown',
    counters: () => {
      const { noise, short, idle, oversize } = input.counters;
      return { ...totals, noise: noise + short + idle, oversize };
    },
    close: async () => {
      closed = true;
      waiting?.cancel();
      await Promise.all([port?.close(), opening]);
      port = undefined;
    },
  };
}

/** The binding says `Error: No such file or directory, cannot open /dev/ttyS9`. */
function openingWords(detail: string): string {
  if (/lock port/i.test(detail)) return 'another program has it open';
  return detail.replace(/^Error:? /, '').replace(/, cannot open .*$/, '');
}
