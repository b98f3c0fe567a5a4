/** A serial line: any bytes, in any pieces. */
import {
  deframer,
  type FramingCounters,
  frameEncode,
  IDLE_GAP_MS,
  SERIAL_BUFFER_BYTES,
} from '../../../protocol/wire/framing.ts';
import { must, sameBytes, type Target } from '../lib/target.ts';
import { FRAMES } from './peek.ts';

const LINES = FRAMES.filter(({ length }) => length < 90).map(frameEncode);

export const framingTarget: Target = {
  name: 'framing',
  promise:
    'another reader of the line finds the same frames, however it is cut, and each is one that we would write',
  covers: /^protocol\/wire\/framing\.ts#(deframer|crc16)$/,
  bytesMax: 512,
  limitMs: 1,
  seeds: [...LINES, frameEncode(new Uint8Array(94)), new Uint8Array(300).fill(7)].map((line) =>
    Uint8Array.of(12, ...line),
  ),
  words: [
    Uint8Array.of(0),
    Uint8Array.of(0, 1, 1, 0),
    Uint8Array.of(0, 0xff),
    Uint8Array.of(0x61),
    ...LINES,
  ],
  run: judgeLine,
};

/** The first byte says where the line is cut, and whether it pauses there. */
export function judgeLine(input: Uint8Array): void {
  const how = input[0] ?? 0;
  const line = input.subarray(1);
  const whole = read(line, line.length, 0);
  const other = readAnew(line);
  must(sameFrames(whole.frames, other.frames), 'another reader of the line finds the same frames');
  must(sameCounts(whole.counters, other.counters), 'another reader counts the same faults');
  const pieces = read(line, 1 + (how & 31), 0);
  must(sameFrames(pieces.frames, whole.frames), 'it does not matter where a line is cut');
  must(sameCounts(pieces.counters, whole.counters), 'nor for what is counted');
  const slow = read(line, 1 + (how & 31), IDLE_GAP_MS + 1);
  must(slow.frames.length <= whole.frames.length, 'a pause makes no frame');
  for (const frame of whole.frames)
    must(frame.length <= SERIAL_BUFFER_BYTES - 2, 'no frame is over the cap');
}

interface Heard {
  frames: Uint8Array[];
  counters: FramingCounters;
}

function read(line: Uint8Array, pieceBytes: number, pauseMs: number): Heard {
  const receiver = deframer();
  const frames: Uint8Array[] = [];
  for (let at = 0, now = 0; at < line.length; at += pieceBytes, now += pauseMs) {
    receiver.push(line.subarray(at, at + pieceBytes), now, (frame) => frames.push(frame));
  }
  return { frames, counters: receiver.counters };
}

/** Segment by segment, with all of it in hand; a frame is found by writing it again. */
function readAnew(line: Uint8Array): Heard {
  const counters = { frames: 0, noise: 0, oversize: 0, short: 0, idle: 0 };
  const frames: Uint8Array[] = [];
  const ends = [...line.keys()].filter((at) => line[at] === 0);
  ends.forEach((end, index) => {
    const segment = line.subarray(index === 0 ? 0 : (ends[index - 1] ?? 0) + 1, end);
    if (segment.length === 0) return;
    const payload = unstuffed(segment);
    if (payload === 'oversize') counters.oversize += 1;
    else if (payload === 'noise') counters.noise += 1;
    else if (payload.length <= 2) counters.short += 1;
    else {
      const frame = payload.slice(0, -2);
      const isOurs = sameBytes(frameEncode(frame).subarray(1, -1), segment);
      counters[isOurs ? 'frames' : 'noise'] += 1;
      if (isOurs) frames.push(frame);
    }
  });
  // A segment too long is known before its end.
  const rest = line.subarray((ends.at(-1) ?? -1) + 1);
  if (rest.length > 0 && unstuffed(rest) === 'oversize') counters.oversize += 1;
  return { frames, counters };
}

function unstuffed(segment: Uint8Array): Uint8Array | 'oversize' | 'noise' {
  const bytes: number[] = [];
  let at = 0;
  while (at < segment.length) {
    const code = segment[at] ?? 0;
    if (at > 0) bytes.push(0);
    const block = segment.subarray(at + 1, at + code);
    bytes.push(...block);
    at += code;
    if (bytes.length > SERIAL_BUFFER_BYTES) return 'oversize';
  }
  return at === segment.length ? Uint8Array.from(bytes) : 'noise';
}

function sameFrames(a: readonly Uint8Array[], b: readonly Uint8Array[]): boolean {
  return a.length === b.length && a.every((frame, at) => sameBytes(frame, b[at] ?? frame));
}

function sameCounts(a: FramingCounters, b: FramingCounters): boolean {
  return (['frames', 'noise', 'oversize', 'short', 'idle'] as const).every(
    (key) => a[key] === b[key],
  );
}
