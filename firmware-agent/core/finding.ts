/** What a judge tick finds of one present host; verdict.ts decides it. */
import type { ChannelEvidence } from '../../protocol/wire/view.ts';

/** Why a silent host is not fenced, weakest reason last; `none` means that it is. */
export type Bar =
  | 'none'
  | 'deaf'
  | 'unproven'
  | 'doubt'
  | 'two-agents'
  | 'spent'
  | 'deferred'
  | 'disabled'
  | 'held'
  | 'company'
  | 'gap'
  | 'budget';

export type Finding =
  /** Nothing that could be judged was ever heard, or nobody listens. */
  | { at: 'unknown' }
  | { at: 'alive'; quietMs: number }
  | { at: 'late'; quietMs: number }
  | { at: 'silent'; quietMs: number; bar: Bar; evidence: ChannelEvidence[] };
