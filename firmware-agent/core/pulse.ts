/**
 * A pulse on a host's reset line or diagnostic interrupt: recorded, given, and believed only when
 * the host is heard in a new life.
 *
 * A pulse proves nothing: power never drops, and nobody reads back what the line did inside the
 * machine. So it is never called a fence, its proof is `none`, and it is `done` when a new life of
 * the host was heard, or failed after initdead without one.
 *
 * | step    | event      | guard                             | next    | deeds           |
 * |---------|------------|-----------------------------------|---------|-----------------|
 * | intent  | journalled | may act                           | waiting | pulse           |
 * | intent  | journalled | may act, nobody waits             | ended   | pulse           |
 * | intent  | journalled | may not act                       | ended   | called-off      |
 * | intent  | tick       | J is over, may act                | waiting | pulse, unlogged |
 * | intent  | tick       | J is over, may act, nobody waits  | ended   | pulse, unlogged |
 * | intent  | tick       | may not act                       | ended   | called-off      |
 * | waiting | reborn     |                                   | ended   | confirmed       |
 * | waiting | reborn     | no life was known before          | ended   | unconfirmed     |
 * | waiting | tick       | initdead is over                  | ended   | unconfirmed     |
 * | intent, waiting | overtaken |                            | ended   | overtaken       |
 *
 * Any pair that the table does not name stays as it is and does nothing. `overtaken`: the power of
 * the host is switched by an order or a verdict, which wins, because it proves.
 */
import type { Instant } from '../../protocol/wire/instant.ts';
import { JOURNAL_WAIT_MS } from './limits.ts';

export type PulseKind = 'reset' | 'diag';

export interface Pulse {
  readonly id: number;
  readonly kind: PulseKind;
  /** `timer`, or the name of an orderer. */
  readonly by: string;
  /** The order that waits for it, if any. */
  readonly orders: readonly string[];
  /** The life that is to end; 0 where none was known. */
  readonly incarnation: number;
  /** False for a pre-timeout: the timer runs on, and nobody waits for a new life. */
  readonly isConfirmed: boolean;
  readonly step: { at: 'intent'; since: Instant } | { at: 'waiting'; sinceAwake: Instant };
}

export type PulseEvent =
  | { kind: 'journalled' }
  /** Time went on, and everything received so far was handed in. */
  | { kind: 'tick' }
  /** A fresh beat of another life than the one that is to end. */
  | { kind: 'reborn' }
  | { kind: 'overtaken' };

export interface PulseScene {
  now: Instant;
  nowAwake: Instant;
  mayAct: boolean;
  initdeadMs: number;
}

export type PulseDeed =
  | 'pulse'
  | 'unlogged'
  | 'called-off'
  | 'confirmed'
  | 'unconfirmed'
  | 'overtaken';

export interface PulseStep {
  /** Absent once it is over. */
  pulse?: Pulse;
  deeds: PulseDeed[];
}

export function stepPulse(was: Pulse, event: PulseEvent, scene: PulseScene): PulseStep {
  if (event.kind === 'overtaken') return { deeds: ['overtaken'] };
  const { step } = was;
  if (step.at === 'intent') return stepIntent(was, step.since, event, scene);
  // Whoever was not heard before the pulse may have lived all the while.
  if (event.kind === 'reborn')
    return { deeds: [was.incarnation === 0 ? 'unconfirmed' : 'confirmed'] };
  const isOver = event.kind === 'tick' && scene.nowAwake - step.sinceAwake >= scene.initdeadMs;
  return isOver ? { deeds: ['unconfirmed'] } : { pulse: was, deeds: [] };
}

function stepIntent(
  was: Pulse,
  since: Instant,
  event: PulseEvent,
  { now, nowAwake, mayAct }: PulseScene,
): PulseStep {
  if (event.kind === 'reborn') return { pulse: was, deeds: [] };
  if (!mayAct) return { deeds: ['called-off'] };
  const isLate = now - since >= JOURNAL_WAIT_MS;
  if (event.kind === 'tick' && !isLate) return { pulse: was, deeds: [] };
  const deeds: PulseDeed[] = event.kind === 'tick' ? ['pulse', 'unlogged'] : ['pulse'];
  if (!was.isConfirmed) return { deeds };
  return { pulse: { ...was, step: { at: 'waiting', sinceAwake: nowAwake } }, deeds };
}
