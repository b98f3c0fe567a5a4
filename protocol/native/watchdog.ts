/**
 * A watchdog of the kernel: a countdown that restarts this machine unless somebody feeds it.
 *
 * Three things about the device are easily believed wrongly. Opening it starts the countdown, so
 * whatever can fail is tried before; a device that cannot be used after all is stopped again, where
 * it lets itself be stopped. The timeout asked for is a wish, and only what is read back counts. And
 * closing it stops nothing, unless the character V was written last: the countdown then begins anew
 * and goes on without us, which is what makes it a guard. Two kinds differ: `nowayout` ignores the V,
 * and a driver without magic close stops at every close, so that it guards no process that dies.
 *
 * Everything is synchronous, because feeding must be a deed of the turn in which all was found well.
 */
import { closeSync, constants, openSync, readFileSync, statSync, writeSync } from 'node:fs';
import { attemptSync } from '../attempt.ts';
import { failure, ok, type Result } from '../result.ts';
import { ioctl } from './ioctl.ts';

export interface WatchdogSetup {
  device: string;
  timeoutMs: number;
}

export interface Watchdog {
  /** As the driver calls itself. */
  identity: string;
  /** As read back from the device: the machine restarts so long after it was fed last. */
  timeoutMs: number;
  /** False where it ends with the process that feeds it. */
  outlivesUs: boolean;
  /** True where nothing stops it any more; undefined where the kernel does not say. */
  nowayout: boolean | undefined;
  feed(): Result<void>;
  /** Stops the countdown and closes; a device that cannot be stopped says so and counts on. */
  stop(): Result<void>;
}

/** What the driver asks of the system; tests put another in its place. */
export interface WatchdogSystem {
  isCharacterDevice(path: string): boolean;
  open(path: string): number;
  ioctl(fd: number, request: number, argument: Buffer): number;
  write(fd: number, text: string): void;
  close(fd: number): void;
  /** The text of the attribute `nowayout` in sysfs. */
  nowayout(path: string): string;
}

const GETSUPPORT = 0x80285700;
const SETTIMEOUT = 0xc0045706;
const GETTIMEOUT = 0x80045707;
/** Options, firmware version, and 32 characters of identity. */
const SUPPORT_BYTES = 40;
const IDENTITY_AT = 8;
const MAGIC_CLOSE = 0x100;
const SOFTDOG = 'Software Watchdog';

/** Opens the device, which starts its countdown, and sets its timeout. */
export function openWatchdog(
  { device, timeoutMs }: WatchdogSetup,
  system: WatchdogSystem = linux,
): Result<Watchdog> {
  const support = Buffer.alloc(SUPPORT_BYTES);
  // No device has this number; the call shows whether the addon is there.
  const usable = attemptSync(() => system.ioctl(-1, GETSUPPORT, support));
  if (!usable.ok) return usable;
  const opened = attemptSync(() => (system.isCharacterDevice(device) ? system.open(device) : -1));
  if (!opened.ok) return failure(opened.kind, WHY[opened.kind] ?? opened.detail);
  const fd = opened.value;
  if (fd < 0 || system.ioctl(fd, GETSUPPORT, support) < 0) {
    // Nothing is written to what is no watchdog.
    if (fd >= 0) attemptSync(() => system.close(fd));
    return failure('not-a-watchdog', 'this is no watchdog');
  }
  const seconds = Buffer.alloc(4);
  seconds.writeInt32LE(Math.round(timeoutMs / 1_000));
  system.ioctl(fd, SETTIMEOUT, seconds);
  const told = system.ioctl(fd, GETTIMEOUT, seconds) >= 0 && seconds.readInt32LE() > 0;
  const nowayout = readNowayout(device, system);
  const write = (text: string): Result<void> => attemptSync(() => system.write(fd, text));
  const stop = (): Result<void> => {
    if (nowayout) return failure('nowayout', 'nothing stops it once it is open (nowayout)');
    const magic = write('V');
    const closed = attemptSync(() => system.close(fd));
    return magic.ok ? closed : magic;
  };
  if (!told) {
    stop();
    return failure('no-timeout', 'the device does not say after what time it acts');
  }
  const identity = support.toString('latin1', IDENTITY_AT).replace(/\0.*/s, '');
  return ok({
    identity,
    timeoutMs: seconds.readInt32LE() * 1_000,
    outlivesUs: nowayout === true || (support.readUInt32LE() & MAGIC_CLOSE) !== 0,
    nowayout,
    feed: () => write('\0'),
    stop,
  });
}

/** A timer of the kernel itself, which ends with it. */
export function isSoftdog({ identity }: Watchdog): boolean {
  return identity === SOFTDOG;
}

/** What people should know of an open device, as sentences; each is about what it does not do. */
export function limitsOf(dog: Watchdog, { timeoutMs }: WatchdogSetup): string[] {
  return [
    ...(isSoftdog(dog)
      ? ['it is softdog, a timer of the kernel itself: it does not act where the kernel hangs']
      : []),
    ...(dog.outlivesUs ? [] : ['its driver stops it at every close: it does not act when we die']),
    ...(dog.nowayout ? ['nowayout: whoever ends this program restarts this machine'] : []),
    ...(dog.timeoutMs === timeoutMs
      ? []
      : [`it acts after ${dog.timeoutMs / 1_000} s, not after ${timeoutMs / 1_000} s as asked`]),
  ];
}

const WHY: Partial<Record<string, string>> = {
  enoent: 'there is no such device',
  ebusy: 'another program has it open (systemd with RuntimeWatchdogSec, or the watchdog daemon)',
  eacces: 'this user may not open it',
};

function readNowayout(device: string, system: WatchdogSystem): boolean | undefined {
  const text = attemptSync(() => system.nowayout(device));
  return text.ok ? text.value.trim() === '1' : undefined;
}

/** `/dev/watchdog`, of the major number of all odd devices, is another name of the first one. */
const MISC_MAJOR = 10;

const linux: WatchdogSystem = {
  isCharacterDevice: (path) => statSync(path).isCharacterDevice(),
  open: (path) => openSync(path, constants.O_WRONLY),
  ioctl,
  write: (fd, text) => void writeSync(fd, text),
  close: closeSync,
  nowayout: (path) => {
    const { rdev } = statSync(path);
    const major = (rdev >> 8) & 0xfff;
    const number = major === MISC_MAJOR ? 0 : (rdev & 0xff) | ((rdev >> 12) & 0xfff00);
    return readFileSync(`/sys/class/watchdog/watchdog${number}/nowayout`, 'utf8');
  },
};
