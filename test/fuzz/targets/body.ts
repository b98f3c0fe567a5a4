/** What the owner of a key may say: any bytes under a right MAC, through peek, MAC and reader. */
import { Decoder } from 'cbor-x';
import {
  encodeBody,
  macHead,
  openBody,
  peek,
  sealFrame,
  verify,
} from '../../../protocol/wire/codec.ts';
import { MESSAGES, type Message, type MessageKind } from '../../../protocol/wire/messages.ts';
import { SAMPLES } from '../../protocol/wire/lib/samples.ts';
import { HOSTILE } from '../lib/hostile.ts';
import { must, sameBytes, type Target } from '../lib/target.ts';
import { toyCrypto } from '../lib/toy-crypto.ts';

const KINDS = Object.keys(MESSAGES) as [MessageKind, ...MessageKind[]];
const crypto = toyCrypto();
const key = crypto.key(new Uint8Array(32));
const plain = new Decoder({ useRecords: false, mapsAsObjects: true });

export const bodyTarget: Target = {
  name: 'body',
  promise: 'what is opened encodes to the same bytes, and means what a plain CBOR reader says',
  covers:
    /^protocol\/wire\/(codec\.ts#(openBody|hasShape|fits|put|plain|peek|verify)|cbor\.ts#readHead)$/,
  bytesMax: 160,
  limitMs: 1,
  seeds: KINDS.map((kind, at) => Uint8Array.of(at, ...encodeBody(SAMPLES[kind]))),
  words: [
    ...Object.values(HOSTILE),
    Uint8Array.of(0x48),
    Uint8Array.of(0x50),
    Uint8Array.of(0x58, 0x18),
  ],
  run: judgeBody,
};

/** The first byte names the kind whose tag is made; the rest is the body. */
export function judgeBody(input: Uint8Array): void {
  const kind = KINDS[(input[0] ?? 0) % KINDS.length] ?? 'beat';
  const body = input.subarray(1);
  const frame = sealed(kind, body);
  const before = frame.slice();
  const message = throughPath(frame);
  must(sameBytes(before, frame), 'a reader does not write');
  // Without the MAC as well: the reader must not need it to be safe.
  const bare = openBody(frame, kind);
  if (message !== undefined) {
    must(MESSAGES[message.kind].type === body[1], 'a frame is opened as the kind that it says');
    must(message.kind !== kind || !('refused' in bare), 'what the path opens its last part opens');
  }
  if ('refused' in bare) return;
  must(sameBytes(encodeBody(bare), body), 'what is opened encodes to the same bytes');
  must(
    sameBytes(sealFrame(crypto, key, 'mqtt', bare), frame),
    'what is opened and sealed again is the same frame',
  );
  const [, ...values] = plain.decode(frame) as unknown[];
  MESSAGES[kind].fields.forEach(([name], at) => {
    const ours = (bare as unknown as Record<string, unknown>)[name];
    const theirs = values[at];
    const isSame =
      ours instanceof Uint8Array && theirs instanceof Uint8Array
        ? sameBytes(ours, theirs)
        : ours === theirs;
    must(isSame, 'a plain CBOR reader sees the same');
  });
}

/** A frame as an attacker with the key would make it. */
function sealed(kind: MessageKind, body: Uint8Array): Uint8Array {
  const { direction, tagBytes } = MESSAGES[kind];
  const tag = crypto.mac(key, macHead('mqtt', direction), body, tagBytes);
  const frame = new Uint8Array(body.length + 1 + tagBytes);
  frame.set(body);
  frame[body.length] = 0x40 | tagBytes;
  frame.set(tag, body.length + 1);
  return frame;
}

function throughPath(frame: Uint8Array): Message | undefined {
  const peeked = peek(frame);
  if ('refused' in peeked || !verify(crypto, key, 'mqtt', peeked)) return undefined;
  const message = openBody(frame, peeked.kind);
  return 'refused' in message ? undefined : message;
}
