/** The serial cable between two machines: it can be cut, slowed and disturbed, and says what it carries. */
import type { Socket } from 'node:net';
import { after } from '../../../protocol/link/timers.ts';
import type { Prng } from '../../lib/prng.ts';
import type { Guest } from './guest.ts';
import { socketAt } from './qemu-sockets.ts';

export interface Cable {
  isCut: boolean;
  delayMs: number;
  /** The share of bytes that arrive with one bit turned. */
  noise: number;
}

/** Joins the COM ports of two machines, whenever both are on. */
export function cable(a: Guest, b: Guest, prng: Prng): Cable {
  const wire: Cable = { isCut: false, delayMs: 0, noise: 0 };
  const ends: [Socket | undefined, Socket | undefined] = [undefined, undefined];
  const plug = async (machine: Guest, side: 0 | 1): Promise<void> => {
    const socket = await socketAt(machine.socket('com'));
    ends[side] = socket;
    socket.on('error', () => undefined);
    socket.on('close', () => {
      if (ends[side] === socket) ends[side] = undefined;
    });
    socket.on('data', (bytes: Buffer) => {
      const sent = disturbed(bytes, wire.noise, prng);
      after(wire.delayMs, () => {
        if (!wire.isCut) ends[1 - side]?.write(sent);
      });
    });
  };
  for (const [machine, side] of [[a, 0] as const, [b, 1] as const]) {
    machine.onPower((isOn) => {
      if (isOn) void plug(machine, side);
    });
  }
  return wire;
}

function disturbed(bytes: Buffer, share: number, prng: Prng): Buffer {
  if (share === 0) return bytes;
  return Buffer.from(
    bytes.map((byte) => (prng.chance(share) ? byte ^ (1 << prng.between(0, 7)) : byte)),
  );
}
