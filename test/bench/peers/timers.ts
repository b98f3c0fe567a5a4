/** The timers that both sides are given, and what both sides are asked for. */
export interface Timers {
  keepaliveMs: number;
  warntimeMs: number;
  deadtimeMs: number;
}

/** One node that hung: from then to the other side's verdict, and to its first word to a switch. */
export interface Silence {
  toVerdictMs: number;
  toCallMs: number;
}
