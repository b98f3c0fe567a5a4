/** The live screen: whatever the size of the terminal, nothing wraps, scrolls or hides the way out. */
import { redraw } from '../../../host-shim/cli/live-screen.ts';
import { assert, suite } from '../../lib/suite.ts';

const test = suite('live screen');

/** The lines that a terminal would show, without what moves the cursor. */
function linesOf(text: string): string[] {
  return text
    .replace('\x1b[H', '')
    .replace('\x1b[J', '')
    .split('\r\n')
    .map((line) => line.replace('\x1b[K', ''));
}

test('what fits is shown whole, and what stood there before is wiped away', () => {
  const text = redraw(['one', 'two'], ['end'], { columns: 80, rows: 24 });
  assert.is(text, '\x1b[Hone\x1b[K\r\ntwo\x1b[K\r\nend\x1b[K\x1b[J');
});

test('a long line is cut at the right edge, by characters and not by bytes', () => {
  const [first] = linesOf(redraw(['│───┐ and more'], [], { columns: 5, rows: 3 }));
  assert.is(first, '│───┐');
});

test('too many lines leave out the last ones, say so, and keep the footer', () => {
  const body = Array.from({ length: 30 }, (_, index) => `line ${index}`);
  const lines = linesOf(redraw(body, ['end'], { columns: 80, rows: 10 }));
  assert.is(lines.length, 10);
  assert.equal(lines.slice(-3), ['line 7', '... and 22 lines more', 'end']);
});

test('a terminal of one row is no reason to fail', () => {
  assert.ok(redraw(['one', 'two'], ['end'], { columns: 1, rows: 1 }).length > 0);
});

test.run();
