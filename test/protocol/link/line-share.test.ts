/** What orders may have of a serial line, and what they may never take. */
import { type LineShare, lineShare } from '../../../protocol/link/line-share.ts';
import { monotonicMs } from '../../../protocol/link/timers.ts';
import { assert, suite } from '../../lib/suite.ts';
import { until } from '../../lib/until.ts';

const test = suite('line share');

/** Ten bits a byte: a frame of 91 bytes and 5 of framing takes 1.04 ms. */
const BAUD = 921_600;
const FRAME = new Uint8Array(91);
const LINE_MS = (96 * 10_000) / BAUD;

interface Sent {
  atMs: number;
  frame: Uint8Array;
}

function shareOf(freeMs?: () => number, baud = BAUD): { share: LineShare; sent: Sent[] } {
  const sent: Sent[] = [];
  const send = (frame: Uint8Array): void => void sent.push({ atMs: monotonicMs(), frame });
  return { share: lineShare({ baud, send, ...(freeMs && { freeMs }) }), sent };
}

test('one frame goes at once, the next only after twice its time on the line', async () => {
  const { share, sent } = shareOf(undefined, BAUD / 8);
  for (let n = 0; n < 5; n += 1) assert.ok(share.offer(FRAME, n));
  assert.is(sent.length, 1);
  await until('all are sent', () => sent.length === 5);
  for (const [n, { atMs }] of sent.entries()) {
    const before = sent[n - 1];
    // A timer may fire a millisecond early.
    if (before !== undefined) assert.ok(atMs - before.atMs >= 16 * LINE_MS - 1, `frame ${n}`);
  }
});

test('what waits is bounded, in all and for each, and who floods leaves room for others', async () => {
  const { share, sent } = shareOf();
  const taken = Array.from({ length: 100 }, () => share.offer(FRAME, 'flood')).filter(Boolean);
  // One on the line, eight behind it.
  assert.is(taken.length, 9);
  assert.ok(share.offer(Uint8Array.of(7), 'other'));
  await until('the other is sent', () => sent.some(({ frame }) => frame[0] === 7));
  const many = shareOf();
  const all = Array.from({ length: 100 }, (_, owner) => many.share.offer(FRAME, owner));
  assert.is(all.filter(Boolean).length, 33);
});

test('a frame that would not be over when a beat is due goes after the beat', async () => {
  const dueAt = monotonicMs() + 15;
  const early = shareOf(() => dueAt - monotonicMs() - 14.5);
  early.share.offer(FRAME, 1);
  assert.is(early.sent.length, 0, 'half a millisecond is not enough for it');
  await until('it is sent', () => early.sent.length === 1);
  const free = shareOf(() => 2 * LINE_MS);
  free.share.offer(FRAME, 1);
  assert.is(free.sent.length, 1, 'and at once where there is time for it');
});

test('beats as frequent as a frame is long delay an order, and never stop it', async () => {
  const { share, sent } = shareOf(() => 0);
  for (let n = 0; n < 3; n += 1) share.offer(FRAME, n);
  await until('all are sent', () => sent.length === 3);
});

test.run();
