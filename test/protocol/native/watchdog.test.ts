/**
 * The watchdog driver against a device that is made up: no test machine has one, and a real one would
 * restart it. What the stand-in cannot show is whether a kernel behaves as it does; it is made after
 * drivers/watchdog/watchdog_dev.c and was compared with i6300ESB and softdog in a virtual machine.
 */
import {
  limitsOf,
  openWatchdog,
  type Watchdog,
  type WatchdogSystem,
} from '../../../protocol/native/watchdog.ts';
import { type WatchdogKeeper, watchdogKeeper } from '../../../protocol/native/watchdog-keeper.ts';
import { failure, ok, type Result } from '../../../protocol/result.ts';
import { assert, suite } from '../../lib/suite.ts';

const test = suite('watchdog');
const SETUP = { device: '/dev/watchdog0', timeoutMs: 10_000 };
const ENOTTY = -25;
const FD = 7;

interface Device {
  identity: string;
  options: number;
  nowayout: string;
  /** The timeout that it takes for the one asked for; undefined for one that does not tell. */
  takes: (seconds: number) => number | undefined;
  isWatchdog: boolean;
  isCharacterDevice: boolean;
  openError: string | undefined;
  addon: boolean;
}

const PLAIN: Device = {
  identity: 'i6300ESB timer',
  options: 0x8180,
  nowayout: '0\n',
  takes: (seconds) => seconds,
  isWatchdog: true,
  isCharacterDevice: true,
  openError: undefined,
  addon: true,
};

function fails(code: string): Error {
  return Object.assign(new Error(code), { code });
}

/** The device as the kernel has it, and what was done to it. */
function kernel(more: Partial<Device> = {}): { system: WatchdogSystem; deeds: string[] } {
  const device = { ...PLAIN, ...more };
  const deeds: string[] = [];
  let seconds: number | undefined = 60;
  const ioctl = (fd: number, request: number, argument: Buffer): number => {
    if (!device.addon) throw new Error('the native addon is missing');
    if (fd !== FD) return -9;
    if (!device.isWatchdog) return ENOTTY;
    if (request === 0x80285700) {
      argument.writeUInt32LE(device.options);
      argument.write(`${device.identity}\0`, 8, 'latin1');
    } else if (request === 0xc0045706) {
      seconds = device.takes(argument.readInt32LE());
      deeds.push(`set ${argument.readInt32LE()}`);
    } else if (request === 0x80045707) {
      if (seconds === undefined) return -95;
      argument.writeInt32LE(seconds);
    } else return ENOTTY;
    return 0;
  };
  const system: WatchdogSystem = {
    isCharacterDevice: () => device.isCharacterDevice,
    open: () => {
      if (device.openError !== undefined) throw fails(device.openError);
      deeds.push('open');
      return FD;
    },
    ioctl,
    write: (_fd, text) => void deeds.push(`write ${JSON.stringify(text)}`),
    close: () => void deeds.push('close'),
    nowayout: () => {
      if (device.nowayout === '') throw fails('ENOENT');
      return device.nowayout;
    },
  };
  return { system, deeds };
}

function opened(more: Partial<Device> = {}): { dog: Watchdog; deeds: string[] } {
  const { system, deeds } = kernel(more);
  const dog = openWatchdog(SETUP, system);
  if (!dog.ok) throw new Error(dog.detail);
  return { dog: dog.value, deeds };
}

test('it is opened, set, read back, fed, and stopped by the magic character', () => {
  const { dog, deeds } = opened();
  assert.equal(
    [dog.identity, dog.timeoutMs, dog.outlivesUs, dog.nowayout],
    ['i6300ESB timer', 10_000, true, false],
  );
  assert.equal(limitsOf(dog, SETUP), []);
  assert.ok(dog.feed().ok && dog.stop().ok);
  assert.equal(deeds, ['open', 'set 10', 'write "\\u0000"', 'write "V"', 'close']);
});

test('what counts is the timeout that is read back, and another one than asked for is told', () => {
  const { dog } = opened({ takes: (seconds) => seconds + 2 });
  assert.is(dog.timeoutMs, 12_000);
  assert.match(limitsOf(dog, SETUP).join(), /acts after 12 s, not after 10 s/);
});

test('a device that does not tell its timeout is stopped again and not used', () => {
  const { system, deeds } = kernel({ takes: () => undefined });
  const dog = openWatchdog(SETUP, system);
  assert.match(dog.ok ? '' : dog.detail, /does not say after what time/);
  assert.equal(deeds, ['open', 'set 10', 'write "V"', 'close']);
});

test('softdog is told to be softdog', () => {
  const { dog } = opened({ identity: 'Software Watchdog' });
  assert.match(limitsOf(dog, SETUP).join(), /softdog.* does not act where the kernel hangs/);
});

test('a driver without magic close guards nobody who dies, unless nowayout keeps it going', () => {
  const mild = opened({ options: 0x8080 });
  assert.not(mild.dog.outlivesUs);
  assert.match(limitsOf(mild.dog, SETUP).join(), /does not act when we die/);
  assert.ok(opened({ options: 0x8080, nowayout: '1\n' }).dog.outlivesUs);
});

