/** The state of a fence, what happens to it, and what it wants done; fence.ts is the machine. */
import type { Instant } from '../../protocol/wire/instant.ts';
import type { Operation, Proof } from '../../protocol/wire/messages.ts';
import type { Expiry } from './by-timeout.ts';
import type { Bench, Cut, FailReason } from './proof.ts';

/** Who wants this fence. `restart` finishes one that an earlier life of the agent began. */
export type By =
  | { kind: 'verdict' }
  /** `standing`: the host's own order, which beats do not avert. */
  | { kind: 'timer'; standing: boolean }
  | { kind: 'order'; name: string; cmdId: string }
  | { kind: 'restart' };

export interface Fence {
  readonly id: number;
  /** The life that is to end; 0 where none was known. */
  readonly incarnation: number;
  readonly by: By;
  readonly startedAt: Instant;
  /** Orders that wait for its outcome. */
  readonly orders: readonly string[];
  /** Who keeps the host off afterwards, if anyone. */
  readonly keptBy?: string;
  /** A person answers for it that the host is off, should the cut not prove it. */
  readonly ack?: Ack;
  /** True once an `on` came: the configuration does not keep the host off either. */
  readonly released?: boolean;
  /** What it replaced: a fence whose relays may be open, which goes on if this one is called off. */
  readonly before?: Before;
  /** What has been proven, once it has. */
  readonly proof: Proof;
  /** When it first told a relay to open. */
  readonly firstCutAt?: Instant;
  /** The outlets whose opening was proven. */
  readonly dark?: readonly number[];
  /** When the latest order joined what was proven: it is answered by what is read after that. */
  readonly confirmFrom?: Instant;
  /** Ticks from this one on could only be echoed by a host that has power. */
  readonly darkTick?: number;
  /** It was heard afresh since the first cut. */
  readonly isHeard?: true;
  readonly unlogged: boolean;
  readonly step: FenceStep;
}

export interface Ack {
  by: string;
  why: string;
  /** What a sense shows does not count against it. */
  override: boolean;
}

export interface Before {
  at: 'kept' | 'due';
  keptBy?: string;
}

export type FenceStep =
  | { at: 'intent'; since: Instant }
  | ({ at: 'proving'; method: number } & Cut)
  /** Its keys are destroyed; its last word came at `heardAwake`, all in awake time. */
  | { at: 'waiting'; since: Instant; heardAwake: Instant; untilAwake: Instant }
  | { at: 'kept'; since: Instant }
  | { at: 'due'; since: Instant }
  | { at: 'closing'; since: Instant; triedAt: Instant; tries: number };

export type FenceEvent =
  | { kind: 'journalled' }
  /** Time went on, or a sample came. `drained`: everything received so far was handed in. */
  | { kind: 'tick'; drained: boolean }
  /** Something that only a living host could have said, made after `tick` was issued. */
  | { kind: 'sign'; tick: number; fresh: boolean; life?: number }
  | { kind: 'joined'; cmdId: string; op: Operation; keptBy: string; ack?: Ack }
  | { kind: 'released' };

export type Deed =
  | { kind: 'cut'; outlets: readonly number[] }
  | { kind: 'restore'; outlets: readonly number[] }
  /** Destroys the keys of this life: it never hears of us again. */
  | { kind: 'expel' }
  /** Issues one more tick at once; it is the number that the fence was shown as `nextTick`. */
  | { kind: 'round' }
  | { kind: 'fenced'; proof: Proof }
  | { kind: 'failed'; reason: FailReason | 'alive' }
  | { kind: 'averted'; reason: string }
  | { kind: 'called-off'; outcome: CalledOff }
  /** Not proven, and a person has answered for it. */
  | { kind: 'acknowledged'; ack: Ack; reason: FailReason }
  | { kind: 'freeze'; why: string }
  | { kind: 'note'; text: string }
  /** What was proven is read off still, or cannot be read any more. */
  | { kind: 'confirmed'; orders: readonly string[] }
  | { kind: 'unconfirmed'; orders: readonly string[] }
  | { kind: 'late' }
  | { kind: 'restored' };

export interface FenceStepped {
  /** Absent when the fence is over. */
  fence?: Fence;
  deeds: Deed[];
}

/** Why an order came to nothing before anything moved; `refused` is the board's emergency disable. */
export type CalledOff = 'expired' | 'unknown' | 'refused';

/** What a fence is shown of the world at one step. */
export interface Scene extends Bench {
  /** Outlets by method, in order; never empty. */
  methods: readonly (readonly number[])[];
  /** Whether a cut is right now: S3 to S5 for a verdict, the ttl for an order. */
  mayCut: { yes: true } | { yes: false; why: string; outcome: CalledOff };
  /** Whether the gap between two restores is over. */
  mayRestore: boolean;
  nextTick: number;
  /** Only where the host may be proven dead by timeout. */
  expiry?: Expiry;
}

/** Accepted, and neither proven nor failed yet. */
export function isUndecided(fence: Fence | undefined): boolean {
  const at = fence?.step.at;
  return at === 'intent' || at === 'proving' || at === 'waiting';
}

/** From acceptance until averted, failed, acknowledged or restored. */
export function isVictim(fence: Fence | undefined): boolean {
  if (fence === undefined || fence.proof === 'by-hand') return false;
  return isUndecided(fence) || fence.proof !== 'none';
}
