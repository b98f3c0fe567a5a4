/**
 * Lines out of a byte stream, in bounded memory.
 *
 * A socket hands over pieces that end anywhere, and a peer may send a line that never ends. Pieces
 * are kept until their line is whole; a line longer than the cap is forgotten while it arrives and
 * reported once, so the lines after it are still read. The work is linear in the bytes received.
 */
import { assert } from '../assert.ts';
import { failure, ok, type Result } from '../result.ts';

export type Line = Result<string, 'too-long'>;

export interface LineReader {
  /** Takes the next bytes; returns the lines that they complete, without their line ends. */
  push(chunk: Uint8Array): Line[];
}

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** Makes a reader that holds at most `lineBytesMax` bytes. */
export function lineReader(lineBytesMax: number): LineReader {
  assert(Number.isInteger(lineBytesMax) && lineBytesMax > 0, 'a line needs room for one byte');
  let pieces: Uint8Array[] = [];
  let heldBytes = 0;
  let overlong = false;

  const hold = (piece: Uint8Array): void => {
    if (overlong || piece.length === 0) return;
    if (heldBytes + piece.length > lineBytesMax) {
      overlong = true;
      pieces = [];
      heldBytes = 0;
      return;
    }
    pieces.push(piece);
    heldBytes += piece.length;
  };

  const finish = (): Line => {
    const line: Line = overlong
      ? failure('too-long', `a line is longer than ${lineBytesMax} bytes`)
      : ok(textOf(Buffer.concat(pieces, heldBytes)));
    pieces = [];
    heldBytes = 0;
    overlong = false;
    return line;
  };

  return {
    push(chunk) {
      const lines: Line[] = [];
      let start = 0;
      for (;;) {
        const end = chunk.indexOf(LINE_FEED, start);
        if (end < 0) break;
        hold(chunk.subarray(start, end));
        lines.push(finish());
        start = end + 1;
      }
      hold(chunk.subarray(start));
      return lines;
    },
  };
}

/** Bytes that are not UTF-8 become U+FFFD, which no name of ours contains. */
function textOf(bytes: Buffer): string {
  const end = bytes.at(-1) === CARRIAGE_RETURN ? bytes.length - 1 : bytes.length;
  return bytes.toString('utf8', 0, end);
}