test('with nowayout nothing is written that the kernel would ignore, and that is told', () => {
  const { dog, deeds } = opened({ nowayout: '1\n' });
  assert.match(limitsOf(dog, SETUP).join(), /nowayout: whoever ends this program restarts/);
  const stopped = dog.stop();
  assert.is(stopped.ok ? '' : stopped.kind, 'nowayout');
  assert.not(deeds.includes('write "V"') || deeds.includes('close'));
});

test('where the kernel does not say whether nowayout is on, stopping is tried', () => {
  const { dog, deeds } = opened({ nowayout: '' });
  assert.is(dog.nowayout, undefined);
  assert.ok(dog.stop().ok);
  assert.equal(deeds.slice(-2), ['write "V"', 'close']);
});

test('what cannot be used is not opened, and what is no watchdog gets nothing written', () => {
  const why = (more: Partial<Device>): [string, string[]] => {
    const { system, deeds } = kernel(more);
    const dog = openWatchdog(SETUP, system);
    return [dog.ok ? '' : dog.detail, deeds];
  };
  assert.equal(why({ addon: false }), ['the native addon is missing', []]);
  assert.equal(why({ openError: 'ENOENT' }), ['there is no such device', []]);
  assert.match(why({ openError: 'EBUSY' })[0], /another program has it open/);
  assert.match(why({ openError: 'EACCES' })[0], /this user may not open it/);
  assert.equal(why({ isCharacterDevice: false }), ['this is no watchdog', []]);
  assert.equal(why({ isWatchdog: false }), ['this is no watchdog', ['open', 'close']]);
});

test('the real system refuses files and devices that are no watchdog, and says so', () => {
  for (const device of ['/dev/null', '/proc/version', '/tmp'])
    assert.is(kindOf(openWatchdog({ ...SETUP, device })), 'not-a-watchdog', device);
  assert.is(kindOf(openWatchdog({ ...SETUP, device: '/dev/no-such-watchdog' })), 'enoent');
});

function kindOf(result: Result<unknown>): string {
  return result.ok ? 'ok' : result.kind;
}

/** A keeper of a device that fails when it is told to, and what was said of it. */
function kept(): {
  keeper: WatchdogKeeper;
  said: string[];
  log: string[];
  at: (ms: number) => void;
  break: (what: { open?: string; feed?: string }) => void;
} {
  const said: string[] = [];
  const log: string[] = [];
  let now = 0;
  let broken: { open?: string; feed?: string } = {};
  const dog: Watchdog = {
    identity: 'test',
    timeoutMs: 10_000,
    outlivesUs: true,
    nowayout: false,
    feed: () => {
      if (broken.feed !== undefined) return failure('eio', broken.feed);
      log.push(`fed ${now}`);
      return ok(undefined);
    },
    stop: () => {
      log.push('stopped');
      return ok(undefined);
    },
  };
  const keeper = watchdogKeeper(
    SETUP,
    () => {
      if (broken.open !== undefined) return failure('ebusy', broken.open);
      log.push(`opened ${now}`);
      return ok(dog);
    },
    { well: ({ identity }) => said.push(`well ${identity}`), ill: (why) => said.push(why) },
    () => now,
  );
  return {
    keeper,
    said,
    log,
    at: (ms) => {
      now = ms;
      keeper.feed();
    },
    break: (what) => {
      broken = what;
    },
  };
}

test('it is fed once a second, whoever finds how often that all is well', () => {
  const { at, log, said } = kept();
  for (let ms = 0; ms <= 3_000; ms += 50) at(ms);
  assert.equal(log, ['opened 0', 'fed 1000', 'fed 2000', 'fed 3000']);
  assert.equal(said, ['well test']);
});

test('a device that is not there is asked for every ten seconds and mourned once', () => {
  const { at, log, said, break: breaks } = kept();
  breaks({ open: 'busy' });
  for (let ms = 0; ms < 35_000; ms += 500) at(ms);
  assert.equal(said, ['busy']);
  breaks({});
  for (let ms = 35_000; ms < 42_000; ms += 500) at(ms);
  assert.equal(log.slice(0, 2), ['opened 40000', 'fed 41000']);
  assert.equal(said, ['busy', 'well test']);
});

test('a device that takes no food stays open and is offered the next meal', () => {
  const { at, log, said, break: breaks } = kept();
  at(0);
  breaks({ feed: 'EIO' });
  for (let ms = 500; ms < 5_000; ms += 500) at(ms);
  breaks({});
  at(5_000);
  assert.equal(log, ['opened 0', 'fed 5000']);
  assert.equal(said, ['well test', 'EIO', 'well test']);
});

test('after it was stopped it is neither fed nor opened again', () => {
  const { keeper, at, log } = kept();
  assert.is(keeper.stop(), undefined);
  const running = kept();
  running.at(0);
  running.keeper.stop();
  running.at(100_000);
  at(100_000);
  assert.equal([log, running.log], [[], ['opened 0', 'stopped']]);
});

test.run();
