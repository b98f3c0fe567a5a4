/** CBOR that was made to hurt: each item stands where a number or a string should. */

const hex = (text: string): Uint8Array =>
  Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));

const filled = (head: string, byte: number, count: number): Uint8Array =>
  Uint8Array.from([...hex(head), ...new Uint8Array(count).fill(byte)]);

/** Small enough to stand in for a field of any message. */
export const HOSTILE: Readonly<Record<string, Uint8Array>> = {
  'a bignum': hex('c2 49 010000000000000000'),
  'a negative bignum': hex('c3 49 010000000000000000'),
  'a RegExp': hex('d81b 82 66 526567457870 82 61 61 60'),
  'an Error': hex('d81b 82 65 4572726f72 61 78'),
  'a record definition': hex('d9dfff 83 1901ff 81 61 61 01'),
  'a record': hex('d90100 81 01'),
  'a cycle': hex('d81c 81 d81d 00'),
  'a Set': hex('d90102 82 01 01'),
  'a date': hex('c1 1a 5f000000'),
  'a typed array': hex('d840 44 00000000'),
  'a map with a key twice': hex('a2 61 61 01 61 61 02'),
  'a map of __proto__': hex('a1 69 5f5f70726f746f5f5f a0'),
  'a number of 64 bits': hex('1b ffffffffffffffff'),
  'a number in a longer form': hex('18 05'),
  'a number in a much longer form': hex('1a 00000005'),
  'a negative number': hex('20'),
  NaN: hex('f97e00'),
  'a signalling NaN': hex('fb 7ff0000000000001'),
  infinity: hex('f97c00'),
  'a whole number as a float': hex('fa 3f800000'),
  null: hex('f6'),
  undefined: hex('f7'),
  'a reserved simple value': hex('f8 18'),
  'an indefinite string': hex('5f 41 61 41 62 ff'),
  'an indefinite array': hex('9f 01 ff'),
  'a break': hex('ff'),
  'a string of 4 GB': hex('5a ffffffff'),
  'a string of 2^64 bytes': hex('5b ffffffffffffffff'),
  'a string in a longer form': hex('58 01 61'),
  'an array of 4 G items': hex('9a ffffffff'),
  'a map of 4 G items': hex('ba ffffffff'),
  'bad UTF-8': hex('62 c328'),
  'a text': hex('61 33'),
  'an empty array': hex('80'),
  'reserved bits': hex('1c'),
};

/** What only a frame of orderers has room for, and what has no room anywhere. */
export const HUGE: Readonly<Record<string, Uint8Array>> = {
  'a bignum of 60 KB': filled('c2 59 ea60', 0xff, 60_000),
  'a bignum of 200 KB': filled('c2 5a 00030d40', 0xff, 200_000),
  '5,000 nested arrays': filled('', 0x81, 5_000),
  '60,000 nested arrays': filled('', 0x81, 60_000),
  '5,000 nested maps': filled('', 0xa1, 5_000),
  '60,000 nested tags': filled('', 0xc1, 60_000),
  '60,000 nested indefinite arrays': filled('', 0x9f, 60_000),
  '60,000 times nothing': filled('99 ea60', 0xf6, 60_000),
  'a body over its limit': filled('59 f001', 0, 61_441),
};
