/** The parser that sees what anybody sends, before any key is known. */

import { readHead } from '../../../protocol/wire/cbor.ts';
import { encodeBody, FRAME_MAX_STATE_BYTES, peek } from '../../../protocol/wire/codec.ts';
import { MESSAGES, type MessageKind } from '../../../protocol/wire/messages.ts';
import { SAMPLES } from '../../protocol/wire/lib/samples.ts';
import { must, type Target } from '../lib/target.ts';

const KINDS = Object.keys(MESSAGES) as MessageKind[];

/** A frame of each kind, with a tag of zeros. */
export const FRAMES: readonly Uint8Array[] = KINDS.map((kind) => {
  const { tagBytes } = MESSAGES[kind];
  return Uint8Array.from([
    ...encodeBody(SAMPLES[kind]),
    0x40 | tagBytes,
    ...new Uint8Array(tagBytes),
  ]);
});

const HEADS = [
  0x17, 0x18, 0x1818, 0x19, 0x190100, 0x1a, 0x1a00010000, 0x1b, 0x9f, 0x8a, 0x48, 0x50,
];

export const peekTarget: Target = {
  name: 'peek',
  promise: 'what is taken for a frame has its parts where another reader finds them',
  covers: /^protocol\/wire\/(codec\.ts#(peek|plainView)|cbor\.ts#readHead)$/,
  bytesMax: 128,
  limitMs: 1,
  seeds: [...FRAMES, new Uint8Array(FRAME_MAX_STATE_BYTES + 1), new Uint8Array(100).fill(0x84)],
  words: HEADS.map((head) => Uint8Array.from(Buffer.from(head.toString(16), 'hex'))),
  run: (input) => {
    judgePeek(input);
    judgeHead(input);
  },
};

/** The head at the end of the input, and just before it, as `peek` would read it. */
function judgeHead(input: Uint8Array): void {
  for (let size = 0; size <= 5 && size <= input.length; size += 1) {
    const end = input.subarray(input.length - size);
    const [first = 0, ...more] = end;
    const major = first >> 5;
    const small = first & 0x1f;
    const cursor = { at: 0, value: 0 };
    must(!readHead(end, { at: 0, value: 0 }, (major + 1) & 7), 'a head is of one kind');
    const took = size > 0 && readHead(end, cursor, major);
    const width = [1, 2, 4][small - 24] ?? 0;
    const value =
      width === 0 ? small : more.slice(0, width).reduce((sum, byte) => sum * 256 + byte, 0);
    const least = [24, 0x100, 0x1_0000][small - 24] ?? 0;
    const isGood = size > 0 && small < 27 && more.length >= width && value >= least;
    must(took === isGood, 'a head is taken in its shortest form, and whole');
    must(!took || (cursor.value === value && cursor.at === 1 + width), 'a head is read as it is');
  }
}

/** Gives one frame to `peek` and reads it a second time, in another way. */
export function judgePeek(frame: Uint8Array): void {
  const peeked = peek(frame);
  if ('refused' in peeked) return;
  const { kind, kid, owner, body, tag } = peeked;
  const { type, fields, tagBytes } = MESSAGES[kind];
  must(frame[0] === (0x80 | (fields.length + 2)), 'the array is as long as its kind says');
  must(frame[1] === type, 'the type is that of the kind');
  const first = numberAt(frame, 2);
  must(first?.value === kid, 'the kid stands third');
  const isNamed = fields[1][0] === 'host' || fields[1][0] === 'orderer';
  const second = isNamed ? numberAt(frame, first.end)?.value : undefined;
  must(owner === second, 'the owner stands fourth, where the kind names one');
  must(
    body.length + 1 + tag.length === frame.length,
    'body, head of the tag and tag are the frame',
  );
  must(tag.length === tagBytes && frame[body.length] === (0x40 | tagBytes), 'the tag is last');
}

/** A number below 65,536 in its shortest form, found by trying all three forms. */
function numberAt(frame: Uint8Array, at: number): { value: number; end: number } | undefined {
  const [a = 0, b = 0, c = 0] = frame.subarray(at, at + 3);
  const forms = [
    { value: a, end: at + 1, fits: a <= 0x17 },
    { value: b, end: at + 2, fits: a === 0x18 && b >= 0x18 },
    { value: (b << 8) | c, end: at + 3, fits: a === 0x19 && b > 0 },
  ];
  return forms.find(({ fits, end }) => fits && end <= frame.length);
}
