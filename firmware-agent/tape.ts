/**
 * What led to a fence, kept so that it can be played again: the whole board as it was before, and
 * every event since, with what the core made of it.
 *
 * The tape begins when a host is late, or before an order or a start is answered, and ends when nobody is late
 * or fenced any more; so a quiet board keeps nothing. It is cut in two lengths, of which the older
 * one is dropped for a new one: whatever takes long, a full length before now is always there. No
 * key is in a board, and so none on a tape.
 */
import { serialize } from 'node:v8';
import { attemptSync } from '../protocol/attempt.ts';
import type { Instant } from '../protocol/wire/instant.ts';
import type { Board } from './core/board.ts';
import type { Effect, Event } from './core/events.ts';
import { TAPE_HOSTS_MAX, TAPE_STEPS_MAX } from './core/limits.ts';

/** One event, when it reached the core, and all that the core wanted done. */
export interface TapeStep {
  at: Instant;
  event: Event;
  effects: readonly Effect[];
}

export interface Tape {
  format: 1;
  /** The board before the first step, as node:v8 writes it. */
  board: Uint8Array;
  steps: readonly TapeStep[];
}

export interface Recorder {
  /** An event is about to reach the core. */
  before(event: Event): void;
  after(step: TapeStep): void;
  /** Everything up to now; undefined where nothing led up to it, or the board has too many hosts. */
  tape(): Tape | undefined;
}

interface Length {
  board: Uint8Array;
  steps: TapeStep[];
}

/** Follows one life of a board. */
export function recorder(board: Board): Recorder {
  let older: Length | undefined;
  let newer: Length | undefined;

  const begin = (): void => {
    // Whatever it cannot keep costs a tape; the event goes on to the core.
    const image = attemptSync(() => serialize(board));
    older = image.ok ? newer : undefined;
    newer = image.ok ? { board: image.value, steps: [] } : undefined;
  };
  const isFor = board.hosts.size <= TAPE_HOSTS_MAX;

  return {
    before(event) {
      const leadsOn = event.kind === 'order' || event.kind === 'start';
      const isDue = newer === undefined ? leadsOn : isFull(newer);
      if (isFor && isDue) begin();
    },
    after(step) {
      newer?.steps.push(step);
      if (newer === undefined) {
        if (isFor && step.effects.some(isLate)) begin();
      } else if (step.event.kind === 'judge' && !isBusy(board)) {
        older = undefined;
        newer = undefined;
      }
    },
    tape: () =>
      newer && {
        format: 1,
        board: (older ?? newer).board,
        steps: [...(older?.steps ?? []), ...newer.steps],
      },
  };
}

function isFull({ steps }: Length): boolean {
  return steps.length >= TAPE_STEPS_MAX;
}

function isLate(effect: Effect): boolean {
  return effect.kind === 'news' && effect.code === 'late' && effect.over !== true;
}

function isBusy(board: Board): boolean {
  for (const { fence, pulse, finding, timer } of board.hosts.values()) {
    if (fence !== undefined && fence.step.at !== 'kept') return true;
    if (pulse !== undefined || timer.at === 'pre') return true;
    if (finding?.at === 'late' || finding?.at === 'silent') return true;
  }
  return false;
}
