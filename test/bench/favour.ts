/** Work that stands for other machines goes before the rest of this one, where we may say so. */
import { setPriority } from 'node:os';
import { attemptSync } from '../../protocol/attempt.ts';

const BOARD_NICENESS = -10;

export function favour(pid: number): void {
  attemptSync(() => setPriority(pid, BOARD_NICENESS));
}
