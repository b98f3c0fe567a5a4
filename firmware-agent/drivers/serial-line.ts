/**
 * The line of a serial switch: a port that is kept open, and one exchange at a time over it.
 *
 * A port that is lost is opened again and again. After each opening the device gets the time and the
 * word that its model asks for, and what came meanwhile is dropped.
 */
import { attempt } from '../../protocol/attempt.ts';
import { backoffMs } from '../../protocol/link/backoff.ts';
import type { openSerialPort, SerialPort } from '../../protocol/link/serial-port.ts';
import { after, monotonicMs, soon, type Timer } from '../../protocol/link/timers.ts';
import { type Failure, failure, ok, type Result } from '../../protocol/result.ts';
import type { SerialWords } from '../config/devices/serial-models.ts';
import { type DeviceQueue, deviceQueue } from './device-queue.ts';

export interface SerialLine {
  /** Of all who use the line. */
  queue: DeviceQueue;
  /** Why nothing can be sent now; undefined when something can. */
  notReady(): Failure | undefined;
  /** Sends, and gives all that came back once it fits and the line is quiet; else fails after `limitMs`. */
  exchange(send: string, fits: RegExp, limitMs: number): Promise<Result<string>>;
  close(): Promise<void>;
}

const REOPEN = { firstMs: 100, capMs: 2_000 };
/** Adapters hand on what they got every 16 ms; after twice that without a byte the device has ended. */
const QUIET_MS = 40;
/** Longer than any answer. */
const ANSWER_CHARS_MAX = 512;
/** How often a start looks whether the device is ready. */
const LOOK_MS = 20;

/** Opens the port and keeps it open until `close`. */
export function openLine(
  openPort: typeof openSerialPort,
  { path, answerMs }: { path: string; answerMs: number },
  model: SerialWords,
): SerialLine {
  const queue = deviceQueue();
  let heard = '';
  let onBytes = (): void => undefined;
  let port: SerialPort | undefined;
  // A port that is on its way is no trouble yet.
  let why: Failure | undefined = failure('waiting', `${path} is being opened`);

  const begin = async (its: SerialPort): Promise<void> => {
    const { hello, ready, readyMs = 0 } = model;
    port = its;
    why = failure('waiting', `${path} is not ready yet`);
    heard = '';
    const endMs = monotonicMs() + readyMs;
    const isReady = (): boolean => ready === undefined || heard.includes(ready);
    while (port === its && !isReady() && monotonicMs() < endMs) await rest(LOOK_MS);
    if (hello !== undefined) its.write(Buffer.from(hello, 'latin1'));
    await rest(hello === undefined ? QUIET_MS : answerMs);
    if (port === its) why = undefined;
  };
  const keeper = keepOpen((events) => openPort({ path, baud: model.baud }, events), {
    opened: (its) => void begin(its),
    bytes: (bytes) => {
      heard = (heard + Buffer.from(bytes).toString('latin1')).slice(-ANSWER_CHARS_MAX);
      onBytes();
    },
    over: (reason) => {
      port = undefined;
      why = failure('disconnected', reason);
    },
  });
  return {
    queue,
    notReady: () => why,
    exchange: (send, fits, limitMs) => {
      heard = '';
      const isSent = port?.write(Buffer.from(send, 'latin1')) ?? false;
      if (!isSent) {
        return Promise.resolve(why ?? failure('disconnected', `${path} takes nothing`));
      }
      return answerOn(
        {
          heard: () => heard,
          listen: (fn) => {
            onBytes = fn;
          },
          why: () => why,
        },
        fits,
        limitMs,
      );
    },
    close: async () => {
      queue.close();
      await keeper.close();
      port = undefined;
      why = failure('closed', 'the switch was closed');
    },
  };
}

interface Ear {
  heard(): string;
  /** Has `fn` called at all bytes that come. */
  listen(fn: () => void): void;
  why(): Failure | undefined;
}

/** Waits for an answer; what came in time counts, though the line was not quiet by then, or we were not there. */
function answerOn(ear: Ear, fits: RegExp, limitMs: number): Promise<Result<string>> {
  return new Promise((resolve) => {
    let quiet: Timer | undefined;
    let isOver = false;
    const end = (outcome: Result<string>): void => {
      limit.cancel();
      quiet?.cancel();
      ear.listen(() => undefined);
      resolve(outcome);
    };
    const giveUp = (): void => {
      const said = ear.heard();
      const what = said === '' ? 'it does not answer' : `it answers ${printable(said)}`;
      end(ear.why() ?? failure('timeout', what));
    };
    const limit = after(limitMs, () =>
      soon(() => {
        isOver = true;
        if (quiet === undefined) giveUp();
      }),
    );
    ear.listen(() => {
      quiet?.cancel();
      quiet = undefined;
      if (fits.test(ear.heard())) quiet = after(QUIET_MS, () => end(ok(ear.heard())));
      else if (isOver) giveUp();
    });
  });
}

type PortEvents = Parameters<typeof openSerialPort>[1];

/** Opens a port again whenever it is over; `over` is also told of each opening that failed. */
function keepOpen(
  open: (events: PortEvents) => Promise<SerialPort>,
  events: PortEvents & { opened(port: SerialPort): void },
): { close(): Promise<void> } {
  let port: SerialPort | undefined;
  let again: Timer | undefined;
  let closed = false;
  let failures = 0;

  const over = (reason: string): void => {
    port = undefined;
    if (closed) return;
    failures += 1;
    events.over(reason);
    again = after(backoffMs(failures, REOPEN, 0), () => {
      opening = tryOpen();
    });
  };
  const tryOpen = async (): Promise<void> => {
    const opened = await attempt(() => open({ bytes: events.bytes, over }));
    if (!opened.ok) return over(opened.detail.replace(/^Error:? /, ''));
    if (closed) return opened.value.close();
    port = opened.value;
    failures = 0;
    events.opened(port);
  };
  let opening = tryOpen();
  return {
    close: async () => {
      closed = true;
      again?.cancel();
      await Promise.all([port?.close(), opening]);
    },
  };
}

/** A few characters of what a stranger sent, for the log. */
function printable(text: string): string {
  return JSON.stringify(text.slice(0, 40));
}

export function rest(ms: number): Promise<void> {
  return new Promise((resolve) => {
    after(ms, resolve);
  });
}
