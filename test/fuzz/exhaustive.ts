/**
 * Every input there is, within bounds: all of up to three bytes through the parser, the line and the
 * board's sessions, and every value of any three neighbouring bytes in the first six of each kind of
 * frame. Nothing of it has a right MAC, so nothing of it may be opened.
 */
import { peek } from '../../protocol/wire/codec.ts';
import { deframer } from '../../protocol/wire/framing.ts';
import { receive, refusals } from '../../protocol/wire/session/agent.ts';
import { rig } from '../protocol/wire/lib/peer.ts';
import { newTally, type Part, type Tally } from './lib/parts.ts';
import { FRAMES, judgePeek } from './targets/peek.ts';

const VALUES = 2 ** 24;
const RUNS_PER_LOOK = 2 ** 18;
const WINDOW_STARTS = [0, 1, 2, 3];

/** All inputs of up to `bytesMax` bytes; a quick test takes two. */
export function everyShortInput(
  bytesMax: number,
  look: (tally: Tally) => boolean = () => true,
): Tally {
  const tally = newTally();
  const board = rig();
  const from = { channel: 'serial', host: 1 } as const;
  const line = deframer();
  let opened = 0;
  const onFrame = (): void => {
    opened += 1;
  };
  for (let length = 0; length <= bytesMax; length += 1) {
    const input = new Uint8Array(length);
    for (let value = 0; value < 256 ** length; value += 1) {
      for (let at = 0; at < length; at += 1) input[at] = value >>> (8 * at);
      line.push(input, 0, onFrame);
      if (!('refused' in peek(input))) opened += 1;
      if (receive(board.sessions, from, input, board.ticks, 0).refused !== 'short') opened += 1;
      tally.runs += 3;
      if (opened > 0 && tally.failures.length === 0)
        tally.failures.push(`${[...input]} was taken for a frame`);
      if (value % RUNS_PER_LOOK === 0 && !look(tally)) return tally;
    }
  }
  const counted = refusals(board.sessions)[0]?.counts.short ?? 0;
  if (counted !== tally.runs / 3) tally.failures.push('not every refusal was counted');
  tally.figures['refused as short'] = counted;
  return tally;
}

/** Every value of three neighbouring bytes of each kind of frame. */
function everyWindow(look: (tally: Tally) => boolean): Tally {
  const tally = newTally();
  for (const start of WINDOW_STARTS) {
    for (const frame of FRAMES) {
      const input = frame.slice();
      for (let value = 0; value < VALUES; value += 1) {
        input[start] = value;
        input[start + 1] = value >>> 8;
        input[start + 2] = value >>> 16;
        judgePeek(input);
        tally.runs += 1;
        if (value % RUNS_PER_LOOK === 0 && !look(tally)) return tally;
      }
    }
  }
  return tally;
}

const withLook =
  (walk: (look: (tally: Tally) => boolean) => Tally): Part['run'] =>
  ({ untilMs, progress }) => {
    let lookedAt = performance.now();
    return walk((tally) => {
      const now = performance.now();
      if (now > lookedAt + 1_000) {
        lookedAt = now;
        progress(tally);
      }
      return now < untilMs;
    });
  };

export const shortPart: Part = {
  name: 'short',
  promise: 'of all inputs of up to three bytes none is a frame, on the line or for the board',
  run: withLook((look) => everyShortInput(3, look)),
};

export const windowsPart: Part = {
  name: 'windows',
  promise: 'whatever three neighbouring bytes of a head are, the parser and another reader agree',
  run: withLook(everyWindow),
};
