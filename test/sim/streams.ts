/**
 * Chance by name: every part of a world that needs small change draws from a stream of its own,
 * named by the seed and the part. What one part draws disturbs no other.
 */
import { type Prng, prng } from '../lib/prng.ts';

export interface Stream extends Prng {
  bytes(count: number): Uint8Array;
}

/** The stream of one part of one world. */
export function stream(seed: number, part: string): Stream {
  const chance = prng(hashText(`${seed} ${part}`));
  return {
    ...chance,
    bytes: (count) => {
      const out = new Uint8Array(count);
      for (let at = 0; at < count; at += 1) out[at] = chance.between(0, 255);
      return out;
    },
  };
}

/** 32 bits of a text (FNV-1a, then mixed). */
export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return (hash ^ (hash >>> 13)) >>> 0;
}
