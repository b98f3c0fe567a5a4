/**
 * What a hostile broker sends: cut into packets by our stream, read by the vendor's parser. Whatever
 * that throws must be thrown inside `contain`, whole packets only, and nothing beyond the cap.
 */
import type { Socket } from 'node:net';
import { Duplex, Writable } from 'node:stream';
import mqttPacket from 'mqtt-packet';
import { attemptSync } from '../../../protocol/attempt.ts';
import { mqttStream } from '../../../protocol/link/mqtt-stream.ts';
import { must, type Target } from '../lib/target.ts';

const PACKET_BYTES_MAX = 512;
const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));

/** Of MQTT 5, with a byte before each that says how it is cut. */
export const PACKETS: readonly Uint8Array[] = [
  '05200b0000082700000009220003',
  '053331001166656e6365706f73742f622f6f72646572000318080003612f62090001782600016100016226000161000163616263',
  '05300400016100',
  '0590090001041f0001720001',
  '05400400011000',
  '05d000',
  '05e0068b041c000173',
  '05f00a00081500016d16000164',
].map(hex);
/** Lengths and properties. */
export const WORDS: readonly Uint8Array[] = ['80808001', 'ffffff7f', 'ffffffff', '0000', 'ffff']
  .concat(['26', '22', '11', 'd000', 'f0020000'])
  .map(hex);

export const mqttTarget: Target = {
  name: 'mqtt',
  promise:
    'packets are handed over whole and below the cap, and no error of the vendor leaves its fence',
  covers:
    /^(protocol\/link\/mqtt-stream\.ts#|node_modules\/mqtt-packet\/(parser|packet|numbers|constants)\.js)/,
  bytesMax: 1_024,
  limitMs: 10,
  seeds: [
    ...PACKETS,
    // Announces 900 bytes, of which 700 come; and one just below the cap.
    Uint8Array.from([5, 0x30, 0x84, 0x07, ...new Uint8Array(700)]),
    Uint8Array.from([5, 0x30, 0xfc, 0x03, ...new Uint8Array(508)]),
  ],
  words: WORDS,
  run: judgePackets,
};

/** The first byte says the version of the protocol and how the bytes are cut. */
function judgePackets(input: Uint8Array): void {
  const protocolVersion = ((input[0] ?? 5) & 1) === 1 ? 5 : 4;
  const pieceBytes = 1 + ((input[0] ?? 0) >> 1);
  const bytes = input.subarray(1);
  const parser = mqttPacket.parser({ protocolVersion });
  let handedBytes = 0;
  let isOver = false;
  let inside = 0;
  let broken: string | undefined;
  parser.on('error', () => {
    isOver = true;
  });
  const data: Duplex = Object.assign(
    new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() }),
    { resetAndDestroy: () => data.destroy() },
  );
  const stream = mqttStream(
    { raw: data as Socket, data: data as Socket },
    {
      packetBytesMax: PACKET_BYTES_MAX,
      contain: (call) => {
        inside += 1;
        if (!attemptSync(call).ok) isOver = true;
        inside -= 1;
      },
      over: () => {
        isOver = true;
      },
    },
  );
  stream.pipe(
    new Writable({
      write: (packet: Buffer, _encoding, done) => {
        // What is thrown here would be contained as the client's own, so it is kept for later.
        if (inside !== 1) broken ??= 'the client is only called where its errors are contained';
        if (packet.length > PACKET_BYTES_MAX) broken ??= 'no packet is over the cap';
        handedBytes += packet.length;
        done();
        parser.parse(packet);
      },
    }),
  );
  for (let at = 0; at < bytes.length && !isOver; at += pieceBytes) {
    data.emit('data', Buffer.from(bytes.subarray(at, at + pieceBytes)));
  }
  must(broken === undefined, broken ?? '');
  must(handedBytes <= bytes.length, 'no more is handed over than what came');
  must(
    isOver || bytes.length - handedBytes <= PACKET_BYTES_MAX,
    'what is not whole yet is bounded by the cap',
  );
  stream.destroy();
}
