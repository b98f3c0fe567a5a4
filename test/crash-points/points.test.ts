/** From the lines of a trace to the points at which an agent is killed. */
import assert from 'node:assert/strict';
import { suite } from '../lib/suite.ts';
import { aimedAnew, deedOf, type Kind, lastDeed, pointsOf } from './points.ts';
import { callsIn } from './strace.ts';

const test = suite('crash points');

const BENCH = '18<UNIX-STREAM:[7->8]>';
const SLOT = '"/tmp/rack/state/state-b"';

function asked(tid: number, what: string): string {
  return `${tid} write(${BENCH}, "{\\"id\\":4,\\"do\\":${what}}", 43) = 43`;
}

const SENSE = '\\"sense\\",\\"plug\\":\\"deimos-rail\\"';
const OPEN = '\\"turn\\",\\"plug\\":\\"deimos-psu\\",\\"to\\":\\"open\\"';

function namesIn(lines: string[], known: Kind[] = []): string[] {
  return pointsOf(callsIn(lines.join('\n')), known).map(({ phase, name }) => `${phase}: ${name}`);
}

test('a loop is one point a phase, and the command to a relay begins the next phase', () => {
  const lines = [asked(1, SENSE), asked(1, SENSE), asked(1, OPEN), asked(1, SENSE)];
  assert.deepEqual(namesIn([...lines, asked(1, SENSE)]), [
    'start: write relays sense',
    'start: write relays turn open',
    'dark: write relays sense',
  ]);
});

test('what only reads, and what passes between threads, is no point', () => {
  const lines = [
    `1 openat(AT_FDCWD</>, ${SLOT}, O_RDONLY|O_NONBLOCK) = 5</tmp/rack/state/state-b>`,
    '1 write(8<anon_inode:[eventfd]>, "\\1\\0", 8) = 8',
    '1 ioctl(20</dev/pts/0<char 136:0>>, TCGETS, {B9600}) = 0',
    '1 close(5</tmp/rack/state/state-b>) = 0',
  ];
  assert.deepEqual(namesIn(lines), []);
});

test('slots are one thing, and numbers of records are left out', () => {
  const lines = [
    `2 openat(AT_FDCWD</>, ${SLOT}, O_RDWR|O_CREAT, 0600) = 24</tmp/rack/state/state-b>`,
    '2 fsync(24</tmp/rack/state/state-a>) = 0',
    '2 rename("/tmp/rack/state/fence.new", "/tmp/rack/state/fence-0000000001.json") = 0',
  ];
  assert.deepEqual(namesIn(lines), [
    'start: openat state slot',
    'start: fsync state slot',
    'start: rename state fence-N.json',
  ]);
});

test('calls of a known kind are counted alone, those of others among all of their name', () => {
  const lines = ['1 write(2<pipe:[3]>, "x", 1) = 1', asked(1, SENSE), asked(1, OPEN)];
  const nths = (known: Kind[]): number[] =>
    pointsOf(callsIn(lines.join('\n')), known)
      .filter(({ kind }) => kind === 'relays')
      .map(({ nth }) => nth);
  assert.deepEqual(nths([]), [2, 3]);
  assert.deepEqual(nths(['relays']), [1, 2]);
});

test('a deed that another thread is counted before cannot be aimed at', () => {
  const other = '9 write(8<anon_inode:[eventfd]>, "\\1\\0", 8) = 8';
  assert.deepEqual(namesIn([other, asked(1, SENSE)]), []);
  assert.deepEqual(namesIn([other, asked(1, SENSE)], ['relays']), ['start: write relays sense']);
});

test('the call at which a process was killed is the one that never came back', () => {
  const text = [
    asked(1, SENSE),
    `1 write(${BENCH}, "{\\"id\\":5,\\"do\\":${OPEN}}", 54 <unfinished ...>`,
    '2 +++ killed by SIGKILL +++',
    '1 <... write resumed>)              = ?',
    '1 +++ killed by SIGKILL +++',
  ].join('\n');
  assert.equal(lastDeed(callsIn(text), 'write')?.name, 'write relays turn open');
  assert.equal(lastDeed(callsIn(asked(1, OPEN)), 'write'), undefined);
});

test('a call that was interrupted on paper only came back', () => {
  const text = [
    `2 fsync(24</tmp/rack/state/state-a> <unfinished ...>`,
    asked(1, SENSE),
    '2 <... fsync resumed>)              = 0',
  ].join('\n');
  assert.equal(lastDeed(callsIn(text), 'fsync'), undefined);
});

test('after a miss the point is counted anew in the trace that was cut short', () => {
  const [point] = pointsOf(callsIn(asked(1, OPEN)), ['relays']);
  assert.ok(point !== undefined);
  const early = callsIn(asked(1, SENSE));
  assert.equal(aimedAnew(point, early).nth, 2);
  const late = callsIn([asked(1, SENSE), asked(1, SENSE), asked(1, OPEN)].join('\n'));
  assert.equal(aimedAnew({ ...point, nth: 5 }, late).nth, 3);
});

test('an opened terminal is a deed, by its name alone', () => {
  const line =
    '1 openat(AT_FDCWD</>, "/tmp/rack/cables/deimos-a", O_RDWR|O_NOCTTY <unfinished ...>';
  const [call] = callsIn(line);
  assert.ok(call !== undefined);
  assert.equal(deedOf(call)?.name, 'openat line');
});

test.run();
