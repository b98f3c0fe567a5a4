/**
 * The board's disk: two slots, and everything that flash does to them. Slots are made and judged by
 * the code that ships; when a write is over, and whether it really was one, is played here.
 */

import type { StateFile } from '../../../firmware-agent/drivers/state-file.ts';
import { decodeSlot, encodeSlot, newestOf } from '../../../firmware-agent/drivers/state-slots.ts';
import { failure, ok } from '../../../protocol/result.ts';
import { stream } from '../streams.ts';
import type { Disk, World } from './state.ts';

/** One write on its way to the disk. */
export interface Write {
  life: number;
  payload: string;
  /** Who waits for it. */
  fence?: { host: number; fence: number };
  cmdId?: string;
}

export function newDisk(): Disk {
  return {
    slots: [undefined, undefined],
    platter: [undefined, undefined],
    counter: 0,
    faults: [],
  };
}

type DiskFault = 'absent' | 'read-only' | 'lying' | 'slow' | 'torn' | 'random';

export function isAiling(disk: Disk, fault: DiskFault): boolean {
  return disk.faults.some((entry) => entry.with['how'] === fault);
}

/** Stores a payload; answers whether the disk says so, which may be a lie. */
export function store(world: World, payload: string): boolean {
  const { disk } = world.board;
  if (isAiling(disk, 'absent') || isAiling(disk, 'read-only')) return false;
  const place = placeOf(disk);
  disk.counter += 1;
  const image = encodeSlot({ counter: disk.counter, payload: Buffer.from(payload) });
  disk.slots[place] = image;
  if (!isAiling(disk, 'lying')) disk.platter[place] = image;
  return true;
}

function placeOf({ slots }: Disk): number {
  return newestOf(slots.map(readSlot)) === 0 ? 1 : 0;
}

function readSlot(image: Buffer | undefined): ReturnType<typeof decodeSlot> {
  return image === undefined ? undefined : decodeSlot(image);
}

/** Power is lost: what was never really written is gone, and what was being written is torn. */
export function losePlatter(world: World): void {
  const { disk } = world.board;
  disk.slots = [...disk.platter];
  if (isAiling(disk, 'torn')) spoilSlots(world, 'torn');
}

/** A slot is cut short, or both are filled with anything. */
export function spoilSlots(world: World, how: 'torn' | 'random'): void {
  const { disk } = world.board;
  const chance = stream(world.plan.seed, `disk ${world.now}`);
  if (how === 'torn') {
    const place = newestOf(disk.slots.map(readSlot)) ?? 0;
    const image = disk.slots[place];
    if (image !== undefined) {
      disk.slots[place] = image.subarray(0, chance.between(0, image.length - 1));
    }
  } else {
    disk.slots = disk.slots.map(() => Buffer.from(chance.bytes(chance.between(1, 200))));
  }
  disk.platter = [...disk.slots];
}

/** What `recall` asks of a state file at the start. */
export function stateFileOf(world: World): Pick<StateFile, 'load'> {
  const { disk } = world.board;
  return {
    load: () => {
      if (isAiling(disk, 'absent')) return failure('absent', 'no state yet');
      const slots = disk.slots.map(readSlot);
      const newest = newestOf(slots);
      const slot = newest === undefined ? undefined : slots[newest];
      if (slot !== undefined) return ok(slot);
      return disk.slots.every((image) => image === undefined)
        ? failure('absent', 'no state yet')
        : failure('corrupt', 'both slots are torn');
    },
  } as Pick<StateFile, 'load'>;
}
