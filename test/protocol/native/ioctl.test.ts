/** The addon against the kernel itself: errors come back as numbers, and no short Buffer gets through. */
import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs';
import { ioctl } from '../../../protocol/native/ioctl.ts';
import { assert, suite } from '../../lib/suite.ts';

const TIOCSPTLCK = 0x40045431;
const TIOCGPTN = 0x80045430;
const TCGETS = 0x5401;
const TIOCGWINSZ = 0x5413;
const TIOCSWINSZ = 0x5414;
const TIOCMGET = 0x5415;
const TIOCEXCL = 0x540c;
const ENOTTY = 25;
const EBADF = 9;
const { O_NOCTTY, O_RDWR } = constants;

const test = suite('ioctl');

function withFile(path: string, body: (fd: number) => void): void {
  const fd = openSync(path, O_RDWR | O_NOCTTY);
  try {
    body(fd);
  } finally {
    closeSync(fd);
  }
}

function openPty(ptmx: number): string {
  const number = Buffer.alloc(4);
  assert.is(ioctl(ptmx, TIOCSPTLCK, Buffer.alloc(4)), 0);
  assert.is(ioctl(ptmx, TIOCGPTN, number), 0);
  return `/dev/pts/${number.readInt32LE()}`;
}

test('an error of the kernel comes back as minus errno', () => {
  withFile('/dev/null', (fd) => assert.is(ioctl(fd, TIOCMGET, Buffer.alloc(4)), -ENOTTY));
  assert.is(ioctl(-1, TIOCMGET, Buffer.alloc(4)), -EBADF);
});

test('a Buffer shorter than the request number says never reaches the kernel', () => {
  withFile('/dev/ptmx', (fd) => {
    assert.throws(
      () => ioctl(fd, TIOCGPTN, Buffer.alloc(3)),
      (error: unknown) => error instanceof RangeError,
    );
  });
});

test('a Buffer shorter than an old tty request needs never reaches the kernel', () => {
  withFile('/dev/ptmx', (fd) => {
    assert.throws(() => ioctl(fd, TIOCGWINSZ, Buffer.alloc(7)), /shorter/);
    assert.is(ioctl(fd, TIOCGWINSZ, Buffer.alloc(8)), 0);
  });
});

test('a Buffer for a request of unknown size is refused, a number is passed by value', () => {
  withFile('/dev/ptmx', (ptmx) => {
    assert.throws(() => ioctl(ptmx, TIOCEXCL, Buffer.alloc(64)), /no Buffer size is known/);
    withFile(openPty(ptmx), (fd) => assert.is(ioctl(fd, TIOCEXCL, 0), 0));
  });
});

test('a number is never taken for a pointer', () => {
  withFile('/dev/ptmx', (fd) => {
    for (const request of [TIOCGPTN, TIOCGWINSZ, TCGETS]) {
      assert.throws(() => ioctl(fd, request, 0x40_0000), /not known to take a number/);
    }
  });
});

test('anything else is refused as a TypeError', () => {
  const wrong = ioctl as (...args: unknown[]) => number;
  for (const args of [[], [0, TIOCMGET], ['0', TIOCMGET, Buffer.alloc(4)], [0, TIOCMGET, 'text']]) {
    assert.throws(
      () => wrong(...args),
      (error: unknown) => error instanceof TypeError,
    );
  }
});

test('a pseudo-terminal is unlocked, named, sized and carries bytes', () => {
  withFile('/dev/ptmx', (ptmx) => {
    withFile(openPty(ptmx), (fd) => {
      const size = Buffer.from([40, 0, 100, 0, 0, 0, 0, 0]);
      assert.is(ioctl(ptmx, TIOCSWINSZ, size), 0);
      const seen = Buffer.alloc(8);
      assert.is(ioctl(fd, TIOCGWINSZ, seen), 0);
      assert.equal(seen, size);
      writeSync(ptmx, 'beat\n');
      const line = Buffer.alloc(16);
      assert.is(line.toString('latin1', 0, readSync(fd, line)), 'beat\n');
    });
  });
});

test.run();
