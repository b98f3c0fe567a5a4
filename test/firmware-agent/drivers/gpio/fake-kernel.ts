/**
 * GPIO chips in memory, behind the driver's one door: for faults that a real chip cannot show.
 *
 * It reads the structs by numbers of its own, and behaves as the kernel does: a request without a
 * direction changes nothing, a held line is busy, a line that is let go becomes an input. Every
 * change of a pin's level is an edge and is kept.
 */
import type { Kernel } from '../../../../firmware-agent/drivers/gpio/uapi.ts';

export interface Pin {
  name: string;
  /** What the world outside makes of it while it is an input. */
  outside: boolean;
  driven?: boolean | undefined;
  consumer?: string | undefined;
  flags: bigint;
  debounceUs: number;
}

export interface FakeChip {
  path: string;
  label: string;
  pins: Pin[];
}

export interface FakeKernel extends Kernel {
  plugged: FakeChip[];
  edges: string[];
  /** Names of the ioctls that came, in order, without those that only ask. */
  deeds: string[];
  /** Errors to answer with, by request name; a function is asked each time. */
  faults: Record<string, number>;
  openFds(): number;
}

export const ERRNO = { EIO: -5, EBUSY: -16, ENODEV: -19, EINVAL: -22, ENOTTY: -25 };

const NAMES: Record<number, string> = {
  2151986177: 'chip-info',
  3238048773: 'line-info',
  3260068871: 'get-line',
  3239097357: 'set-config',
  3222320142: 'get-values',
  3222320143: 'set-values',
};

/** A chip whose lines are called as given; an empty name is none. */
export function fakeChip(label: string, names: string[], path = '/dev/gpiochip0'): FakeChip {
  const pins = names.map((name) => ({ name, outside: false, flags: 0n, debounceUs: 0 }));
  return { path, label, pins };
}

export function levelOf(pin: Pin): boolean {
  return pin.driven ?? pin.outside;
}

export function fakeKernel(...plugged: FakeChip[]): FakeKernel {
  type Open = { chip: FakeChip; pins?: Pin[] };
  const open = new Map<number, Open>();
  let lastFd = 100;
  const fdFor = (what: Open): number => {
    lastFd += 1;
    open.set(lastFd, what);
    return lastFd;
  };
  const kernel: FakeKernel = {
    plugged,
    edges: [],
    deeds: [],
    faults: {},
    openFds: () => open.size,
    chips: () => kernel.plugged.map(({ path }) => path),
    open: (path) => {
      const chip = kernel.plugged.find((one) => one.path === path);
      if (chip !== undefined) return fdFor({ chip });
      throw Object.assign(new Error(`ENOENT: no such file, open '${path}'`), { code: 'ENOENT' });
    },
    close: (fd) => {
      for (const pin of open.get(fd)?.pins ?? []) {
        change(kernel, pin, () => {
          pin.driven = undefined;
          pin.consumer = undefined;
        });
      }
      open.delete(fd);
    },
    ioctl: (fd, request, bytes) => {
      const name = NAMES[request] ?? '';
      const what = open.get(fd);
      const fault = kernel.faults[name];
      if (!name.endsWith('-info')) kernel.deeds.push(name);
      if (what === undefined) return ERRNO.EINVAL;
      if (fault !== undefined) return fault;
      if (!kernel.plugged.includes(what.chip)) return ERRNO.ENODEV;
      return answer(kernel, name, what, bytes, fdFor);
    },
  };
  return kernel;
}

function answer(
  kernel: FakeKernel,
  name: string,
  { chip, pins = [] }: { chip: FakeChip; pins?: Pin[] },
  bytes: Buffer,
  fdFor: (what: { chip: FakeChip; pins: Pin[] }) => number,
): number {
  switch (name) {
    case 'chip-info':
      bytes.write('gpiochip', 0);
      bytes.write(chip.label, 32);
      bytes.writeUInt32LE(chip.pins.length, 64);
      return 0;
    case 'line-info': {
      const pin = chip.pins[bytes.readUInt32LE(64)];
      if (pin === undefined) return ERRNO.EINVAL;
      bytes.write(pin.name, 0);
      bytes.write(pin.consumer ?? '', 32);
      bytes.writeBigUInt64LE(
        (pin.consumer === undefined ? 0n : 1n) | (pin.driven === undefined ? 4n : 8n),
        72,
      );
      return 0;
    }
    case 'get-line': {
      const wanted = Array.from({ length: bytes.readUInt32LE(560) }, (_, i) =>
        Number(bytes.readUInt32LE(4 * i)),
      ).map((offset) => chip.pins[offset]);
      if (wanted.includes(undefined) || bytes.readBigUInt64LE(288) !== 0n) return ERRNO.EINVAL;
      const own = wanted as Pin[];
      if (own.some((pin) => pin.consumer !== undefined)) return ERRNO.EBUSY;
      for (const pin of own) pin.consumer = bytes.toString('latin1', 256, bytes.indexOf(0, 256));
      bytes.writeInt32LE(fdFor({ chip, pins: own }), 588);
      return 0;
    }
    case 'get-values':
      bytes.writeBigUInt64LE(levels(pins) & bytes.readBigUInt64LE(8), 0);
      return 0;
    case 'set-values':
      each(pins, bytes.readBigUInt64LE(8), (pin, i) => {
        change(kernel, pin, () => {
          pin.driven = has(bytes, 0, i);
        });
      });
      return 0;
    default:
      return configure(kernel, pins, bytes);
  }
}

function configure(kernel: FakeKernel, pins: Pin[], bytes: Buffer): number {
  const attributes = Array.from({ length: bytes.readUInt32LE(8) }, (_, i) => 32 + 24 * i);
  for (const at of attributes) {
    const id = bytes.readUInt32LE(at);
    each(pins, bytes.readBigUInt64LE(at + 16), (pin) => {
      if (id === 1) pin.flags = bytes.readBigUInt64LE(at + 8);
      if (id === 3) pin.debounceUs = bytes.readUInt32LE(at + 8);
    });
  }
  for (const at of attributes.filter((one) => bytes.readUInt32LE(one) === 2)) {
    each(pins, bytes.readBigUInt64LE(at + 16), (pin, i) => {
      if ((pin.flags & 8n) === 0n) return;
      change(kernel, pin, () => {
        pin.driven = has(bytes, at + 8, i);
      });
    });
  }
  return 0;
}

function change(kernel: FakeKernel, pin: Pin, deed: () => void): void {
  const before = levelOf(pin);
  deed();
  if (levelOf(pin) !== before) kernel.edges.push(`${pin.name} ${before ? 'fell' : 'rose'}`);
}

function each(pins: Pin[], mask: bigint, deed: (pin: Pin, index: number) => void): void {
  for (const [i, pin] of pins.entries()) if ((mask >> BigInt(i)) & 1n) deed(pin, i);
}

function has(bytes: Buffer, at: number, index: number): boolean {
  return ((bytes.readBigUInt64LE(at) >> BigInt(index)) & 1n) === 1n;
}

function levels(pins: Pin[]): bigint {
  return pins.reduce((bits, pin, i) => bits | (levelOf(pin) ? 1n << BigInt(i) : 0n), 0n);
}
