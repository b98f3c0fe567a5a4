/** Reads an input as a list of choices. Where it has ended every choice is 0, so that a cut one is one too. */

export interface Reader {
  byte(): number;
  /** A number of one to four bytes, small ones above all. */
  number(): number;
  /** As many bytes as are asked for. */
  bytes(count: number): Uint8Array;
  pick<T>(items: readonly [T, ...T[]]): T;
  ended(): boolean;
}

export function readerOf(input: Uint8Array): Reader {
  let at = 0;
  const byte = (): number => input[at++] ?? 0;
  return {
    byte,
    number: () => {
      const first = byte();
      if (first < 0xf0) return first;
      let value = 0;
      for (let more = first & 3; more >= 0; more -= 1) value = value * 256 + byte();
      return value;
    },
    bytes: (count) => {
      const piece = new Uint8Array(count);
      piece.set(input.subarray(at, at + count));
      at += count;
      return piece;
    },
    pick: (items) => items[byte() % items.length] ?? items[0],
    ended: () => at >= input.length,
  };
}
