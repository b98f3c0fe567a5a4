/**
 * What earlier lives of the agent left on the disk, as the core is told it at the start.
 *
 * What cannot be read whole is no memory, and one alarm says so: restarting is safe without any.
 */
import { attemptSync } from '../protocol/attempt.ts';
import type { Durable } from './core/durable.ts';
import type { StateFile } from './drivers/state-file.ts';

export interface Memory {
  durable?: Durable;
  /** Why something was there and cannot be trusted. */
  amnesia?: string;
  /** When the lives before began, and this one, by the wall clock: what is saved from now on. */
  startsWallMs: number[];
}

/** Reads the state; `wallMs` is now. */
export function recall(state: StateFile, isReload: boolean, wallMs: number): Memory {
  const loaded = state.load();
  if (!loaded.ok) {
    const startsWallMs = [wallMs];
    return loaded.kind === 'absent' ? { startsWallMs } : { startsWallMs, amnesia: loaded.detail };
  }
  const parsed = attemptSync(
    () => JSON.parse(Buffer.from(loaded.value.payload).toString()) as Durable,
  );
  if (!parsed.ok || parsed.value.format !== 1) {
    return { startsWallMs: [wallMs], amnesia: 'the state file is of another format' };
  }
  const durable = parsed.value;
  // A reload is a wish and no sign of a crash: it neither counts nor is told how often it started.
  return isReload
    ? { durable: { ...durable, startsWallMs: [] }, startsWallMs: durable.startsWallMs }
    : { durable, startsWallMs: [...durable.startsWallMs, wallMs] };
}
