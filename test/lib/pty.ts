/**
 * Serial cables without serial ports.
 *
 * A program under test opens a pseudo-terminal's slave as its COM port; whoever holds the master
 * is the wire. A cable is two of them with the bytes carried from master to master, so a test can
 * pull it, slow it, or make it noisy. Two things differ from a UART and are mended here: the
 * kernel does not pace a pty, so a cable with a baud rate delays bytes by itself; and a master
 * whose slave nobody holds reports an error for ever, so we hold the slave open too. Bytes for a
 * slave that is not read fill the kernel's buffer and are then lost, as a UART would lose them.
 */
import {
  closeSync,
  constants,
  openSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { ReadStream } from 'node:tty';
import { attemptSync } from '../../protocol/attempt.ts';
import { after, monotonicMs, type Timer } from '../../protocol/link/timers.ts';
import { ioctl } from '../../protocol/native/ioctl.ts';

const TIOCSPTLCK = 0x40045431;
const TIOCGPTN = 0x80045430;
const TCGETS2 = 0x802c542a;
const TCSETS2 = 0x402c542b;
const TERMIOS2_BYTES = 44;
/** CS8, CREAD and CLOCAL; the speed bits are left to whoever opens the slave. */
const CFLAGS_RAW = 0x30 | 0x80 | 0x800;
const VTIME_AT = 17 + 5;
const VMIN_AT = 17 + 6;

export interface Pty {
  /** The kernel's name of the slave, such as /dev/pts/5; another one after each opening. */
  readonly slavePath: string;
  /** Offers bytes to the slave; returns how many it took. */
  write(bytes: Uint8Array): number;
  /** Stops reading, as a peer that hangs; bytes then wait in the kernel. */
  pause(): void;
  resume(): void;
  /** Pulls the device out: those who hold the slave see it gone. */
  close(): void;
}

/** Opens a pair, raw and without echo. `onBytes` gets what was written to the slave. */
export function openPty(onBytes: (bytes: Uint8Array) => void): Pty {
  const { O_RDWR, O_NOCTTY, O_NONBLOCK } = constants;
  const master = openSync('/dev/ptmx', O_RDWR | O_NOCTTY | O_NONBLOCK);
  const number = Buffer.alloc(4);
  check(ioctl(master, TIOCSPTLCK, Buffer.alloc(4)), 'unlocking the pty');
  check(ioctl(master, TIOCGPTN, number), 'asking for the number of the pty');
  const slavePath = `/dev/pts/${number.readInt32LE()}`;
  const slave = openSync(slavePath, O_RDWR | O_NOCTTY | O_NONBLOCK);
  makeRaw(slave);
  const reader = new ReadStream(master);
  reader.on('data', (chunk: Buffer) => onBytes(chunk));
  // Both ends are ours, so an error here can only be the end of this pty.
  reader.on('error', () => undefined);
  let open = true;
  return {
    slavePath,
    write: (bytes) => {
      if (!open) return 0;
      const written = attemptSync(() => writeSync(master, bytes));
      return written.ok ? written.value : 0;
    },
    pause: () => {
      reader.pause();
    },
    resume: () => {
      reader.resume();
    },
    close: () => {
      if (!open) return;
      open = false;
      closeSync(slave);
      // The stream owns the master.
      reader.destroy();
    },
  };
}

/** What a cable does to bytes; all of it may change while they flow. */
export interface CableState {
  /** True loses every byte, both ways, and is seen by nobody; an end loses what enters there. */
  pulled: boolean | 'a' | 'b';
  delayMs: number;
  /** The share of bytes, 0 to 1, that arrive with one bit changed. */
  noise: number;
  /** Bits per second, ten bits a byte; 0 does not pace. */
  baud: number;
}

export interface Cable {
  /** Stable names of the two ends: symbolic links to the present slaves. */
  readonly a: string;
  readonly b: string;
  set(change: Partial<CableState>): void;
  /** Pulls the adapter at one end: its device vanishes, and comes back as another with `replug`. */
  unplug(end: 'a' | 'b'): void;
  replug(end: 'a' | 'b'): void;
  /** Puts bytes on the wire as if they came from `end`. */
  inject(end: 'a' | 'b', bytes: Uint8Array): void;
  /** Bytes that entered at each end. */
  counts(): { a: number; b: number };
  close(): void;
}

const PERFECT: CableState = { pulled: false, delayMs: 0, noise: 0, baud: 0 };
/** A UART hands over a few bytes at a time; a piece longer than this would be a pause and a leap. */
const PIECE_BYTES = 16;

/** Lays a cable between `dir/NAME-a` and `dir/NAME-b`. `onBytes` sees what enters at each end. */
export function layCable(
  dir: string,
  name: string,
  onBytes?: (end: 'a' | 'b', bytes: Uint8Array) => void,
): Cable {
  const state: CableState = { ...PERFECT };
  const paths = { a: join(dir, `${name}-a`), b: join(dir, `${name}-b`) };
  const ptys: { a?: Pty; b?: Pty } = {};
  const counts = { a: 0, b: 0 };
  const noise = bitNoise(0x2545f491);
  const toB = wire(state, 'a', noise, (bytes) => ptys.b?.write(bytes));
  const toA = wire(state, 'b', noise, (bytes) => ptys.a?.write(bytes));
  const carry = (from: 'a' | 'b', bytes: Uint8Array): void => {
    counts[from] += bytes.length;
    onBytes?.(from, bytes);
    (from === 'a' ? toB : toA).carry(bytes);
  };
  const plug = (end: 'a' | 'b'): void => {
    if (ptys[end] !== undefined) return;
    const pty = openPty((bytes) => carry(end, bytes));
    ptys[end] = pty;
    linkName(pty.slavePath, paths[end]);
  };
  const unplug = (end: 'a' | 'b'): void => {
    // The kernel gives the number away again: whoever kept the name would open another's cable.
    rmSync(paths[end], { force: true });
    ptys[end]?.close();
    delete ptys[end];
  };
  plug('a');
  plug('b');
  return {
    ...paths,
    set: (change) => {
      Object.assign(state, change);
    },
    unplug,
    replug: plug,
    inject: carry,
    counts: () => ({ ...counts }),
    close: () => {
      unplug('a');
      unplug('b');
      toA.close();
      toB.close();
    },
  };
}

/** One direction of a cable: keeps the order of bytes whatever their delays. */
function wire(
  state: CableState,
  from: 'a' | 'b',
  noise: (share: number, bytes: Uint8Array) => Uint8Array,
  deliver: (bytes: Uint8Array) => void,
): { carry(bytes: Uint8Array): void; close(): void } {
  const queue: { at: number; bytes: Uint8Array }[] = [];
  let freeAt = 0;
  let timer: Timer | undefined;
  const isPulled = (): boolean => state.pulled === true || state.pulled === from;
  const drain = (): void => {
    timer = undefined;
    for (let head = queue[0]; head !== undefined; head = queue[0]) {
      const waitMs = head.at - monotonicMs();
      if (waitMs > 0) {
        timer = after(waitMs, drain);
        return;
      }
      queue.shift();
      if (!isPulled()) deliver(head.bytes);
    }
  };
  return {
    carry: (bytes) => {
      if (isPulled()) return;
      const spoilt = noise(state.noise, bytes);
      if (queue.length === 0 && state.baud === 0 && state.delayMs === 0) return deliver(spoilt);
      for (let start = 0; start < spoilt.length; start += PIECE_BYTES) {
        const piece = spoilt.slice(start, start + PIECE_BYTES);
        const byteMs = state.baud > 0 ? 10_000 / state.baud : 0;
        freeAt = Math.max(freeAt, monotonicMs()) + piece.length * byteMs;
        queue.push({ at: freeAt + state.delayMs, bytes: piece });
      }
      if (timer === undefined) drain();
    },
    close: () => {
      timer?.cancel();
      queue.length = 0;
    },
  };
}

/** Changes bits by a generator of its own (xorshift), so a run can be had again. */
function bitNoise(seed: number): (share: number, bytes: Uint8Array) => Uint8Array {
  let x = seed;
  const next = (): number => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (x >>> 0) / 2 ** 32;
  };
  return (share, bytes) => {
    if (share === 0) return bytes.slice();
    return bytes.map((byte) => (next() < share ? byte ^ (1 << Math.floor(next() * 8)) : byte));
  };
}

function makeRaw(fd: number): void {
  const termios = Buffer.alloc(TERMIOS2_BYTES);
  check(ioctl(fd, TCGETS2, termios), 'reading the terminal settings');
  const speed = termios.readUInt32LE(8) & 0x100f;
  termios.writeUInt32LE(0, 0);
  termios.writeUInt32LE(0, 4);
  termios.writeUInt32LE((speed | CFLAGS_RAW) >>> 0, 8);
  termios.writeUInt32LE(0, 12);
  termios[VTIME_AT] = 0;
  termios[VMIN_AT] = 1;
  check(ioctl(fd, TCSETS2, termios), 'setting the terminal raw');
}

/** A name that always points somewhere: the new link takes the place of the old in one step. */
function linkName(target: string, path: string): void {
  const fresh = `${path}.new`;
  symlinkSync(target, fresh);
  renameSync(fresh, path);
}

function check(answer: number, what: string): void {
  if (answer < 0) throw new Error(`${what} failed with error number ${-answer}`);
}
