/**
 * What a fault of a leg does to one frame. Each fault has a stream of its own, so that a frame which
 * another fault took away changes no draw of this one.
 */
import { add, type Bend, count, type Envelope, type World } from './state.ts';

/** The share of the frames that are lost while a channel with memory is in its bad state. */
const BAD_LOSS = 0.8;

/** Answers by how much the frame is late, in ms; less than 0 where it does not go on from here. */
export function bendEnvelope(
  world: World,
  bend: Bend,
  deed: number,
  a: number,
  delayMs: number,
  envelope: Envelope,
): number {
  const { chance, entry } = bend;
  const { rate = 0, ms = 0 } = entry.with as Record<string, number>;
  switch (bend.kind) {
    case 'cut':
      return drop(world, bend);
    case 'loss':
      return chance.chance(rate) ? drop(world, bend) : 0;
    case 'bursts':
      if (chance.chance(bend.bad ? 0.2 : rate)) bend.bad = !bend.bad;
      return bend.bad && chance.chance(BAD_LOSS) ? drop(world, bend) : 0;
    case 'noise':
      flipBits(world, bend, envelope, rate);
      return 0;
    case 'burst-noise':
      if (chance.chance(rate)) spoil(world, bend, envelope);
      return 0;
    case 'twice':
      if (chance.chance(rate)) {
        count(world, `struck ${bend.kind}`);
        add(world, world.now + delayMs + chance.between(0, ms), deed, a, 0, envelope);
      }
      return 0;
    case 'jitter':
      return chance.chance(rate) ? struck(world, bend, chance.between(0, ms)) : 0;
    case 'slow':
      return struck(world, bend, ms);
    case 'hoard':
      bend.held.push({ deed, a, envelope });
      return drop(world, bend);
    default:
      throw new Error(`nothing is bent by ${bend.kind}`);
  }
}

function drop(world: World, bend: Bend): number {
  return struck(world, bend, -1);
}

function struck(world: World, bend: Bend, answer: number): number {
  count(world, `struck ${bend.kind}`);
  return answer;
}

/** Each bit flips with the same probability; at most a few do. */
function flipBits(world: World, { kind, chance }: Bend, envelope: Envelope, rate: number): void {
  const bits = 8 * envelope.bytes.length;
  // One draw decides whether any flips, so that a low rate costs little.
  if (!chance.chance(Math.min(1, bits * rate))) return;
  count(world, `struck ${kind}`);
  envelope.bytes = envelope.bytes.slice();
  const flips = 1 + chance.between(0, Math.min(6, Math.floor(bits * rate)));
  for (let n = 0; n < flips; n += 1) {
    const at = chance.between(0, bits - 1);
    const byte = envelope.bytes[at >> 3] ?? 0;
    envelope.bytes[at >> 3] = byte ^ (1 << (at & 7));
  }
}

/** A burst of up to sixteen bytes, or the frame cut short, or its bytes run into another's. */
function spoil(world: World, { kind, chance }: Bend, envelope: Envelope): void {
  count(world, `struck ${kind}`);
  const bytes = envelope.bytes.slice();
  const from = chance.between(0, bytes.length - 1);
  if (chance.chance(0.2)) {
    envelope.bytes = bytes.subarray(0, from);
    return;
  }
  const end = Math.min(bytes.length, from + chance.between(1, 16));
  for (let at = from; at < end; at += 1) bytes[at] = chance.between(0, 255);
  envelope.bytes = bytes;
}

/** What was held goes on its way, all at once. */
export function release(world: World, bend: Bend): void {
  for (const { deed, a, envelope } of bend.held.splice(0)) {
    add(world, world.now + 1, deed, a, 0, envelope);
  }
}
