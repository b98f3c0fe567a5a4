/** Bytes: frames, keys, shapes, words. */
import type { Guard } from '../guard.ts';

const AT = 'protocol/wire';

export const WIRE: readonly Guard[] = [
  {
    name: 'the channel is in the MAC',
    rule: 'Wire: the MAC covers version, channel, direction and frame',
    file: `${AT}/codec.ts`,
    find: 'MAC_HEADS[CHANNEL_BYTE[channel] * 2 + DIRECTION_BYTE[direction] - 1]',
    put: 'MAC_HEADS[2 + DIRECTION_BYTE[direction] - 1]',
  },
  {
    name: 'the direction is in the MAC',
    rule: 'Wire: the MAC covers version, channel, direction and frame',
    file: `${AT}/codec.ts`,
    find: 'MAC_HEADS[CHANNEL_BYTE[channel] * 2 + DIRECTION_BYTE[direction] - 1]',
    put: 'MAC_HEADS[CHANNEL_BYTE[channel] * 2]',
  },
  {
    name: 'a tag of another length is not equal',
    rule: 'Wire: the MAC covers version, channel, direction and frame',
    file: `${AT}/mac.ts`,
    find: 'return a.length === b.length && timingSafeEqual(a, b);',
    put: 'return timingSafeEqual(a.subarray(0, 1), b.subarray(0, 1));',
  },
  {
    name: 'handshake, session and order have roots of their own',
    rule: 'Wire: a key is split by labels',
    file: `${AT}/keys.ts`,
    find: 'crypto.derive(crypto.key(bytes), encodeInfo([label]));',
    put: 'crypto.derive(crypto.key(bytes), encodeInfo([]));',
  },
  {
    name: 'one key may not stand under two owners',
    rule: 'Wire: keys are per owner and role',
    file: `${AT}/keys.ts`,
    find: '} else if (copy !== undefined) {',
    put: '} else if (copy === null) {',
  },
  {
    name: 'one orderer has one role',
    rule: 'Wire: keys are per owner and role',
    file: `${AT}/keys.ts`,
    find: 'if (rival.role === role) continue;',
    put: 'if (rival) continue;',
  },
  {
    name: 'a tag is looked for where its kind has it',
    rule: 'Hostile bytes: a length cap and few integers before the MAC',
    file: `${AT}/codec.ts`,
    find: "if (frame[end] !== ((MAJOR_BYTES << 5) | shape.tagBytes)) return { refused: 'shape' };",
    put: '',
  },
  {
    name: 'no frame is longer than its kind',
    rule: 'Hostile bytes: a length cap and few integers before the MAC',
    file: `${AT}/codec.ts`,
    find: "if (frame.length > shape.maxBytes) return { refused: 'oversize' };",
    put: '',
  },
  {
    name: 'after the MAC the shape is closed',
    rule: 'Hostile bytes: after the MAC a closed shape, and encoding again gives the same bytes',
    file: `${AT}/codec.ts`,
    find: "if (!hasShape(frame, shape)) return { refused: 'shape' };",
    put: '',
  },
  {
    name: 'encoding again gives the same bytes',
    rule: 'Hostile bytes: after the MAC a closed shape, and encoding again gives the same bytes',
    file: `${AT}/codec.ts`,
    find: "return scratch.startsLike(frame) ? (message as MessageOf<K>) : { refused: 'shape' };",
    put: 'return message as MessageOf<K>;',
    redundant:
      'hasShape has walked the frame: the right items in their shortest form, and nothing else. Two readers ' +
      'agree on such bytes unless cbor-x itself reads them wrongly, against which this line stands.',
  },
  {
    name: 'integers are in their shortest form',
    rule: 'Hostile bytes: after the MAC a closed shape, and encoding again gives the same bytes',
    file: `${AT}/cbor.ts`,
    find: 'return value >= (width === 1 ? 24 : width === 2 ? 0x100 : 0x1_0000);',
    put: 'return true;',
  },
  {
    name: 'a frame with a bad CRC is dropped',
    rule: 'Serial: COBS, CRC, cap and idle gap',
    file: `${AT}/framing.ts`,
    find: 'if (crc16(buffer, end) !== sent) {',
    put: 'if (end < 0) {',
  },
  {
    name: 'a frame that is cut short is dropped',
    rule: 'Serial: COBS, CRC, cap and idle gap',
    file: `${AT}/framing.ts`,
    find: 'if (left !== 0) {',
    put: 'if (left < 0) {',
  },
  {
    name: 'a frame over the cap is dropped',
    rule: 'Serial: COBS, CRC, cap and idle gap',
    file: `${AT}/framing.ts`,
    find: `      counters.oversize += 1;
      skipping = true;`,
    put: '      counters.oversize += 1;',
  },
  {
    name: 'a pause inside a frame discards it',
    rule: 'Serial: COBS, CRC, cap and idle gap',
    file: `${AT}/framing.ts`,
    find: 'if (inside && !skipping && now - lastAt > IDLE_GAP_MS) {',
    put: 'if (now < 0) {',
  },
  {
    name: 'an order’s arguments are understood whole',
    rule: 'Orders: arguments are understood whole or refused',
    file: `${AT}/order-args.ts`,
    find: 'if ((flags & ~known) !== 0) return undefined;',
    put: '',
  },
  {
    name: 'a timer of 0 is refused',
    rule: 'Orders: arguments are understood whole or refused',
    file: `${AT}/timer.ts`,
    find: 'if (timeoutMs === 0 || pretimeoutMs >= timeoutMs) return undefined;',
    put: 'if (pretimeoutMs > timeoutMs) return undefined;',
  },
  {
    name: 'a boot id is never 0',
    rule: 'Incarnation: 0 means whatever has power now',
    file: `${AT}/bootid.ts`,
    find: 'return first === 0 ? 1 : first;',
    put: 'return first;',
  },
  {
    name: 'no key byte is shown',
    rule: 'S16: no key byte in any log, record or error',
    file: `${AT}/keys.ts`,
    find: 'complain(`The key is not base64 of exactly ${KEY_BYTES} bytes.`, MAKE_ONE);',
    put: 'complain(`The key ${rest[0]} is not base64 of exactly ${KEY_BYTES} bytes.`, MAKE_ONE);',
  },
];
