/**
 * One opening of a serial port, from open to the first sign that it is over.
 *
 * The vendor's binding opens, locks and sets the port; bytes are moved here, because its streams
 * take a thread for each read and deliver nothing on Node 26.4 and later. The descriptor never
 * blocks. One read of at most 4,096 bytes is made for each port and turn of the event loop, so a
 * flood gets its share and no more. The poller calls outside of Node's callback scope, where
 * promises would wait for the next timer; so its call only asks for a turn, and the turn reads.
 *
 * The port is read all the time, because an unread port does not say that its device is gone.
 */
import { fstatSync, readSync, statSync, writeSync } from 'node:fs';
import { LinuxBinding } from '@serialport/bindings-cpp/dist/linux.js';
import { attempt, attemptSync } from '../attempt.ts';
import { failure, ok, type Result } from '../result.ts';
import { every, nextTurn, type Timer } from './timers.ts';

/** What the modem lines of a port show: `asserted` when the peer holds any of them. */
export type ModemReading = 'asserted' | 'dropped' | 'unknown';

export interface SerialPort {
  /** Offers bytes that belong together; false when they were dropped. */
  write(bytes: Uint8Array): boolean;
  modem(): Promise<ModemReading>;
  /** Closes for good; no event follows. */
  close(): Promise<void>;
}

export interface SerialPortEvents {
  /** Bytes as they came; they belong to the port and are valid during the call only. */
  bytes(bytes: Uint8Array): void;
  /** The port cannot be used any more and was closed; `reason` is one line for people. Once. */
  over(reason: string): void;
}

/** What the kernel hands out at once: its line buffer. */
const READ_BYTES_MAX = 4_096;
/** Writes beyond the kernel's own buffer: one round of messages, too few to grow old there. */
const BACKLOG_WRITES_MAX = 8;
/** A path that has come to name another device is noticed within this time. */
const IDENTITY_CHECK_MS = 1_000;
/** Bits of the binding's poller. */
const READABLE = 1;
const WRITABLE = 2;

/** Filled and emptied within one call, so all ports share it. */
const scratch = Buffer.alloc(READ_BYTES_MAX);

/** Opens the port raw; rejects with the system's error. Events come from later turns. */
export async function openSerialPort(
  setup: { path: string; baud: number; lock?: boolean },
  events: SerialPortEvents,
): Promise<SerialPort> {
  const { path, baud, lock = true } = setup;
  const binding = await LinuxBinding.open({ path, baudRate: baud, lock });
  const { poller } = binding;
  const fd = binding.fd ?? -1;
  const output = writer(fd);
  let done = false;
  let turn: Timer | undefined;

  const end = async (): Promise<void> => {
    if (done) return;
    done = true;
    turn?.cancel();
    identity.cancel();
    poller.removeAllListeners();
    await attempt(() => binding.close());
  };
  const fail = (reason: string): void => {
    if (done) return;
    void end();
    // In a turn of its own, so that `write` never calls back into its caller.
    nextTurn(() => events.over(`${path}: ${reason}`));
  };
  const listen = (): void => poller.poll(output.waiting() ? READABLE | WRITABLE : READABLE);
  const move = (error: Error | null): Result<void> => {
    if (error !== null) return failure('gone', `the device is gone (${error.message})`);
    const read = readOnce(fd);
    if (!read.ok) return read;
    if (read.value.length > 0) events.bytes(read.value);
    // The callee may have closed the port.
    return done ? ok(undefined) : output.flush();
  };
  const ask = (error: Error | null): void => {
    turn ??= nextTurn(() => {
      turn = undefined;
      const moved = move(error);
      if (!moved.ok) fail(moved.detail);
      else if (!done) listen();
    });
  };
  poller.on('readable', ask);
  poller.on('writable', ask);
  const identity = every(IDENTITY_CHECK_MS, () => {
    if (!isDeviceOf(path, fd)) fail('the path names another device now, or none');
  });
  listen();

  return {
    write: (bytes) => {
      if (done) return false;
      const written = output.push(bytes);
      if (!written.ok) {
        fail(written.detail);
        return false;
      }
      if (output.waiting()) listen();
      return written.value;
    },
    modem: async () => {
      const lines = done ? undefined : await attempt(() => binding.get());
      if (lines?.ok !== true || done) return 'unknown';
      const { cts, dsr, dcd } = lines.value;
      return cts || dsr || dcd ? 'asserted' : 'dropped';
    },
    close: end,
  };
}

/** The bytes that wait, none when there are none now; a failure when the port is over. */
function readOnce(fd: number): Result<Uint8Array> {
  const read = attemptSync(() => readSync(fd, scratch, 0, READ_BYTES_MAX, null));
  if (read.ok && read.value === 0) return failure('gone', 'the other end was closed');
  if (read.ok) return ok(scratch.subarray(0, read.value));
  return isBusy(read.kind) ? ok(scratch.subarray(0, 0)) : read;
}

interface Writer {
  /** Whether something waits for the kernel to take more. */
  waiting(): boolean;
  /** False when the backlog is full and the bytes were dropped. */
  push(bytes: Uint8Array): Result<boolean>;
  flush(): Result<void>;
}

/** Keeps what the kernel did not take; whole writes are dropped beyond the cap, never parts. */
function writer(fd: number): Writer {
  const queue: Uint8Array[] = [];
  const flush = (): Result<void> => {
    for (let head = queue[0]; head !== undefined; head = queue[0]) {
      const bytes = head;
      const written = attemptSync(() => writeSync(fd, bytes));
      if (!written.ok) return isBusy(written.kind) ? ok(undefined) : written;
      if (written.value < bytes.length) {
        queue[0] = bytes.subarray(written.value);
        return ok(undefined);
      }
      queue.shift();
    }
    return ok(undefined);
  };
  return {
    waiting: () => queue.length > 0,
    push: (bytes) => {
      if (queue.length >= BACKLOG_WRITES_MAX) return ok(false);
      queue.push(bytes);
      // Behind others the bytes go when the poller says that there is room.
      if (queue.length > 1) return ok(true);
      const flushed = flush();
      return flushed.ok ? ok(true) : flushed;
    },
    flush,
  };
}

function isBusy(kind: string): boolean {
  return kind === 'eagain' || kind === 'eintr';
}

function isDeviceOf(path: string, fd: number): boolean {
  const same = attemptSync(() => statSync(path).rdev === fstatSync(fd).rdev);
  return same.ok && same.value;
}
