/**
 * The loop around the core: events in, effects out, in the order in which the core gave them.
 *
 * One timer drives the judge, one the rounds. A judge tick waits until all input that is ready has
 * reached the core, so a beat that lies in a buffer is heard before its host is judged; the same
 * holds before a cut, whose journal answer takes the same way in. Nothing here decides.
 */
import { every, monotonicMs, soon, type Timer } from '../protocol/link/timers.ts';
import { advance } from './core/advance.ts';
import { unreachable } from './core/assert.ts';
import type { Board } from './core/board.ts';
import type { Effect, Event } from './core/events.ts';
import type { Recorder } from './tape.ts';

export interface Hands {
  /** Writes the intent; resolves with whether the disk took it. */
  journal(): Promise<boolean>;
  save(): void;
  turn(host: number, outlets: readonly number[], to: 'open' | 'closed'): void;
  pulse(host: number, line: number): void;
  carry(
    effect: Exclude<
      Effect,
      { kind: 'journal' | 'store' | 'save' | 'cut' | 'restore' | 'pulse' | 'end' }
    >,
  ): void;
  /** A turn of the loop came in time, heard all that was ready, judged, and found its beliefs true. */
  well(): void;
  /** Ends the process; its supervisor starts it anew. */
  end(why: string): void;
}

export interface Shell {
  take(event: Event): void;
  close(): void;
}

/** Runs the core until `close`; events may be handed in from the first moment. */
export function runShell(board: Board, hands: Hands, record: Recorder): Shell {
  let judging: Timer | undefined;
  let closed = false;

  const take = (event: Event): void => {
    if (closed) return;
    record.before(event);
    const at = monotonicMs();
    const effects = advance(board, event, at);
    record.after({ at, event, effects });
    for (const effect of effects) carryOut(effect);
  };
  const carryOut = (effect: Effect): void => {
    switch (effect.kind) {
      case 'journal': {
        const { host, fence } = effect;
        void hands.journal().then((stored) => {
          if (stored) soon(() => take({ kind: 'journalled', host, fence }));
        });
        return;
      }
      case 'store': {
        const { cmdId } = effect;
        void hands.journal().then((ok) => soon(() => take({ kind: 'stored', cmdId, ok })));
        return;
      }
      case 'save':
        return hands.save();
      case 'cut':
        return hands.turn(effect.host, effect.outlets, 'open');
      case 'restore':
        return hands.turn(effect.host, effect.outlets, 'closed');
      case 'pulse':
        return hands.pulse(effect.host, effect.line);
      case 'tell-timer':
      case 'tell-group':
      case 'round':
      case 'retire':
      case 'acknowledge':
      case 'hang-up':
      case 'answer':
      case 'record':
      case 'news':
        return hands.carry(effect);
      case 'end':
        return hands.end(effect.why);
      default:
        return unreachable(effect);
    }
  };
  let judgedAt = monotonicMs();
  const judge = every(board.derived.judgeTickMs, () => {
    judging ??= soon(() => {
      judging = undefined;
      take({ kind: 'judge', drained: true });
      // Not reached where an assertion failed; and a board that stood still is not well yet.
      const now = monotonicMs();
      if (now - judgedAt <= board.derived.loopLagMs) hands.well();
      judgedAt = now;
    });
  });
  const rounds = every(board.derived.beaconMs, () => take({ kind: 'round' }));
  return {
    take,
    close: () => {
      closed = true;
      judge.cancel();
      rounds.cancel();
      judging?.cancel();
    },
  };
}
