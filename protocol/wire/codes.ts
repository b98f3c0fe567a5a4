/**
 * The numbers that fields of messages may hold, by their names: flags, operations, outcomes.
 *
 * One byte each; `fencepost.cddl` lists the same, and a number without a name is kept for later.
 */

/** Beat flags. Bits 0 to 3 carry the low bits of the kick count, 4 says that a check failed. */
export const KICK_COUNT_MASK = 0x0f;
export const FLAG_SICK = 0x10;
/** The host hears two living agents; both act on orders only while beats say so. */
export const FLAG_TWO_AGENTS = 0x20;
/** The host has taken it that its agent is away for a while, and does not restart for that. */
export const FLAG_SUSPENDED = 0x40;
/**
 * The shim that says it has not begun to leave: what another one of this life announced before is over.
 * Only the first beats of a session carry it, since it costs a byte.
 */
export const FLAG_STAYS = 0x80;

/** Flags of a PLEDGE: what may be relied on besides its two times. */
export const PLEDGE = {
  /** The watchdog is a chip, not a timer of the kernel that it guards. */
  hardware: 1,
  nowayout: 2,
  /** The lease is renewed by the board alone: no broker counts, and nothing suspends it. */
  boardAlone: 4,
} as const;

export const OPERATION = {
  fence: 1,
  off: 2,
  on: 3,
  reset: 4,
  diag: 5,
  ack: 6,
  disable: 7,
  enable: 8,
  'timer-set': 9,
  'timer-reset': 10,
  'timer-off': 11,
} as const;
export type Operation = keyof typeof OPERATION;

/** `accepted` alone is not final. */
export const OUTCOME = {
  accepted: 1,
  done: 2,
  already: 3,
  failed: 4,
  refused: 5,
  busy: 6,
  expired: 7,
  stale: 8,
  unknown: 9,
  interrupted: 10,
} as const;
export type Outcome = keyof typeof OUTCOME;

export const PROOF = { none: 0, verified: 1, 'by-hold': 2, 'by-timeout': 3, 'by-hand': 4 } as const;
export type Proof = keyof typeof PROOF;

/** First byte of `detail` in a result; the rest is a short ASCII reason, for people. */
export const DETAIL_UNTESTED = 0x01;

export const READING = { unknown: 0, on: 1, off: 2 } as const;
export type Reading = keyof typeof READING;

/** What a host is to the board, as `ls`, STATE and the retained state topic say it. */
export const PHASE = {
  unknown: 0,
  alive: 1,
  late: 2,
  doubt: 3,
  held: 4,
  silent: 5,
  victim: 6,
  off: 7,
  restoring: 8,
  absent: 9,
  leaving: 10,
  left: 11,
  maintenance: 12,
  frozen: 13,
} as const;
export type Phase = keyof typeof PHASE;

export const LEAVE_REASON = { stop: 1, reboot: 2, off: 3, 'stop-failed': 4 } as const;
export type LeaveReason = keyof typeof LEAVE_REASON;

/** What a QUERY asks to see in the body of its STATE. */
export const VIEW = { none: 0, list: 1, status: 2, why: 3 } as const;
export type View = keyof typeof VIEW;

/** The name that belongs to a number in one of the tables above. */
export function nameOf<T extends Record<string, number>>(
  table: T,
  value: number,
): (keyof T & string) | undefined {
  return Object.keys(table).find((name) => table[name] === value);
}
